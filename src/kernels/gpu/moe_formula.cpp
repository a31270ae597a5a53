// SPDX-License-Identifier: Apache-2.0
#include "kernels/gpu/moe_formula.h"

#include <algorithm>
#include <cmath>

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

double grouped_efficiency(const DeviceFacts& d, llm::Dtype dtype) {
  return dtype == llm::Dtype::fp8_block || dtype == llm::Dtype::mxfp4_w ? d.scaled_efficiency
                                                                        : d.grouped_efficiency;
}

double product_seconds(const DeviceFacts& d, const llm::GroupedMatmul& op, const ExpertLoads& loads,
                       const GroupedProduct& p, GroupedTile tile) {
  const double rate = tensor_rate(d, op.dtype) * grouped_efficiency(d, op.dtype);
  const double rows = std::max(tile.rows, 64);  // the smallest tile of a matrix instruction
  const double k = static_cast<double>(p.k);
  const double compute = 2 * rows * tile.cols * k / rate / d.clock;
  const double operands =
      (tile.rows * activation_element(op.dtype) + tile.cols * weight_element(op.dtype)) * k;
  const double waves = std::ceil(static_cast<double>(tiles_of(loads, p, tile)) / d.sms);
  const double matrix = waves * (d.tile_cycles / d.clock + std::max(compute, operands / (d.port * d.clock)));
  const double bytes = static_cast<double>(active(loads)) * p.weight_bytes +
                       static_cast<double>(total(loads)) * (p.in_bytes + p.out_bytes);
  return std::cbrt(std::pow(matrix, 3) + std::pow(bytes / (d.grouped_stream * d.hbm), 3));
}

GroupedTile choose_tile(const DeviceFacts& d, const llm::GroupedMatmul& op, const GroupedProduct& p) {
  const ExpertLoads loads = balanced_loads(op);
  GroupedTile best;
  double best_time = INFINITY;
  for (int rows : {16, 32, 64, 128})
    for (int cols : {128, 256}) {
      const double t = product_seconds(d, op, loads, p, {rows, cols});
      if (t < best_time * (1 - 1e-9)) best_time = t, best = {rows, cols};
    }
  return best;
}

MoeTime around_products(const DeviceFacts& d, const llm::GroupedMatmul& op, const ExpertLoads& loads) {
  MoeTime t;
  const double n = static_cast<double>(total(loads)), tokens = static_cast<double>(op.tokens);
  const double h = static_cast<double>(op.hidden), inter = static_cast<double>(op.inter);
  if (op.matmuls_only) {
    t.kernels = 2;
    t.launch = t.kernels * d.launch_graph;
    return t;
  }
  const double a = activation_element(op.dtype);
  double bytes = n * (2 * h + a * h);                         // permute
  bytes += n * (2 * inter * (op.gated ? 2 : 1) + a * inter);  // activation
  bytes += n * 2 * h + tokens * 2 * h;                        // unpermute writes every token, local or not
  if (op.dtype == llm::Dtype::fp8)
    bytes += tokens * h * 3;  // per tensor: all tokens are quantised before routing
  t.bytes = bytes;
  t.elementwise = bytes / (d.moe_elementwise * d.hbm);
  t.routing = d.route_cycles * tokens * static_cast<double>(op.top_k * op.experts) / d.clock +
              d.expert_cycles * static_cast<double>(loads.size()) / d.clock;
  // Only one scale a tensor needs a kernel of its own to quantise; block scales are made while permuting.
  const double plain = d.moe_launches - (op.dtype == llm::Dtype::fp8 ? 0 : 1);
  t.kernels = static_cast<int>(op.dtype == llm::Dtype::mxfp4_w ? d.moe_launches_mxfp4 : plain);
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
  t.total = t.launch + t.first + t.second + t.elementwise + t.routing;
  return t;
}

}  // namespace etalon::kernels::gpu
