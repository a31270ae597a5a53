// SPDX-License-Identifier: Apache-2.0
#include "kernels/gpu/gemm_program.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "kernels/gpu/gemm.h"

namespace etalon::kernels {
namespace {

using chip::Access;
using chip::Address;
using chip::Core;
using chip::FlagId;
using chip::Instruction;
using chip::Machine;

constexpr std::int64_t kPadding = 4096;  // behind each buffer: transfers round up to whole bytes
constexpr int kPostedStores =
    4;  // tiles on their way out: L2 takes them before it has written back older lines
constexpr std::uint8_t kEdgePath = 3;     // besides those of chip/gpu.h
constexpr std::int64_t kLeastRounds = 6;  // simulated of a long run

enum Flags : FlagId { kFullA, kFullB, kEmpty, kAccumulatorsFree, kAccumulated, kStaged, kStored };

// One call of the kernel: where operands lie and how many cycles each part takes. Operands are laid out K
// step by K step, so that a stage is one run of addresses; the cache model does not see strides.
struct TileKernel {
  GemmProblem p;
  GemmTiling t;
  GemmCounts c;
  std::int64_t group = 1;                  // tile rows that advance together, for L2 reuse
  std::int64_t coarse = 1;                 // real K steps in one simulated step
  std::int64_t steps = 0;                  // simulated steps of one unit
  std::int64_t first_unit = 0, units = 0;  // the part that is simulated
  int accumulators = 1;                    // sets of them
  double step_cycles = 0;
  TileBreak gap;
  std::vector<double>* starts = nullptr;  // of each core: scalar time at the start of each of its units
  Address a = 0, b = 0, out = 0, edge = 0;

