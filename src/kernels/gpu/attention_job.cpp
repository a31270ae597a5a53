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

// Share of a small kernel's bytes that the call before left in L2, or the kernel before.
double kept_of(const DeviceFacts& d, double bytes, const Harness& harness) {
  return harness.warm ? kept_in_l2(d, bytes) : 0;
}

}  // namespace

// Tables of one block of threads: the number of bytes is nothing, the chain of latencies is all.
SmallKernel table(const char* name, std::int64_t sequences, double serial) {
  SmallKernel k{name, {}, 1, 1, serial};
  k.shape.read = k.shape.written = 4 * static_cast<double>(sequences);
  k.shape.sms = 1;
  return k;
}

SmallKernel append_latents(const DeviceFacts& d, const llm::Attention& op, double streamed,
                           const Harness& harness) {
  // Blocks of 128 threads, 16 of them on an SM: one head of up to 16 tokens of a sequence, 128 bytes a token.
  constexpr double kBlocks = 16;
  constexpr std::int64_t kMostTokens = 16;
  SmallKernel k{"rotary embedding, append", {}, d.tuned, 0, 0};
  const bool decode = op.phase == llm::Phase::decode;
  const double tokens = static_cast<double>(op.batch * op.seq_q), heads = static_cast<double>(op.heads_q);
  // Prefill spreads the rotated part of the key to all heads as well. In decode a block has one row, whatever
  // its size: the latent counts as a head.
  const double parts = decode ? 1 : 2, latent = decode ? kRotatedBytes : kLatentBytes;
  k.shape.read = tokens * (latent + heads * kRotatedBytes);
  k.shape.written = tokens * (latent + parts * heads * kRotatedBytes);
  k.shape.chain = 1;
  k.shape.window = kBlocks * static_cast<double>(std::min(kMostTokens, op.seq_q)) * kRotatedBytes;
  k.kept = kept_of(d, streamed + k.shape.read + k.shape.written, harness);
  return k;
}

namespace {

// The kernel that writes new keys and values into the paged cache: a block of threads per token, as many at
// once as threads fit; each looks up its slot, loads its row and stores it.
SmallKernel cache_write(const DeviceFacts& d, const llm::Attention& op, const Sizes& s,
                        const Harness& harness) {
  constexpr double kThreadsPerSm = 2048, kMostBlocks = 32, kMostThreads = 512, kWarp = 32;
  const double width = static_cast<double>(op.heads_kv * op.head_dim);
  const double threads = std::clamp(width, kWarp, kMostThreads);
  SmallKernel k{"cache write", {}, d.cache_write, kept_of(d, s.all() + s.new_kv, harness), 0};
  k.shape.read = k.shape.written = s.new_kv;
  k.shape.chain = 1;
  const double tokens = static_cast<double>(op.batch * op.seq_q);
  k.shape.window = s.new_kv / tokens * std::min(kMostBlocks, kThreadsPerSm / threads);
  return k;
}

// The metadata kernel looks at every sequence.
SmallKernel metadata(const DeviceFacts& d, const llm::Attention& op) {
  return table("scheduler metadata", op.batch, 0);
}

// Around the backward kernel: row sums of dO x O and dQ cleared before it, dQ from 32 bits to 16 after it.
std::vector<SmallKernel> around_backward(const DeviceFacts& d, const Sizes& s) {
  const double wide = s.q / s.element * 4;
  SmallKernel before{"row sums", {}, d.tuned, 0, 0}, after{"convert dQ", {}, d.tuned, 0, 0};
  before.shape.read = 2 * s.out, before.shape.written = wide;
  after.shape.read = wide, after.shape.written = s.q;
  return {before, after};
}

// One step of a block's search through the sequences, 31 at a time: their lengths, and where keys are split
// dynamically two tables more.
double scan_of(const DeviceFacts& d, const llm::Attention& op) {
  return d.scan_cycles * (op.batch <= kMostDynamicSequences ? 3 : 1);
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
  job.costs.softmax = scores * (backward ? d.backward_softmax : d.softmax);
  // A single query has no causal edge: FlashAttention-3 launches its kernel without a mask for it.
  if (op.phase != llm::Phase::decode && (op.seq_q > 1 || latent))
    job.costs.mask = scores * d.softmax * kMaskInstructions / kSoftmaxInstructions;
  if (job.plan.groups == 1) job.costs.softmax *= d.softmax_alone, job.costs.mask *= d.softmax_alone;
  // Rows of packed heads and pages are gathered one by one; those of one head are one box of the copy engine.
  job.boxes = latent;
  job.costs.row = job.boxes ? 0 : d.row_cycles;
  job.costs.drain = job.boxes ? d.gemm.gemm.epilogue_latency.value * d.clock : 0;
  job.fill = job.boxes ? d.gemm.gpu.launch_fill.value : 0;
  job.costs.fetch = d.l2_latency * d.clock + (op.framework_call && !latent ? scan_of(d, op) : 0);
  job.in_turn = latent;
  // In turn, a block waits for both of its sums until the matrix unit has them.
  if (job.in_turn) job.costs.softmax += 2 * d.gemm.gemm.promotion_wait.value;
  // Paged keys are copied 64 elements wide at a time: an entry of the page table, then the rows.
  const double round = d.l2_latency * d.clock + keys * 64 * llm::size_of(op.dtype).value / d.smem_rate;
  job.costs.look_up = op.framework_call && !latent ? round * dk / 64 : 0;
  job.flops_per_block = 2 * rows * keys * (backward ? 3 * dk + 2 * dv : dk + dv);
}

}  // namespace

