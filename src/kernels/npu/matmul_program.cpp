// SPDX-License-Identifier: Apache-2.0
#include "kernels/npu/matmul_program.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "chip/npu.h"

namespace etalon::kernels {

using chip::Core;
using chip::FlagId;
using chip::Instruction;
using chip::NpuPath;
using chip::NpuPipe;
using chip::PipeId;

namespace {

constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
constexpr PipeId id(NpuPipe p) { return static_cast<PipeId>(p); }

// Flags of one core: pairs (ready, free) of each buffer.
enum : FlagId { kReadyA, kFreeA, kReadyB, kFreeB, kReadyL0, kFreeL0, kReadyC, kFreeC };

struct Block {  // one output tile of one core
  std::int64_t m0, m1, n0, n1, k0, k1;
  std::int64_t b_row = 0;  // first row of this group's B as stored
};

class Emitter {
 public:
  Emitter(Core& core, const chip::NpuCosts& costs, const NpuMatmul& p, const NpuTiling& t,
          const NpuOperands& at)
      : core_(core), costs_(costs), p_(p), t_(t), at_(at) {
    // L0A and L0B hold two operands of one MMAD each if these fit twice.
    const bool twice = t.base_m * t.base_k * p.a_bytes * 2 <= static_cast<double>(costs.l0a_size) &&
                       t.base_k * t.base_n * p.b_bytes * 2 <= static_cast<double>(costs.l0b_size);
    const bool two_outputs = t.base_m * t.base_n * 4 * 2 <= costs.l0c_size;
    for (int i = 0; i < t.buffers_a; ++i) core.set_flag(kFreeA);
    for (int i = 0; i < t.buffers_b; ++i) core.set_flag(kFreeB);
    for (int i = 0; i < (twice ? 2 : 1); ++i) core.set_flag(kFreeL0);
    for (int i = 0; i < (two_outputs || t.unit_flag ? 2 : 1); ++i) core.set_flag(kFreeC);
  }

  void tile(const Block& b, bool load_a, bool last_use_of_a) {
    b_row_ = b.b_row;
    const std::int64_t steps = ceil_div(b.k1 - b.k0, t_.base_k);
    for (std::int64_t s = 0; s < steps; ++s) {
      const std::int64_t k = b.k0 + s * t_.base_k;
      const bool new_a = s % t_.step_ka == 0, new_b = s % t_.step_kb == 0;
      if (new_a && load_a) load(true, b.m0, b.m1, k, std::min(b.k1, k + t_.step_ka * t_.base_k));
      if (new_b) load(false, b.n0, b.n1, k, std::min(b.k1, k + t_.step_kb * t_.base_k));
      const bool end_a = (s + 1) % t_.step_ka == 0 || s + 1 == steps;
      const bool end_b = (s + 1) % t_.step_kb == 0 || s + 1 == steps;
      const std::int64_t depth = std::min(t_.base_k, b.k1 - k);
      feed(b, depth, new_a && load_a, end_a && last_use_of_a, new_b, end_b);
      multiply(b, depth, s == 0, s + 1 == steps);
    }
    store(b);
  }

 private:
  // One transfer GM -> L1 of a part of A (rows: M) or B (rows: N as seen by the core).
  void load(bool is_a, std::int64_t from, std::int64_t to, std::int64_t k0, std::int64_t k1) {
    const bool transposed = is_a ? p_.a_transposed : !p_.b_transposed;  // stored with K as the slow index
    const bool nz = is_a ? p_.a_nz : p_.b_nz;
    const double size = is_a ? p_.a_bytes : p_.b_bytes;
    const std::int64_t wide = is_a ? p_.m : p_.n;
    const auto bytes = [&](std::int64_t elements) { return static_cast<std::int64_t>(elements * size); };
    Instruction i;
    i.pipe = id(NpuPipe::mte2);
    i.path = static_cast<std::uint8_t>(NpuPath::gm_l1);
    i.access = chip::Access::read;
    i.name = is_a ? "load A" : "load B";
    i.wait[0] = is_a ? kFreeA : kFreeB;
    i.set[0] = is_a ? kReadyA : kReadyB;
    const std::int64_t pitch = bytes(transposed ? wide : p_.k);
    const std::int64_t row = (transposed ? k0 : from) + (is_a ? 0 : b_row_),
                       column = bytes(transposed ? from : k0);
    i.region = {(is_a ? at_.a : at_.b) + static_cast<chip::Address>(row * pitch + column),
                transposed ? k1 - k0 : to - from, bytes(transposed ? to - from : k1 - k0), pitch};
    const auto& cost = nz ? costs_.gm_l1 : costs_.gm_l1_nd2nz;
    i.cycles = cost.minimum + (t_.runtime_tiling ? costs_.scalar_transfer : 0.0);
    if (!nz) {
      i.port_bytes = cost.row_bytes * static_cast<double>(i.region.rows);
      i.extra_bytes = unaligned(column, i.region);
    }
    core_.issue(i);
  }

