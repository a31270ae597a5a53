// SPDX-License-Identifier: Apache-2.0
// The tile of 8-bit products with block scales on Hopper: not the best one, but the one that the published
// selection rule of DeepGEMM, as TensorRT-LLM carries it, takes. It counts waves and never estimates a time.

#include <algorithm>
#include <climits>

#include "kernels/gpu/gemm_plan.h"

namespace etalon::kernels {
namespace {

constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// Columns of the weights in two blocks of 128, each with its scale.
bool has_two_scales(const GemmTiling& t) { return !t.swapped && 128 % t.cols != 0; }

}  // namespace

GemmTiling block_scaled_tiling(const GemmChip& chip, const GemmProblem& p) {
  // Fewer rows than this lie along the narrow side of the matrix instruction.
  constexpr std::int64_t kSwapBelow = 32;
  const bool swapped = p.m < kSwapBelow;
  const std::int64_t rows = swapped ? p.n : p.m, cols = swapped ? p.m : p.n;
  const std::int64_t sms = chip.gpu.sms;
  GemmTiling best{rows <= 64 ? 64 : 128, 0, swapped, 1, 1, 1};
  std::int64_t least_waves = INT64_MAX, most_used = 0;
  for (int width = 16; width <= 128; width += 8) {
    const std::int64_t tiles = ceil_div(rows, best.rows) * ceil_div(cols, width) * p.batch;
    const std::int64_t waves = ceil_div(tiles, sms), used = tiles - (waves - 1) * sms;
    if (waves > least_waves || (waves == least_waves && used <= most_used)) continue;
    least_waves = waves, most_used = used;
    best.cols = width;
  }
  return best;
}

void count_block_scaled(const GemmChip& chip, const GemmProblem& p, const GemmTiling& t, GemmCounts& c) {
  constexpr double kRoom = 227 * 1024;  // shared memory of one block of threads
  constexpr std::int64_t kMulticastFrom = 1024;
  if (chip.gpu.operands != chip::OperandPath::shared) return;
  // The output tile is staged beside the ring; a stage also holds the scales of its rows.
  const double tile = 2.0 * t.rows * t.cols, stage = c.step_bytes + 4.0 * t.rows;
  c.stages = static_cast<int>(std::min<double>(has_two_scales(t) ? 6 : 8, (kRoom - tile) / stage));
  if (p.m % t.tile_m() == 0 || t.swapped) return;
  // A copy that crosses the edge of its tensor is checked line by line and asks for more than it gets; SMs
  // that copy such tiles fall behind, and lines are no longer asked for by all SMs at once and delivered
  // together. Clusters of two that share the tile of A do not fall apart.
  c.edge_requests = chip.gemm.edge_requests;
  const bool multicast = p.m >= kMulticastFrom && p.n % (2 * t.cols) == 0;
  if (!multicast) c.copy_share = chip.gemm.edge_copies;
}

double scaling_slots(const GemmTiling& t) {
  // A multiply-add reads three registers of two banks: one in four waits a cycle. Where a tile meets two
  // blocks of the weights, every second one first selects its scale.
  constexpr double kMultiplyAdd = 1.25, kSelect = 0.5;
  return kMultiplyAdd + (has_two_scales(t) ? kSelect : 0);
}

}  // namespace etalon::kernels
