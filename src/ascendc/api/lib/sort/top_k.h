// SPDX-License-Identifier: Apache-2.0
#pragma once

// TopK: the k largest (or smallest) of the first n of each row with their indices. Rows of results begin at
// whole blocks. Mode TOPK_NORMAL, without finish flags.

#include "../../kernel_tiling/families.h"
#include "sort.h"

namespace AscendC {

// Rows, elements of a row in memory (a multiple of 32), elements with data.
struct TopKInfo {
  std::int32_t outter = 1, inner = 0, n = 0;
};

namespace detail {
namespace lib {

// `index` of the elements of a row, or none (its own positions).
template <bool given, class T>
inline void top_k(const LocalTensor<T>& values, const LocalTensor<std::int32_t>& indices,
                  const LocalTensor<T>& src, const LocalTensor<std::int32_t>& index, Temporary memory,
                  std::uint32_t k, const TopKInfo& info, bool largest) {
  const KeptMask kept;
  const auto inner = static_cast<std::uint32_t>(info.inner), n = static_cast<std::uint32_t>(info.n);
  const LocalTensor<T> scores = memory.take<T>(inner), sorted = memory.take<T>(GetSortLen<T>(inner)),
                       scratch = memory.take<T>(GetSortLen<T>(inner));
  LocalTensor<std::int32_t> position = index;
  if constexpr (!given) {
    position = memory.take<std::int32_t>(inner);
    CreateVecIndex(position, 0, inner);
    then();
  }
  for (std::uint32_t r = 0; r < static_cast<std::uint32_t>(info.outter); ++r) {
    if (n < inner) fill(scores, -__builtin_inff(), inner);
    muls(scores, src[r * inner], largest ? 1.0f : -1.0f, n);
    sort_fully(sorted, scores, position.template ReinterpretCast<std::uint32_t>(), scratch, inner);
    const LocalTensor<T> best = scores;  // free again
    const LocalTensor<std::uint32_t> where = scratch.template ReinterpretCast<std::uint32_t>();
    const std::uint32_t repeats = (k + 31) / 32;
    take_of_pairs(best, sorted, sizeof(T) == 4 ? 1 : 3, repeats);
    take_of_pairs(where, sorted.template ReinterpretCast<std::uint32_t>(), 2, repeats);
    muls(values[r * round_up(k, kPerBlock<T>)], best, largest ? 1.0f : -1.0f, k);
    adds(indices[r * round_up(k, 8)], where.template ReinterpretCast<std::int32_t>(), 0, k);
  }
}

}  // namespace lib
}  // namespace detail

#define ETALON_TOP_K_LIMITS                                        \
  static_assert(!isHasfinish && topkMode == TopKMode::TOPK_NORMAL, \
                "TopK has mode TOPK_NORMAL without finish flags here")
template <class T, bool isInitIndex = false, bool isHasfinish = false, bool isReuseSrc = false,
          enum TopKMode topkMode = TopKMode::TOPK_NORMAL>
inline void TopK(const LocalTensor<T>& dstValueLocal, const LocalTensor<std::int32_t>& dstIndexLocal,
                 const LocalTensor<T>& srcLocal, const LocalTensor<std::int32_t>& srcIndexLocal,
                 const LocalTensor<bool>& /*finishLocal*/, const LocalTensor<std::uint8_t>& tmpLocal,
                 const std::int32_t k, const TopkTiling& /*tilling*/, const TopKInfo& topKInfo,
                 const bool isLargest = true) {
  ETALON_TOP_K_LIMITS;
  detail::lib::top_k<isInitIndex>(dstValueLocal, dstIndexLocal, srcLocal, srcIndexLocal,
                                  detail::lib::Temporary(tmpLocal), static_cast<std::uint32_t>(k), topKInfo,
                                  isLargest);
}
template <class T, bool isInitIndex = false, bool isHasfinish = false, bool isReuseSrc = false,
          enum TopKMode topkMode = TopKMode::TOPK_NORMAL>
inline void TopK(const LocalTensor<T>& dstValueLocal, const LocalTensor<std::int32_t>& dstIndexLocal,
                 const LocalTensor<T>& srcLocal, const LocalTensor<std::int32_t>& srcIndexLocal,
                 const LocalTensor<bool>& /*finishLocal*/, const std::int32_t k,
                 const TopkTiling& /*tilling*/, const TopKInfo& topKInfo, const bool isLargest = true) {
  ETALON_TOP_K_LIMITS;
  detail::lib::top_k<isInitIndex>(dstValueLocal, dstIndexLocal, srcLocal, srcIndexLocal,
                                  detail::lib::Temporary::rest_of_ub(), static_cast<std::uint32_t>(k),
                                  topKInfo, isLargest);
}
#undef ETALON_TOP_K_LIMITS

}  // namespace AscendC
