// SPDX-License-Identifier: Apache-2.0
#include "kernels/npu/attention_program.h"

#include <algorithm>
#include <cmath>

#include "chip/npu.h"

namespace etalon::kernels {

using chip::Core;
using chip::FlagId;
using chip::Instruction;
using chip::NpuPath;
using chip::NpuPipe;
using chip::PipeId;
using chip::VectorClass;

namespace {

constexpr int kAhead = 3;  // tiles that the first product runs ahead of the second
constexpr int kSlots = kAhead + 1;

PipeId id(NpuPipe p) { return static_cast<PipeId>(p); }

// Flags of a cube core, and of a vector core.
enum CubeFlag : FlagId {
  kK,
  kFreeK,
  kL0,
  kFreeL0,
  kAcc,
  kFreeAcc,
  kPIn,
  kFreeP,
  kSFree,
  kPReady,
  kOFree,
  kQ
};
enum VectorFlag : FlagId { kSReady, kSIn, kSInFree, kPOut, kPOutFree, kOReady, kOIn, kOInFree };

// Products and vector passes of one tile, forward or backward.
struct Recipe {
  int first_products = 1;   // QK^T (backward: and dO V^T): their results go to the vector cores
  int second_products = 1;  // P V (backward: dV, dK, dQ)
  // 256-byte repeats per repeat of S (fp32), summed over instructions, and the number of instructions.
  double s_cycles = 0, o_cycles = 0;
  int s_instructions = 0, o_instructions = 0, small_instructions = 0;
};

// Passes over S of the online softmax and over the output, by the instructions a row-block softmax is made
// of.
Recipe recipe_of(const NpuAttention& a, const chip::NpuCosts& c) {
  const auto repeat = [&](VectorClass v) { return c.vector_repeat[static_cast<int>(v)][1]; };
  const double unary = repeat(VectorClass::unary), binary = repeat(VectorClass::binary) + c.bank_conflict;
  const double exp = repeat(VectorClass::transcendental), cast = repeat(VectorClass::convert);
  const double reduce = repeat(VectorClass::block_reduce);
  Recipe r;
  if (!a.backward) {
    r.s_cycles =
        unary + reduce + binary + exp + cast + reduce;  // scale, row max, subtract, exp, cast, row sum
    r.s_instructions = 6;
    r.s_cycles += a.more_passes * unary;
    r.s_instructions += a.more_passes;
    r.o_cycles = 2 * binary;  // rescale the output, add the new part
    r.o_instructions = 2;
    r.small_instructions =
        12;  // per row: folding the reductions, old and new maximum and sum, the factor, its broadcast
  } else {
    r.first_products = 2;
    r.second_products = 3;
    r.s_cycles =
        unary + binary + exp + cast + binary + binary + cast;  // P anew; dP - delta, times P, two casts
    r.s_instructions = 7;
    r.small_instructions = 3;
  }
  return r;
}

struct Workspace {
  chip::Address q = 0, k = 0, v = 0, exchange = 0, gradient = 0;
  std::int64_t slot = 0, block = 0;  // bytes of one exchange slot, of one block's slots
};

class Complex {  // what both kinds of core share
 public:
  Complex(Core& core, const chip::NpuCosts& costs, const NpuAttention& a, const Workspace& w, int block,
          int blocks)
      : core_(core),
        costs_(costs),
        a_(a),
        w_(w),
        recipe_(recipe_of(a, costs)),
        block_(block),
        blocks_(blocks) {}

 protected:
  Instruction transfer(NpuPipe pipe, NpuPath path, bool write, chip::Address at, std::int64_t rows,
                       std::int64_t row, std::int64_t pitch, const char* name) const {
    Instruction i;
    i.pipe = id(pipe);
    i.path = static_cast<std::uint8_t>(path);
    i.access = write ? chip::Access::write : chip::Access::read;
    i.region = {at, rows, row, pitch};
    i.name = name;
    i.cycles = costs_.gm_l1.minimum;
    return i;
  }
  chip::Address slot(std::int64_t tile, int which) const {
    return w_.exchange +
           static_cast<chip::Address>(block_ * w_.block + (tile % kSlots * 8 + which) * w_.slot);
  }
  Core& core_;
  const chip::NpuCosts& costs_;
  const NpuAttention& a_;
  const Workspace& w_;
  Recipe recipe_;
  int block_, blocks_;
};

class CubeSide : Complex {
 public:
  using Complex::Complex;
  void run(const std::vector<AttentionUnit>& units) {
    for (int i = 0; i < 2; ++i) {
      core_.set_flag(kFreeK);
      core_.set_flag(kFreeL0);
      core_.set_flag(kFreeP);
      core_.set_flag(kFreeAcc);
    }
    for (int i = 0; i < kSlots * 2; ++i) {  // a token from each vector core
      core_.set_flag(kSFree);
      core_.set_flag(kOFree);
    }
    std::int64_t first = 0, second = 0;
    for (const AttentionUnit& u : units) {
      load_queries(u);
      for (std::int64_t t = 0; t < u.tiles + kAhead; ++t) {
        if (t < u.tiles) products(u, t, first++, true);
        if (t >= kAhead) products(u, t - kAhead, second++, false);
      }
    }
  }

