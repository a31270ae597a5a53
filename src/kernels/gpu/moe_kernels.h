// SPDX-License-Identifier: Apache-2.0
#pragma once

// One rank's share of an expert layer on GPUs.
//
// What a row of evidence means here: the fused layer of a serving framework, replayed in a CUDA graph.
// `tokens` is that of the whole expert-parallel group. skew = 0 for "balanced", the exponent for
// "power_law_<exponent>": then Harness::seeds draws are made, the most loaded rank of each is timed, and the
// median is the answer. Weights are not rotated (weight_copies = 1): small layers stay in L2 from replay to
// replay. matmuls_only = true is the two grouped products alone, for training, where routing, permutation and
// activation are operations of their own.

#include <vector>

#include "kernels/cost.h"

namespace etalon::kernels {

const std::vector<Kernel>& moe_kernels();

}  // namespace etalon::kernels
