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

// The elements of a vector instruction, in order: f(number, offset in dst, in src0, in src1), offsets from
// the operands' starts. `per_repeat` elements make a repeat.
template <class F>
void each_element(const etalon_asc_vector& v, int dst_size, int src_size, int per_repeat, F f);

}  // namespace etalon::ascendc::hazards

#include "ascendc/costs.h"
#include "ascendc/launch/lanes.h"

namespace etalon::ascendc::hazards {

template <class F>
void each_element(const etalon_asc_vector& v, int dst_size, int src_size, int per_repeat, F f) {
  if (v.count_form != 0) {
    for (std::int64_t i = 0; i < v.repeat; ++i) f(i, i * dst_size, i * src_size, i * src_size);
    return;
  }
  const std::int64_t repeats = repeats_of(v);
  for (std::int64_t r = 0; r < repeats; ++r) {
    const Lanes lanes = lanes_of(v, per_repeat, r);
    for (int i = 0; i < lanes.count; ++i) {
      const int e = lanes.index[i];
      f(r * per_repeat + e, r * v.dst_repeat * 32 + offset_of(e, dst_size, v.dst_block),
        r * v.src0_repeat * 32 + offset_of(e, src_size, v.src0_block),
        r * v.src1_repeat * 32 + offset_of(e, src_size, v.src1_block));
    }
  }
}

}  // namespace etalon::ascendc::hazards
