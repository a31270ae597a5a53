// SPDX-License-Identifier: Apache-2.0
#include "kernels/gpu/attention_job.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace etalon::kernels::gpu {
namespace {

struct Sizes {
  double element = 2, q = 0, kv = 0, out = 0, new_kv = 0;
  double all() const { return q + kv + out; }
};

Sizes sizes_of(const llm::Attention& op) {
  Sizes s;
  s.element = llm::size_of(op.dtype).value;
  const auto real = [](std::int64_t v) { return static_cast<double>(v); };
  const double tokens_q = real(op.batch) * real(op.seq_q), tokens_kv = real(op.batch) * real(op.seq_kv);
  const double key_width = real(op.head_dim + (op.shared_kv ? 0 : op.head_dim_v));
  const double reach = op.window > 0 ? std::min(1.0, real(op.window + op.seq_q) / real(op.seq_kv)) : 1;
  s.q = tokens_q * real(op.heads_q * op.head_dim) * s.element;
  s.kv = tokens_kv * reach * real(op.heads_kv) * key_width * s.element;
  s.out = tokens_q * real(op.heads_q * op.head_dim_v) * 2;
  s.new_kv = tokens_q * real(op.heads_kv) * key_width * s.element;
  return s;
}

// The kernel that writes new keys and values into the paged cache: a block of threads per token, each a chain
// of dependent latencies (slot, row, store), as many at once as threads fit; or the bytes, where those take
// longer.
double cache_write(const DeviceFacts& d, const llm::Attention& op, const Sizes& s, const Harness& harness) {
  constexpr double kThreadsPerSm = 2048, kMostBlocks = 32, kMostThreads = 512, kWarp = 32;
  const double width = static_cast<double>(op.heads_kv * op.head_dim);
  const double threads = std::max(kWarp, std::min(kMostThreads, width));
  const double at_once = std::min(kMostBlocks, kThreadsPerSm / threads) * d.sms;
  const double tokens = static_cast<double>(op.batch * op.seq_q);
  const double latency = tokens / at_once * d.cache_cycles / d.clock;
  const double bytes = 2 * s.new_kv, kept = harness.warm ? kept_in_l2(d, s.all() + s.new_kv) : 0;
  return std::max(latency, bytes * (1 - kept) / (d.elementwise * d.hbm) + bytes * kept / d.l2_rate);
}

// The metadata kernel looks at every sequence; then each block of threads walks through all of them once.
double scheduling(const DeviceFacts& d, const llm::Attention& op) {
  const double sequences = static_cast<double>(op.batch);
  const double metadata = op.batch <= kMostDynamicSequences ? d.sequence_cycles * sequences : 0;
  return (metadata + d.scan_cycles * std::floor(sequences / 31)) / d.clock;
}

// Partial results lie in L2; a block of threads reads its row's splits one after the other.
double combine(const DeviceFacts& d, const llm::Attention& op, int splits) {
  if (splits <= 1) return 0;
  const double rows = static_cast<double>(op.batch * op.seq_q * op.heads_q);
  const double bytes = rows * splits * static_cast<double>(op.head_dim_v + 1) * 4;
  return splits * d.split_cycles / d.clock + bytes / d.l2_rate;
}

// Around the backward kernel: row sums of dO x O before it, dQ from 32 bits to 16 after it.
double around_backward(const DeviceFacts& d, const Sizes& s) {
  const double wide = s.q / s.element * 4;
  return (3 * s.out + wide + s.q) / (d.tuned * d.hbm);
}

std::string describe(const AttentionPlan& p) {
  return fmt::format("{}x{} tiles, {} group{} of rows{}, {} items{}", p.tile_rows, p.tile_keys, p.groups,
                     p.groups == 1 ? "" : "s", p.packed ? ", heads packed" : "", p.item_count(),
                     p.splits > 1 ? fmt::format(", keys in {} runs", p.splits) : "");
}

void set_costs(const DeviceFacts& d, const llm::Attention& op, AttentionJob& job) {
  const bool backward = op.phase == llm::Phase::backward, latent = is_latent(op);
  const double rows = static_cast<double>(job.plan.tile_rows) / job.plan.groups, keys = job.plan.tile_keys;
  const double product = 2 * rows * keys / (tensor_rate(d, op.dtype) * d.tensor_efficiency);
  const double dk = static_cast<double>(op.head_dim), dv = static_cast<double>(op.head_dim_v);
  job.costs.first = product * (backward ? dk + dv : dk);
  job.costs.second = product * (backward ? 2 * dk + dv : dv);
  const double scores = rows * keys / 128;  // of one of the 128 threads of a group
  job.costs.softmax = scores * (backward ? d.backward_softmax : latent ? d.latent_softmax : d.softmax);
  if (job.plan.groups == 1) job.costs.softmax *= d.softmax_alone;
  if (op.phase != llm::Phase::decode)
    job.costs.mask = d.mask_cycles * (job.plan.odd_group && !latent ? 2 : 1);
  job.costs.row = latent ? 0 : d.row_cycles;
  job.costs.fetch = latent ? d.latent_item_cycles : 0;
  job.costs.look_up = op.framework_call && !latent ? d.look_up_cycles * dk / 64 : 0;
  job.flops_per_block = 2 * rows * keys * (backward ? 3 * dk + 2 * dv : dk + dv);
}

}  // namespace