  // Lines touched beyond the aligned ones: exact where all rows lie alike, else the mean over offsets of 32
  // bytes.
  double unaligned(std::int64_t column, const chip::Region& r) const {
    const auto line = static_cast<std::int64_t>(costs_.line);
    if (r.pitch % line == 0) {
      return static_cast<double>(r.rows) * chip::unaligned_bytes(costs_, column, r.row_bytes);
    }
    double sum = 0;
    for (std::int64_t o = 0; o < line; o += 32) sum += chip::unaligned_bytes(costs_, o, r.row_bytes);
    return static_cast<double>(r.rows) * sum * 32 / static_cast<double>(line);
  }

  // L1 -> L0A, L0B of one MMAD. `first` parts wait for their transfer, `last` parts give the L1 buffer back.
  void feed(const Block& b, std::int64_t depth, bool first_a, bool last_a, bool first_b, bool last_b) {
    Instruction i;
    i.pipe = id(NpuPipe::mte1);
    i.name = "L1->L0A";
    i.wait[0] = kFreeL0;
    if (first_a) i.wait[1] = kReadyA;
    if (first_b) i.wait[2] = kReadyB;  // both operands are dequeued before either is loaded
    i.cycles = costs_.load_start + static_cast<double>((b.m1 - b.m0) * depth) * p_.a_bytes / costs_.l1_l0a +
               (first_a ? costs_.flag : 0.0);
    core_.issue(i);
    Instruction j;
    j.pipe = id(NpuPipe::mte1);
    j.name = "L1->L0B";
    j.set[0] = kReadyL0;
    if (last_b) j.set[1] = kFreeB;
    j.cycles = costs_.load_start + static_cast<double>((b.n1 - b.n0) * depth) * p_.b_bytes / costs_.l1_l0b +
               (first_b ? costs_.flag : 0.0);
    core_.issue(j);
    if (last_a) {  // both buffers are given back after both loads, as the queues' FreeTensor does
      Instruction f;
      f.pipe = id(NpuPipe::mte1);
      f.name = "free A";
      f.set[0] = kFreeA;
      core_.issue(f);
    }
  }

  void multiply(const Block& b, std::int64_t depth, bool first, bool last) {
    Instruction i;
    i.pipe = id(NpuPipe::cube);
    i.name = "mmad";
    i.wait[0] = kReadyL0;
    if (first) i.wait[1] = kFreeC;
    i.set[0] = kFreeL0;
    if (last) i.set[1] = kReadyC;
    const double fractal_k = 32 / std::max(p_.a_bytes, p_.b_bytes);
    const double fractals = std::ceil(static_cast<double>(b.m1 - b.m0) / 16) *
                            std::ceil(static_cast<double>(b.n1 - b.n0) / 16) *
                            std::ceil(static_cast<double>(depth) / fractal_k);
    i.cycles = costs_.mmad_start + fractals * 256 * fractal_k / p_.macs_per_cycle;
    i.idle_cycles = costs_.mmad_drain;
    i.flops = 2.0 * static_cast<double>((b.m1 - b.m0) * (b.n1 - b.n0) * depth);
    core_.issue(i);
  }

