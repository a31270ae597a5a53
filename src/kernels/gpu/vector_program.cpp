// SPDX-License-Identifier: Apache-2.0
#include "kernels/gpu/vector_program.h"

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

enum Pipes : PipeId { kIndex, kCopy, kCuda, kStore };
enum Flags : FlagId { kNext, kKnown, kFull, kEmpty, kReady, kFlags };
constexpr double kPiece = 16384;  // bytes read or written at once by one SM
constexpr int kPieces = 8;        // of them in flight
constexpr double kIndexBytes = 64;

struct Program {
  double reads = 0, writes = 0;  // bytes of one piece
  std::int64_t pieces = 0;
  int in_flight = kPieces;
  int chain = 0;      // dependent loads before a piece's address is known
  double cycles = 0;  // CUDA-core and special-function time of one piece
  Address in = 0, out = 0, index = 0;

  void run(Core& core, int cores) const {
    for (int i = 0; i < in_flight; ++i) core.set_flag(kEmpty);
    for (std::int64_t p = core.index(); p < pieces; p += cores) {
      const double at = static_cast<double>(p);
      for (int c = 0; c < chain; ++c) {
        Instruction look = transfer(kIndex, Access::read, index, at * kIndexBytes, kIndexBytes);
        look.path = chip::kSecondLoadPath;
        look.wait[0] = c == 0 ? FlagId{kEmpty} : FlagId{kNext};
        look.set[0] = c + 1 < chain ? FlagId{kNext} : FlagId{kKnown};
        core.issue(look);
      }
      if (reads > 0) {
        Instruction load = transfer(kCopy, Access::read, in, at * reads, reads);
        if (chain > 0) load.wait[0] = kKnown;
        core.issue(load);
      }
      Instruction compute;
      compute.pipe = kCuda;
      compute.cycles = cycles;
      compute.name = "compute";
      compute.wait[0] = reads > 0 ? kFull : chain > 0 ? kKnown : kEmpty;
      compute.set[0] = writes > 0 ? kReady : kEmpty;
      core.issue(compute);
      if (writes > 0) core.issue(transfer(kStore, Access::write, out, at * writes, writes));
    }
  }

  static Instruction transfer(PipeId pipe, Access access, Address base, double at, double bytes) {
    const bool write = access == Access::write;
    Instruction i;
    i.pipe = pipe;
    i.access = access;
    i.path = write ? 1 : 0;
    i.region = {base + static_cast<Address>(at), 1, std::max<std::int64_t>(1, std::llround(bytes)), 0};
    i.wait[0] = write ? kReady : kEmpty;
    i.set[0] = write ? kEmpty : kFull;
    i.name = write ? "store" : "load";
    return i;
  }
};

}  // namespace

StreamRun simulate_stream(const catalog::Chip& chip, const DeviceFacts& d, const StreamShape& shape,
                          double ratio, double kept, bool timeline, double most_pieces) {
  StreamRun r;
  const double larger = std::max({shape.read, shape.written, 1.0});
  const double sms = shape.sms > 0 ? shape.sms : d.sms;
  Program p;
  p.chain = shape.chain;
  if (shape.window > 0) p.in_flight = 1;
  const double piece = shape.window > 0 ? shape.window : kPiece;
  double pieces = std::max(1.0, std::ceil(larger / piece));
  // Small operands are dealt to all SMs in pieces of at least a few lines.
  if (shape.window <= 0 && pieces < 4 * sms)
    pieces = std::min<double>(4 * sms, std::max(1.0, std::floor(larger / 512)));
  p.reads = shape.read / pieces;
  p.writes = shape.written / pieces;
  p.cycles = shape.elements / pieces * (shape.arithmetic / (d.cuda / 2) + shape.special / d.sfu);
  p.pieces = static_cast<std::int64_t>(std::min(pieces, most_pieces));
  const double part = static_cast<double>(p.pieces);
  r.simulated = part / pieces;
  chip::MachineSpec spec =
      attention_machine(chip, d, ratio * d.hbm, {"index", "copy in", "cuda", "store"}, kFlags, kPieces);
  // Small tables are asked for while little else moves.
  spec.paths[chip::kSecondLoadPath].latency_hit = Cycles{d.l2_latency * d.clock};
  spec.paths[chip::kSecondLoadPath].latency_miss = Cycles{d.hbm_latency * d.clock};
  Machine machine(spec);
  const auto reserve = [&](double bytes) {
    return machine.allocate(static_cast<std::int64_t>(bytes) + 4096);
  };
  p.in = reserve(part * p.reads);
  p.out = reserve(part * p.writes);
  p.index = reserve(part * kIndexBytes);
  touch_share(machine, p.in, part * p.reads, kept, false);
  touch_share(machine, p.out, part * p.writes, kept, true);
  if (p.chain > 0) touch_share(machine, p.index, part * kIndexBytes, 1, false);
  const auto cores = static_cast<int>(std::min<double>(sms, part));
  r.stats = machine.run(cores, [&](Core& core) { p.run(core, cores); }, timeline);
  r.seconds = r.stats.time.value + (shape.passes - 1) * d.load_latency;
  // Stores of what does not stay are written back in the end: the memory carries every byte once.
  const StreamBody whole = stream_body(d, shape, ratio, kept);
  const double hbm = (shape.read + shape.written) * (1 - kept) / (ratio * d.hbm);
  r.seconds += std::max(0.0, hbm * r.simulated - r.stats.time.value);
  r.seconds += (1 - r.simulated) * std::max(whole.memory, whole.compute);  // the rest is more of the same
  return r;
}

}  // namespace etalon::kernels::gpu
