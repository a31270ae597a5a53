// SPDX-License-Identifier: Apache-2.0
#include "kernels/gpu/moe_kernels.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernels/gpu/moe_formula.h"

namespace etalon::kernels {
namespace {

using gpu::DeviceFacts;
using gpu::MoeTime;

bool accepts(const catalog::Chip& chip, const llm::Operation& op) {
  return chip.kind == catalog::CoreKind::gpu && std::holds_alternative<llm::GroupedMatmul>(op);
}

Result<std::monostate> check(const catalog::Chip& chip, const DeviceFacts& d, const llm::GroupedMatmul& op) {
  for (std::int64_t v : {op.tokens, op.hidden, op.inter, op.experts, op.top_k, op.ep})
    if (v < 1 || v > (std::int64_t{1} << 40))
      return fail("kernel.shape",
                  fmt::format("expert layer sizes must be positive, got {}", llm::describe(op)));
  if (op.experts % op.ep != 0)
    return fail("kernel.shape", fmt::format("{} experts do not divide over {} ranks", op.experts, op.ep));
  if (op.top_k > op.experts)
    return fail("kernel.shape", fmt::format("a token cannot choose {} of {} experts", op.top_k, op.experts));
  if (gpu::tensor_rate(d, op.dtype) <= 0)
    return fail("kernel.dtype",
                fmt::format("{} has no matrix unit for {}", chip.name, llm::name_of(op.dtype)),
                "see `etalon chips show` for the types it has");
  return std::monostate{};
}

std::vector<gpu::ExpertLoads> loads_of(const llm::GroupedMatmul& op, int seeds) {
  if (op.skew == 0) return {gpu::balanced_loads(op)};
  std::vector<gpu::ExpertLoads> all;
  for (int s = 0; s < std::max(1, seeds); ++s)
    all.push_back(gpu::drawn_loads(op, static_cast<std::uint64_t>(s)));
  return all;
}

void fill_limits(const DeviceFacts& d, const llm::GroupedMatmul& op, const MoeTime& t, KernelCost& k) {
  const double total = t.total > 0 ? t.total : 1;
  const double matrix =
      t.flops / (gpu::tensor_rate(d, op.dtype) * gpu::grouped_efficiency(d, op.dtype) * d.sms * d.clock);
  const double products = t.first + t.second;
  k.limits[Limit::launch] = t.launch / total;
  k.limits[Limit::vector] = t.elementwise / total;
  k.limits[Limit::latency] = t.routing / total;
  k.limits[Limit::matrix] = std::min(matrix, products) / total;
  k.limits[Limit::hbm] = std::max(0.0, products - matrix) / total;
}

Result<KernelCost> cost(const catalog::Chip& chip, const llm::Operation& operation, const Harness& harness,
                        const CostOptions&) {
  const auto& op = std::get<llm::GroupedMatmul>(operation);
  DeviceFacts d = gpu::read_device(chip);
  TRY_VOID(check(chip, d, op));
  std::vector<MoeTime> times;
  chip::Settled settled;
  for (const gpu::ExpertLoads& loads : loads_of(op, harness.seeds)) {
    d = gpu::read_device(chip);
    MoeTime t = gpu::moe_formula(d, op, loads);
    settled =
        gpu::settle(chip, d, harness, op.dtype, t.flops, 2 * t.bytes, t.bytes, t.total, t.first + t.second);
    d.clock = settled.clock.value;
    times.push_back(gpu::moe_formula(d, op, loads));
  }
  std::sort(times.begin(), times.end(), [](const MoeTime& a, const MoeTime& b) { return a.total < b.total; });
  const MoeTime& t = times[times.size() / 2];
  KernelCost k;
  k.time = Seconds{t.total};
  k.low = Seconds{times.front().total};
  k.high = Seconds{times.back().total};
  k.launch = Seconds{t.launch};
  k.fidelity = Fidelity::formula;
  k.clock = settled.clock;
  k.kernels = t.kernels;
  k.flops = Flops{t.flops};
  k.hbm_read = Bytes{t.bytes};
  k.energy = settled.energy;
  k.busy = {{"first product", Seconds{t.first}},
            {"second product", Seconds{t.second}},
            {"element-wise", Seconds{t.elementwise}}};
  fill_limits(d, op, t, k);
  k.tiling = fmt::format("{}x{} tiles chosen for balanced routing, {} draws", t.tile.rows, t.tile.cols,
                         times.size());
  k.mechanism = op.skew == 0 ? "experts.balanced" : "experts.skewed";
  return k;
}

}  // namespace

const std::vector<Kernel>& moe_kernels() {
  static const std::vector<Kernel> list = {
      {"gpu.moe",
       "one rank's experts: route, permute, two grouped products, activation, unpermute; skewed loads by "
       "seeded draws",
       "dense layers (gpu.gemm); the exchange between ranks (a collective)",
       "tile program of our own after the published structure of grouped products",
       "etalon kernel experts --chip h100-sxm --tokens 4096 --hidden 4096 --inter 1536 --experts 128 --top-k "
       "8",
       catalog::CoreKind::gpu, accepts, cost}};
  return list;
}

}  // namespace etalon::kernels
