// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which bytes the rearranging instructions move, walked the same way by what computes, what checks and what
// follows undefined bytes.

#include "ascendc/api/ascendc/abi.h"
#include "ascendc/costs.h"

namespace etalon::ascendc {

// The element types of the six patterns of GatherMask: of every `period` elements, number `first`.
struct GatherPattern {
  int period, first;
};
inline GatherPattern gather_pattern(int pattern) {
  return pattern < 3 ? GatherPattern{2, pattern - 1} : GatherPattern{4, pattern - 3};
}

// GatherMask: f(offset of the element from src0) for each element that is kept, in order. `bits(byte)` reads
// the mask, if a tensor holds it.
template <class Bits, class F>
std::uint64_t each_kept(const etalon_asc_vector& v, Bits bits, F f) {
  const std::int64_t size = bytes_of(v.src_type), per_block = 32 / size;
  const std::int64_t elements = v.extra[0] != 0 ? v.extra[0] : 256 / size;  // of a repeat
  std::uint64_t kept = 0;
  for (std::int64_t r = 0; r < v.repeat; ++r) {
    for (std::int64_t e = 0; e < elements; ++e) {
      bool on = v.detail == 7;
      if (v.detail == 0) {
        on = (static_cast<unsigned>(bits(v.src1 + r * v.src1_repeat * 32 + e / 8)) >> (e % 8) & 1u) != 0;
      } else if (v.detail < 7) {
        const GatherPattern p = gather_pattern(v.detail);
        on = e % p.period == p.first;
      }
      if (!on) continue;
      f(r * v.src0_repeat * 32 + e / per_block * v.src0_block * 32 + e % per_block * size);
      ++kept;
    }
  }
  return kept;
}
// Bytes of the mask that one repeat reads.
inline std::int64_t gather_mask_bytes(const etalon_asc_vector& v) {
  const std::int64_t elements = v.extra[0] != 0 ? v.extra[0] : 256 / bytes_of(v.src_type);
  return v.detail == 0 ? (elements + 7) / 8 : 0;
}

// TransDataTo5HD: f(byte of UB written, byte of UB read, bytes) for each element. Repeats move every block by
// the repeat strides. 8-bit elements: extra[0], extra[1] say whether the high halves of destination and
// source blocks are meant.
template <class F>
void each_transposed(const etalon_asc_vector& v, F f) {
  const int size = bytes_of(v.src_type);
  for (std::uint32_t r = 0; r < v.repeat; ++r) {
    const std::uint32_t to = r * v.dst_repeat * 32, from = r * v.src0_repeat * 32;
    for (std::uint32_t i = 0; i < 16; ++i) {
      const std::uint32_t source = v.lists[16 + i] + from;
      if (size == 4) {  // 16 x 8 words: each row of the result is two blocks
        for (std::uint32_t j = 0; j < 8; ++j) f(v.lists[2 * j + i / 8] + to + i % 8 * 4, source + j * 4, 4u);
      } else if (size == 2) {
        for (std::uint32_t j = 0; j < 16; ++j) f(v.lists[j] + to + i * 2, source + j * 2, 2u);
      } else {
        const std::uint32_t d = v.extra[0] != 0 ? 16 : 0, s = v.extra[1] != 0 ? 16 : 0;
        for (std::uint32_t j = 0; j < 16; ++j) f(v.lists[j] + to + d + i, source + s + j, 1u);
      }
    }
  }
}

// The lists that MrgSort merges. They lie one behind the other if it repeats: the next repeat takes the next
// four, so that each of them begins as many pairs later as all have.
struct MergeLists {
  std::uint32_t start[4], length[4];  // bytes of UB, pairs
  bool used[4];
  bool suspends;        // ends when a list is used up
  std::uint32_t pairs;  // of all lists that take part
};
inline MergeLists merge_lists(const etalon_asc_vector& v) {
  MergeLists m = {{v.src0, v.src1, v.extra[0], v.extra[1]},
                  {v.extra[2] & 0xffff, v.extra[2] >> 16, v.extra[3] & 0xffff, v.extra[3] >> 16},
                  {},
                  (v.detail & 0x80) != 0,
                  0};
  for (int l = 0; l < 4; ++l) {
    m.used[l] = (v.detail >> l & 1) != 0;
    if (m.used[l]) m.pairs += m.length[l];
  }
  return m;
}

}  // namespace etalon::ascendc