double AttentionJob::flops() const {
  double blocks = 0;
  for (const WorkItem& w : plan.items) blocks += w.blocks;
  return blocks * flops_per_block * plan.groups * static_cast<double>(plan.heads);
}

AttentionJob attention_job(const DeviceFacts& d, const llm::Attention& op, const Harness& harness) {
  AttentionJob job;
  const bool backward = op.phase == llm::Phase::backward;
  const AttentionShape shape{d.sms, !d.asynchronous};
  job.plan = backward ? plan_attention_backward(op, shape) : plan_attention(op, shape);
  if (is_latent(op)) job.plan.splits = 1;
  job.shared_stage = !is_latent(op);
  set_costs(d, op, job);
  const Sizes s = sizes_of(op);
  const double e = s.element, dk = static_cast<double>(op.head_dim), dv = static_cast<double>(op.head_dim_v);
  job.traffic = {dk * e, dv * (job.plan.splits > 1 ? 4 : 2), dk * e, op.shared_kv ? 0 : dv * e};
  if (backward) job.traffic = {(dk + dv) * e, (dk + dv) * 2, dk * e, dv * e};
  job.streamed = op.phase == llm::Phase::decode ? s.kv : s.all();
  // Long runs of keys stream; short rows of many heads, read and written at once, do not.
  job.rate = d.hbm * (op.phase == llm::Phase::decode ? d.tuned : d.gather);
  job.kept = harness.warm ? kept_in_l2(d, job.streamed) : 0;
  return job;
}

AttentionTime around_attention(const DeviceFacts& d, const llm::Attention& op, const AttentionJob& job,
                               const Harness& harness) {
  AttentionTime t;
  const Sizes s = sizes_of(op);
  const bool latent = is_latent(op);
  t.bytes = s.all() * (op.phase == llm::Phase::backward ? 2.5 : 1);
  t.flops = job.flops();
  t.tiling = describe(job.plan);
  t.combine = combine(d, op, job.plan.splits);
  if (op.phase == llm::Phase::backward) {
    t.kernels = 3;
    t.side = around_backward(d, s);
  } else if (latent && op.framework_call) {
    t.kernels = static_cast<int>(d.latent_launches);
    t.side = static_cast<double>(op.batch * op.seq_q) * d.latent_token_cycles / d.clock;
  } else if (op.framework_call) {
    // Cache write, scheduler metadata (only for as many sequences as its dynamic part handles) and the
    // kernel.
    t.kernels = op.batch <= kMostDynamicSequences ? 3 : 2;
    t.side = scheduling(d, op) + (op.phase == llm::Phase::forward ? cache_write(d, op, s, harness) : 0);
  }
  t.launch = t.kernels * launch_seconds(d, harness);
  if (job.plan.splits > 1) ++t.kernels;  // starts while the one before ends
  t.total = t.launch + t.side + t.combine;
  return t;
}

bool is_latent(const llm::Attention& op) {
  return op.shared_kv || (op.head_dim == 192 && op.head_dim_v == 128);
}

double kept_in_l2(const DeviceFacts& d, double bytes) {
  const double share = bytes / d.l2_capacity;
  return std::clamp((d.kept_none - share) / (d.kept_none - d.kept_full), 0.0, 1.0);
}

double ramp_seconds(const DeviceFacts& d, double streamed, double kept) {
  return streamed > d.kept_none * d.l2_capacity ? (1 - kept) * d.stream_ramp : 0;
}

}  // namespace etalon::kernels::gpu
