// SPDX-License-Identifier: Apache-2.0
#include "kernels/gpu/attention_program.h"

#include <algorithm>
#include <cmath>

#include "kernels/gpu/attention_formula.h"

namespace etalon::kernels::gpu {
namespace {

using chip::Access;
using chip::Address;
using chip::Core;
using chip::FlagId;
using chip::Instruction;
using chip::kNoFlag;
using chip::Machine;
using chip::PipeId;

constexpr int kMostGroups = 4;
enum Pipes : PipeId { kKeys, kQueries, kTensor, kStore, kGroup0, kPipes = kGroup0 + kMostGroups };
enum Flags : FlagId {
  kKeyFull,
  kKeyEmpty,
  kValueFull,
  kValueEmpty,
  kQueryFull,
  kQueryFree,
  kLoaded,
  kStored,
  kScores,                           // + group: first product done
  kWeights = kScores + kMostGroups,  // + group: softmax done
  kSums = kWeights + kMostGroups,    // + group: last second product done
  kOut = kSums + kMostGroups,        // + group: output staged
  kFlags = kOut + kMostGroups
};

// Part of the heads is simulated, the rest follows from the closed form: whole heads, at least a few items
// per SM.
constexpr double kMostSteps = 24000;
// Key blocks in the middle of long items advance several at a time.
constexpr int kFineSteps = 6;
constexpr double kMostCoarse = 64;

struct Step {
  std::int64_t key, keys;
  double blocks;
  int masked;
};

struct Program {
  const AttentionJob& job;
  std::int64_t heads = 0;  // simulated
  std::int64_t rows_per_head = 0, keys_per_head = 0;
  int coarse = 1;
  double clock = 0;  // cycle/s
  Address queries = 0, keys = 0, values = 0, out = 0;

