// SPDX-License-Identifier: Apache-2.0
#include "kernels/gpu/attention_kernels.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernels/gpu/mla_formula.h"

namespace etalon::kernels {
namespace {

using gpu::AttentionTime;
using gpu::DeviceFacts;

bool accepts(const catalog::Chip& chip, const llm::Operation& op) {
  return chip.kind == catalog::CoreKind::gpu && std::holds_alternative<llm::Attention>(op);
}

Result<std::monostate> check(const catalog::Chip& chip, const DeviceFacts& d, const llm::Attention& op) {
  constexpr std::int64_t kMost = std::int64_t{1} << 40;
  for (std::int64_t v : {op.batch, op.heads_q, op.heads_kv, op.head_dim, op.head_dim_v, op.seq_q, op.seq_kv})
    if (v < 1 || v > kMost)
      return fail("kernel.shape", fmt::format("attention sizes must be positive, got {}", llm::describe(op)));
  if (op.heads_q % op.heads_kv != 0)
    return fail("kernel.shape",
                fmt::format("{} query heads cannot share {} KV heads evenly", op.heads_q, op.heads_kv),
                "heads_q must be a multiple of heads_kv");
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

void fill_limits(const AttentionTime& t, KernelCost& k) {
  const double total = t.total > 0 ? t.total : 1;
  const double body = std::max(0.0, t.total - t.launch - t.side - t.combine);
  const double weight = t.compute + t.memory > 0 ? t.compute / (t.compute + t.memory) : 1;
  k.limits[Limit::launch] = t.launch / total;
  k.limits[Limit::matrix] = body * weight / total;
  k.limits[Limit::hbm] = body * (1 - weight) / total;
  k.limits[Limit::vector] = t.side / total;
  k.limits[Limit::latency] = t.combine / total;
}

Result<KernelCost> cost(const catalog::Chip& chip, const llm::Operation& operation, const Harness& harness,
                        const CostOptions&) {
  const auto& op = std::get<llm::Attention>(operation);
  DeviceFacts d = gpu::read_device(chip);
  TRY_VOID(check(chip, d, op));
  const bool latent = gpu::is_latent(op);
  const auto formula = [&] {
    return latent ? gpu::latent_formula(d, op, harness) : gpu::attention_formula(d, op, harness);
  };
  AttentionTime t = formula();
  const chip::Settled settled =
      gpu::settle(chip, d, harness, op.dtype, t.flops, 2 * t.bytes, t.bytes, t.total, t.compute);
  d.clock = settled.clock.value;
  t = formula();
  KernelCost k;
  k.time = k.low = k.high = Seconds{t.total};
  k.launch = Seconds{t.launch};
  k.fidelity = Fidelity::formula;
  k.clock = settled.clock;
  k.kernels = t.kernels;
  k.flops = Flops{t.flops};
  k.hbm_read = Bytes{t.bytes};
  k.energy = settled.energy;
  k.busy = {{"tensor", Seconds{t.compute}}, {"hbm", Seconds{t.memory}}};
  fill_limits(t, k);
  k.tiling = t.tiling;
  k.mechanism = mechanism_of(op, latent);
  return k;
}

}  // namespace

const std::vector<Kernel>& attention_kernels() {
  static const std::vector<Kernel> list = {
      {"gpu.attention",
       "flash attention forward, backward and decode; latent attention; any head size, window or mask",
       "softmax over materialised scores (vector softmax between two batched products)",
       "tile program of our own after the published structure of FlashAttention-3",
       "etalon kernel attention --chip h100-sxm --batch 1 --heads 32 --kv-heads 8 --seq 8192",
       catalog::CoreKind::gpu, accepts, cost}};
  return list;
}

}  // namespace etalon::kernels
