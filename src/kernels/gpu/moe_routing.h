// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which experts the tokens of an expert-parallel group go to, and what the most loaded rank gets of it.

#include <cstdint>
#include <vector>

#include "llm/operation.h"

namespace etalon::kernels::gpu {

// Tokens of each expert of one rank.
using ExpertLoads = std::vector<std::int64_t>;

// Every expert as equally used as whole tokens allow: token t takes experts t, t + E/K, t + 2 E/K, ... (mod
// E), tokens spread over the range while there are fewer of them than E/K.
ExpertLoads balanced_loads(const llm::GroupedMatmul& op);

// One draw of a power law: each expert's weight comes by inverse distribution function from a density
// v^-skew on [1, 0.8 tokens] ([0.01, 2] while tokens x top_k <= experts), weights are scaled to tokens x
// top_k and rounded, what is left goes to the largest, and the rank with the most tokens is returned. The
// same (op, seed) gives the same loads everywhere.
ExpertLoads drawn_loads(const llm::GroupedMatmul& op, std::uint64_t seed);

std::int64_t total(const ExpertLoads& loads);
std::int64_t active(const ExpertLoads& loads);  // experts with any token

}  // namespace etalon::kernels::gpu
