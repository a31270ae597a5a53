// SPDX-License-Identifier: Apache-2.0
#pragma once

// CumSum over the rows of a matrix, or along each row. Along rows the sums double their reach at each step,
// through gathers of the row moved by that many places.

#include "../common/rows.h"

namespace AscendC {

enum class CumSumAlgorithm { CUMSUM_ALGORITHM_LINEBYLINE = 0, CUMSUM_ALGORITHM_SKLANSKY = 1 };
struct CumSumConfig {
  bool isLastAxis = true, isReuseSource = false, outputLastRow = false;
  CumSumAlgorithm algorithm = CumSumAlgorithm::CUMSUM_ALGORITHM_LINEBYLINE;
};
constexpr CumSumConfig defaultCumSumConfig = {true, false, true,
                                              CumSumAlgorithm::CUMSUM_ALGORITHM_LINEBYLINE};
struct CumSumInfo {
  std::uint32_t outter = 0, inner = 0;  // rows, and elements of a row (whole blocks)
};

namespace detail {
namespace lib {

template <class T>
inline void sums_over_rows(const LocalTensor<T>& dst, const LocalTensor<T>& src, const CumSumInfo& info,
                           Temporary memory) {
  if constexpr (is_float<T>) {
    rows_copy(1, info.inner, rows_of(dst, info.inner), rows_of(src, info.inner));
    for (std::uint32_t r = 1; r < info.outter; ++r)
      add(dst[r * info.inner], dst[(r - 1) * info.inner], src[r * info.inner], info.inner);
  } else {  // half is summed in float
    const LocalTensor<float> sum = memory.take<float>(info.inner), row = memory.take<float>(info.inner);
    fill(sum, 0.0f, info.inner);
    for (std::uint32_t r = 0; r < info.outter; ++r) {
      cast(row, src[r * info.inner], RoundMode::CAST_NONE, info.inner);
      add(sum, sum, row, info.inner);
      cast(dst[r * info.inner], sum, kToNearest, info.inner);
    }
  }
}

// A row in float is added to itself moved by 1, 2, 4, ... places; the places before it hold zero.
template <class T>
inline void sums_along_rows(const LocalTensor<T>& dst, const LocalTensor<T>& src, const CumSumInfo& info,
                            Temporary memory) {
  const std::uint32_t n = info.inner;
  const LocalTensor<float> padded = memory.take<float>(n + 8), moved = memory.take<float>(n);
  const LocalTensor<float> row = padded[8];  // after a block of zeroes
  const LocalTensor<std::int32_t> place = memory.take<std::int32_t>(n), from = memory.take<std::int32_t>(n);
  fill(padded, 0.0f, 8);
  CreateVecIndex(place, 0, n);
  then();
  muls(place, place, 4, n);
  adds(place, place, 32, n);  // the byte of each element after the zeroes
  for (std::uint32_t r = 0; r < info.outter; ++r) {
    if constexpr (is_float<T>)
      adds(row, src[r * n], 0.0f, n);
    else
      cast(row, src[r * n], RoundMode::CAST_NONE, n);
    for (std::uint32_t reach = 1; reach < n; reach *= 2) {
      adds(from, place, -4 * static_cast<std::int32_t>(reach), n);
      maxs(from, from, 0, n);
      // Places 0 to 7 are zeroes; what would come from before them does as well.
      Gather(moved, padded, from.ReinterpretCast<std::uint32_t>(), 0u, n);
      then();
      add(row, row, moved, n);
    }
    if constexpr (is_float<T>)
      adds(dst[r * n], row, 0.0f, n);
    else
      cast(dst[r * n], row, kToNearest, n);
  }
}
template <class T>
inline void cumulative_sum(const LocalTensor<T>& dst, const LocalTensor<T>& last, const LocalTensor<T>& src,
                           const CumSumInfo& info, const CumSumConfig& config, Temporary memory) {
  static_assert(is_float<T> || std::is_same<T, half>::value, "CumSum takes half and float");
  const KeptMask kept;
  if (config.isLastAxis)
    sums_along_rows(dst, src, info, memory);
  else
    sums_over_rows(dst, src, info, memory);
  if (config.outputLastRow)
    rows_copy(1, info.inner, rows_of(last, info.inner),
              rows_of(dst[(info.outter - 1) * info.inner], info.inner));
}

}  // namespace lib
}  // namespace detail

template <class T, const CumSumConfig& config = defaultCumSumConfig>
inline void CumSum(const LocalTensor<T>& dstTensor, const LocalTensor<T>& lastRowTensor,
                   const LocalTensor<T>& srcTensor, const LocalTensor<std::uint8_t>& sharedTmpBuffer,
                   const CumSumInfo& cumSumInfo) {
  detail::lib::cumulative_sum(dstTensor, lastRowTensor, srcTensor, cumSumInfo, config,
                              detail::lib::Temporary(sharedTmpBuffer));
}
template <class T, const CumSumConfig& config = defaultCumSumConfig>
inline void CumSum(const LocalTensor<T>& dstTensor, const LocalTensor<T>& lastRowTensor,
                   const LocalTensor<T>& srcTensor, const CumSumInfo& cumSumInfo) {
  detail::lib::cumulative_sum(dstTensor, lastRowTensor, srcTensor, cumSumInfo, config,
                              detail::lib::Temporary::rest_of_ub());
}

}  // namespace AscendC
