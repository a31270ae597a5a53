// SPDX-License-Identifier: Apache-2.0
#pragma once

// What training frameworks add to the time of the kernels: element-wise passes they do not fuse,
// communication they do not hide, host time to issue operations. One TOML file of facts each in
// data/software; `ideal` is the set with none of it. A faster chip shows a larger gap with the same software,
// so every fact is an absolute term (bytes, seconds, a share of communication), never an efficiency of the
// whole step.

#include <string>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "catalog/chip_facts.h"
#include "llm/graph.h"

namespace etalon::cluster {

struct Software : catalog::FactSheet {
  std::vector<std::string> matches;  // beginnings of the `software` column of training rows
};

// The facts as plain numbers.
struct SoftwareFacts {
  double elementwise_traffic = 1;  // bytes of streaming operations against the fused minimum
  double attention_rate = 1;       // rate of its attention kernels against the newest
  std::string attention_for;       // chip family its attention kernels were written for; empty: each
  double attention_older = 1;   // their rate on a newer family, whose new matrix instructions they do not use
  double attention_latent = 1;  // rate with unlike widths of keys and values against like ones
  std::string matrix_for;       // chip family its matrix library was mature on; empty: each
  double matrix_older = 1;      // its rate on a newer family, against that
  double matrix_rate = 1;       // the same of matrix products
  double matrix_npu = 1, attention_npu = 1;  // further, on NPUs: kernels of its libraries against tuned ones
  double fsdp_exposed = 0;      // shares of communication that compute does not hide
  double gradients_exposed = 0, parameters_exposed = 0;
  double tensor_exposed = 0, context_exposed = 0, expert_exposed = 0;
  Bytes gradient_element{4}, parameter_element{2};  // as reduced and as gathered
  Seconds collective_skew;                          // ranks wait for the slowest at each exposed collective
  Seconds host_operation;                           // host time to issue one operation
  Seconds host_expert_layer;   // further host time of a layer of experts, forward and backward
  Seconds host_expert_sync;    // the device waits for the host, which reads how many tokens each expert got
  Seconds host_step;           // once a step
  Bytes workspace;             // of libraries, on each device
  bool fp32_gradients = true;  // weight gradients are added into an fp32 buffer
  bool logits_fp32 = true;
  llm::AttentionKernel attention = llm::AttentionKernel::flash;
  llm::ContextMethod context = llm::ContextMethod::all_to_all;
  bool contiguous_context = false;  // causal work of contiguous pieces is uneven: the last rank has (2c-1)/c
};

// "attained" is data/software/attained.toml, the reference quality of today; "ideal" needs no file; else a
// name of data/software, or a path. Errors: software.unknown (nearest names offered), those of the fact
// loader.
Result<Software> find_software(const std::string& name_or_path);
// The family that the `software` column of a training row belongs to; Errors: software.unknown.
Result<Software> software_of_row(const std::string& row_software);
std::vector<std::string> software_names();
SoftwareFacts read_software_facts(const Software&);

}  // namespace etalon::cluster