 private:
  void load_queries(const AttentionUnit&) {
    const auto row = static_cast<std::int64_t>(static_cast<double>(a_.depth) * a_.element);
    Instruction i =
        transfer(NpuPipe::mte2, NpuPath::gm_l1, false,
                 w_.q + static_cast<chip::Address>(block_ * a_.rows * row), a_.rows, row, row, "load Q");
    i.port_bytes = costs_.gm_l1_nd2nz.row_bytes * static_cast<double>(a_.rows);
    core_.issue(i);
  }

  // The products of one stage: operands from GM to L1, to L0, MMAD, result to the vector cores or to memory.
  void products(const AttentionUnit& u, std::int64_t tile, std::int64_t count, bool first) {
    const int n = first ? recipe_.first_products : recipe_.second_products;
    const auto row =
        static_cast<std::int64_t>(static_cast<double>(first ? a_.depth : a_.depth_v) * a_.element);
    const chip::Address keys =
        (first ? w_.k : w_.v) +
        static_cast<chip::Address>((u.head * a_.seq_kv + (u.first + tile) * a_.keys) * row);
    const std::int64_t rows = std::min(a_.keys, a_.seq_kv - (u.first + tile) * a_.keys);
    if (first || !a_.backward) {
      Instruction i =
          transfer(NpuPipe::mte2, NpuPath::gm_l1, false, keys, rows, row, row, first ? "load K" : "load V");
      i.port_bytes = costs_.gm_l1_nd2nz.row_bytes * static_cast<double>(rows);
      i.wait[0] = kFreeK;
      i.set[0] = kK;
      core_.issue(i);
    }
    if (!first) load_probabilities(count, rows);
    for (int p = 0; p < n; ++p) product(count, rows, first, p, p + 1 == n);
  }

  void load_probabilities(std::int64_t count, std::int64_t rows) {
    Instruction i;
    if (a_.direct) {  // the vector cores have put them into L1
      i.pipe = id(NpuPipe::mte2);
      i.name = "P in L1";
    } else {
      i = transfer(NpuPipe::mte2, NpuPath::gm_l1, false, slot(count, 2), 1,
                   static_cast<std::int64_t>(static_cast<double>(a_.rows * rows) * a_.element) *
                       recipe_.first_products,
                   0, "load P");
    }
    i.wait[0] = kPReady;
    i.wait[1] = kFreeP;
    core_.issue(token(NpuPipe::mte2, kPReady));  // the other vector core's half
    i.set[0] = kPIn;
    core_.issue(i);
  }

  Instruction token(NpuPipe pipe, FlagId flag) const {
    Instruction i;
    i.pipe = id(pipe);
    i.wait[0] = flag;
    i.name = "flag";
    return i;
  }

  void product(std::int64_t count, std::int64_t keys, bool first, int index, bool last) {
    const double size = a_.element;
    const auto m = static_cast<double>(a_.rows), n = static_cast<double>(first ? keys : a_.depth_v);
    const auto k = static_cast<double>(first ? a_.depth : keys);
    Instruction i;
    i.pipe = id(NpuPipe::mte1);
    i.name = first ? "Q, K -> L0" : "P, V -> L0";
    i.wait[0] = kFreeL0;
    if (index == 0) {
      if (first || !a_.backward) i.wait[1] = kK;
      if (!first) i.wait[2] = kPIn;
    }
    i.set[0] = kL0;
    i.cycles = 2 * costs_.load_start + m * k * size / costs_.l1_l0a + n * k * size / costs_.l1_l0b +
               (index == 0 ? costs_.flag : 0.0);
    core_.issue(i);
    if (last) {
      Instruction f;
      f.pipe = id(NpuPipe::mte1);
      f.name = "free";
      if (first || !a_.backward) f.set[0] = kFreeK;
      if (!first) f.set[1] = kFreeP;
      core_.issue(f);
    }
    Instruction c;
    c.pipe = id(NpuPipe::cube);
    c.name = first ? "S" : "O";
    c.wait[0] = kL0;
    c.wait[1] = kFreeAcc;
    c.set[0] = kFreeL0;
    c.set[1] = kAcc;
    const double fractal_k = 32 / size;
    c.cycles = costs_.mmad_start + std::ceil(m / 16) * std::ceil(n / 16) * std::ceil(k / fractal_k) * 256 *
                                       fractal_k / a_.macs_per_cycle;
    c.idle_cycles = costs_.mmad_drain;
    c.flops = 2 * m * n * k;
    core_.issue(c);
    store(count, m, n, first, index, last);
  }

