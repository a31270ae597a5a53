// SPDX-License-Identifier: Apache-2.0
#include "kernels/gpu/attention_kernels.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernels/gpu/attention_program.h"
#include "kernels/gpu/mla_program.h"

namespace etalon::kernels {
namespace {

using gpu::AttentionRun;
using gpu::AttentionTime;
using gpu::DeviceFacts;

bool accepts(const catalog::Chip& chip, const llm::Operation& op) {
  return chip.kind == catalog::CoreKind::gpu && std::holds_alternative<llm::Attention>(op);
}

Result<std::monostate> check(const catalog::Chip& chip, const DeviceFacts& d, const llm::Attention& op) {
  constexpr std::int64_t kMost = std::int64_t{1} << 31;
  for (std::int64_t v : {op.batch, op.heads_q, op.heads_kv, op.head_dim, op.head_dim_v, op.seq_q, op.seq_kv})
    if (v < 1 || v > kMost)
      return fail("kernel.shape",
                  fmt::format("attention sizes must lie in 1 to 2^31, got {}", llm::describe(op)));
  if (op.heads_q % op.heads_kv != 0)
    return fail("kernel.shape",
                fmt::format("{} query heads cannot share {} KV heads evenly", op.heads_q, op.heads_kv),
                "heads_q must be a multiple of heads_kv");
  if (op.window < 0)
    return fail("kernel.shape", fmt::format("the window must not be negative, got {}", op.window));
  if (gpu::tensor_rate(d, op.dtype) <= 0)
    return fail("kernel.dtype",
                fmt::format("{} has no matrix unit for {}", chip.name, llm::name_of(op.dtype)),
                "see `etalon chips show` for the types it has");
  return std::monostate{};
}

const char* mechanism_of(const llm::Attention& op, bool latent) {
  if (latent) return op.phase == llm::Phase::decode ? "attention.latent-decode" : "attention.latent";
  switch (op.phase) {
    case llm::Phase::decode:
      return "attention.decode";
    case llm::Phase::backward:
      return "attention.backward";
    default:
      return "attention.forward";
  }
}

// Simulated body in place of the closed form's.
AttentionRun simulate(const catalog::Chip& chip, const DeviceFacts& d, const llm::Attention& op,
                      const Harness& harness, bool timeline) {
  if (op.shared_kv) return gpu::simulate_latent_decode(chip, d, gpu::latent_job(d, op, harness), timeline);
  return gpu::simulate_attention(chip, d, gpu::attention_job(d, op, harness), timeline);
}

// Shares of the time by what set it. Launches and the framework's kernels first, then the body as its two
// sides weigh in the cubic law of overlap.
void fill_limits(const AttentionTime& t, KernelCost& k) {
  const double total = std::max(t.total, 1e-12);
  const double c = t.compute * t.compute * t.compute, m = t.memory * t.memory * t.memory;
  const double matrix = c + m > 0 ? c / (c + m) : 1;
  k.limits[Limit::launch] = t.launch / total;
  k.limits[Limit::matrix] = t.body * matrix / total;
  k.limits[Limit::hbm] = t.body * (1 - matrix) / total;
  k.limits[Limit::vector] = t.side / total;
  k.limits[Limit::latency] = t.scan / total;
}

void fill_run(const AttentionRun& run, KernelCost& k) {
  k.fidelity = Fidelity::cycle;
  const double scale = run.simulated > 0 ? 1 / run.simulated : 1;
  k.hbm_read = run.stats.hbm_read * scale;
  k.hbm_written = run.stats.hbm_written * scale;
  k.l2_read = run.stats.l2_read * scale;
  if (run.simulated < 1)
    k.findings.push_back(
        {Severity::note, "attention.part-simulated",
         fmt::format("{:.3g} % of the heads were simulated, the rest follows the closed form",
                     100 * run.simulated),
         k.tiling});
  if (!run.stats.deadlock.empty())
    k.findings.push_back({Severity::failure, "attention.deadlock", run.stats.deadlock, k.tiling});
  Seconds wait_flag{0}, wait_memory{0};
  for (const chip::PipeStats& p : run.stats.pipes) wait_flag += p.wait_flag, wait_memory += p.wait_memory;
  k.stalls = {{"dependency", wait_flag}, {"memory", wait_memory}};
}

Result<KernelCost> cost(const catalog::Chip& chip, const llm::Operation& operation, const Harness& harness,
                        const CostOptions& options) {
  const auto& op = std::get<llm::Attention>(operation);
  DeviceFacts d = gpu::read_device(chip);
  TRY_VOID(check(chip, d, op));
  const bool latent = gpu::is_latent(op);
  AttentionTime t = gpu::latent_formula(d, op, harness);
  const chip::Settled settled = gpu::settle(chip, d, harness, op.dtype, t.flops, t.l2_bytes, t.bytes, t.total,
                                            t.compute, t.vector_flops);
  d.clock = settled.clock.value;
  t = gpu::latent_formula(d, op, harness);
  KernelCost k;
  k.tiling = t.tiling;
  k.fidelity = Fidelity::formula;
  k.clock = settled.clock;
  k.kernels = t.kernels;
  k.flops = Flops{t.flops};
  k.hbm_read = Bytes{t.bytes * (1 - (harness.warm ? gpu::kept_in_l2(d, t.bytes) : 0))};
  k.energy = settled.energy;
  if (options.fidelity == Fidelity::cycle) {
    AttentionRun run = simulate(chip, d, op, harness, options.want_timeline);
    const double side = gpu::simulate_small(chip, d, t.small);
    t.total += run.seconds - t.body + side - t.side;
    t.body = run.seconds;
    t.side = side;
    fill_run(run, k);
    if (options.want_timeline) k.timeline = std::move(run.stats.timeline);
  }
  k.time = k.low = k.high = Seconds{t.total};
  k.launch = Seconds{t.launch};
  const double rate = gpu::tensor_rate(d, op.dtype) * d.sms * d.clock;
  k.busy = {{"tensor", Seconds{t.flops / rate}}, {"hbm", Seconds{t.memory}}};
  fill_limits(t, k);
  k.mechanism = mechanism_of(op, latent);
  return k;
}

}  // namespace

const std::vector<Kernel>& attention_kernels() {
  static const std::vector<Kernel> list = {
      {"gpu.attention",
       "flash attention forward, backward and decode; latent attention; any head size, window or mask",
       "softmax over materialised scores (vector softmax between two batched products)",
       "tile program of our own after the published structure of FlashAttention-3 and FlashMLA",
       "etalon kernel attention --chip h100-sxm --heads-q 32 --heads-kv 8 --head-dim 128 --seq-kv 8192",
       catalog::CoreKind::gpu, accepts, cost}};
  return list;
}

}  // namespace etalon::kernels
