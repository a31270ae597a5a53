// SPDX-License-Identifier: Apache-2.0
#pragma once

// An attention kernel as both fidelities see it: the plan's items, what each step costs one group of 64 rows,
// and what the framework launches around the kernel.

#include <string>
#include <vector>

#include "kernels/gpu/attention_plan.h"
#include "kernels/gpu/stream_small.h"

namespace etalon::kernels::gpu {

// Cycles of one group of rows for one key block, and of the ends of an item.
struct GroupCosts {
  double first = 0, second = 0;  // products before and after the softmax
  double softmax = 0, mask = 0;  // and what a masked block adds
  double fetch = 0;              // taking an item: the counter's answer
  double drain = 0;              // of the last sums, where rows are not gathered
  double row = 0;                // gathering a query row and scattering its output
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
      true;  // outputs are staged where keys and values lie: nothing is loaded until they are out
  // One warp copies boxes of whole tiles, an item ahead: the queries of the next as soon as the last product
  // has read these. Else the warps that multiply gather rows themselves, after their output.
  bool boxes = false;
  double fill = 0;  // s from the start of the kernel until its first load: descriptors of boxes, barriers
  bool in_turn = false;        // a group does both products of a block and its softmax before its next block
  int stages = 2;              // of keys, and of values
  double flops_per_block = 0;  // of one group
  double flops() const;        // executed, masked parts of blocks included
  double l2_bytes() const;     // that items read and write: keys as often as tiles of queries see them
};
AttentionJob attention_job(const DeviceFacts& device, const llm::Attention& op, const Harness& harness);

// One operation's time and its parts, in seconds.
struct AttentionTime {
  double total = 0, launch = 0;
  double body = 0;                 // the kernel itself
  double compute = 0, memory = 0;  // its makespan without memory, and its streams
  double scan = 0;                 // the kernel's search through the sequences
  double side = 0;                 // bodies of the kernels around it
  std::vector<SmallKernel> small;  // these: cache write, tables, second pass over splits
  double bytes = 0, flops = 0;
  double l2_bytes = 0;  // asked for by all items
  double vector_flops =
      0;  // of the CUDA cores, an instruction of a lane counted as the two of a multiply-add
  int kernels = 1;
  std::string tiling;
};
// Everything but the kernel: launch, scan, small, kernels, bytes, flops, tiling.
AttentionTime around_attention(const DeviceFacts& device, const llm::Attention& op, const AttentionJob& job,
                               const Harness& harness);
void finish_around(const DeviceFacts& device, const Harness& harness, AttentionTime& time);
// The second pass over `rows` of `width` values, each in so many parts.
void add_combine(const DeviceFacts& device, double rows, std::int64_t width, std::int64_t splits,
                 AttentionTime& time);
// side of the small kernels by closed form, and total.
void sum_up(const DeviceFacts& device, AttentionTime& time);

// Instructions of a CUDA-core lane per score: scale and subtract the maximum, maximum, exponential, sum, half
// of a conversion of two, and half of a rescaling of the output; a mask compares and selects in both axes.
inline constexpr double kSoftmaxInstructions = 6, kMaskInstructions = 4;

// Rotary embedding and append of `rows` rows; a table of a scheduler.
inline constexpr double kLatentBytes = 1152, kRotatedBytes = 128;  // a token's latent; a head's rotated part
SmallKernel append_latents(const DeviceFacts& device, const llm::Attention& op, double streamed,
                           const Harness& harness);
SmallKernel table(const char* name, std::int64_t sequences, double serial);

bool is_latent(const llm::Attention& op);

// Share of a working set that replays on the same buffers find in L2.
double kept_in_l2(const DeviceFacts& device, double bytes);

}  // namespace etalon::kernels::gpu
