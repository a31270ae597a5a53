// SPDX-License-Identifier: Apache-2.0
#include "kernels/gpu/attention_formula.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <queue>

namespace etalon::kernels::gpu {

double greedy_makespan(const AttentionPlan& plan, const std::vector<double>& item_cost, int workers) {
  constexpr std::int64_t kMostDealt = 40000;
  const auto per_head = static_cast<std::int64_t>(item_cost.size()) * plan.splits;
  std::int64_t heads = plan.heads;
  double head_cost = 0, longest = 0;
  for (double c : item_cost) head_cost += c * plan.splits, longest = std::max(longest, c);
  double base = 0;
  if (heads * per_head > kMostDealt) {  // the last heads decide the tail; those before keep everyone busy
    const std::int64_t dealt = std::max<std::int64_t>(1, kMostDealt / per_head);
    base = head_cost * static_cast<double>(heads - dealt) / workers;
    heads = dealt;
  }
  std::priority_queue<double, std::vector<double>, std::greater<>> free_at;
  for (int w = 0; w < workers; ++w) free_at.push(base);
  double last = 0;
  for (std::int64_t h = 0; h < heads; ++h)
    for (double c : item_cost)
      for (int s = 0; s < plan.splits; ++s) {
        const double end = free_at.top() + c;
        free_at.pop();
        free_at.push(end);
        last = std::max(last, end);
      }
  return last;
}

double kept_in_l2(const DeviceFacts& d, double bytes) {
  const double share = bytes / d.l2_capacity;
  return std::clamp((d.kept_none - share) / (d.kept_none - d.kept_full), 0.0, 1.0);
}

namespace {

struct Sizes {
  double element = 2, q = 0, kv = 0, out = 0, new_kv = 0;
};

Sizes sizes_of(const llm::Attention& op) {
  Sizes s;
  s.element = llm::size_of(op.dtype).value;
  const double tokens_q = static_cast<double>(op.batch * op.seq_q),
               tokens_kv = static_cast<double>(op.batch * op.seq_kv);
  const double key_width = static_cast<double>(op.head_dim + (op.shared_kv ? 0 : op.head_dim_v));
  const double reach =
      op.window > 0
          ? std::min<double>(1, static_cast<double>(op.window + op.seq_q) / static_cast<double>(op.seq_kv))
          : 1;
  s.q = tokens_q * static_cast<double>(op.heads_q * op.head_dim) * s.element;
  s.kv = tokens_kv * reach * static_cast<double>(op.heads_kv) * key_width * s.element;
  s.out = tokens_q * static_cast<double>(op.heads_q * op.head_dim_v) * 2;
  s.new_kv = tokens_q * static_cast<double>(op.heads_kv) * key_width * s.element;
  return s;
}

double pnorm(double a, double b, double p) { return std::pow(std::pow(a, p) + std::pow(b, p), 1 / p); }

// One key block of one tile: both products at the tensor rate, and the part of the exponentials that the
// other warp groups' products do not hide.
double block_cycles(const DeviceFacts& d, const llm::Attention& op, const AttentionPlan& plan) {
  const double cells = static_cast<double>(plan.tile_rows) * plan.tile_keys;
  const double products = 2 * cells * static_cast<double>(op.head_dim + op.head_dim_v) /
                          (tensor_rate(d, op.dtype) * d.tensor_efficiency);
  return products + d.exposed * cells / d.sfu;
}

void add_combine(const DeviceFacts& d, const llm::Attention& op, const AttentionPlan& plan,
                 AttentionTime& t) {
  if (plan.splits <= 1) return;
  const double rows = static_cast<double>(op.batch * op.seq_q * op.heads_q);
  const double bytes = rows * static_cast<double>(plan.splits) * static_cast<double>(op.head_dim_v + 1) * 4;
  // Partial results lie in L2; a block of threads reads its row's splits one after the other.
  t.combine = plan.splits * d.split_cycles / d.clock + bytes / d.l2_rate;
  t.kernels += 1;
}

}  // namespace

std::string describe(const AttentionPlan& p) {
  return fmt::format("{}x{} tiles, {} groups of 64 rows{}, {} items{}", p.tile_rows, p.tile_keys, p.groups,
                     p.packed ? ", heads packed" : "", p.item_count(),
                     p.splits > 1 ? fmt::format(", keys in {} runs", p.splits) : "");
}

namespace {

// Backward: a kernel for the row sums of dO x O, the main one with its five products per pair of blocks, and
// one that turns the 32-bit dQ it accumulated into 16 bits.
AttentionTime backward_formula(const DeviceFacts& d, const llm::Attention& op, const Harness& harness) {
  AttentionTime t;
  const AttentionPlan plan = plan_attention_backward(op, {d.sms, !d.asynchronous});
  const Sizes s = sizes_of(op);
  const double cells = static_cast<double>(plan.tile_rows) * plan.tile_keys;
  const double products = 2 * cells * static_cast<double>(3 * op.head_dim + 2 * op.head_dim_v);
  const double block =
      products / (tensor_rate(d, op.dtype) * d.backward_efficiency) + d.backward_exposed * cells / d.sfu;
  std::vector<double> cost;
  double blocks = 0;
  for (const WorkItem& item : plan.items) {
    cost.push_back(
        (d.item_cycles + d.row_cycles * item.rows + item.blocks * block + item.masked * d.mask_cycles) /
        d.clock);
    blocks += item.blocks;
  }
  t.compute = greedy_makespan(plan, cost, d.sms);
  t.flops = blocks * products * static_cast<double>(plan.heads);
  const double wide = s.q / s.element * 4;            // dQ in 32 bits: added to in L2, read once
  t.bytes = 2 * (s.q + s.kv) + 2 * s.out + 2 * wide;  // inputs, gradients in, gradients out
  t.memory = t.bytes / (d.hbm_attained * d.hbm);
  t.side = (3 * s.out + wide + s.q) / (d.tuned * d.hbm);  // the two small kernels
  t.kernels = 3;
  t.launch = t.kernels * launch_seconds(d, harness);
  t.tiling = describe(plan);
  t.total = t.launch + t.side + pnorm(t.compute, t.memory, 2);
  return t;
}

}  // namespace

AttentionTime attention_formula(const DeviceFacts& d, const llm::Attention& op, const Harness& harness) {
  if (op.phase == llm::Phase::backward) return backward_formula(d, op, harness);
  AttentionTime t;
  const AttentionPlan plan = plan_attention(op, {d.sms, !d.asynchronous});
  const Sizes s = sizes_of(op);
  const bool decode = op.phase == llm::Phase::decode;
  t.bytes = s.q + s.kv + s.out;
  t.tiling = describe(plan);
  t.flops = llm::flops(op).value;
  const double block = block_cycles(d, op, plan);
  // Cache write, scheduler metadata (only for as many sequences as its dynamic part handles) and the kernel.
  const double sequences = static_cast<double>(op.batch);
  t.kernels = !op.framework_call ? 1 : op.batch <= kMostDynamicSequences ? 3 : 2;
  t.launch = t.kernels * launch_seconds(d, harness);
  std::vector<double> cost;
  double longest = 0;
  for (const WorkItem& item : plan.items) {
    double c;
    const double blocks = static_cast<double>(item.blocks) / plan.splits;
    if (decode) {
      c = (d.decode_item_cycles + d.decode_dim_cycles * static_cast<double>(op.head_dim) / 64) / d.clock;
      if (item.blocks > plan.splits) c += d.second_cycles / d.clock;
    } else {
      c = (d.item_cycles + d.row_cycles * item.rows + blocks * block +
           item.masked * (d.mask_cycles + (plan.odd_group ? d.divide_cycles : 0))) /
          d.clock;
    }
    cost.push_back(c);
    longest = std::max(longest, c);
  }
  t.compute = greedy_makespan(plan, cost, d.sms);
  add_combine(d, op, plan, t);
  if (decode) {
    const double kept = harness.warm ? kept_in_l2(d, s.kv) : 0;
    t.memory = s.kv * kept / d.l2_rate + s.kv * (1 - kept) / (d.hbm_attained * d.hbm);
    const double first = std::min(longest, t.compute);
    t.side = op.framework_call ? d.sequence_cycles * std::min(sequences, 992.0) / d.clock : 0;
    t.total = first + pnorm(t.compute - first, t.memory, 3);
  } else {
    t.memory = t.bytes / (d.gather * d.hbm);
    if (op.framework_call)
      t.side = d.token_cycles * static_cast<double>(op.batch * op.seq_q) / d.clock +
               2 * s.new_kv / (d.elementwise * d.hbm);
    t.total = pnorm(t.compute, t.memory, 2);
  }
  t.total += t.launch + t.combine + t.side;
  return t;
}

}  // namespace etalon::kernels::gpu
