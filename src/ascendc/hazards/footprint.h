// SPDX-License-Identifier: Apache-2.0
#pragma once

// Exactly which bytes an instruction reads and writes, from its descriptor: strides, masks, fractals and all.

#include <functional>
#include <vector>

#include "ascendc/hazards/shadow.h"
#include "ascendc/launch/observer.h"

namespace etalon::ascendc::hazards {

// The bytes of one operand. Runs that follow one another are one.
struct Operand {
  int space = kAscUb;  // kAscGm: runs are addresses
  int core = -1;       // whose local memory; -1: of the core that issues
  bool write = false;
  std::vector<Run> runs;

  void add(std::uint64_t begin, std::uint64_t bytes) {
    if (bytes == 0) return;
    if (!runs.empty() && runs.back().begin + runs.back().bytes == begin)
      runs.back().bytes += bytes;
    else
      runs.push_back({begin, bytes});
  }
};

// Reads first, then writes.
struct Footprint {
  std::vector<Operand> operands;
  // A fresh operand; memory of earlier instructions is used again.
  Operand& operand(int space, bool write);
  void clear() { used = 0; }
  std::size_t used = 0;
  const Operand* begin() const { return operands.data(); }
  const Operand* end() const { return operands.data() + used; }
};

// Where a core's partners of a mix kernel are: cores [0, cubes) are cube cores, each with `sub_blocks` vector
// cores after them.
struct Partners {
  int cubes = 0, sub_blocks = 0;
  int of(const InstructionEvent& e, int sub_block) const {
    if (sub_blocks == 0) return e.core;
    return e.is_cube ? cubes + e.core * sub_blocks + sub_block % sub_blocks : (e.core - cubes) / sub_blocks;
  }
};

// `local_bytes(offset)` gives the contents of UB, null without data: gathers read where their offsets say.
using LocalBytes = std::function<const std::byte*(std::uint32_t offset)>;
void footprint_of(const InstructionEvent& e, const Partners& partners, const LocalBytes& ub, Footprint& out);

}  // namespace etalon::ascendc::hazards
