// SPDX-License-Identifier: Apache-2.0
#pragma once

// Closed form of one rank's share of an expert layer, kernel by kernel: route, quantise, permute, two grouped
// products, activation, unpermute.

#include "kernels/gpu/moe_routing.h"
#include "kernels/gpu/stream_small.h"

namespace etalon::kernels::gpu {

// One of the two grouped products: per expert [tokens, k] x [k, n].
struct GroupedProduct {
  std::int64_t n = 0, k = 0;
  double weight_bytes = 0;             // of one expert
  double in_bytes = 0, out_bytes = 0;  // per token
};
struct GroupedTile {
  int rows = 128, cols = 128;  // tokens, columns of the weights
  bool swapped = true;         // weights on the 64-row side of the matrix instruction
};

// What a tile costs: as a tile of any product (gemm_plan.h), with the weights on the side of 128.
struct TileCosts {
  double steps = 0;          // of K
  double step = 0, end = 0;  // cycles of one of them, and of the tile's end
  double step_bytes = 0;     // loaded for one
  int stages = 2;
};

struct MoeTime {
  double total = 0, launch = 0;  // seconds
  double first = 0, second = 0;  // the two products
  double side = 0;               // bodies of the small kernels
  std::vector<SmallKernel> small;
  double bytes = 0, flops = 0;
  int kernels = 1;
  GroupedTile tile;
};

GroupedProduct up_product(const llm::GroupedMatmul& op);
GroupedProduct down_product(const llm::GroupedMatmul& op);
std::int64_t tiles_of(const ExpertLoads& loads, const GroupedProduct& product, GroupedTile tile);
GemmProblem tile_problem(const DeviceFacts& device, const llm::GroupedMatmul& op,
                         const GroupedProduct& product);
TileCosts tile_costs(const DeviceFacts& device, const llm::GroupedMatmul& op, const GroupedProduct& product,
                     GroupedTile tile);
double product_seconds(const DeviceFacts& device, const llm::GroupedMatmul& op, const ExpertLoads& loads,
                       const GroupedProduct& product, GroupedTile tile);
// The tile an autotuner finds best, which it looks for with balanced routing.
GroupedTile choose_tile(const DeviceFacts& device, const llm::GroupedMatmul& op,
                        const GroupedProduct& product);
// Everything of the layer but the two products: fills launch, small, side, kernels, bytes.
MoeTime around_products(const DeviceFacts& device, const llm::GroupedMatmul& op, const ExpertLoads& loads);
// Bytes one call touches: weights of active experts, tokens in and out. Replays find small layers in L2.
double layer_bytes(const llm::GroupedMatmul& op, const ExpertLoads& loads);
MoeTime moe_formula(const DeviceFacts& device, const llm::GroupedMatmul& op, const ExpertLoads& loads);

}  // namespace etalon::kernels::gpu
