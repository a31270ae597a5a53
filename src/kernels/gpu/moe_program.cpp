// SPDX-License-Identifier: Apache-2.0
#include "kernels/gpu/moe_program.h"

#include <algorithm>
#include <cmath>

#include "kernels/gpu/attention_program.h"

namespace etalon::kernels::gpu {
namespace {

using chip::Access;
using chip::Address;
using chip::Core;
using chip::FlagId;
using chip::Instruction;
using chip::Machine;
using chip::PipeId;

enum Pipes : PipeId { kCopy, kTensor, kStore };
enum Flags : FlagId { kFullA, kFullB, kEmpty, kOut, kStored, kFlags };
constexpr double kMostSteps = 40000;  // simulated one by one; beyond, several steps of K advance together

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

struct TileRow {
  std::int64_t expert, first, rows;
};  // first: row of the permuted tokens

struct Program {
  const GroupedProduct& product;
  GroupedTile tile;
  std::vector<TileRow> rows;
  std::int64_t columns = 0, steps = 1;
  double step_cycles = 0, end_cycles = 0;
  int stages = 4;
  double a_element = 2, b_element = 2;
  Address tokens = 0, weights = 0, out = 0;
  std::int64_t total_rows = 0;
  void run(Core&, int cores) const;
  void one(Core&, const TileRow&, std::int64_t column) const;
};

Instruction transfer(PipeId pipe, Access access, double at, double bytes, const char* name) {
  Instruction i;
  i.pipe = pipe;
  i.access = access;
  i.path = access == Access::write ? 1 : 0;
  i.region = {static_cast<Address>(at), 1, std::max<std::int64_t>(1, std::llround(bytes)), 0};
  i.name = name;
  return i;
}

// Operands are laid out step by step of K, so that what a stage holds is one run of addresses.
void Program::one(Core& core, const TileRow& r, std::int64_t column) const {
  const double depth = static_cast<double>(product.k) / static_cast<double>(steps);
  const double cols = static_cast<double>(std::min<std::int64_t>(tile.cols, product.n - column * tile.cols));
  for (std::int64_t s = 0; s < steps; ++s) {
    const double k = static_cast<double>(s) * depth;
    Instruction a =
        transfer(kCopy, Access::read,
                 static_cast<double>(tokens) +
                     (k * static_cast<double>(total_rows) + static_cast<double>(r.first) * depth) * a_element,
                 static_cast<double>(r.rows) * depth * a_element, "load tokens");
    a.wait[0] = kEmpty;
    a.set[0] = kFullA;
    core.issue(a);
    Instruction b =
        transfer(kCopy, Access::read,
                 static_cast<double>(weights) + static_cast<double>(r.expert) * product.weight_bytes +
                     (k * static_cast<double>(product.n) + static_cast<double>(column * tile.cols) * depth) *
                         b_element,
                 cols * depth * b_element, "load weights");
    b.set[0] = kFullB;
    core.issue(b);
    Instruction mma;
    mma.pipe = kTensor;
    mma.cycles = step_cycles;
    mma.name = "mma";
    mma.wait[0] = kFullA;
    mma.wait[1] = kFullB;
    mma.set[0] = kEmpty;
    mma.flops = 2 * static_cast<double>(r.rows) * cols * depth;
    core.issue(mma);
  }
  Instruction end;
  end.pipe = kTensor;
  end.cycles = end_cycles;
  end.name = "epilogue";
  end.wait[0] = kStored;
  end.set[0] = kOut;
  core.issue(end);
  Instruction store =
      transfer(kStore, Access::write,
               static_cast<double>(out) + 2 * (static_cast<double>(r.first) * static_cast<double>(product.n) +
                                               static_cast<double>(r.rows * column * tile.cols)),
               2 * static_cast<double>(r.rows) * cols, "store");
  store.wait[0] = kOut;
  store.set[0] = kStored;
  core.issue(store);
}

void Program::run(Core& core, int cores) const {
  for (int i = 0; i < stages; ++i) core.set_flag(kEmpty);
  core.set_flag(kStored);
  // The row tiles of one expert run along with a column, so that its weights are read once.
  std::size_t first = 0, last = 0;
  std::int64_t before = 0;  // tiles of the experts before `first`
  const auto next_expert = [&] {
    before += static_cast<std::int64_t>(last - first) * columns;
    first = last;
    while (last < rows.size() && rows[last].expert == rows[first].expert) ++last;
  };
  next_expert();
  for (std::int64_t t = core.index(); first < rows.size(); t += cores) {
    while (first < rows.size() && t - before >= static_cast<std::int64_t>(last - first) * columns)
      next_expert();
    if (first >= rows.size()) return;
    const auto high = static_cast<std::int64_t>(last - first);
    one(core, rows[first + static_cast<std::size_t>((t - before) % high)], (t - before) / high);
  }
}

}  // namespace

GroupedRun simulate_product(const catalog::Chip& chip, const DeviceFacts& d, const llm::GroupedMatmul& op,
                            const ExpertLoads& loads, const GroupedProduct& product, GroupedTile tile,
                            double kept, bool timeline) {
  GroupedRun r;
  Program p{product, tile, {}, 0, 1, 0, 0, 4, 2, 2, 0, 0, 0, 0};
  for (std::size_t e = 0; e < loads.size(); ++e)
    for (std::int64_t from = 0; from < loads[e]; from += tile.rows) {
      p.rows.push_back({static_cast<std::int64_t>(e), p.total_rows + from,
                        std::min<std::int64_t>(tile.rows, loads[e] - from)});
      if (from + tile.rows >= loads[e]) p.total_rows += loads[e];
    }
  if (p.rows.empty()) return r;
  p.columns = ceil_div(product.n, tile.cols);
  p.b_element = product.weight_bytes / (static_cast<double>(product.n) * static_cast<double>(product.k));
  p.a_element = product.in_bytes / static_cast<double>(product.k);
  const TileCosts costs = tile_costs(d, op, product, tile);
  const double k_steps = costs.steps;
  const double tiles = static_cast<double>(p.rows.size()) * static_cast<double>(p.columns);
  const double coarse = std::clamp(std::ceil(tiles * k_steps / kMostSteps), 1.0, std::max(1.0, k_steps / 4));
  p.steps = static_cast<std::int64_t>(std::ceil(k_steps / coarse));
  // Still too much: columns beyond whole rounds of the SMs are more of the same.
  double share = 1;
  if (tiles * static_cast<double>(p.steps) > 1.5 * kMostSteps) {
    const double most = 1.5 * kMostSteps / static_cast<double>(p.steps) / static_cast<double>(p.rows.size());
    const auto part = std::clamp<std::int64_t>(static_cast<std::int64_t>(most), 1, p.columns);
    share = static_cast<double>(part) / static_cast<double>(p.columns);
    p.columns = part;
  }
  p.step_cycles = costs.step * k_steps / static_cast<double>(p.steps);
  p.end_cycles = costs.end;
  p.stages = costs.stages;
  Machine machine(
      attention_machine(chip, d, d.tuned * d.hbm, {"copy in", "tensor", "store"}, kFlags, p.stages));
  const auto reserve = [&](double bytes) {
    return machine.allocate(static_cast<std::int64_t>(bytes) + 65536);
  };
  const double all = static_cast<double>(p.total_rows);
  p.tokens = reserve(all * product.in_bytes);
  p.weights = reserve(static_cast<double>(loads.size()) * product.weight_bytes);
  p.out = reserve(all * product.out_bytes);
  // Permuted tokens were written by the kernel before.
  touch_share(machine, p.tokens, all * product.in_bytes,
              std::min(1.0, 0.5 * d.l2_capacity / (all * product.in_bytes)), true);
  for (std::size_t e = 0; e < loads.size() && kept > 0; ++e)
    if (loads[e] > 0)
      touch_share(machine, p.weights + static_cast<Address>(static_cast<double>(e) * product.weight_bytes),
                  product.weight_bytes, kept, false);
  const auto cores = static_cast<int>(
      std::min<double>(d.sms, static_cast<double>(p.rows.size()) * static_cast<double>(p.columns)));
  r.stats = machine.run(cores, [&](Core& core) { p.run(core, cores); }, timeline);
  r.simulated = share;
  r.seconds = r.stats.time.value / share;
  return r;
}

}  // namespace etalon::kernels::gpu
