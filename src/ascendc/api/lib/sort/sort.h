// SPDX-License-Identifier: Apache-2.0
#pragma once

// Concat, Sort, Extract and MrgSort over (score, index) pairs of eight bytes: 32 by an instruction, then four
// lists at a time. Largest first; equal scores keep their order.

#include "../../ascendc/arrange.h"
#include "../common/rows.h"

namespace AscendC {

// Elements of T that pairs take: an offset, or a length.
template <class T>
inline std::uint32_t GetSortOffset(const std::uint32_t elemOffset) {
  return elemOffset * (8 / static_cast<std::uint32_t>(sizeof(T)));
}
template <class T>
inline std::uint32_t GetSortLen(const std::uint32_t elemCount) {
  return GetSortOffset<T>(elemCount);
}

namespace detail {
namespace lib {

// Merges the lists of `length` pairs in `from`, four to one, into `to`; the last may be shorter, or missing.
template <class T>
inline void merge_lists(const LocalTensor<T>& to, const LocalTensor<T>& from, std::uint32_t length,
                        std::uint32_t pairs) {
  for (std::uint32_t at = 0; at < pairs; at += 4 * length) {
    MrgSort4Info info;
    std::uint32_t lists = 0, starts[4] = {at, at, at, at};
    for (; lists < 4 && at + lists * length < pairs; ++lists) {
      starts[lists] = at + lists * length;
      info.elementLengths[lists] =
          static_cast<std::uint16_t>(pairs - starts[lists] < length ? pairs - starts[lists] : length);
    }
    info.validBit = static_cast<std::uint16_t>((1u << lists) - 1);
    const auto list = [&](int i) { return from[GetSortOffset<T>(starts[i])]; };
    MrgSort(to[GetSortOffset<T>(at)], MrgSortSrcList<T>(list(0), list(1), list(2), list(3)), info);
  }
  then();
}

// Sorts all pairs; `tmp` is as large as dst.
template <class T>
inline void sort_fully(const LocalTensor<T>& dst, const LocalTensor<T>& scores,
                       const LocalTensor<std::uint32_t>& index, const LocalTensor<T>& tmp,
                       std::uint32_t pairs) {
  int levels = 0;
  for (std::uint32_t length = 32; length < pairs; length *= 4) ++levels;
  LocalTensor<T> here = levels % 2 == 0 ? dst : tmp, there = levels % 2 == 0 ? tmp : dst;
  constexpr std::uint32_t most = 32 * kMostRepeats;
  for (std::uint32_t at = 0; at < pairs; at += most)
    Sort32(here[GetSortOffset<T>(at)], scores[at], index[at],
           static_cast<std::int32_t>((pairs - at < most ? pairs - at : most) / 32));
  then();
  for (std::uint32_t length = 32; length < pairs; length *= 4) {
    merge_lists(there, here, length, pairs);
    const LocalTensor<T> swap = here;
    here = there;
    there = swap;
  }
}

// The words of a pair that a GatherMask pattern keeps, 32 pairs a repeat.
template <class T>
inline void take_of_pairs(const LocalTensor<T>& dst, const LocalTensor<T>& pairs, std::uint8_t pattern,
                          std::uint32_t repeats) {
  std::uint64_t kept = 0;
  for (std::uint32_t r = 0; r < repeats; r += kMostRepeats) {
    const std::uint32_t n = repeats - r < kMostRepeats ? repeats - r : kMostRepeats;
    GatherMask(dst[r * 32], pairs[r * kPerRepeat<T>], pattern, false, 0,
               GatherMaskParams(1, static_cast<std::uint16_t>(n), 8, 0), kept);
  }
  then();
}

}  // namespace lib
}  // namespace detail

// Scores are sorted where they lie on this chip.
template <class T>
inline void Concat(LocalTensor<T>& concatLocal, const LocalTensor<T>& srcLocal,
                   const LocalTensor<T>& /*tmpLocal*/, const std::int32_t /*repeatTime*/) {
  concatLocal = srcLocal;
}
// repeatTime times 32 scores with their indices; isFullSort false: each 32 by themselves.
template <class T, bool isFullSort>
inline void Sort(const LocalTensor<T>& dstLocal, const LocalTensor<T>& concatLocal,
                 const LocalTensor<std::uint32_t>& indexLocal, LocalTensor<T>& tmpLocal,
                 const std::int32_t repeatTime) {
  const detail::lib::KeptMask kept;
  if constexpr (isFullSort) {
    detail::lib::sort_fully(dstLocal, concatLocal, indexLocal, tmpLocal,
                            32u * static_cast<std::uint32_t>(repeatTime));
  } else {
    Sort32(dstLocal, concatLocal, indexLocal, repeatTime);
    detail::lib::then();
  }
}
template <class T>
inline void Extract(const LocalTensor<T>& dstValueLocal, const LocalTensor<std::uint32_t>& dstIndexLocal,
                    const LocalTensor<T>& sortedLocal, const std::int32_t repeatTime) {
  const detail::lib::KeptMask kept;
  const auto n = static_cast<std::uint32_t>(repeatTime);
  detail::lib::take_of_pairs(dstValueLocal, sortedLocal, sizeof(T) == 4 ? 1 : 3, n);
  detail::lib::take_of_pairs(dstIndexLocal, sortedLocal.template ReinterpretCast<std::uint32_t>(), 2, n);
}
// Up to four sorted lists to one; sortedNum: how many pairs came from each.
template <class T, bool isExhaustedSuspension = false>
inline void MrgSort(const LocalTensor<T>& dstLocal, const MrgSortSrcList<T>& sortList,
                    const std::uint16_t elementCountList[4], std::uint32_t sortedNum[4],
                    std::uint16_t validBit, const std::int32_t repeatTime) {
  MrgSort(dstLocal, sortList,
          MrgSort4Info(elementCountList, isExhaustedSuspension, validBit,
                       static_cast<std::uint16_t>(repeatTime)));
  detail::lib::then();
  std::uint16_t taken[4];
  GetMrgSortResult(taken[0], taken[1], taken[2], taken[3]);
  for (int i = 0; i < 4; ++i) sortedNum[i] = taken[i];
}

}  // namespace AscendC
