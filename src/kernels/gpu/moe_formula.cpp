// SPDX-License-Identifier: Apache-2.0
#include "kernels/gpu/moe_formula.h"

#include <algorithm>
#include <cmath>

#include "kernels/gpu/attention_job.h"

namespace etalon::kernels::gpu {
namespace {

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

double weight_element(llm::Dtype d) { return llm::size_of(d).value; }
// Activations: fp8 kinds feed 8-bit operands, 4-bit weights meet 16-bit activations.
double activation_element(llm::Dtype d) {
  return d == llm::Dtype::mxfp4_w ? 2.0 : std::min(2.0, std::max(1.0, llm::size_of(d).value));
}

}  // namespace

GroupedProduct up_product(const llm::GroupedMatmul& op) {
  GroupedProduct p;
  p.n = op.inter * (op.gated ? 2 : 1);
  p.k = op.hidden;
  p.weight_bytes = static_cast<double>(p.n) * static_cast<double>(p.k) * weight_element(op.dtype);
  p.in_bytes = static_cast<double>(p.k) * activation_element(op.dtype);
  p.out_bytes = static_cast<double>(p.n) * 2;
  return p;
}

GroupedProduct down_product(const llm::GroupedMatmul& op) {
  GroupedProduct p;
  p.n = op.hidden;
  p.k = op.inter;
  p.weight_bytes = static_cast<double>(p.n) * static_cast<double>(p.k) * weight_element(op.dtype);
  p.in_bytes = static_cast<double>(p.k) * activation_element(op.dtype);
  p.out_bytes = static_cast<double>(p.n) * 2;
  return p;
}

std::int64_t tiles_of(const ExpertLoads& loads, const GroupedProduct& product, GroupedTile tile) {
  std::int64_t rows = 0;
  for (std::int64_t c : loads) rows += ceil_div(c, tile.rows);
  return rows * ceil_div(product.n, tile.cols);
}

GemmProblem tile_problem(const DeviceFacts& d, const llm::GroupedMatmul& op, const GroupedProduct& p) {
  GemmProblem g;
  g.m = 1, g.n = p.n, g.k = p.k;
  g.a_size = p.in_bytes / static_cast<double>(p.k);
  g.b_size = p.weight_bytes / (static_cast<double>(p.n) * static_cast<double>(p.k));
  g.rate = FlopsPerCycle{tensor_rate(d, op.dtype)};
  g.block_scales = op.dtype == llm::Dtype::fp8_block;
  g.promotes =
      g.block_scales || (op.dtype == llm::Dtype::fp8 && d.gemm.gpu.operands == chip::OperandPath::shared);
  return g;
}

TileCosts tile_costs(const DeviceFacts& d, const llm::GroupedMatmul& op, const GroupedProduct& p,
                     GroupedTile tile) {
  const GemmProblem g = tile_problem(d, op, p);
  const GemmTiling tiling{
      tile.swapped ? tile.cols : tile.rows, tile.swapped ? tile.rows : tile.cols, tile.swapped, 1, 1, 1};
  const GemmCounts c = count(d.gemm, g, tiling);
  TileCosts t;
  t.steps = static_cast<double>(c.steps);
  t.step = std::max(c.tensor_cycles, c.smem_cycles) + c.promotion_cycles;
  if (op.dtype == llm::Dtype::mxfp4_w)  // weights are unpacked, converted and scaled on CUDA cores
    t.step += 8.0 * tile.cols * static_cast<double>(g.step()) / (d.cuda / 2);
  const TileBreak gap = tile_break(d.gemm, g, tiling, Hertz{d.clock});
  t.end = gap.epilogue + gap.scales;
  t.stages = std::max(2, c.stages);
  t.step_bytes = (tile.rows * g.a_size + tile.cols * g.b_size) * static_cast<double>(g.step());
  return t;
}

double product_seconds(const DeviceFacts& d, const llm::GroupedMatmul& op, const ExpertLoads& loads,
                       const GroupedProduct& p, GroupedTile tile) {
  const TileCosts c = tile_costs(d, op, p, tile);
  const double port = c.step_bytes / d.gemm.gpu.l2_port.value;
  const double latency = d.load_latency * d.clock / c.stages;
  const double waves = std::ceil(static_cast<double>(tiles_of(loads, p, tile)) / d.sms);
  const double matrix =
      (waves * (c.steps * std::max({c.step, port, latency}) + c.end)) / d.clock + d.load_latency;
  const double bytes = static_cast<double>(active(loads)) * p.weight_bytes +
                       static_cast<double>(total(loads)) * (p.in_bytes + p.out_bytes);
  return std::cbrt(std::pow(matrix, 3) + std::pow(bytes / (d.tuned * d.hbm), 3));
}

GroupedTile choose_tile(const DeviceFacts& d, const llm::GroupedMatmul& op, const GroupedProduct& p) {
  const ExpertLoads loads = balanced_loads(op);
  if (op.dtype == llm::Dtype::fp8_block && d.gemm.gpu.operands == chip::OperandPath::shared) {
    // The library expects as many tokens for each expert as the call has in all.
    GemmProblem g = tile_problem(d, op, p);
    g.m = op.tokens;
    g.batch = static_cast<std::int64_t>(loads.size());
    const GemmTiling t = block_scaled_tiling(d.gemm, g);
    return {t.tile_m(), t.tile_n(), t.swapped};
  }
  GroupedTile best;
  double best_time = INFINITY;
  for (const int rows : {16, 32, 64, 128, 256})
    for (const int cols : {128, 256}) {
      // Kernels with block scales take tiles of at most 64 tokens.
      if (rows * cols > 128 * 256 || (op.dtype == llm::Dtype::fp8_block && rows * cols > 64 * 128)) continue;
      const double t = product_seconds(d, op, loads, p, {rows, cols});
      if (t < best_time * (1 - 1e-9)) best_time = t, best = {rows, cols, true};
    }
  return best;
}

namespace {

SmallKernel stream(const DeviceFacts& d, const char* name, double read, double written, int chain) {
  SmallKernel k{name, {}, d.elementwise, kept_in_l2(d, read + written), 0};
  k.shape.read = read, k.shape.written = written, k.shape.chain = chain;
  return k;
}

// Cycles of making block scales of `values` 16-bit ones: each warp takes 128 at a time, and with 8 warps an
// SM (the library launches one block of threads for each) every round waits for its load, then for a maximum
// over the warp and a division.
double quantise_cycles(const DeviceFacts& d, double values) {
  constexpr double kWarps = 8, kValues = 128, kReduce = 200;
  return values / (kWarps * kValues * d.sms) * (d.hbm_latency * d.clock + kReduce);
}

// Route, sort, permute, activate and finalise, as the framework launches them.
std::vector<SmallKernel> small_kernels(const DeviceFacts& d, const llm::GroupedMatmul& op,
                                       const ExpertLoads& loads) {
  const double n = static_cast<double>(total(loads)), tokens = static_cast<double>(op.tokens);
  const double h = static_cast<double>(op.hidden), inter = static_cast<double>(op.inter);
  const double a = activation_element(op.dtype), chosen = tokens * static_cast<double>(op.top_k);
  std::vector<SmallKernel> list;
  SmallKernel route = stream(d, "route", tokens * static_cast<double>(op.experts) * 4, chosen * 8, 0);
  route.serial = d.route_cycles * chosen * static_cast<double>(op.experts);
  list.push_back(route);
  list.push_back(stream(d, "sort by expert", chosen * 4, chosen * 4, 1));
  // Only one scale a tensor needs a kernel of its own to quantise; block scales are made while permuting.
  const bool block = op.dtype == llm::Dtype::fp8_block;
  if (op.dtype == llm::Dtype::fp8) list.push_back(stream(d, "quantise", tokens * h * 2, tokens * h, 0));
  list.push_back(
      stream(d, "permute", n * h * (op.dtype == llm::Dtype::fp8 ? a : 2), n * h * (block ? 2 : a), 1));
  if (block) list.back().serial = quantise_cycles(d, n * h);
  list.push_back(stream(d, "activate", n * inter * 2 * (op.gated ? 2 : 1), n * inter * (block ? 2 : a), 0));
  if (block) list.back().serial = quantise_cycles(d, n * inter);
  // Every token is written, local or not.
  list.push_back(stream(d, "finalise", n * h * 2, tokens * h * 2, 1));
  return list;
}

}  // namespace

MoeTime around_products(const DeviceFacts& d, const llm::GroupedMatmul& op, const ExpertLoads& loads) {
  MoeTime t;
  t.kernels = 2;
  if (!op.matmuls_only) {
    t.small = small_kernels(d, op, loads);
    for (const SmallKernel& k : t.small) t.bytes += k.shape.read + k.shape.written;
    t.kernels += static_cast<int>(t.small.size());
    if (op.dtype == llm::Dtype::mxfp4_w) t.kernels = static_cast<int>(d.moe_launches_mxfp4);
  }
  t.side = small_formula(d, t.small);
  t.launch = t.kernels * d.launch_graph;
  return t;
}

double layer_bytes(const llm::GroupedMatmul& op, const ExpertLoads& loads) {
  double bytes = 4.0 * static_cast<double>(op.tokens) * static_cast<double>(op.hidden);
  for (const GroupedProduct& p : {up_product(op), down_product(op)})
    bytes += static_cast<double>(active(loads)) * p.weight_bytes +
             static_cast<double>(total(loads)) * (p.in_bytes + p.out_bytes);
  return bytes;
}

MoeTime moe_formula(const DeviceFacts& d, const llm::GroupedMatmul& op, const ExpertLoads& loads) {
  MoeTime t = around_products(d, op, loads);
  const GroupedProduct up = up_product(op), down = down_product(op);
  t.tile = choose_tile(d, op, up);
  t.first = product_seconds(d, op, loads, up, t.tile);
  t.second = product_seconds(d, op, loads, down, choose_tile(d, op, down));
  for (const GroupedProduct& p : {up, down}) {
    t.bytes += static_cast<double>(active(loads)) * p.weight_bytes +
               static_cast<double>(total(loads)) * (p.in_bytes + p.out_bytes);
    t.flops += 2 * static_cast<double>(total(loads) * p.n) * static_cast<double>(p.k);
  }
  t.total = t.launch + t.first + t.second + t.side;
  return t;
}

}  // namespace etalon::kernels::gpu
