// SPDX-License-Identifier: Apache-2.0
#include "kernels/gpu/gemm_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace etalon::kernels {
namespace {

constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
constexpr double kStepBytes = 128;  // one row of a stage: the widest shared-memory swizzle

// Bytes that one K step moves through the shared-memory port: operand reads of the matrix unit and the write
// of the stage by the copy engine.
double smem_bytes(const GemmChip& chip, const GemmProblem& p, const GemmTiling& t, double stage_bytes) {
  const double rows = t.rows, cols = t.cols;
  if (!p.tensor_core) return stage_bytes + rows * cols / 64 * (8 + 8) * kStepBytes / 64;
  switch (chip.gpu.operands) {
    case chip::OperandPath::shared:  // each 64 rows read their rows and all columns
      return rows / 64 * (64 + cols) * kStepBytes + stage_bytes;
    case chip::OperandPath::registers: {  // each warp reads the operands of its own part, at most 64 x 64
      const double warp_rows = std::min(64.0, rows), warp_cols = std::min(64.0, cols);
      return rows * cols / (warp_rows * warp_cols) * (warp_rows + warp_cols) * kStepBytes + stage_bytes;
    }
    case chip::OperandPath::tensor_memory:  // each operand once
      return (rows + cols) / t.pair * kStepBytes + stage_bytes;
  }
  return stage_bytes;
}

}  // namespace

std::int64_t GemmProblem::step() const {
  return static_cast<std::int64_t>(kStepBytes / std::max(a_size, b_size));
}

std::string describe(const GemmTiling& t, const GemmProblem& p, int stages) {
  std::string text = fmt::format("{}x{}x{}, {} stages, split-K {}, {} CTA/SM", t.tile_m(), t.tile_n(),
                                 p.step(), stages, t.split, t.ctas);
  if (t.pair > 1) text += ", SM pairs";
  if (t.swapped) text += ", transposed";
  return text;
}

GemmCounts count(const GemmChip& chip, const GemmProblem& p, const GemmTiling& t) {
  GemmCounts c;
  c.tiles_m = ceil_div(p.m, t.tile_m());
  c.tiles_n = ceil_div(p.n, t.tile_n());
  c.units = c.tiles_m * c.tiles_n * t.split * p.batch;
  c.slots = static_cast<std::int64_t>(chip.gpu.sms) * t.ctas / t.pair;
  c.rounds = ceil_div(c.units, c.slots);
  c.steps = ceil_div(ceil_div(p.k, p.step()), t.split);
  const double rows = static_cast<double>(t.rows) / t.pair, cols = static_cast<double>(t.cols) / t.pair;
  c.step_bytes = t.pair == 1 ? (rows + cols) * kStepBytes : (rows + cols) * kStepBytes;
  c.stages = static_cast<int>(
      std::min<double>(chip.gemm.stages_max, chip.gemm.stage_bytes.value / c.step_bytes / t.ctas));
  if (p.block_scales) count_block_scaled(chip, p, t, c);
  c.tensor_cycles = 2.0 * t.rows * t.cols / t.pair * static_cast<double>(p.step()) / p.rate.value;
  c.smem_cycles = smem_bytes(chip, p, t, c.step_bytes) / chip.gpu.smem_bandwidth.value;
  if (p.block_scales) {
    // Products, a wait and sums follow one another, in both warp groups at once: stages are written
    // meanwhile.
    c.smem_cycles -= c.step_bytes / chip.gpu.smem_bandwidth.value;
    const double slots = chip.gemm.promotion * scaling_slots(t) * t.rows * t.cols / t.pair;
    c.promotion_cycles = slots / (0.5 * chip.gpu.cuda_fp32.value) + chip.gemm.promotion_wait.value;
  } else if (p.promotes) {
    const double instructions = chip.gemm.promotion * t.rows * t.cols / t.pair;
    c.promotion_cycles = instructions / (0.5 * chip.gpu.cuda_fp32.value);  // a multiply-add is two FLOP
  }
  const double size = t.split > 1 ? 4 : p.out_size * (p.accumulate ? 2 : 1);
  c.epilogue_bytes = static_cast<double>(t.rows) * t.cols / t.pair * size;
  return c;
}

TileBreak tile_break(const GemmChip& chip, const GemmProblem& p, const GemmTiling& t, Hertz clock) {
  TileBreak b;
  const double bytes = count(chip, p, t).epilogue_bytes;
  b.epilogue =
      chip.gemm.epilogue_latency.value * clock.value + t.ctas * bytes / chip.gemm.epilogue_rate.value;
  // The warps that compute fetch the scales of a tile's columns themselves, and wait for them.
  if (p.block_scales) b.scales = chip.gemm.load_latency.value * clock.value;
  return b;
}

