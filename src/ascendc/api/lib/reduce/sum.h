// SPDX-License-Identifier: Apache-2.0
#pragma once

// Sum and Mean along rows: of each of `outter` rows, `inner` elements apart, the first n; packed results.

#include "../common/rows.h"

namespace AscendC {

struct SumParams {
  std::uint32_t outter = 1, inner = 0, n = 0;
};
struct MeanParams {
  std::uint32_t outter = 1, inner = 0, n = 0;
};

namespace detail {
namespace lib {

template <class T>
inline void sum_rows(const LocalTensor<T>& dst, const LocalTensor<T>& src, std::uint32_t rows,
                     std::uint32_t inner, std::uint32_t n, Temporary memory) {
  const KeptMask kept;
  const std::uint32_t scratch = reduce_scratch<T>(n), step = memory.fit(scratch * sizeof(T), rows, 1);
  const LocalTensor<T> t = memory.take<T>(scratch * step);
  for (std::uint32_t r = 0; r < rows; r += step)
    row_reduce(Reduction::sum, dst[r], rows - r < step ? rows - r : step, n, rows_of(src[r * inner], inner),
               t);
}

// Summed in float if accType is, for a source of half.
template <class accType, class T>
inline void mean_rows(const LocalTensor<T>& dst, const LocalTensor<T>& src, const MeanParams& p,
                      Temporary memory) {
  const KeptMask kept;
  if constexpr (std::is_same<accType, T>::value) {
    sum_rows(dst, src, p.outter, p.inner, p.n, memory);
    muls(dst, dst, 1.0f / static_cast<float>(p.n), p.outter);
  } else {
    static_assert(is_float<accType>, "means are summed in the type of the source or in float");
    const LocalTensor<float> row = memory.take<float>(p.inner), sums = memory.take<float>(p.outter);
    for (std::uint32_t r = 0; r < p.outter; ++r) {
      cast(row, src[r * p.inner], RoundMode::CAST_NONE, p.inner);
      sum_rows(sums[r], row, 1, p.inner, p.n, memory);
    }
    muls(sums, sums, 1.0f / static_cast<float>(p.n), p.outter);
    cast(dst, sums, kToNearest, p.outter);
  }
}

}  // namespace lib
}  // namespace detail

template <class T, std::int32_t reduceDim = -1, bool isReuseSource = false, bool isBasicBlock = false>
inline void Sum(const LocalTensor<T>& dstTensor, const LocalTensor<T>& srcTensor,
                const LocalTensor<std::uint8_t>& sharedTmpBuffer, const SumParams& sumParams) {
  detail::lib::sum_rows(dstTensor, srcTensor, sumParams.outter, sumParams.inner, sumParams.n,
                        detail::lib::Temporary(sharedTmpBuffer));
}
template <class T, std::int32_t reduceDim = -1, bool isReuseSource = false, bool isBasicBlock = false>
inline void Sum(const LocalTensor<T>& dstTensor, const LocalTensor<T>& srcTensor,
                const SumParams& sumParams) {
  detail::lib::sum_rows(dstTensor, srcTensor, sumParams.outter, sumParams.inner, sumParams.n,
                        detail::lib::Temporary::rest_of_ub());
}
template <class T, class accType = T, bool isReuseSource = false, bool isBasicBlock = false,
          std::int32_t reduceDim = -1>
inline void Mean(const LocalTensor<T>& dstTensor, const LocalTensor<T>& srcTensor,
                 const LocalTensor<std::uint8_t>& sharedTmpBuffer, const MeanParams& meanParams) {
  detail::lib::mean_rows<accType>(dstTensor, srcTensor, meanParams, detail::lib::Temporary(sharedTmpBuffer));
}
template <class T, class accType = T, bool isReuseSource = false, bool isBasicBlock = false,
          std::int32_t reduceDim = -1>
inline void Mean(const LocalTensor<T>& dstTensor, const LocalTensor<T>& srcTensor,
                 const MeanParams& meanParams) {
  detail::lib::mean_rows<accType>(dstTensor, srcTensor, meanParams, detail::lib::Temporary::rest_of_ub());
}

}  // namespace AscendC
