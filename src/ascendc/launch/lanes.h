// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which elements of a repeat take part in a vector instruction, and where operands have them.

#include <algorithm>
#include <numeric>

#include "ascendc/api/ascendc/abi.h"
#include "ascendc/costs.h"

namespace etalon::ascendc {

// Which elements of a repeat take part, and where each operand has them.
struct Lanes {
  int count = 0;
  int index[128];
};

inline Lanes lanes_of(const etalon_asc_vector& v, std::int64_t per_repeat, std::int64_t repeat) {
  Lanes l;
  if (v.counter != 0) {
    l.count = static_cast<int>(
        std::clamp<std::int64_t>(static_cast<std::int64_t>(v.mask[0]) - repeat * per_repeat, 0, per_repeat));
    std::iota(l.index, l.index + l.count, 0);
    return l;
  }
  for (int e = 0; e < per_repeat; ++e) {
    if ((v.mask[e / 64] >> (e % 64) & 1) != 0) l.index[l.count++] = e;
  }
  return l;
}

// Byte offset of element e of a repeat.
inline std::int64_t offset_of(int e, int size, std::int64_t block) {
  const int per_block = 32 / size;
  return e / per_block * block * 32 + e % per_block * size;
}

// The elements of a vector instruction, in order: f(number, offset in dst, in src0, in src1), offsets from
// the operands' starts. `per_repeat` elements make a repeat.
template <class F>
void each_element(const etalon_asc_vector& v, int dst_size, int src_size, int per_repeat, F f) {
  if (v.count_form != 0) {
    const std::int64_t d = v.dst_type == kAscS4 ? 2 : 1,
                       s = v.src_type == kAscS4 ? 2 : 1;  // elements per byte
    for (std::int64_t i = 0; i < v.repeat; ++i) f(i, i * dst_size / d, i * src_size / s, i * src_size / s);
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

}  // namespace etalon::ascendc