double survival(double footprint, const chip::GpuFacts& gpu) {
  const double all = gpu.l2_capacity.value, half = gpu.l2_reuse.value;
  return std::clamp((all - footprint) / (all - half), 0.0, 1.0);
}

namespace {

// Bytes read by one sweep over all tiles when g tile rows advance together, the rest of the wave along n.
double sweep_bytes(const GemmProblem& p, const GemmTiling& t, const GemmCounts& c, double g) {
  const double wave_tiles = std::max(1.0, static_cast<double>(c.slots) / t.split);
  const double rows = std::min(g, static_cast<double>(c.tiles_m));
  const double cols = std::min(std::max(1.0, wave_tiles / rows), static_cast<double>(c.tiles_n));
  const double waves = std::max(1.0, static_cast<double>(c.tiles_m * c.tiles_n) / (rows * cols));
  const double k = static_cast<double>(p.k);
  return waves * (rows * t.tile_m() * p.a_size + cols * t.tile_n() * p.b_size) * k;
}

}  // namespace

std::int64_t raster_group(const GemmProblem& p, const GemmTiling& t, const GemmCounts& c) {
  std::int64_t best = 1;
  double least = INFINITY;
  for (std::int64_t g = 1; g <= 32; g *= 2) {
    const double bytes = sweep_bytes(p, t, c, static_cast<double>(g));
    if (bytes < least) least = bytes, best = g;
  }
  // Bands of equal height: a last one of few rows would re-read everything for little.
  return ceil_div(c.tiles_m, ceil_div(c.tiles_m, best));
}

namespace {

// HBM reads: each operand once, less what lies in L2, plus what later waves fetch again.
double hbm_read_bytes(const GemmChip& chip, const GemmProblem& p, const GemmTiling& t, const GemmCounts& c,
                      const GemmResidency& r) {
  const double a = p.a_bytes(), b = p.b_bytes();
  const double first = a * (1 - r.a) + b * (1 - r.b) + (p.accumulate ? p.out_bytes() * (1 - r.out) : 0);
  if (c.rounds <= 1) return first;
  const double swept = sweep_bytes(p, t, c, static_cast<double>(raster_group(p, t, c)));
  const double again = std::max(0.0, swept * static_cast<double>(p.batch) - a - b);
  return first + again * (1 - survival(a + b + p.out_bytes(), chip.gpu));
}

}  // namespace

namespace {

// Asked of L2 in one K step for lines outside A, mean over tiles.
double edge_bytes(const GemmProblem& p, const GemmTiling& t, const GemmCounts& c) {
  const double outside = static_cast<double>(c.tiles_m * t.tile_m() - p.m) / static_cast<double>(c.tiles_m);
  return c.edge_requests * outside * p.a_size * static_cast<double>(p.step());
}

}  // namespace

GemmEstimate estimate(const GemmChip& chip, const GemmProblem& p, const GemmTiling& t, const GemmResidency& r,
                      Hertz clock) {
  const GemmCounts c = count(chip, p, t);
  GemmEstimate e;
  const double f = clock.value;
  const double latency = chip.gemm.load_latency.value * f / c.stages;
  const double work = t.ctas * (std::max(c.tensor_cycles, c.smem_cycles) + c.promotion_cycles);
  // What each SM gets of L2 when all of them load.
  const double copies = c.copy_share * chip.gpu.tma_rate.value / f;
  const double share = std::min(chip.gpu.l2_port.value, copies / chip.gpu.sms);
  const double running = static_cast<double>(std::min(c.units, c.slots));
  const double load = t.ctas * c.step_bytes / share + running * edge_bytes(p, t, c) / copies;
  const double step = std::max({work, latency, load});
  const TileBreak gap = tile_break(chip, p, t, clock);
  const double rounds = static_cast<double>(c.rounds), main = static_cast<double>(c.steps) * step;
  // Two sets of accumulators in tensor memory: the epilogue of one tile hides behind the steps of the next.
  const bool hidden = chip.gpu.operands == chip::OperandPath::tensor_memory;
  const double tiles =
      hidden ? rounds * std::max(main, gap.epilogue) + gap.epilogue : rounds * (main + gap.epilogue);
  e.sm = Seconds{(tiles + (rounds - 1) * gap.scales) / f};
  e.hbm_read = hbm_read_bytes(chip, p, t, c, r);
  e.hbm_written = p.out_bytes() * (1 - r.out);
  e.l2_read = static_cast<double>(c.units) * static_cast<double>(c.steps) * c.step_bytes * t.pair;
  e.hbm = Bytes{e.hbm_read + e.hbm_written} / chip.gpu.hbm_rate;
  const double power = chip.gemm.overlap;
  const double high = std::max(e.sm.value, e.hbm.value), low = std::min(e.sm.value, e.hbm.value);
  const double body = high * std::pow(1 + std::pow(low / high, power), 1 / power);
  if (t.split > 1) {
    const double partials = 8.0 * t.split * p.count(p.m, p.n);
    e.reduce = chip.gpu.launch_next + Bytes{partials} / chip.gpu.l2_rate;
  }
  e.time = Seconds{body} + chip.gpu.launch_fill + e.reduce;
  return e;
}

