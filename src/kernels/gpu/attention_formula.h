// SPDX-License-Identifier: Apache-2.0
#pragma once

// Closed form of the attention kernels: the plan's items dealt greedily to the SMs, block times from tensor
// and exponential rates, streams from bytes in flight and residency. Used for ranking, and as fidelity
// `formula`.

#include <string>
#include <vector>

#include "kernels/gpu/attention_plan.h"
#include "kernels/gpu/vector_device.h"

namespace etalon::kernels::gpu {

struct AttentionTime {
  double total = 0, launch = 0;                           // seconds
  double compute = 0, memory = 0, combine = 0, side = 0;  // makespan, streams, second pass, other kernels
  double bytes = 0, flops = 0;
  int kernels = 1;
  std::string tiling;
};

// Longest share of work of one SM, in item-cost units, when `plan`'s items (cost by index) are dealt greedily
// in order. Repeated heads beyond a few thousand items are taken at the mean load.
double greedy_makespan(const AttentionPlan& plan, const std::vector<double>& item_cost, int workers);

// Share of a working set that replays on the same buffers find in L2.
double kept_in_l2(const DeviceFacts& device, double bytes);

// "128x128, 2 groups, heads packed, 4 splits".
std::string describe(const AttentionPlan& plan);

AttentionTime attention_formula(const DeviceFacts& device, const llm::Attention& op, const Harness& harness);

}  // namespace etalon::kernels::gpu
