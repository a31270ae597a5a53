// SPDX-License-Identifier: Apache-2.0
#include "kernels/gpu/mla_formula.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace etalon::kernels::gpu {
namespace {

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

AttentionTime latent_prefill(const DeviceFacts& d, const llm::Attention& op, const Harness& harness) {
  AttentionTime t;
  AttentionPlan plan = plan_attention(op, {d.sms, !d.asynchronous});
  plan.splits = 1;
  const double cells = static_cast<double>(plan.tile_rows) * plan.tile_keys;
  const double block = 2 * cells * static_cast<double>(op.head_dim + op.head_dim_v) /
                           (tensor_rate(d, op.dtype) * d.latent_efficiency) +
                       d.exposed * cells / d.sfu;
  std::vector<double> cost;
  for (const WorkItem& item : plan.items)
    cost.push_back((d.latent_item_cycles + item.blocks * block + item.masked * d.latent_mask_cycles) /
                   d.clock);
  t.compute = greedy_makespan(plan, cost, d.sms);
  const double tokens = static_cast<double>(op.batch * op.seq_q);
  t.tiling = describe(plan);
  t.flops = llm::flops(op).value;
  t.bytes = tokens * static_cast<double>(op.heads_q) * 2 * static_cast<double>(op.head_dim + op.head_dim_v) *
            llm::size_of(op.dtype).value;
  t.memory = t.bytes / (d.gather * d.hbm);
  t.kernels = op.framework_call ? static_cast<int>(d.latent_launches) : 1;
  t.launch = t.kernels * launch_seconds(d, harness);
  if (op.framework_call) t.side = tokens * d.latent_token_cycles / d.clock;
  t.total = t.launch + t.side + std::hypot(t.compute, t.memory);
  return t;
}

AttentionTime latent_decode(const DeviceFacts& d, const llm::Attention& op, const Harness& harness) {
  AttentionTime t;
  const LatentDecodePlan plan = plan_latent_decode(op, d.sms, 5);
  const double key_bytes = static_cast<double>(op.head_dim) * llm::size_of(op.dtype).value;
  const double products = 2.0 * plan.tile_heads * plan.tile_keys *
                          static_cast<double>(op.head_dim + op.head_dim_v) /
                          (tensor_rate(d, op.dtype) * d.tensor_efficiency) / d.clock;
  const double stream = plan.tile_keys * key_bytes / (d.in_flight / d.hbm_latency);
  const double block = std::max(products, stream);
  const double heads = static_cast<double>(std::min<std::int64_t>(op.heads_q, 64));
  const double item = (d.latent_decode_cycles + d.latent_head_cycles * heads) / d.clock;
  // A partition pays the item cost again for each further sequence it touches.
  const double sequences = static_cast<double>(plan.payload) / static_cast<double>(plan.blocks + 5);
  const double touched = std::max(1.0, std::ceil(sequences));
  const double work = std::min(static_cast<double>(plan.payload), touched * static_cast<double>(plan.blocks));
  t.compute = touched * item + work * block;
  const double kv = static_cast<double>(op.batch * op.seq_kv) * key_bytes;
  const double kept = harness.warm ? kept_in_l2(d, kv) : 0;
  t.memory = kv * kept * static_cast<double>(plan.head_tiles) / d.l2_rate +
             kv * (1 - kept) / (d.hbm_attained * d.hbm);
  t.bytes = kv;
  t.flops = llm::flops(op).value;
  t.tiling =
      fmt::format("{} heads x {} keys, {} partitions", plan.tile_heads, plan.tile_keys, plan.partitions);
  t.kernels = op.framework_call ? static_cast<int>(d.latent_decode_launches) : 1;
  if (plan.split) t.combine = d.launch_graph * 0.85, ++t.kernels;
  t.launch = (t.kernels - (plan.split ? 1 : 0)) * launch_seconds(d, harness);
  t.side = static_cast<double>(op.batch * op.heads_q) * d.latent_row_cycles / d.clock;
  const double rest = t.compute - item;
  t.total =
      t.launch + item + std::cbrt(rest * rest * rest + t.memory * t.memory * t.memory) + t.combine + t.side;
  return t;
}

}  // namespace

bool is_latent(const llm::Attention& op) {
  return op.shared_kv || (op.head_dim == 192 && op.head_dim_v == 128);
}

LatentDecodePlan plan_latent_decode(const llm::Attention& op, int sms, int setup_blocks) {
  LatentDecodePlan plan;
  plan.head_tiles = ceil_div(op.heads_q * op.seq_q, plan.tile_heads);
  plan.partitions = std::max<std::int64_t>(1, sms / plan.head_tiles);
  plan.blocks = ceil_div(op.seq_kv, plan.tile_keys);
  const std::int64_t all = op.batch * (plan.blocks + setup_blocks);
  plan.payload = ceil_div(all, plan.partitions) + setup_blocks;
  plan.split = plan.payload < plan.blocks + setup_blocks || all % plan.payload != 0;
  plan.split = plan.split && plan.blocks > 1 && op.batch * plan.blocks > 1;
  plan.split = plan.split && plan.payload < all;
  return plan;
}

AttentionTime latent_formula(const DeviceFacts& d, const llm::Attention& op, const Harness& harness) {
  return op.shared_kv ? latent_decode(d, op, harness) : latent_prefill(d, op, harness);
}

}  // namespace etalon::kernels::gpu
