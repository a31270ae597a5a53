// SPDX-License-Identifier: Apache-2.0
#pragma once

// An attention kernel as both fidelities see it: the plan's items, what each step costs one group of 64 rows,
// and what the framework launches around the kernel.

#include <string>
#include <vector>

#include "kernels/gpu/attention_plan.h"
#include "kernels/gpu/vector_device.h"

namespace etalon::kernels::gpu {

// Cycles of one group of rows for one key block, and of the ends of an item.
struct GroupCosts {
  double first = 0, second = 0;  // products before and after the softmax
  double softmax = 0, mask = 0;  // and what a masked block adds
  double row = 0;                // gathering a query row and scattering its output
  double fetch = 0;              // taking an item: serial
  double look_up = 0;  // page look-up and row predicates in front of an item's first keys and first values
};

// Bytes of one row of what an item reads and writes.
struct ItemTraffic {
  double query_row = 0, out_row = 0;
  double key_row = 0, value_row = 0;  // value_row = 0: values are a part of the keys
};

struct AttentionJob {
  AttentionPlan plan;
  GroupCosts costs;
  ItemTraffic traffic;
  double streamed = 0;  // bytes the kernel touches, each once
  double rate = 0;      // B/s of memory while it runs
  double kept = 0;      // share of them that lies in L2 when the call starts
  bool shared_stage =
      true;        // outputs are staged where keys and values lie: nothing is loaded until they are out
  int stages = 2;  // of keys, and of values
  double flops_per_block = 0;  // of one group
  double flops() const;        // executed, masked parts of blocks included
};
AttentionJob attention_job(const DeviceFacts& device, const llm::Attention& op, const Harness& harness);

// One operation's time and its parts, in seconds.
struct AttentionTime {
  double total = 0, launch = 0;
  double body = 0;                 // the kernel itself
  double compute = 0, memory = 0;  // its makespan without memory, and its streams
  double combine = 0, side = 0;    // second pass over splits; the framework's other kernels
  double bytes = 0, flops = 0;
  int kernels = 1;
  std::string tiling;
};
// Everything but the kernel: launch, side, combine, kernels, bytes, flops, tiling; total is their sum.
AttentionTime around_attention(const DeviceFacts& device, const llm::Attention& op, const AttentionJob& job,
                               const Harness& harness);

bool is_latent(const llm::Attention& op);

// Share of a working set that replays on the same buffers find in L2.
double kept_in_l2(const DeviceFacts& device, double bytes);

// Time lost once by streams that do not come from L2.
double ramp_seconds(const DeviceFacts& device, double streamed, double kept);

}  // namespace etalon::kernels::gpu