double AttentionJob::flops() const {
  double blocks = 0;
  for (const WorkItem& w : plan.items) blocks += w.blocks;
  return blocks * flops_per_block * plan.groups * static_cast<double>(plan.heads);
}

double AttentionJob::l2_bytes() const {
  double bytes = 0;
  for (const WorkItem& w : plan.items)
    bytes += w.rows * (traffic.query_row + traffic.out_row * plan.splits) +
             static_cast<double>(w.keys) * (traffic.key_row + traffic.value_row);
  return bytes * static_cast<double>(plan.heads);
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
  // Decode only reads; prefill reads and writes at once, as products do.
  job.rate = d.hbm * (op.phase == llm::Phase::decode ? d.tuned : d.hbm_attained);
  job.kept = harness.warm ? kept_in_l2(d, s.all()) : 0;
  return job;
}

AttentionTime around_attention(const DeviceFacts& d, const llm::Attention& op, const AttentionJob& job,
                               const Harness& harness) {
  AttentionTime t;
  const Sizes s = sizes_of(op);
  const bool latent = is_latent(op);
  t.bytes = s.all() * (op.phase == llm::Phase::backward ? 2.5 : 1);
  t.flops = job.flops();
  t.l2_bytes = job.l2_bytes();
  const bool backward = op.phase == llm::Phase::backward;
  const double dk = static_cast<double>(op.head_dim), dv = static_cast<double>(op.head_dim_v);
  // The backward pass rebuilds the scores' exponentials and turns gradients of them into gradients of scores.
  t.vector_flops = 2 * (backward ? 2 : 1) * kSoftmaxInstructions * t.flops /
                   (backward ? 6 * dk + 4 * dv : 2 * dk + 2 * dv);
  t.tiling = describe(job.plan);
  if (backward) {
    t.small = around_backward(d, s);
  } else if (latent && op.framework_call) {
    t.small = {append_latents(d, op, s.all(), harness), table("lengths", op.batch, 0),
               table("scheduler", op.batch, 0)};
  } else if (op.framework_call) {
    // Metadata only for as many sequences as its dynamic part handles.
    t.small = {cache_write(d, op, s, harness)};
    if (op.batch <= kMostDynamicSequences) t.small.push_back(metadata(d, op));
    t.scan = scan_of(d, op) * std::floor(static_cast<double>(op.batch) / 31) / d.clock;
  }
  finish_around(d, harness, t);
  if (job.plan.splits > 1)
    add_combine(d, static_cast<double>(op.batch * op.seq_q * op.heads_q), op.head_dim_v, job.plan.splits, t);
  return t;
}

void finish_around(const DeviceFacts& d, const Harness& harness, AttentionTime& t) {
  t.kernels = 1 + static_cast<int>(t.small.size());
  t.launch = t.kernels * launch_seconds(d, harness);
}

// Partial results lie in L2; a block of threads reads its row's splits two at a time.
void add_combine(const DeviceFacts& d, double rows, std::int64_t width, std::int64_t splits,
                 AttentionTime& t) {
  SmallKernel k{"combine", {}, d.tuned, 1, 0};
  k.shape.read = rows * static_cast<double>(splits * (width + 1)) * 4;
  k.shape.written = rows * static_cast<double>(width) * 2;
  k.shape.chain = static_cast<int>((splits + 1) / 2);
  k.shape.window = std::max(512.0, std::ceil(k.shape.read / d.sms));
  t.small.push_back(k);
  ++t.kernels;  // its launch hides behind the kernel before
}

void sum_up(const DeviceFacts& d, AttentionTime& t) {
  t.side = small_formula(d, t.small);
  t.total = t.launch + t.scan + t.side + t.body;
}

bool is_latent(const llm::Attention& op) {
  return op.shared_kv || (op.head_dim == 192 && op.head_dim_v == 128);
}

double kept_in_l2(const DeviceFacts& d, double bytes) {
  return std::clamp((d.l2_capacity - bytes) / (d.l2_capacity * (1 - d.kept_full)), 0.0, 1.0);
}

}  // namespace etalon::kernels::gpu
