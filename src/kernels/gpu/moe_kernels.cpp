// SPDX-License-Identifier: Apache-2.0
#include "kernels/gpu/moe_kernels.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernels/gpu/attention_job.h"
#include "kernels/gpu/moe_program.h"

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

// Draws of ours for each of the benchmark's: which ones it drew is not known, so the mean of more is nearer.
constexpr int kDrawsForOne = 3;

std::vector<gpu::ExpertLoads> loads_of(const llm::GroupedMatmul& op, int seeds) {
  if (op.skew == 0) return {gpu::balanced_loads(op)};
  std::vector<gpu::ExpertLoads> all;
  for (int s = 0; s < kDrawsForOne * std::max(1, seeds); ++s)
    all.push_back(gpu::drawn_loads(op, static_cast<std::uint64_t>(s)));
  return all;
}

void fill_limits(const DeviceFacts& d, const llm::GroupedMatmul& op, const MoeTime& t, KernelCost& k) {
  const double total = t.total > 0 ? t.total : 1;
  const double matrix = t.flops / (gpu::tensor_rate(d, op.dtype) * d.sms * d.clock);
  const double products = t.first + t.second;
  k.limits[Limit::launch] = t.launch / total;
  k.limits[Limit::vector] = t.side / total;
  k.limits[Limit::matrix] = std::min(matrix, products) / total;
  k.limits[Limit::hbm] = std::max(0.0, products - matrix) / total;
}

struct Draw {
  gpu::ExpertLoads loads;
  MoeTime time;  // closed form, at the settled clock
  chip::Settled settled;
};

// Every draw in closed form, each at the clock it settles at, fastest first.
std::vector<Draw> draws(const catalog::Chip& chip, const llm::GroupedMatmul& op, const Harness& harness) {
  std::vector<Draw> all;
  for (gpu::ExpertLoads& loads : loads_of(op, harness.seeds)) {
    DeviceFacts d = gpu::read_device(chip);
    MoeTime t = gpu::moe_formula(d, op, loads);
    const chip::Settled settled =
        gpu::settle(chip, d, harness, op.dtype, t.flops, 2 * t.bytes, t.bytes, t.total, t.first + t.second);
    d.clock = settled.clock.value;
    all.push_back({std::move(loads), t, settled});
    all.back().time = gpu::moe_formula(d, op, all.back().loads);
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Draw& a, const Draw& b) { return a.time.total < b.time.total; });
  return all;
}

double mean_total(const std::vector<Draw>& all) {
  double sum = 0;
  for (const Draw& d : all) sum += d.time.total;
  return sum / static_cast<double>(all.size());
}

// The median draw's products on the simulated chip, in place of the closed form's.
void simulate(const catalog::Chip& chip, const llm::GroupedMatmul& op, const Harness& harness, bool timeline,
              Draw& draw, KernelCost& k) {
  DeviceFacts d = gpu::read_device(chip);
  d.clock = draw.settled.clock.value;
  const double kept = harness.warm ? gpu::kept_in_l2(d, gpu::layer_bytes(op, draw.loads)) : 0;
  MoeTime& t = draw.time;
  const double side = gpu::simulate_small(chip, d, t.small);
  t.total += side - t.side;
  t.side = side;
  k.fidelity = Fidelity::cycle;
  k.hbm_read = k.hbm_written = k.l2_read = Bytes{0};
  for (const bool second : {false, true}) {
    const gpu::GroupedProduct p = second ? gpu::down_product(op) : gpu::up_product(op);
    gpu::GroupedRun run = gpu::simulate_product(chip, d, op, draw.loads, p, gpu::choose_tile(d, op, p), kept,
                                                timeline && !second);
    double& part = second ? t.second : t.first;
    t.total += run.seconds - part;
    part = run.seconds;
    k.hbm_read += run.stats.hbm_read * (1 / run.simulated);
    k.hbm_written += run.stats.hbm_written * (1 / run.simulated);
    k.l2_read += run.stats.l2_read * (1 / run.simulated);
    if (timeline && !second) k.timeline = std::move(run.stats.timeline);
    if (!run.stats.deadlock.empty())
      k.findings.push_back({Severity::failure, "experts.deadlock", run.stats.deadlock, ""});
  }
}

Result<KernelCost> cost(const catalog::Chip& chip, const llm::Operation& operation, const Harness& harness,
                        const CostOptions& options) {
  const auto& op = std::get<llm::GroupedMatmul>(operation);
  const DeviceFacts d = gpu::read_device(chip);
  TRY_VOID(check(chip, d, op));
  std::vector<Draw> all = draws(chip, op, harness);
  Draw& draw = all[all.size() / 2];
  const double formula = draw.time.total;
  KernelCost k;
  k.fidelity = Fidelity::formula;
  k.hbm_read = Bytes{draw.time.bytes};
  if (options.fidelity == Fidelity::cycle) simulate(chip, op, harness, options.want_timeline, draw, k);
  const MoeTime& t = draw.time;
  k.time = Seconds{t.total * mean_total(all) / formula};
  // The spread of the draws, which a single measured draw has too.
  k.low = Seconds{t.total * std::min(1.0, all.front().time.total / formula)};
  k.high = Seconds{t.total * std::max(1.0, all.back().time.total / formula)};
  k.launch = Seconds{t.launch};
  k.clock = draw.settled.clock;
  k.kernels = t.kernels;
  k.flops = Flops{t.flops};
  k.energy = draw.settled.energy;
  k.busy = {{"first product", Seconds{t.first}},
            {"second product", Seconds{t.second}},
            {"around them", Seconds{t.side}}};
  fill_limits(d, op, t, k);
  k.tiling = fmt::format("{}x{} tiles chosen for balanced routing, {} draw{}", t.tile.rows, t.tile.cols,
                         all.size(), all.size() == 1 ? "" : "s");
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
