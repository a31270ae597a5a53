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

enum Pipes : PipeId { kCopy, kCuda, kStore };
enum Flags : FlagId { kFull, kEmpty, kReady, kFlags };
constexpr double kPiece = 16384;       // bytes read or written at once by one SM
constexpr int kPieces = 8;             // of them in flight
constexpr double kMostPieces = 60000;  // simulated; longer streams follow in proportion

struct Program {
  double reads = 0, writes = 0;  // bytes of one piece
  std::int64_t pieces = 0;
  double cycles = 0;  // CUDA-core and special-function time of one piece
  Address in = 0, out = 0;

  void run(Core& core, int cores) const {
    for (int i = 0; i < kPieces; ++i) core.set_flag(kEmpty);
    for (std::int64_t p = core.index(); p < pieces; p += cores) {
      const double at = static_cast<double>(p);
      if (reads > 0) core.issue(transfer(kCopy, Access::read, in, at * reads, reads));
      Instruction compute;
      compute.pipe = kCuda;
      compute.cycles = cycles;
      compute.name = "compute";
      compute.wait[0] = reads > 0 ? kFull : kEmpty;
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
                          double ratio, double kept, bool timeline) {
  StreamRun r;
  const double larger = std::max({shape.read, shape.written, 1.0});
  Program p;
  double pieces = std::max(1.0, std::ceil(larger / kPiece));
  // Small operands are dealt to all SMs in pieces of at least a few lines.
  if (pieces < 4 * d.sms) pieces = std::min<double>(4 * d.sms, std::max(1.0, std::floor(larger / 512)));
  p.reads = shape.read / pieces;
  p.writes = shape.written / pieces;
  p.cycles = shape.elements / pieces * (shape.arithmetic / (d.cuda / 2) + shape.special / d.sfu);
  r.simulated = std::min(1.0, kMostPieces / pieces);
  p.pieces = static_cast<std::int64_t>(std::ceil(pieces * r.simulated));
  Machine machine(attention_machine(chip, d, ratio * d.hbm, {"copy in", "cuda", "store"}, kFlags, kPieces));
  const double part = static_cast<double>(p.pieces);
  p.in = machine.allocate(static_cast<std::int64_t>(part * p.reads) + 4096);
  p.out = machine.allocate(static_cast<std::int64_t>(part * p.writes) + 4096);
  touch_share(machine, p.in, part * p.reads, kept, false);
  touch_share(machine, p.out, part * p.writes, kept, true);
  const auto cores = static_cast<int>(std::min<double>(d.sms, part));
  r.stats = machine.run(cores, [&](Core& core) { p.run(core, cores); }, timeline);
  double hbm = shape.read + shape.written;
  hbm *= 1 - kept;
  // Stores of what does not stay are written back in the end: the memory carries every byte once.
  const double written_back = std::max(0.0, hbm / (ratio * d.hbm) - r.stats.time.value / r.simulated);
  r.seconds = r.stats.time.value / r.simulated + written_back + (shape.passes - 1) * d.load_latency;
  return r;
}

}  // namespace etalon::kernels::gpu
