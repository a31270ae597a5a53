// SPDX-License-Identifier: Apache-2.0
#pragma once

// Mask registers: how they come to be, and what can be done with them alone.

#include "lanes.h"

namespace AscendC {
namespace Reg {
namespace detail {

template <class T>
constexpr std::uint32_t mask_lanes(const RegTrait& trait) {
  return 256 * static_cast<std::uint32_t>(trait.REG_NUM) / sizeof(T);
}
template <class On>
inline MaskReg mask_where(std::uint32_t lanes, On on) {
  MaskReg m;
  for (std::uint32_t i = 0; i < lanes; ++i) {
    if (on(i)) m.set(i * (256 / lanes));
  }
  return m;
}
template <class F>
inline void mask_words(MaskReg& dst, const MaskReg& mask, F f) {
  simple();
  for (int w = 0; w < 4; ++w) dst.bits[w] = f(w) & mask.bits[w];
}

}  // namespace detail

template <class T, MaskPattern mode = MaskPattern::ALL, const RegTrait& trait = RegTraitNumOne>
inline MaskReg CreateMask() {
  detail::simple();
  constexpr std::uint32_t lanes = detail::mask_lanes<T>(trait);
  return detail::mask_where(lanes, [](std::uint32_t i) {
    switch (mode) {
      case MaskPattern::ALL:
        return true;
      case MaskPattern::VL1:
        return i < 1;
      case MaskPattern::VL2:
        return i < 2;
      case MaskPattern::VL3:
        return i < 3;
      case MaskPattern::VL4:
        return i < 4;
      case MaskPattern::VL8:
        return i < 8;
      case MaskPattern::VL16:
        return i < 16;
      case MaskPattern::VL32:
        return i < 32;
      case MaskPattern::VL64:
        return i < 64;
      case MaskPattern::VL128:
        return i < 128;
      case MaskPattern::M3:
        return i % 3 == 0;
      case MaskPattern::M4:
        return i % 4 == 0;
      case MaskPattern::H:
        return i < lanes / 2;
      case MaskPattern::Q:
        return i < lanes / 4;
      default:
        return false;
    }
  });
}
// The first `count` elements, of which so many as a register holds are taken off `count`.
template <class T, const RegTrait& trait = RegTraitNumOne>
inline MaskReg UpdateMask(std::uint32_t& count) {
  detail::simple();
  constexpr std::uint32_t lanes = detail::mask_lanes<T>(trait);
  const std::uint32_t now = count;
  count = now < lanes ? 0 : now - lanes;
  return detail::mask_where(lanes, [&](std::uint32_t i) { return i < now; });
}

// Results are zero where `mask` is.
#define ETALON_REG_MASK_BINARY(name, old, op)                                               \
  inline void name(MaskReg& dst, const MaskReg& a, const MaskReg& b, const MaskReg& mask) { \
    const MaskReg x = a, y = b;                                                             \
    detail::mask_words(dst, MaskReg(mask), [&](int w) { return x.bits[w] op y.bits[w]; });  \
  }                                                                                         \
  inline void old(MaskReg& dst, const MaskReg& a, const MaskReg& b, const MaskReg& mask) {  \
    name(dst, a, b, mask);                                                                  \
  }
ETALON_REG_MASK_BINARY(And, MaskAnd, &)
ETALON_REG_MASK_BINARY(Or, MaskOr, |)
ETALON_REG_MASK_BINARY(Xor, MaskXor, ^)
#undef ETALON_REG_MASK_BINARY
inline void Not(MaskReg& dst, const MaskReg& a, const MaskReg& mask) {
  const MaskReg x = a;
  detail::mask_words(dst, MaskReg(mask), [&](int w) { return ~x.bits[w]; });
}
inline void MaskNot(MaskReg& dst, const MaskReg& a, const MaskReg& mask) { Not(dst, a, mask); }
inline void Move(MaskReg& dst, const MaskReg& a, const MaskReg& mask) {
  const MaskReg x = a;
  detail::mask_words(dst, MaskReg(mask), [&](int w) { return x.bits[w]; });
}
inline void Move(MaskReg& dst, const MaskReg& a) {
  detail::simple();
  dst = a;
}
inline void MaskMov(MaskReg& dst, const MaskReg& a, const MaskReg& mask) { Move(dst, a, mask); }
inline void MaskMov(MaskReg& dst, const MaskReg& a) { Move(dst, a); }
inline void Select(MaskReg& dst, const MaskReg& a, const MaskReg& b, const MaskReg& mask) {
  const MaskReg x = a, y = b, m = mask;
  detail::simple();
  for (int w = 0; w < 4; ++w) dst.bits[w] = (x.bits[w] & m.bits[w]) | (y.bits[w] & ~m.bits[w]);
}
inline void MaskSel(MaskReg& dst, const MaskReg& a, const MaskReg& b, const MaskReg& mask) {
  Select(dst, a, b, mask);
}

// Every second bit, into one half; the other half becomes zero. So a mask of wide elements fits elements half
// as wide.
template <HighLowPart part = HighLowPart::LOWEST>
inline void Pack(MaskReg& dst, const MaskReg& src) {
  detail::simple();
  MaskReg m;
  for (std::uint32_t i = 0; i < 128; ++i) m.set(i + (part == HighLowPart::HIGHEST ? 128 : 0), src.at(2 * i));
  dst = m;
}
// One half, with a zero after every bit: for elements twice as wide.
template <HighLowPart part = HighLowPart::LOWEST>
inline void UnPack(MaskReg& dst, const MaskReg& src) {
  detail::simple();
  MaskReg m;
  for (std::uint32_t i = 0; i < 128; ++i) m.set(2 * i, src.at(i + (part == HighLowPart::HIGHEST ? 128 : 0)));
  dst = m;
}
template <HighLowPart part = HighLowPart::LOWEST>
inline void MaskPack(MaskReg& dst, const MaskReg& src) {
  Pack<part>(dst, src);
}
template <HighLowPart part = HighLowPart::LOWEST>
inline void MaskUnPack(MaskReg& dst, const MaskReg& src) {
  UnPack<part>(dst, src);
}
template <class T>
inline void Interleave(MaskReg& dst0, MaskReg& dst1, const MaskReg& src0, const MaskReg& src1) {
  detail::simple();
  constexpr std::uint32_t lanes = 256 / sizeof(T);
  MaskReg out[2];
  for (std::uint32_t i = 0; i < lanes; ++i) {
    for (std::uint32_t s = 0; s < 2; ++s) {
      const std::uint32_t to = 2 * i + s;
      out[to / lanes].set(to % lanes * sizeof(T), (s == 0 ? src0 : src1).at(i * sizeof(T)));
    }
  }
  dst0 = out[0], dst1 = out[1];
}
template <class T>
inline void DeInterleave(MaskReg& dst0, MaskReg& dst1, const MaskReg& src0, const MaskReg& src1) {
  detail::simple();
  constexpr std::uint32_t lanes = 256 / sizeof(T);
  MaskReg out[2];
  for (std::uint32_t i = 0; i < lanes; ++i) {
    for (std::uint32_t s = 0; s < 2; ++s) {
      const std::uint32_t from = 2 * i + s;
      out[s].set(i * sizeof(T), (from < lanes ? src0 : src1).at(from % lanes * sizeof(T)));
    }
  }
  dst0 = out[0], dst1 = out[1];
}
template <class T>
inline void MaskInterleave(MaskReg& dst0, MaskReg& dst1, const MaskReg& src0, const MaskReg& src1) {
  Interleave<T>(dst0, dst1, src0, src1);
}
template <class T>
inline void MaskDeInterleave(MaskReg& dst0, MaskReg& dst1, const MaskReg& src0, const MaskReg& src1) {
  DeInterleave<T>(dst0, dst1, src0, src1);
}

}  // namespace Reg
}  // namespace AscendC
