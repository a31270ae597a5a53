// SPDX-License-Identifier: Apache-2.0
// One rank's share of an expert layer on an Ascend device: gate, permute, the grouped products with every
// expert's tiles dealt to the cube cores in one launch, activation, unpermute.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "kernels/gpu/moe_routing.h"
#include "kernels/npu/matmul_program.h"
#include "kernels/npu/npu_cost.h"

namespace etalon::kernels {
namespace {

using Loads = std::vector<std::int64_t>;

NpuMatmul product_of(const NpuDevice& d, const llm::GroupedMatmul& g, const Loads& loads, std::int64_t n,
                     std::int64_t k) {
  NpuMatmul p;
  for (std::int64_t rows : loads) {
    if (rows > 0) p.groups.push_back(rows);
  }
  p.m = std::accumulate(p.groups.begin(), p.groups.end(), std::int64_t{0});
  p.n = n;
  p.k = k;
  p.a_bytes = p.b_bytes = g.dtype == llm::Dtype::mxfp4_w ? 2 : llm::size_of(g.dtype).value;
  p.c_bytes = 2;
  p.b_transposed = true;
  p.macs_per_cycle = d.macs(g.dtype);
  return p;
}

NpuTiling tiling_of(const NpuDevice& d, const NpuMatmul& p) {
  NpuTiling t;
  const std::int64_t most = *std::max_element(p.groups.begin(), p.groups.end());
  t.base_m = std::min<std::int64_t>(128, (most + 15) / 16 * 16);
  t.base_n = std::min<std::int64_t>(256, (p.n + 15) / 16 * 16);
  t.base_k = static_cast<std::int64_t>(128 / p.b_bytes);
  t.buffers_a = t.buffers_b = 2;
  t.step_ka = t.step_kb = 4;
  while (t.step_kb > 1 &&
         2 * t.step_kb * static_cast<double>(t.base_k) *
                 (static_cast<double>(t.base_m) * p.a_bytes + static_cast<double>(t.base_n) * p.b_bytes) >
             static_cast<double>(d.costs.l1_size)) {
    t.step_ka = t.step_kb = t.step_kb / 2;
  }
  t.unit_flag = true;
  return t;
}

void product(const NpuDevice& d, const llm::GroupedMatmul& g, const Loads& loads, std::int64_t n,
             std::int64_t k, NpuWork& w) {
  const NpuMatmul p = product_of(d, g, loads, n, k);
  if (p.groups.empty()) return;
  const NpuTiling t = tiling_of(d, p);
  chip::Machine machine(d.spec);
  const auto run = run_matmul(machine, d.costs, p, t, allocate_operands(machine, p, t));
  w.body += run.time;
  add_run(w, run);
  w.matrix_flops += Flops{2.0 * static_cast<double>(p.m) * static_cast<double>(n) * static_cast<double>(k)};
  if (w.tiling.empty()) w.tiling = t.text();
}

Result<KernelCost> layer(const NpuDevice& d, const llm::GroupedMatmul& g, const Loads& loads,
                         const Harness& h, const CostOptions& options) {
  NpuWork w;
  w.kernels = 2;
  const Seconds launch = launch_cost(d, h, parse_npu_software(h.software));
  w.launch = launch * 2;
  product(d, g, loads, g.inter * (g.gated ? 2 : 1), g.hidden, w);
  product(d, g, loads, g.hidden, g.inter, w);
  const std::int64_t rows = std::accumulate(loads.begin(), loads.end(), std::int64_t{0});
  if (!g.matmuls_only && rows > 0) {
    const std::int64_t tokens = std::max<std::int64_t>(1, g.tokens / std::max<std::int64_t>(1, g.ep));
    const llm::Vector parts[] = {
        {.op = llm::VectorOp::topk_gate, .rows = tokens, .cols = g.experts, .extra = g.top_k},
        {.op = llm::VectorOp::permute, .rows = tokens, .cols = g.hidden, .extra = g.top_k},
        {.op = g.gated ? llm::VectorOp::swiglu : llm::VectorOp::relu2, .rows = rows, .cols = g.inter},
        {.op = llm::VectorOp::unpermute, .rows = tokens, .cols = g.hidden, .extra = g.top_k}};
    for (const auto& v : parts) {
      TRY(cost, npu_vector_cost(d.chip, v, h, options));
      w.body += cost.time - cost.launch;
      w.launch += cost.launch;
      w.hbm_read += cost.hbm_read;
      w.hbm_written += cost.hbm_written;
      w.l2_read += cost.l2_read;
      for (const auto& [name, time] : cost.busy) w.busy[name] += time;
      ++w.kernels;
    }
  }
  w.hbm_busy = Seconds{(w.hbm_read + w.hbm_written).value / d.hbm().value};
  w.dtype = g.dtype;
  w.mechanism = g.skew > 0 ? "experts.skewed" : "experts.balanced";
  return npu_cost(d, h, w);
}

}  // namespace

Result<KernelCost> npu_grouped_cost(const catalog::Chip& chip, const llm::Operation& op, const Harness& h,
                                    const CostOptions& options) {
  const auto& g = std::get<llm::GroupedMatmul>(op);
  const NpuDevice d(chip);
  if (d.macs(g.dtype) <= 0) {
    return fail("kernel.dtype",
                fmt::format("the cube cores of {} have no {}", chip.name, llm::name_of(g.dtype)),
                "choose a type the chip has: etalon chips show " + chip.name);
  }
  if (g.skew <= 0) return layer(d, g, gpu::balanced_loads(g), h, options);
  std::vector<KernelCost> draws;  // the median of seeded draws
  for (int seed = 0; seed < std::max(1, h.seeds); ++seed) {
    TRY(cost, layer(d, g, gpu::drawn_loads(g, static_cast<std::uint64_t>(seed)), h, options));
    draws.push_back(std::move(cost));
  }
  std::stable_sort(draws.begin(), draws.end(), [](const auto& a, const auto& b) { return a.time < b.time; });
  return draws[draws.size() / 2];
}

}  // namespace etalon::kernels
