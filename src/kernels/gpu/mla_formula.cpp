// SPDX-License-Identifier: Apache-2.0
#include "kernels/gpu/mla_formula.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace etalon::kernels::gpu {
namespace {

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// Payload of a sequence beyond its key blocks: what starting it costs, as the scheduler counts it.
constexpr std::int64_t kSetUpBlocks = 5;

// Sequences laid end to end, cut into as many runs of equal payload as there are partitions.
std::vector<std::vector<LatentSegment>> cut(std::int64_t sequences, std::int64_t blocks,
                                            std::int64_t partitions) {
  const std::int64_t payload = ceil_div(sequences * (blocks + kSetUpBlocks), partitions) + kSetUpBlocks;
  std::vector<std::vector<LatentSegment>> out;
  std::int64_t sequence = 0, done = 0;
  while (sequence < sequences) {
    std::vector<LatentSegment> run;
    std::int64_t left = payload;
    while (sequence < sequences) {
      const std::int64_t rest = blocks - done;
      if (left >= rest + kSetUpBlocks) {
        run.push_back({sequence, done, rest});
        left -= rest + kSetUpBlocks;
        ++sequence;
        done = 0;
        continue;
      }
      if (left > kSetUpBlocks) {
        run.push_back({sequence, done, left - kSetUpBlocks});
        done += left - kSetUpBlocks;
      }
      break;
    }
    out.push_back(std::move(run));
  }
  return out;
}

}  // namespace

std::int64_t blocks_of(const LatentJob& job) { return ceil_div(job.keys, job.tile_keys); }

LatentJob latent_job(const DeviceFacts& d, const llm::Attention& op, const Harness& harness) {
  LatentJob job;
  const double e = llm::size_of(op.dtype).value, dk = static_cast<double>(op.head_dim),
               dv = static_cast<double>(op.head_dim_v);
  job.head_tiles = ceil_div(op.heads_q * op.seq_q, job.tile_heads);
  job.sequences = op.batch;
  job.keys = op.seq_kv;
  const std::int64_t blocks = ceil_div(op.seq_kv, job.tile_keys);
  job.partitions = cut(op.batch, blocks, std::max<std::int64_t>(1, d.sms / job.head_tiles));
  std::vector<std::int64_t> parts(static_cast<std::size_t>(op.batch), 0);
  for (const auto& run : job.partitions)
    for (const LatentSegment& s : run) ++parts[static_cast<std::size_t>(s.sequence)];
  job.most_splits = *std::max_element(parts.begin(), parts.end());
  const double product =
      2.0 * job.tile_heads * job.tile_keys / (tensor_rate(d, op.dtype) * d.tensor_efficiency);
  job.first = product * dk;
  job.second = product * dv;
  job.softmax = job.tile_heads * job.tile_keys / 128.0 * d.softmax * d.softmax_alone;
  const double rows = static_cast<double>(std::min<std::int64_t>(op.heads_q * op.seq_q, job.tile_heads));
  job.item = 2 * d.load_latency * d.clock + d.row_cycles * rows;  // the scheduler's table, the page table
  job.mask = op.seq_kv % job.tile_keys != 0 ? d.latent_mask_cycles : 0;
  const double heads = static_cast<double>(std::min<std::int64_t>(op.heads_q * op.seq_q, job.tile_heads));
  job.key_row = dk * e;
  job.query_bytes = heads * dk * e;
  job.out_bytes = heads * dv * 2;
  job.streamed = static_cast<double>(op.batch * op.seq_kv) * job.key_row;
  // Queries and outputs take their part of L2, partial outputs of cut sequences theirs.
  const double head_rows = static_cast<double>(op.batch * op.heads_q * op.seq_q);
  const double partial = job.most_splits > 1 ? static_cast<double>(job.most_splits) * dv * 4 : 0;
  job.kept = harness.warm ? kept_in_l2(d, job.streamed + head_rows * (dk * e + dv * 2 + partial)) : 0;
  job.flops = 2 * static_cast<double>(op.batch * blocks * job.head_tiles) * job.tile_heads * job.tile_keys *
              (dk + dv);
  return job;
}

AttentionTime around_latent_decode(const DeviceFacts& d, const llm::Attention& op, const LatentJob& job,
                                   const Harness& harness) {
  AttentionTime t;
  t.bytes = job.streamed;
  t.flops = job.flops;
  t.l2_bytes = job.streamed * static_cast<double>(job.head_tiles);
  t.vector_flops = kSoftmaxInstructions * t.flops / static_cast<double>(op.head_dim + op.head_dim_v);
  t.tiling = fmt::format("{} heads x {} keys, {} partitions of {} SMs{}", job.tile_heads, job.tile_keys,
                         job.partitions.size(), job.head_tiles, job.most_splits > 1 ? ", keys cut" : "");
  if (op.framework_call)
    t.small = {append_latents(d, op, job.streamed, harness), table("tile scheduler", op.batch, 0)};
  finish_around(d, harness, t);
  if (job.most_splits > 1)
    add_combine(d, static_cast<double>(op.batch * op.heads_q * op.seq_q), op.head_dim_v, job.most_splits, t);
  return t;
}

AttentionTime latent_formula(const DeviceFacts& d, const llm::Attention& op, const Harness& harness) {
  if (!op.shared_kv) return attention_formula(d, op, harness);
  const LatentJob job = latent_job(d, op, harness);
  AttentionTime t = around_latent_decode(d, op, job, harness);
  const double block = std::max(job.first + job.second, job.first + job.softmax);
  const double port = job.tile_keys * job.key_row / d.gemm.gpu.l2_port.value;
  for (const auto& run : job.partitions) {
    double cycles = 0;
    for (const LatentSegment& s : run)
      cycles += job.item + (s.first + s.blocks == blocks_of(job) ? job.mask : 0) +
                static_cast<double>(s.blocks) * std::max(block, port);
    t.compute = std::max(t.compute, cycles / d.clock);
  }
  t.memory = job.streamed * job.kept * static_cast<double>(job.head_tiles) / d.l2_rate +
             job.streamed * (1 - job.kept) / (d.tuned * d.hbm);
  const double first = std::min(job.item / d.clock, t.compute), rest = t.compute - first;
  t.body = first + std::cbrt(rest * rest * rest + t.memory * t.memory * t.memory);
  sum_up(d, t);
  return t;
}

}  // namespace etalon::kernels::gpu
