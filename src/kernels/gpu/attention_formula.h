// SPDX-License-Identifier: Apache-2.0
#pragma once

// Closed form of the attention kernels: the plan's items dealt greedily to the SMs, block times from the
// tensor rate and the softmax chain, streams from the rates of memory and L2. Fidelity `formula`, and the
// yardstick by which a simulated part of the heads is extended to all of them.

#include <vector>

#include "kernels/gpu/attention_job.h"

namespace etalon::kernels::gpu {

// Longest load of one worker when the plan's items (cost by index, splits of an item cost alike) are dealt
// greedily in order. Beyond some ten thousand items the first heads are taken at the mean load.
double greedy_makespan(const AttentionPlan& plan, const std::vector<double>& item_cost, int workers);

// Seconds of each item of a head on one SM, without waiting for memory.
std::vector<double> item_seconds(const DeviceFacts& device, const AttentionJob& job);

AttentionTime attention_formula(const DeviceFacts& device, const llm::Attention& op, const Harness& harness);

}  // namespace etalon::kernels::gpu
