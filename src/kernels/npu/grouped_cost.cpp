// SPDX-License-Identifier: Apache-2.0
// One rank's share of an expert layer on an Ascend device: gate, permute, the grouped products with every
// expert's tiles dealt to the cube cores in one launch, activation, unpermute.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "kernels/gpu/moe_routing.h"
#include "kernels/npu/matmul_launch.h"
#include "kernels/npu/npu_cost.h"

namespace etalon::kernels {
namespace {

using Loads = std::vector<std::int64_t>;

constexpr std::size_t kGroupsOfLaunch = 1024;  // what the kernel takes

MatmulJob job_of(const NpuDevice& d, const llm::GroupedMatmul& g, std::vector<std::int32_t> rows,
                 std::int64_t n, std::int64_t k) {
  MatmulJob job;
  job.dtype = g.dtype;
  job.out = g.dtype == llm::Dtype::int8 ? llm::Dtype::fp16 : llm::Dtype::bf16;
  npu::MatmulTiling& t = job.tiling;
  t.m = std::accumulate(rows.begin(), rows.end(), std::int64_t{0});
  t.n = n;
  t.k = k;
  t.trans_b = true;
  const double size = cube_bytes(g.dtype);
  const std::int64_t most = *std::max_element(rows.begin(), rows.end());
  t.base_m = static_cast<std::int32_t>(std::min<std::int64_t>(128, (most + 15) / 16 * 16));
  t.base_n = static_cast<std::int32_t>(std::min<std::int64_t>(256, (n + 15) / 16 * 16));
  t.base_k = static_cast<std::int32_t>(128 / size);
  while (t.step_kb > 1 &&
         2 * t.step_kb * size * t.base_k * (t.base_m + t.base_n) > static_cast<double>(d.costs.l1_size)) {
    t.step_ka = t.step_kb = t.step_kb / 2;
  }
  job.groups = std::move(rows);
  return job;
}

Result<void> product(const NpuDevice& d, const llm::GroupedMatmul& g, const Loads& loads, std::int64_t n,
                     std::int64_t k, NpuWork& w) {
  for (std::size_t first = 0; first < loads.size(); first += kGroupsOfLaunch) {
    const std::size_t last = std::min(loads.size(), first + kGroupsOfLaunch);
    std::vector<std::int32_t> rows;
    for (std::size_t i = first; i < last; ++i) rows.push_back(static_cast<std::int32_t>(loads[i]));
    if (std::all_of(rows.begin(), rows.end(), [](std::int32_t r) { return r == 0; })) continue;
    const MatmulJob job = job_of(d, g, std::move(rows), n, k);
    chip::Machine machine(d.spec);
    TRY(run, MatmulOnDevice(machine, d.costs, job).run());
    w.body += run.time;
    add_run(w, run);
    w.matrix_flops +=
        Flops{2.0 * static_cast<double>(job.tiling.m) * static_cast<double>(n) * static_cast<double>(k)};
    if (w.tiling.empty()) w.tiling = job.text();
  }
  return {};
}

Result<KernelCost> layer(const NpuDevice& d, const llm::GroupedMatmul& g, const Loads& loads,
                         const Harness& h, const CostOptions& options) {
  NpuWork w;
  w.kernels = 2;
  const Seconds launch = launch_cost(d, h, parse_npu_software(h.software));
  w.launch = launch * 2;
  TRY_VOID(product(d, g, loads, g.inter * (g.gated ? 2 : 1), g.hidden, w));
  TRY_VOID(product(d, g, loads, g.hidden, g.inter, w));
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