  // FixPipe: S and the parts of O to the vector cores; gradients are added up in memory.
  void store(std::int64_t count, double m, double n, bool first, int index, bool last) {
    const bool to_vector = first || !a_.backward;
    if (to_vector && index == 0) {
      core_.issue(token(NpuPipe::fixpipe, first ? kSFree : kOFree));
    }
    Instruction f;
    if (a_.direct && to_vector) {
      f.pipe = id(NpuPipe::fixpipe);
      f.name = "L0C->UB";
      f.cycles = costs_.fixpipe_start + m * n * 4 / costs_.l0c_ub;
    } else {
      const chip::Address at = to_vector ? slot(count, first ? index : 4)
                                         : w_.gradient + static_cast<chip::Address>(block_ * 3 + index) *
                                                             static_cast<chip::Address>(w_.slot);
      f = transfer(NpuPipe::fixpipe, NpuPath::l0c_gm, true, at, 1, static_cast<std::int64_t>(m * n * 4), 0,
                   "L0C->GM");
      f.cycles = costs_.fixpipe_start + costs_.flag;
    }
    f.wait[0] = kAcc;
    if (to_vector && index == 0) f.wait[1] = first ? kSFree : kOFree;
    f.set[0] = kFreeAcc;
    core_.issue(f);
    if (!to_vector || !last) return;
    for (int half = 0; half < 2; ++half) {
      core_.signal(blocks_ + 2 * block_ + half, first ? FlagId{kSReady} : FlagId{kOReady},
                   id(NpuPipe::fixpipe), Cycles{a_.direct ? costs_.flag : costs_.cross_core_flag});
    }
  }
};

class VectorSide : Complex {
 public:
  VectorSide(Core& core, const chip::NpuCosts& costs, const NpuAttention& a, const Workspace& w, int block,
             int blocks, int half)
      : Complex(core, costs, a, w, block, blocks), half_(half) {}

  void run(const std::vector<AttentionUnit>& units) {
    for (int i = 0; i < 2; ++i) {
      core_.set_flag(kSInFree);
      core_.set_flag(kOInFree);
      core_.set_flag(kPOutFree);
    }
    std::int64_t first = 0, second = 0;
    for (const AttentionUnit& u : units) {
      for (std::int64_t t = 0; t < u.tiles + kAhead; ++t) {
        if (t < u.tiles) softmax(first++);
        if (t >= kAhead && !a_.backward) accumulate(second++);
      }
      if (!a_.backward) finish_unit();
    }
  }

 private:
  double half_rows() const { return std::max(1.0, static_cast<double>(a_.rows) / 2); }

  // Brings what the cube core has produced into UB, and tells it that the slot is free.
  void bring(std::int64_t count, int which, double bytes, FlagId ready, FlagId free, FlagId in,
             FlagId slot_free) {
    Instruction i;
    if (a_.direct) {
      i.pipe = id(NpuPipe::mte2);
      i.name = "in UB";
    } else {
      i = transfer(NpuPipe::mte2, NpuPath::gm_ub, false,
                   slot(count, which) + static_cast<chip::Address>(half_ * bytes), 1,
                   static_cast<std::int64_t>(bytes), 0, which == 4 ? "load O" : "load S");
    }
    i.wait[0] = ready;
    i.wait[1] = free;
    i.set[0] = in;
    core_.issue(i);
    core_.signal(block_, slot_free, id(NpuPipe::mte2),
                 Cycles{a_.direct ? costs_.flag : costs_.cross_core_flag});
  }

  // `instructions` dependent vector instructions, each waiting for the one before.
  void vector(double cycles, int instructions, const char* name, FlagId wait0, FlagId wait1, FlagId set0,
              FlagId set1) {
    Instruction v;
    v.pipe = id(NpuPipe::vector);
    v.name = name;
    v.wait[0] = wait0;
    v.wait[1] = wait1;
    v.set[0] = set0;
    v.set[1] = set1;
    v.cycles = cycles / a_.vector_issue + instructions * costs_.vector_start;
    core_.issue(v);
  }