  void store(const Block& b) {
    const bool part = t_.split_k > 1;
    const double size = part ? 4 : p_.c_bytes;
    const auto bytes = [&](std::int64_t elements) { return static_cast<std::int64_t>(elements * size); };
    const std::int64_t pitch = bytes(p_.n);
    const std::int64_t offset = part ? b.k0 * t_.split_k / p_.k * p_.m * pitch : 0;
    Instruction i;
    i.pipe = id(NpuPipe::fixpipe);
    i.path = static_cast<std::uint8_t>(NpuPath::l0c_gm);
    i.access = chip::Access::write;
    i.name = "L0C->GM";
    i.wait[0] = kReadyC;
    i.set[0] = kFreeC;
    i.cycles = costs_.fixpipe_start + costs_.flag;
    i.region = {
        (part ? at_.workspace : at_.c) + static_cast<chip::Address>(offset + b.m0 * pitch + bytes(b.n0)),
        b.m1 - b.m0, bytes(b.n1 - b.n0), pitch};
    core_.issue(i);
  }

  Core& core_;
  const chip::NpuCosts& costs_;
  const NpuMatmul& p_;
  const NpuTiling& t_;
  const NpuOperands& at_;
  std::int64_t b_row_ = 0;
};

// Calls visit(block, load A, last use of A) for each tile of a rectangle, in the tiling's order.
template <class Visit>
void walk(const NpuTiling& t, Block area, Visit&& visit) {
  const std::int64_t rows = ceil_div(area.m1 - area.m0, t.base_m),
                     columns = ceil_div(area.n1 - area.n0, t.base_n);
  for (std::int64_t i = 0; i < rows * columns; ++i) {
    const std::int64_t r = t.n_inner ? i / columns : i % rows, c = t.n_inner ? i % columns : i / rows;
    Block b = area;
    b.m0 = area.m0 + r * t.base_m;
    b.m1 = std::min(area.m1, b.m0 + t.base_m);
    b.n0 = area.n0 + c * t.base_n;
    b.n1 = std::min(area.n1, b.n0 + t.base_n);
    visit(b, !t.a_resident || c == 0, !t.a_resident || c + 1 == columns);
  }
}

// Tile number `i` of the whole product, groups of `swizzle` rows walked along N.
Block dealt_tile(const NpuMatmul& p, const NpuTiling& t, std::int64_t i) {
  const std::int64_t rows = ceil_div(p.m, t.base_m), columns = ceil_div(p.n, t.base_n);
  const std::int64_t part = i / (rows * columns);
  i %= rows * columns;
  const std::int64_t group = i / (t.swizzle * columns), first = group * t.swizzle;
  const std::int64_t height = std::min<std::int64_t>(t.swizzle, rows - first), inside = i - first * columns;
  const std::int64_t r = first + inside % height, c = inside / height;
  const std::int64_t blocks = ceil_div(p.k, t.base_k);
  const std::int64_t parts = t.split_k * t.k_slices;
  const std::int64_t k0 = blocks * part / parts * t.base_k, k1 = blocks * (part + 1) / parts * t.base_k;
  return {r * t.base_m,
          std::min(p.m, (r + 1) * t.base_m),
          c * t.base_n,
          std::min(p.n, (c + 1) * t.base_n),
          k0,
          std::min(p.k, k1),
          0};
}

// The tiles of a grouped product, group by group, columns first so that B is read once.
std::vector<Block> grouped_tiles(const NpuMatmul& p, const NpuTiling& t) {
  std::vector<Block> out;
  std::int64_t row = 0;
  for (std::size_t g = 0; g < p.groups.size(); ++g) {
    for (std::int64_t n = 0; n < p.n; n += t.base_n) {
      for (std::int64_t m = 0; m < p.groups[g]; m += t.base_m) {
        out.push_back({row + m, row + std::min(p.groups[g], m + t.base_m), n, std::min(p.n, n + t.base_n), 0,
                       p.k, static_cast<std::int64_t>(g) * (p.b_transposed ? p.n : p.k)});
      }
    }
    row += p.groups[g];
  }
  return out;
}

std::int64_t dealt_tiles(const NpuMatmul& p, const NpuTiling& t) {
  return ceil_div(p.m, t.base_m) * ceil_div(p.n, t.base_n) * t.split_k * t.k_slices;
}

void strips(Core& core, const chip::NpuCosts& costs, const NpuMatmul& p, const NpuTiling& t,
            const NpuOperands& at) {
  Emitter emit(core, costs, p, t, at);
  const std::int64_t i = core.index() / t.grid_n, j = core.index() % t.grid_n;
  for (int round = 0; round < t.l2_split_m; ++round) {
    const std::int64_t m0 = (round * t.grid_m + i) * t.single_m, n0 = j * t.single_n;
    if (m0 >= p.m || n0 >= p.n) continue;
    const Block area{m0, std::min(p.m, m0 + t.single_m), n0, std::min(p.n, n0 + t.single_n), 0, p.k, 0};
    walk(t, area, [&](const Block& b, bool load_a, bool last) { emit.tile(b, load_a, last); });
  }
}

}  // namespace

std::string NpuTiling::text() const {
  std::string s = fmt::format("{}x{}x{}, L1 {}x{} A {}x{} B", base_m, base_n, base_k, buffers_a, step_ka,
                              buffers_b, step_kb);
  if (grid_m > 0) s += fmt::format(", {}x{} cores", grid_m, grid_n);
  if (k_slices > 1) s += fmt::format(", K in {} slices", k_slices);
  if (split_k > 1) s += fmt::format(", split-K {}", split_k);
  if (a_resident) s += ", A resident";
  return s;
}

NpuOperands allocate_operands(chip::Machine& machine, const NpuMatmul& p, const NpuTiling& t) {
  const auto matrix = [&](std::int64_t rows, std::int64_t columns, double size) {
    const auto pitch = static_cast<std::int64_t>(static_cast<double>(columns) * size);
    return machine.allocate(rows * pitch, pitch);
  };
  NpuOperands at;
  at.a = p.a_transposed ? matrix(p.k, p.m, p.a_bytes) : matrix(p.m, p.k, p.a_bytes);
  const auto copies = static_cast<std::int64_t>(std::max<std::size_t>(1, p.groups.size()));
  at.b = p.b_transposed ? matrix(p.n * copies, p.k, p.b_bytes) : matrix(p.k * copies, p.n, p.b_bytes);
  at.c = matrix(p.m, p.n, p.c_bytes);
  if (t.split_k > 1) at.workspace = matrix(p.m * t.split_k, p.n, 4);
  return at;
}

int cores_used(const NpuMatmul& p, const NpuTiling& t, const chip::NpuCosts& costs) {
  if (t.grid_m > 0) return t.grid_m * t.grid_n;
  const int all = t.cores > 0 ? t.cores : costs.cubes;
  if (!p.groups.empty()) return static_cast<int>(std::min<std::size_t>(all, grouped_tiles(p, t).size()));
  return static_cast<int>(std::min<std::int64_t>(all, dealt_tiles(p, t)));
}

chip::RunStats run_matmul(chip::Machine& machine, const chip::NpuCosts& costs, const NpuMatmul& p,
                          const NpuTiling& t, const NpuOperands& at, bool want_timeline) {
  const int cores = cores_used(p, t, costs);
  const std::vector<Block> grouped = p.groups.empty() ? std::vector<Block>{} : grouped_tiles(p, t);
  return machine.run(
      cores,
      [&](Core& core) {
        core.scalar(costs.block_start * core.index());
        if (t.grid_m > 0) {
          strips(core, costs, p, t, at);
          return;
        }
        Emitter emit(core, costs, p, t, at);
        for (std::size_t i = core.index(); i < grouped.size(); i += cores) emit.tile(grouped[i], true, true);
        if (!grouped.empty()) return;
        const std::int64_t tiles = dealt_tiles(p, t);
        for (std::int64_t i = core.index(); i < tiles; i += cores) emit.tile(dealt_tile(p, t, i), true, true);
      },
      want_timeline);
}

}  // namespace etalon::kernels