  void run(Core& core) const;
  void item(Core& core, std::int64_t index) const;
  std::vector<Step> steps_of(const WorkItem& item, int split) const;
  void load(Core&, PipeId pipe, Address at, double bytes, FlagId wait, FlagId set, const char* name,
            double cycles, FlagId also = kNoFlag) const;
  void load_step(Core&, const Step&, std::int64_t head, bool first) const;
  void products(Core&, const std::vector<Step>&, std::int64_t head) const;
  void first_product(Core&, const std::vector<Step>&, std::int64_t step, int group) const;
  void second_product(Core&, const std::vector<Step>&, std::int64_t step, int group) const;
};

Instruction plain(PipeId pipe, double cycles, const char* name) {
  Instruction i;
  i.pipe = pipe;
  i.cycles = cycles;
  i.name = name;
  return i;
}

// 0.5 to 1.5, evenly, from a number.
double jitter(std::int64_t n) {
  auto z = static_cast<std::uint64_t>(n) * 0x9e3779b97f4a7c15ull;
  z ^= z >> 31;
  return 0.5 + static_cast<double>((z * 0xbf58476d1ce4e5b9ull) >> 11) * 0x1p-53;
}

void Program::load(Core& core, PipeId pipe, Address at, double bytes, FlagId wait, FlagId set,
                   const char* name, double cycles, FlagId also) const {
  Instruction i = plain(pipe, cycles, name);
  i.access = Access::read;
  i.path = 0;
  i.region = {at, 1, std::max<std::int64_t>(1, std::llround(bytes)), 0};
  i.wait[0] = wait;
  i.wait[1] = also;
  i.set[0] = set;
  core.issue(i);
}

std::vector<Step> Program::steps_of(const WorkItem& item, int split) const {
  const int runs = std::min<int>(job.plan.splits, item.blocks);
  std::vector<Step> steps;
  if (split >= runs) return steps;
  const std::int64_t per = (item.blocks + runs - 1) / runs;
  const std::int64_t from = split * per, to = std::min<std::int64_t>(item.blocks, from + per);
  for (std::int64_t b = from; b < to;) {
    // The masked blocks come first (the causal edge), then the others towards the first key.
    const bool fine = b - from < kFineSteps || to - b <= kFineSteps || coarse == 1;
    const std::int64_t n = fine ? 1 : std::min<std::int64_t>(coarse, to - b - kFineSteps);
    const std::int64_t key = b * job.plan.tile_keys;
    Step s;
    s.key = key;
    s.keys = std::clamp<std::int64_t>(item.keys - key, 1, n * job.plan.tile_keys);
    s.blocks = static_cast<double>(n);
    s.masked = b < item.masked ? 1 : 0;
    steps.push_back(s);
    b += n;
  }
  return steps;
}

void Program::load_step(Core& core, const Step& s, std::int64_t head, bool first) const {
  // Where pages lie differs from item to item, so blocks of threads do not run in lockstep.
  const double look_up = first ? job.costs.look_up * jitter(head * 977 + s.key) : 0;
  const double at = static_cast<double>(head * keys_per_head + s.key), n = static_cast<double>(s.keys);
  const bool after_output = first && job.shared_stage;
  load(core, kKeys, keys + static_cast<Address>(at * job.traffic.key_row), n * job.traffic.key_row, kKeyEmpty,
       kKeyFull, "load K", look_up, after_output && job.traffic.value_row <= 0 ? FlagId{kStored} : kNoFlag);
  if (job.traffic.value_row > 0)
    load(core, kKeys, values + static_cast<Address>(at * job.traffic.value_row), n * job.traffic.value_row,
         kValueEmpty, kValueFull, "load V", look_up, after_output ? FlagId{kStored} : kNoFlag);
}

// The tensor pipe's order. Usually, per step and group, the first product of this step, then the second of
// the step before, so that a group's softmax hides behind products of its own. In turn: the second product
// follows the softmax, and groups are half a block apart.
void Program::products(Core& core, const std::vector<Step>& steps, std::int64_t head) const {
  const int groups = job.plan.groups;
  const auto n = static_cast<std::int64_t>(steps.size());
  for (std::int64_t j = 0; j <= n; ++j) {
    if (j < n) load_step(core, steps[static_cast<std::size_t>(j)], head, j == 0);
    if (j == n) {
      Instruction loaded = plain(kKeys, 0, "loaded");
      loaded.set[0] = kLoaded;
      core.issue(loaded);
    }
    for (int g = 0; g < groups; ++g) {
      if (j < n) first_product(core, steps, j, g);
      if (j + 1 == n && g + 1 == groups && job.boxes) {
        Instruction read = plain(kTensor, 0, "queries read");
        read.set[0] = kQueryFree;
        core.issue(read);
      }
      // In turn, between the first products of two groups lies the second product of the other one.
      const int other = job.in_turn ? (g + 1) % groups : g;
      const std::int64_t step = job.in_turn && other == 0 ? j : j - 1;
      if (step >= 0 && step < n) second_product(core, steps, step, other);
    }
  }
}

void Program::first_product(Core& core, const std::vector<Step>& steps, std::int64_t j, int g) const {
  const Step& s = steps[static_cast<std::size_t>(j)];
  Instruction first = plain(kTensor, job.costs.first * s.blocks, "Q K^T");
  first.flops = job.flops_per_block * s.blocks;
  if (g == 0) first.wait[0] = kKeyFull;
  if (g == 0 && j == 0) {
    first.wait[2] = kQueryFull;
    if (job.boxes) first.wait[1] = kStored;  // the warps that multiply also write the output
  }
  if (j > 0 && !job.in_turn) first.wait[1] = static_cast<FlagId>(kWeights + g);
  first.set[0] = static_cast<FlagId>(kScores + g);
  if (g == job.plan.groups - 1) first.set[1] = kKeyEmpty;
  core.issue(first);
  Instruction softmax = plain(static_cast<PipeId>(kGroup0 + g),
                              job.costs.softmax * s.blocks + job.costs.mask * s.masked, "softmax");
  softmax.wait[0] = static_cast<FlagId>(kScores + g);
  softmax.set[0] = static_cast<FlagId>(kWeights + g);
  core.issue(softmax);
}

void Program::second_product(Core& core, const std::vector<Step>& steps, std::int64_t j, int g) const {
  const bool last = j + 1 == static_cast<std::int64_t>(steps.size()), values = job.traffic.value_row > 0;
  Instruction second = plain(kTensor, job.costs.second * steps[static_cast<std::size_t>(j)].blocks, "P V");
  if (g == 0 && values) second.wait[0] = kValueFull;
  if (last || job.in_turn) second.wait[1] = static_cast<FlagId>(kWeights + g);
  if (g == job.plan.groups - 1 && values) second.set[0] = kValueEmpty;
  if (last) second.set[1] = static_cast<FlagId>(kSums + g);
  core.issue(second);
}

void Program::item(Core& core, std::int64_t index) const {
  const auto per_head = static_cast<std::int64_t>(job.plan.items.size()) * job.plan.splits;
  const std::int64_t head = index / per_head, inside = index % per_head;
  const auto tile = static_cast<std::size_t>(inside / job.plan.splits);
  const WorkItem& w = job.plan.items[tile];
  const std::vector<Step> steps = steps_of(w, static_cast<int>(inside % job.plan.splits));
  if (steps.empty()) return;
  const double first_row = static_cast<double>(head * rows_per_head) +
                           static_cast<double>(job.plan.items.size() - 1 - tile) * job.plan.tile_rows;
  const double ends = job.costs.row * w.rows / 2;
  load(core, kQueries, queries + static_cast<Address>(first_row * job.traffic.query_row),
       w.rows * job.traffic.query_row, kQueryFree, kQueryFull, "load Q", ends);
  products(core, steps, head);
  Instruction store = plain(kStore, ends, "store O");
  for (int g = 0; g < job.plan.groups; ++g) {
    Instruction out_group = plain(static_cast<PipeId>(kGroup0 + g), job.costs.drain, "scale O");
    out_group.wait[0] = static_cast<FlagId>(kSums + g);
    out_group.set[0] = static_cast<FlagId>(kOut + g);
    core.issue(out_group);
    if (g < 3) store.wait[g] = static_cast<FlagId>(kOut + g);
  }
  store.access = Access::write;
  store.path = 1;
  const double split_plane =
      static_cast<double>(inside % job.plan.splits) * static_cast<double>(heads * rows_per_head);
  store.region = {out + static_cast<Address>((first_row + split_plane) * job.traffic.out_row), 1,
                  std::max<std::int64_t>(1, std::llround(w.rows * job.traffic.out_row)), 0};
  if (!job.boxes) store.set[0] = kQueryFree;
  store.set[1] =
      kStored;  // the output was staged where values lie: those of the next item are loaded after it
  core.issue(store);
}

void Program::run(Core& core) const {
  for (int s = 0; s < job.stages; ++s) {
    core.set_flag(kKeyEmpty);
    if (job.traffic.value_row > 0) core.set_flag(kValueEmpty);
  }
  core.set_flag(kQueryFree);
  core.set_flag(kStored);
  const std::int64_t items = heads * static_cast<std::int64_t>(job.plan.items.size()) * job.plan.splits;
  if (job.fill > 0) core.scalar(job.fill * clock);
  bool any = false;
  for (;;) {
    if (any)
      core.wait_flag(kLoaded);  // the producer takes its next item when it has asked for all of this one
    const std::int64_t index = core.next(0);
    if (index >= items) return;
    core.scalar(job.costs.fetch);
    const auto per_head = static_cast<std::int64_t>(job.plan.items.size()) * job.plan.splits;
    const WorkItem& w = job.plan.items[static_cast<std::size_t>(index % per_head / job.plan.splits)];
    any = !steps_of(w, static_cast<int>(index % job.plan.splits)).empty();
    if (any) item(core, index);
  }
}

double block_steps(const AttentionPlan& plan) {
  double n = 0;
  for (const WorkItem& w : plan.items) n += w.blocks + 2;
  return n;
}

}  // namespace

chip::MachineSpec attention_machine(const catalog::Chip& chip, const DeviceFacts& d, double rate,
                                    std::vector<std::string> pipes, int flags, int stages) {
  chip::MachineSpec s = chip::gpu_machine_spec(chip, Hertz{d.clock});
  s.pipes = std::move(pipes);
  s.flags = flags;
  s.queue_depth = 64;
  s.stack_bytes = 32 * 1024;
  s.hbm_rate = BytesPerSecond{rate};
  s.l2_random_replacement = false;
  s.l2_capacity = Bytes{d.l2_capacity};
  for (chip::PathSpec& p : s.paths) {
    p.in_flight = 2 * stages;
    p.latency_miss = Cycles{d.load_latency * d.clock};
    p.latency_hit = Cycles{(d.load_latency - d.hbm_latency + d.l2_latency) * d.clock};
  }
  return s;
}

void touch_share(Machine& m, Address at, double bytes, double share, bool dirty) {
  constexpr double kPiece = 1 << 18;
  for (double from = 0; from < bytes && share > 0; from += kPiece) {
    const double piece = std::min(kPiece, bytes - from) * share;
    if (piece >= 1) m.touch({at + static_cast<Address>(from), 1, static_cast<std::int64_t>(piece), 0}, dirty);
  }
}

namespace {

AttentionRun simulate_job(const catalog::Chip& chip, const DeviceFacts& d, const AttentionJob& job,
                          bool timeline) {
  AttentionRun r;
  Program p{job, job.plan.heads, 0, 0, 1, d.clock, 0, 0, 0, 0};
  for (const WorkItem& w : job.plan.items) {
    p.rows_per_head += w.rows;
    p.keys_per_head = std::max<std::int64_t>(p.keys_per_head, w.keys);
  }
  const double per_head = block_steps(job.plan);
  // As many heads as the budget of steps allows, but always enough items for three rounds of all SMs.
  const double items_per_head = static_cast<double>(job.plan.items.size()) * job.plan.splits;
  const double enough = std::ceil(3.0 * d.sms / items_per_head);
  const double most = std::max(enough, std::floor(kMostSteps / per_head));
  p.heads = static_cast<std::int64_t>(std::min<double>(static_cast<double>(job.plan.heads), most));
  const double steps = per_head * static_cast<double>(p.heads);
  p.coarse = static_cast<int>(std::clamp(steps / kMostSteps, 1.0, kMostCoarse));

  Machine machine(attention_machine(
      chip, d, job.rate,
      {"keys and values", "queries", "tensor", "store", "group 0", "group 1", "group 2", "group 3"}, kFlags,
      job.stages));
  const double rows = static_cast<double>(p.heads * p.rows_per_head),
               keys = static_cast<double>(p.heads * p.keys_per_head);
  const auto reserve = [&](double bytes) {
    return machine.allocate(static_cast<std::int64_t>(bytes) + 4096);
  };
  p.queries = reserve(rows * job.traffic.query_row);
  p.keys = reserve(keys * job.traffic.key_row);
  p.values = reserve(keys * job.traffic.value_row);
  p.out = reserve(rows * job.traffic.out_row * job.plan.splits);
  if (job.kept > 0) {
    touch_share(machine, p.queries, rows * job.traffic.query_row, job.kept, false);
    touch_share(machine, p.out, rows * job.traffic.out_row * job.plan.splits, job.kept, true);
    touch_share(machine, p.keys, keys * job.traffic.key_row, job.kept, false);
    touch_share(machine, p.values, keys * job.traffic.value_row, job.kept, false);
  }
  r.stats = machine.run(d.sms, [&](Core& core) { p.run(core); }, timeline);
  r.seconds = r.stats.time.value;
  if (p.heads < job.plan.heads) {
    AttentionPlan part = job.plan;
    part.heads = p.heads;
    const std::vector<double> cost = item_seconds(d, job);
    r.seconds *= greedy_makespan(job.plan, cost, d.sms) / greedy_makespan(part, cost, d.sms);
    r.simulated = static_cast<double>(p.heads) / static_cast<double>(job.plan.heads);
  }
  return r;
}

}  // namespace

AttentionRun simulate_attention(const catalog::Chip& chip, const DeviceFacts& d, const AttentionJob& job,
                                bool timeline) {
  // Of very long sequences every so many-th tile stands for its neighbours, which differ by a block or two.
  const double budget = kMostSteps * kMostCoarse / 8;
  const double wanted = std::floor(block_steps(job.plan) / budget);
  const double most = std::floor(static_cast<double>(job.plan.item_count()) / (3.0 * d.sms));
  const auto stride = static_cast<std::size_t>(std::max(1.0, std::min(wanted, most)));
  if (stride == 1) return simulate_job(chip, d, job, timeline);
  AttentionJob thin = job;
  thin.plan.items.clear();
  for (std::size_t i = 0; i < job.plan.items.size(); i += stride)
    thin.plan.items.push_back(job.plan.items[i]);
  AttentionRun r = simulate_job(chip, d, thin, timeline);
  r.seconds *= greedy_makespan(job.plan, item_seconds(d, job), d.sms) /
               greedy_makespan(thin.plan, item_seconds(d, thin), d.sms);
  r.simulated /= static_cast<double>(stride);
  return r;
}

}  // namespace etalon::kernels::gpu