namespace {

// Bytes of registers for the accumulators; block scales need a scaled sum beside the one being added to. Half
// of the register file is left for addresses, operands of the epilogue and the copying warps.
double accumulators(const GemmProblem& p, int rows, int cols) {
  return 4.0 * rows * cols * (p.block_scales ? 2 : 1);
}

}  // namespace

std::vector<GemmTiling> candidates(const GemmChip& chip, const GemmProblem& p) {
  static constexpr std::array kRows = {64, 128, 256};
  static constexpr std::array kCols = {8, 16, 32, 64, 96, 128, 160, 192, 256};
  static constexpr std::array kBlockCols = {16, 32, 48, 64, 80, 96, 112, 128};
  static constexpr std::array kSplits = {1, 2, 3, 4, 6, 8, 12, 16, 32};
  if (p.block_scales && chip.gpu.operands == chip::OperandPath::shared) return {block_scaled_tiling(chip, p)};
  std::vector<GemmTiling> out;
  const auto add = [&](int rows, int cols, int pair) {
    for (const bool swapped : {false, true}) {
      if (swapped && rows == cols) continue;
      for (const int ctas : {1, 2}) {
        if (ctas > 1 && (pair > 1 || ctas * accumulators(p, rows, cols) > chip.gpu.register_size.value / 2))
          continue;
        for (const int split : kSplits) {
          if (p.block_scales && split > 1) break;
          const GemmTiling t{rows, cols, swapped, ctas, split, pair};
          const GemmCounts c = count(chip, p, t);
          if (c.stages < (ctas > 1 ? 3 : 2) || (split > 1 && c.steps < 2)) continue;
          // A split that leaves whole rounds' worth of partials only adds traffic.
          if (split > 1 && c.units > 4 * c.slots) continue;
          out.push_back(t);
        }
      }
    }
  };
  for (const int rows : kRows) {
    if (p.block_scales && rows > 128) continue;
    if (p.block_scales) {
      for (const int cols : kBlockCols) add(rows, cols, 1);
      continue;
    }
    const bool any_side = !chip.gemm.power_of_two_tiles;
    for (const int cols : kCols)
      if (rows * cols <= 128 * 256 && (any_side || (cols & (cols - 1)) == 0)) add(rows, cols, 1);
  }
  if (chip.gpu.operands == chip::OperandPath::tensor_memory)
    for (const int cols : {128, 192, 256}) add(256, cols, 2);
  return out;
}

std::vector<GemmTiling> ranked(const GemmChip& chip, const GemmProblem& p, const GemmResidency& r,
                               Hertz clock, int most, double within) {
  const std::vector<GemmTiling> all = candidates(chip, p);
  std::vector<std::pair<double, std::size_t>> order;
  order.reserve(all.size());
  for (std::size_t i = 0; i < all.size(); ++i)
    order.emplace_back(estimate(chip, p, all[i], r, clock).time.value, i);
  if (most == 1) return {all[std::min_element(order.begin(), order.end())->second]};
  std::sort(order.begin(), order.end());
  std::vector<GemmTiling> out;
  for (const auto& [time, index] : order) {
    if (static_cast<int>(out.size()) >= most || time > order.front().first * (1 + within)) break;
    const GemmTiling& t = all[index];
    const bool known = std::any_of(out.begin(), out.end(), [&](const GemmTiling& o) {
      return o.tile_m() == t.tile_m() && o.tile_n() == t.tile_n() && o.split == t.split;
    });
    if (!known) out.push_back(t);
  }
  return out;
}

}  // namespace etalon::kernels
