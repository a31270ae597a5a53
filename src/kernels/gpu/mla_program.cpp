// SPDX-License-Identifier: Apache-2.0
#include "kernels/gpu/mla_program.h"

#include <algorithm>
#include <cmath>

namespace etalon::kernels::gpu {
namespace {

using chip::Access;
using chip::Address;
using chip::Core;
using chip::FlagId;
using chip::Instruction;
using chip::Machine;
using chip::PipeId;

enum Pipes : PipeId { kCopy, kTensor, kSoftmax, kStore };
enum Flags : FlagId { kFull, kEmpty, kQueryFull, kScores, kWeights, kOut, kStored, kFlags };
constexpr int kStages = 2;
constexpr double kMostBlocks = 60000;  // simulated one by one; beyond, several blocks advance together

struct Program {
  const LatentJob& job;
  std::int64_t coarse = 1;
  Address keys = 0, queries = 0, out = 0;
  void run(Core&) const;
  void segment(Core&, const LatentSegment&, std::int64_t head_tile) const;
};

Instruction plain(PipeId pipe, double cycles, const char* name) {
  Instruction i;
  i.pipe = pipe;
  i.cycles = cycles;
  i.name = name;
  return i;
}
Instruction transfer(PipeId pipe, Access access, double at, double bytes, const char* name) {
  Instruction i = plain(pipe, 0, name);
  i.access = access;
  i.path = access == Access::write ? 1 : 0;
  i.region = {static_cast<Address>(at), 1, std::max<std::int64_t>(1, std::llround(bytes)), 0};
  return i;
}

void Program::segment(Core& core, const LatentSegment& s, std::int64_t head_tile) const {
  const double tile = static_cast<double>(s.sequence * job.head_tiles + head_tile);
  Instruction q = transfer(kCopy, Access::read, static_cast<double>(queries) + tile * job.query_bytes,
                           job.query_bytes, "load Q");
  q.cycles = job.item;
  q.wait[0] = kStored;
  q.set[0] = kQueryFull;
  core.issue(q);
  for (std::int64_t b = 0; b < s.blocks; b += coarse) {
    const std::int64_t n = std::min(coarse, s.blocks - b);
    const std::int64_t key = (s.first + b) * job.tile_keys;
    const double count = static_cast<double>(std::clamp<std::int64_t>(job.keys - key, 1, n * job.tile_keys));
    Instruction load =
        transfer(kCopy, Access::read,
                 static_cast<double>(keys) + static_cast<double>(s.sequence * job.keys + key) * job.key_row,
                 count * job.key_row, "load latents");
    load.wait[0] = kEmpty;
    load.set[0] = kFull;
    core.issue(load);
    Instruction first = plain(kTensor, job.first * static_cast<double>(n), "Q K^T");
    first.wait[0] = kFull;
    if (b == 0) first.wait[1] = kQueryFull;
    first.set[0] = kScores;
    first.flops = job.flops > 0 ? 1 : 0;
    core.issue(first);
    Instruction softmax = plain(kSoftmax, job.softmax * static_cast<double>(n), "softmax");
    if (s.first + b + n >= blocks_of(job)) softmax.cycles += job.mask;
    softmax.wait[0] = kScores;
    softmax.set[0] = kWeights;
    core.issue(softmax);
    Instruction second = plain(kTensor, job.second * static_cast<double>(n), "P V");
    second.wait[0] = kWeights;
    second.set[0] = kEmpty;
    if (b + n >= s.blocks) second.set[1] = kOut;
    core.issue(second);
  }
  Instruction store = transfer(kStore, Access::write, static_cast<double>(out) + tile * job.out_bytes,
                               job.out_bytes, "store O");
  store.wait[0] = kOut;
  store.set[0] = kStored;
  core.issue(store);
}

void Program::run(Core& core) const {
  for (int i = 0; i < kStages; ++i) core.set_flag(kEmpty);
  core.set_flag(kStored);
  const std::int64_t partition = core.index() / job.head_tiles, head_tile = core.index() % job.head_tiles;
  for (std::size_t p = static_cast<std::size_t>(partition); p < job.partitions.size();
       p += job.partitions.size())
    for (const LatentSegment& s : job.partitions[p]) segment(core, s, head_tile);
}

}  // namespace

AttentionRun simulate_latent_decode(const catalog::Chip& chip, const DeviceFacts& d, const LatentJob& job,
                                    bool timeline) {
  AttentionRun r;
  Program p{job, 1, 0, 0, 0};
  double blocks = 0;
  for (const auto& run : job.partitions)
    for (const LatentSegment& s : run) blocks += static_cast<double>(s.blocks * job.head_tiles);
  p.coarse = static_cast<std::int64_t>(std::clamp(std::ceil(blocks / kMostBlocks), 1.0, 64.0));
  Machine machine(attention_machine(chip, d, d.tuned * d.hbm, {"copy in", "tensor", "softmax", "store"},
                                    kFlags, kStages));
  const double rows = static_cast<double>(job.sequences * job.head_tiles);
  p.keys = machine.allocate(static_cast<std::int64_t>(job.streamed) + 4096);
  p.queries = machine.allocate(static_cast<std::int64_t>(rows * job.query_bytes) + 4096);
  p.out = machine.allocate(static_cast<std::int64_t>(rows * job.out_bytes) + 4096);
  touch_share(machine, p.keys, job.streamed, job.kept, false);
  touch_share(machine, p.queries, rows * job.query_bytes, job.kept, false);
  const auto cores = static_cast<std::int64_t>(job.partitions.size()) * job.head_tiles;
  const auto used = static_cast<int>(std::min<std::int64_t>(cores, d.sms));
  r.stats = machine.run(used, [&](Core& core) { p.run(core); }, timeline);
  // More heads than SMs: rounds.
  r.seconds = r.stats.time.value * std::ceil(static_cast<double>(cores) / d.sms);
  return r;
}

}  // namespace etalon::kernels::gpu
