// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reductions of a register: to one value, by block of 32 bytes, by pair; histograms.

#include "transfer.h"

namespace AscendC {
namespace Reg {
namespace detail {

// The sum over a binary tree of neighbours; elements that do not count are zero.
template <class T>
inline T tree_sum(T* values, std::uint32_t count) {
  for (std::uint32_t n = count; n > 1; n /= 2) {
    for (std::uint32_t i = 0; i < n / 2; ++i)
      values[i] = static_cast<T>(added(values[2 * i], values[2 * i + 1]));
  }
  return values[0];
}
// One result for elements [first, first + count) of which the mask selects some; false: none.
template <ReduceType type, class E, class S>
inline bool reduced(const S& src, const MaskReg& mask, std::uint32_t first, std::uint32_t count, E* value,
                    std::uint32_t* index, bool* undefined) {
  E values[256] = {};
  bool some = false;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t lane = first + i;
    if (!mask.at(lane * mask_step<E, S>)) continue;
    const E v = get<E>(src, lane);
    values[i] = v;
    if (type != ReduceType::SUM && (!some || (type == ReduceType::MAX ? *value < v : v < *value)))
      *value = v, *index = lane;
    some = true;
    if (watched() && undefined_at(src, lane * sizeof(E), sizeof(E))) *undefined = true;
  }
  if (type == ReduceType::SUM) *value = tree_sum(values, count);
  return some;
}

}  // namespace detail

// One result, the lowest element; of a maximum or minimum the second is its first index. Sums of 16-bit
// integers are 32-bit.
template <ReduceType type = ReduceType::SUM, class T = DefaultType, class U = DefaultType,
          MaskMergeMode mode = MaskMergeMode::ZEROING, class D, class S, detail::OnlyRegister<D> = 0>
inline void Reduce(D& dst, const S& src, const MaskReg& mask) {
  using From = detail::TypeOf<U, S>;
  using To = detail::TypeOf<T, D>;
  detail::work(kAscRegSimple);
  detail::use<From>(src, mask, "Reduce");
  D out;
  if (mode == MaskMergeMode::MERGING) out = dst;
  out.pending.size = 0;
  bool undefined = false;
  if constexpr (sizeof(To) != sizeof(From)) {
    static_assert(type == ReduceType::SUM, "only sums are wider than their elements");
    RegTensor<To> halves[2];
    To values[256] = {};
    for (std::uint32_t i = 0; i < detail::lanes_in<From, S>; ++i) {
      if (!mask.at(i * detail::mask_step<From, S>)) continue;
      values[i] = static_cast<To>(detail::get<From>(src, i));
      undefined = undefined || detail::undefined_at(src, i * sizeof(From), sizeof(From));
    }
    detail::put<To>(out, 0, detail::tree_sum(values, detail::lanes_in<From, S>));
  } else {
    From value{};
    std::uint32_t index = 0;
    detail::reduced<type, From>(src, mask, 0, detail::lanes_in<From, S>, &value, &index, &undefined);
    detail::put<To>(out, 0, static_cast<To>(value));
    if (type != ReduceType::SUM) {
      const auto bits = static_cast<detail::Unsigned<To>>(index);
      detail::put<To>(out, 1, detail::of_bits<To>(bits));
    }
  }
  detail::mark(out, 0, sizeof(To), undefined);
  dst = out;
}
template <class T = DefaultType, class U = DefaultType, MaskMergeMode mode = MaskMergeMode::ZEROING, class D,
          class S>
inline void ReduceSum(D& dst, const S& src, const MaskReg& mask) {
  Reduce<ReduceType::SUM, T, U, mode>(dst, src, mask);
}
template <class T = DefaultType, MaskMergeMode mode = MaskMergeMode::ZEROING, class D, class S>
inline void ReduceMax(D& dst, const S& src, const MaskReg& mask) {
  Reduce<ReduceType::MAX, T, T, mode>(dst, src, mask);
}
template <class T = DefaultType, MaskMergeMode mode = MaskMergeMode::ZEROING, class D, class S>
inline void ReduceMin(D& dst, const S& src, const MaskReg& mask) {
  Reduce<ReduceType::MIN, T, T, mode>(dst, src, mask);
}
// One result for each 32-byte block, one after another.
template <ReduceType type = ReduceType::SUM, class T = DefaultType,
          MaskMergeMode mode = MaskMergeMode::ZEROING, class D, detail::OnlyRegister<D> = 0>
inline void ReduceDataBlock(D& dst, const D& src, const MaskReg& mask) {
  using E = detail::TypeOf<T, D>;
  constexpr std::uint32_t per = 32 / sizeof(E);
  detail::work(kAscRegSimple);
  detail::use<E>(src, mask, "ReduceDataBlock");
  D out;
  for (std::uint32_t b = 0; b < detail::bytes_in<D> / 32; ++b) {
    E value{};
    std::uint32_t index = 0;
    bool undefined = false;
    detail::reduced<type, E>(src, mask, b * per, per, &value, &index, &undefined);
    detail::put<E>(out, b, value);
    detail::mark(out, b * sizeof(E), sizeof(E), undefined);
  }
  dst = out;
}
#define ETALON_REG_BLOCKS(name, type)                                                    \
  template <class T = DefaultType, MaskMergeMode mode = MaskMergeMode::ZEROING, class D, \
            detail::OnlyRegister<D> = 0>                                                 \
  inline void name(D& dst, const D& src, const MaskReg& mask) {                          \
    ReduceDataBlock<type, T, mode>(dst, src, mask);                                      \
  }
ETALON_REG_BLOCKS(ReduceSumWithDataBlock, ReduceType::SUM)
ETALON_REG_BLOCKS(ReduceMaxWithDataBlock, ReduceType::MAX)
ETALON_REG_BLOCKS(ReduceMinWithDataBlock, ReduceType::MIN)
#undef ETALON_REG_BLOCKS
// Sums of neighbours, one after another.
template <ReduceType type = ReduceType::SUM, class T = DefaultType,
          MaskMergeMode mode = MaskMergeMode::ZEROING, class D, detail::OnlyRegister<D> = 0>
inline void PairReduceElem(D& dst, const D& src, const MaskReg& mask) {
  using E = detail::TypeOf<T, D>;
  detail::work(kAscRegSimple);
  detail::use<E>(src, mask, "PairReduceElem");
  D out;
  for (std::uint32_t i = 0; i < detail::lanes_in<E, D> / 2; ++i) {
    E value{};
    std::uint32_t index = 0;
    bool undefined = false;
    detail::reduced<type, E>(src, mask, 2 * i, 2, &value, &index, &undefined);
    detail::put<E>(out, i, value);
    detail::mark(out, i * sizeof(E), sizeof(E), undefined);
  }
  dst = out;
}
template <class T = DefaultType, MaskMergeMode mode = MaskMergeMode::ZEROING, class D,
          detail::OnlyRegister<D> = 0>
inline void PairReduceSum(D& dst, const D& src, const MaskReg& mask) {
  PairReduceElem<ReduceType::SUM, T, mode>(dst, src, mask);
}

// dst[v] grows by the number of selected bytes that are v (or at most v); BIN1: v from 128.
template <class T = DefaultType, class U = DefaultType, HistogramsBinType bin, HistogramsType type, class D,
          class S, detail::OnlyRegister<D> = 0>
inline void Histograms(D& dst, const S& src, const MaskReg& mask) {
  constexpr std::uint32_t first = bin == HistogramsBinType::BIN1 ? 128 : 0;
  detail::simple();
  detail::use<std::uint8_t>(src, mask, "Histograms");
  for (std::uint32_t v = 0; v < 128; ++v) {
    std::uint32_t n = 0;
    for (std::uint32_t i = 0; i < 256; ++i) {
      if (mask.at(i) &&
          (type == HistogramsType::FREQUENCY ? src.bytes[i] == first + v : src.bytes[i] <= first + v))
        ++n;
    }
    detail::put<std::uint16_t>(dst, v, static_cast<std::uint16_t>(detail::get<std::uint16_t>(dst, v) + n));
  }
  dst.pending.size = 0;
}

}  // namespace Reg
}  // namespace AscendC