  struct Tile {
    std::int64_t m, n, split, batch;
  };
  Tile tile(std::int64_t unit) const;
  Instruction load_a(const Tile&, std::int64_t step) const;
  Instruction load_b(const Tile&, std::int64_t step) const;
  std::int64_t rows_outside(const Tile&) const;
  Instruction load_edge(const Tile&, std::int64_t step) const;
  Instruction store(const Tile&) const;
  void run(Core&, int cores) const;
};

// Units in the order CTAs take them: splits outermost, then groups of tile rows, along m inside a group.
TileKernel::Tile TileKernel::tile(std::int64_t unit) const {
  const std::int64_t plane = c.tiles_m * c.tiles_n;
  Tile x{};
  x.batch = unit / (plane * t.split);
  x.split = unit / plane % t.split;
  const std::int64_t i = unit % plane, band = i / (group * c.tiles_n);
  const std::int64_t first = band * group, high = std::min(group, c.tiles_m - first);
  const std::int64_t inside = i - first * c.tiles_n;
  x.m = first + inside % high;
  x.n = inside / high;
  return x;
}

Instruction transfer(chip::GpuPipe pipe, std::uint8_t path, Access access, Address at, double bytes,
                     const char* name) {
  Instruction i;
  i.pipe = pipe;
  i.path = path;
  i.access = access;
  i.region = {at, 1, std::max<std::int64_t>(1, static_cast<std::int64_t>(bytes)), 0};
  i.name = name;
  return i;
}

struct Slice {
  std::int64_t from, size;
};
Slice slice(std::int64_t index, std::int64_t tile, std::int64_t total) {
  return {index * tile, std::min(tile, total - index * tile)};
}

// The part of K a stage holds, in elements.
Slice depth(const TileKernel& k, const TileKernel::Tile& x, std::int64_t step) {
  const std::int64_t per = k.p.step() * k.coarse;
  const std::int64_t from = std::min(k.p.k - 1, (x.split * k.c.steps + step * k.coarse) * k.p.step());
  const std::int64_t limit = std::min(k.p.k, (x.split + 1) * k.c.steps * k.p.step());
  return {from, std::clamp<std::int64_t>(limit - from, 1, per)};
}

Instruction TileKernel::load_a(const Tile& x, std::int64_t step) const {
  const Slice rows = slice(x.m, t.tile_m(), p.m), ks = depth(*this, x, step);
  const double at = p.a_size * static_cast<double>(p.m * (x.batch * p.k + ks.from) + rows.from * ks.size);
  Instruction i = transfer(chip::kCopyIn, chip::kLoadPath, Access::read, a + static_cast<Address>(at),
                           p.a_size * static_cast<double>(rows.size * ks.size), "load A");
  i.wait[0] = kEmpty;
  i.set[0] = kFullA;
  return i;
}

Instruction TileKernel::load_b(const Tile& x, std::int64_t step) const {
  const Slice cols = slice(x.n, t.tile_n(), p.n), ks = depth(*this, x, step);
  const double at = p.b_size * static_cast<double>(p.n * (x.batch * p.k + ks.from) + cols.from * ks.size);
  Instruction i = transfer(chip::kCopyIn, chip::kSecondLoadPath, Access::read, b + static_cast<Address>(at),
                           p.b_size * static_cast<double>(cols.size * ks.size), "load B");
  i.set[0] = kFullB;
  return i;
}

// Rows of the tile of A that lie outside it.
std::int64_t TileKernel::rows_outside(const Tile& x) const {
  return t.tile_m() - slice(x.m, t.tile_m(), p.m).size;
}

// What the copy engine asks of L2 for the lines of a stage that lie outside the tensor: requests without
// data.
Instruction TileKernel::load_edge(const Tile& x, std::int64_t step) const {
  const Slice ks = depth(*this, x, step);
  Instruction i = transfer(chip::kCopyIn, kEdgePath, Access::read, edge, 1, "edge of A");
  i.port_bytes = c.edge_requests * p.a_size * static_cast<double>(rows_outside(x) * ks.size);
  i.set[0] = kFullA;
  return i;
}

Instruction TileKernel::store(const Tile& x) const {
  const Slice rows = slice(x.m, t.tile_m(), p.m), cols = slice(x.n, t.tile_n(), p.n);
  const double size = t.split > 1 ? 4 : p.out_size;
  const double plane = static_cast<double>(p.m) * static_cast<double>(p.n);
  const double at = size * (plane * static_cast<double>(x.batch * t.split + x.split) +
                            static_cast<double>(cols.from * p.m + rows.from * cols.size));
  Instruction i = transfer(chip::kStore, chip::kStorePath, Access::write, out + static_cast<Address>(at),
                           size * static_cast<double>(rows.size * cols.size), "store C");
  i.wait[0] = kStaged;
  i.set[0] = kStored;
  return i;
}

void TileKernel::run(Core& core, int cores) const {
  for (int i = 0; i < c.stages; ++i) core.set_flag(kEmpty);
  for (int i = 0; i < accumulators; ++i) core.set_flag(kAccumulatorsFree);
  for (int i = 0; i < kPostedStores; ++i) core.set_flag(kStored);
  Instruction mma;
  mma.pipe = chip::kTensor;
  mma.cycles = step_cycles;
  mma.name = "mma";
  mma.wait[0] = kFullA;
  mma.wait[1] = kFullB;
  mma.set[0] = kEmpty;
  mma.flops = 2.0 * t.rows * t.cols * static_cast<double>(p.step() * coarse);
  Instruction epilogue;
  epilogue.pipe = chip::kCuda;  // keeps its accumulators: with one set, nothing computes meanwhile
  epilogue.name = "epilogue";
  epilogue.wait[0] = kAccumulated;
  epilogue.wait[1] = kStored;
  epilogue.set[0] = kStaged;
  epilogue.set[1] = kAccumulatorsFree;
  for (std::int64_t u = first_unit + core.index(); u < first_unit + units; u += cores) {
    const Tile x = tile(u);
    const bool has_edge = c.edge_requests > 0 && rows_outside(x) > 0;
    if (starts) starts[core.index()].push_back(core.now_cycles());
    for (std::int64_t s = 0; s < steps; ++s) {
      Instruction of_a = load_a(x, s);
      if (has_edge) of_a.set[0] = chip::kNoFlag;
      core.issue(of_a);
      if (has_edge) core.issue(load_edge(x, s));
      core.issue(load_b(x, s));
      mma.wait[2] = s == 0 ? kAccumulatorsFree : chip::kNoFlag;
      mma.set[1] = s + 1 == steps ? kAccumulated : chip::kNoFlag;
      core.issue(mma);
    }
    const bool is_last = u + cores >= first_unit + units;
    epilogue.cycles = gap.epilogue + (is_last ? 0 : gap.scales);
    core.issue(epilogue);
    core.issue(store(x));
  }
}

// The machine for a tiling: a core for each CTA (or pair of SMs), with its share of the SM.
chip::MachineSpec machine_for(const GemmChip& chip, const GemmTiling& t, const TileKernel& k, Hertz clock) {
  chip::MachineSpec s = chip::gpu_machine_spec(chip.gpu, clock);
  s.cores = static_cast<int>(k.c.slots);
  const double share = static_cast<double>(t.pair) / t.ctas;
  for (chip::PathSpec& path : s.paths) {
    path.core_hit *= share;
    path.core_miss *= share;
    path.in_flight = 2 * k.c.stages;
  }
  // A copy under load takes longer than an idle miss, and a hit by as much longer than an idle hit. Coarse
  // steps stretch time, so that the ring hides the same part of the latency.
  const Cycles extra{(chip.gemm.load_latency - chip.gpu.hbm_latency).value * clock.value};
  for (const chip::GpuPath path : {chip::kLoadPath, chip::kSecondLoadPath}) {
    chip::PathSpec& load = s.paths[path];
    load.latency_hit = (load.latency_hit + extra) * static_cast<double>(k.coarse);
    load.latency_miss = (load.latency_miss + extra) * static_cast<double>(k.coarse);
  }
  chip::PathSpec edge = s.paths[chip::kLoadPath];
  edge.name = "edge";
  edge.core_hit = edge.core_miss = s.l2_rates[0];
  s.paths.push_back(edge);
  s.l2_rates[0] *= k.c.copy_share;
  s.stack_bytes = 16 * 1024;
  return s;
}

// Brings in a share of a buffer, block by block, spread evenly.
void touch(Machine& m, Address at, double bytes, double share, bool dirty) {
  if (share <= 0) return;
  const std::int64_t block = m.spec().l2_block;
  double due = 0.5;
  for (double from = 0; from < bytes; from += static_cast<double>(block)) {
    due += share;
    if (due < 1) continue;
    due -= 1;
    m.touch({at + static_cast<Address>(from), 1,
             static_cast<std::int64_t>(std::min(static_cast<double>(block), bytes - from)), 0},
            dirty);
  }
}

// What the calls before left in L2: first, as the oldest, lines that will not be used again (other copies of
// the weights and parts of the output that must be written back), then the surviving part of each operand.
void touch_earlier_calls(Machine& machine, const GemmChip& chip, const TileKernel& k, const GemmResidency& r,
                         const Harness& h, double out) {
  const double a = k.p.a_bytes(), b = k.p.b_bytes(), capacity = chip.gpu.l2_capacity.value;
  if (h.warm) {
    const double dirty = std::min(1.0, out / (a + b + out));
    const double passed = a + b * weight_copies(h, b) + out;
    const double filled = std::min(capacity, passed);
    const Address others = machine.allocate(static_cast<std::int64_t>(2 * capacity));
    const auto half = static_cast<Address>(capacity);
    touch(machine, others, filled, 1 - dirty, false);
    touch(machine, others + half, filled, dirty * (1 - r.out), true);
  }
  touch(machine, k.out, out, r.out, true);
  touch(machine, k.b, b, r.b, false);
  touch(machine, k.a, a, r.a, false);
}

// Decides what is simulated: all, or coarser K steps and fewer rounds with the middle extrapolated.
void shorten(TileKernel& k, const GemmEffort& effort) {
  const double all = static_cast<double>(k.c.units * k.c.steps);
  const std::int64_t most = std::max<std::int64_t>(1, k.c.steps / effort.least_k_steps);
  k.coarse = std::clamp<std::int64_t>(static_cast<std::int64_t>(std::ceil(all / effort.steps)), 1, most);
  k.steps = (k.c.steps + k.coarse - 1) / k.coarse;
  const double per_round = static_cast<double>(k.c.slots * (k.steps + 2));
  const auto rounds =
      std::max<std::int64_t>(kLeastRounds, static_cast<std::int64_t>(effort.steps / per_round));
  k.units = k.c.units;
  if (k.c.rounds > rounds + 1) k.first_unit = (k.c.rounds - rounds) * k.c.slots;
  k.units -= k.first_unit;
}

// Cycles of one round in the middle of the run, from when cores started their units.
double round_cycles(const std::vector<std::vector<double>>& starts) {
  double sum = 0;
  for (const std::vector<double>& s : starts) {
    const std::size_t first = s.size() / 3, last = s.size() - 2;  // not the end, where cores run out of loads
    sum += (s[last] - s[first]) / static_cast<double>(last - first);
  }
  return sum / static_cast<double>(starts.size());
}

TileKernel plan_kernel(const GemmChip& chip, const GemmProblem& p, const GemmTiling& t, Hertz clock) {
  TileKernel k;
  k.p = p;
  k.t = t;
  k.c = count(chip, p, t);
  k.accumulators = chip.gpu.operands == chip::OperandPath::tensor_memory ? 2 : 1;
  k.group = raster_group(p, t, k.c);
  k.step_cycles = t.ctas * (std::max(k.c.tensor_cycles, k.c.smem_cycles) + k.c.promotion_cycles);
  k.gap = tile_break(chip, p, t, clock);
  return k;
}

}  // namespace

GemmRun simulate(const GemmChip& chip, const GemmProblem& p, const GemmTiling& t, const Harness& h,
                 bool quantised, Hertz clock, bool want_timeline, const GemmEffort& effort) {
  TileKernel k = plan_kernel(chip, p, t, clock);
  shorten(k, effort);
  k.step_cycles *= static_cast<double>(k.coarse);
  Machine machine(machine_for(chip, t, k, clock));
  const double partials = 4.0 * t.split * p.count(p.m, p.n);
  const double out = t.split > 1 ? partials : p.out_bytes();
  k.a = machine.allocate(static_cast<std::int64_t>(p.a_bytes()) + kPadding);
  k.b = machine.allocate(static_cast<std::int64_t>(p.b_bytes()) + kPadding);
  k.out = machine.allocate(static_cast<std::int64_t>(out) + kPadding);
  k.edge = machine.allocate(kPadding);
  machine.touch({k.edge, 1, kPadding, 0});
  touch_earlier_calls(machine, chip, k, residency(chip, p, h, quantised), h, out);
  const int cores = static_cast<int>(std::min(k.c.slots, k.units));
  std::vector<std::vector<double>> starts(static_cast<std::size_t>(cores));
  if (k.first_unit > 0) k.starts = starts.data();
  GemmRun r;
  r.stats = machine.run(cores, [&](Core& core) { k.run(core, cores); }, want_timeline);
  if (!r.stats.deadlock.empty()) throw std::logic_error("gemm program: " + r.stats.deadlock);
  double cycles = r.stats.time.value * clock.value;
  // The first load's latency was stretched with the steps.
  cycles -= static_cast<double>(k.coarse - 1) * machine.spec().paths[chip::kLoadPath].latency_miss.value /
            static_cast<double>(k.coarse);
  if (k.first_unit > 0) {
    cycles += round_cycles(starts) * static_cast<double>(k.first_unit / k.c.slots);
    const double scale = static_cast<double>(k.c.units) / static_cast<double>(k.units);
    for (Bytes* b : {&r.stats.hbm_read, &r.stats.hbm_written, &r.stats.l2_read, &r.stats.l2_written})
      *b *= scale;
    r.stats.flops *= scale;
  }
  r.extrapolated = k.first_unit > 0 || k.coarse > 1;
  r.body = Cycles{cycles} / clock;
  return r;
}

}  // namespace etalon::kernels