  void softmax(std::int64_t count) {
    const double bytes = half_rows() * static_cast<double>(a_.keys) * 4;
    bring(count, 0, bytes * recipe_.first_products, kSReady, kSInFree, kSIn, kSFree);
    const double small = half_rows() * 4 / 256 * 2;  // one number a row
    vector(
        bytes / 256 * recipe_.s_cycles + recipe_.small_instructions * std::max(small, costs_.vector_minimum),
        recipe_.s_instructions + recipe_.small_instructions, "softmax", kSIn, kPOutFree, kSInFree, kPOut);
    const double out = half_rows() * static_cast<double>(a_.keys) * a_.element * recipe_.first_products;
    Instruction s;
    if (a_.direct) {
      s.pipe = id(NpuPipe::mte3);
      s.name = "UB->L1";
      s.cycles = out / costs_.ub_l1;
    } else {
      s = transfer(NpuPipe::mte3, NpuPath::ub_gm, true,
                   slot(count, 2) + static_cast<chip::Address>(half_ * out), 1,
                   static_cast<std::int64_t>(out), 0, "store P");
    }
    s.wait[0] = kPOut;
    s.set[0] = kPOutFree;
    core_.issue(s);
    core_.signal(block_, kPReady, id(NpuPipe::mte3),
                 Cycles{a_.direct ? costs_.flag : costs_.cross_core_flag});
  }

  void accumulate(std::int64_t count) {
    const double bytes = half_rows() * static_cast<double>(a_.depth_v) * 4;
    bring(count, 4, bytes, kOReady, kOInFree, kOIn, kOFree);
    vector(bytes / 256 * recipe_.o_cycles, recipe_.o_instructions, "add up O", kOIn, chip::kNoFlag, kOInFree,
           chip::kNoFlag);
  }

  void finish_unit() {  // divide by the sum of the row, cast, write out
    const double bytes = half_rows() * static_cast<double>(a_.depth_v) * 4;
    const double divide = costs_.vector_repeat[static_cast<int>(VectorClass::divide)][1];
    vector(bytes / 256 * (divide + 1), 2, "divide", kPOutFree, chip::kNoFlag, kPOut, chip::kNoFlag);
    const auto out = static_cast<std::int64_t>(half_rows() * static_cast<double>(a_.depth_v) * a_.element);
    Instruction s = transfer(NpuPipe::mte3, NpuPath::ub_gm, true,
                             slot(0, 6) + static_cast<chip::Address>(half_ * out), 1, out, 0, "store O");
    s.wait[0] = kPOut;
    s.set[0] = kPOutFree;
    core_.issue(s);
  }

  int half_;
};

}  // namespace

chip::RunStats run_attention(chip::Machine& machine, const chip::NpuCosts& costs, const NpuAttention& a,
                             bool want_timeline) {
  const auto blocks = static_cast<int>(a.work.size());
  Workspace w;
  const auto bytes = [&](double x) { return static_cast<std::int64_t>(std::ceil(x / 512)) * 512; };
  w.slot = bytes(static_cast<double>(a.rows + 1) *
                 static_cast<double>(std::max({a.keys, a.depth, a.depth_v})) * 4);
  w.block = w.slot * 8 * kSlots;
  const double rows_kv = static_cast<double>(a.heads * a.seq_kv);
  w.q = machine.allocate(bytes(static_cast<double>(blocks * a.rows * a.depth) * a.element));
  w.k = machine.allocate(bytes(rows_kv * static_cast<double>(a.depth) * a.element));
  w.v = machine.allocate(bytes(rows_kv * static_cast<double>(a.depth_v) * a.element));
  w.exchange = machine.allocate(w.block * blocks);
  w.gradient = machine.allocate(w.slot * 3 * blocks);
  if (a.resident) {
    for (const auto& [at, depth] : {std::pair{w.k, a.depth}, std::pair{w.v, a.depth_v}}) {
      const auto size = static_cast<std::int64_t>(rows_kv * static_cast<double>(depth) * a.element);
      machine.touch({at, 1, size, size});
    }
  }
  return machine.run(
      3 * blocks,
      [&](Core& core) {
        const int block = core.index() < blocks ? core.index() : (core.index() - blocks) / 2;
        core.l2_partition(block * machine.spec().l2_partitions / blocks);
        core.scalar(costs.block_start * block);
        if (core.index() < blocks)
          CubeSide(core, costs, a, w, block, blocks).run(a.work[block]);
        else
          VectorSide(core, costs, a, w, block, blocks, (core.index() - blocks) % 2).run(a.work[block]);
      },
      want_timeline);
}

}  // namespace etalon::kernels
