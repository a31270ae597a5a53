// SPDX-License-Identifier: Apache-2.0
#pragma once

// The two grouped products of an expert layer as tile programs: persistent blocks of threads walk through the
// tiles of all experts in order (rows of an expert first, then columns), weights streaming through a ring of
// stages.

#include "chip/machine.h"
#include "kernels/gpu/moe_formula.h"

namespace etalon::kernels::gpu {

struct GroupedRun {
  double seconds = 0;
  chip::RunStats stats;
  double simulated = 1;  // share of the columns of tiles; the rest is more of the same
};

// One product. `kept`: share of the weights that lies in L2 at the start.
GroupedRun simulate_product(const catalog::Chip& chip, const DeviceFacts& device,
                            const llm::GroupedMatmul& op, const ExpertLoads& loads,
                            const GroupedProduct& product, GroupedTile tile, double kept, bool want_timeline);

}  // namespace etalon::kernels::gpu
