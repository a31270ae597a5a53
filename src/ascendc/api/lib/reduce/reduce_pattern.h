// SPDX-License-Identifier: Apache-2.0
#pragma once

// ReduceSum, ReduceMax, ReduceMin, ReduceMean, ReduceAny, ReduceAll of matrices by pattern: AR along rows, RA
// over rows. Rows lie a whole number of blocks apart if srcInnerPad, as wide as they are otherwise.

#include "../common/rows.h"

namespace AscendC {

namespace Pattern {
namespace Reduce {
struct AR {};
struct RA {};
}  // namespace Reduce
}  // namespace Pattern

namespace detail {
namespace lib {

// Rows are folded in halves, so that sums round as a tree of them.
template <class T>
inline void over_rows(Reduction kind, const LocalTensor<T>& dst, const LocalTensor<T>& src,
                      std::uint32_t rows, std::uint32_t cols, std::uint32_t pitch, Temporary memory) {
  const auto fold = [&](const Rows<T>& d, const Rows<T>& a, const Rows<T>& b, std::uint32_t n) {
    combine_rows(kind, n, cols, d, a, b);
  };
  const auto row = [&](const LocalTensor<T>& t, std::uint32_t r) { return rows_of(t[r * pitch], pitch); };
  if (rows == 1) return rows_copy(1, cols, row(dst, 0), row(src, 0));
  if (rows == 2) return fold(row(dst, 0), row(src, 0), row(src, 1), 1);
  const std::uint32_t half = (rows + 1) / 2;
  const LocalTensor<T> t = memory.take<T>(half * pitch);
  rows_copy(half, cols, row(t, 0), row(src, 0));
  fold(row(t, 0), row(t, 0), row(src, half), rows - half);
  for (std::uint32_t left = half; left > 1;) {
    const std::uint32_t to = (left + 1) / 2;
    if (left == 2) {
      fold(row(dst, 0), row(t, 0), row(t, 1), 1);
      return;
    }
    fold(row(t, 0), row(t, 0), row(t, to), left - to);
    left = to;
  }
}

template <class pattern, class T>
inline void reduce_matrix(Reduction kind, const LocalTensor<T>& dst, const LocalTensor<T>& src,
                          const std::uint32_t* shape, bool padded, Temporary memory) {
  const KeptMask kept;
  const std::uint32_t rows = shape[0], cols = shape[1], pitch = padded ? round_up(cols, kPerBlock<T>) : cols;
  if (pitch % kPerBlock<T> != 0 && rows > 1)
    etalon_asc_fail("ascendc.alignment", "rows of a matrix to reduce are not whole blocks of 32 bytes apart");
  if constexpr (std::is_same<pattern, Pattern::Reduce::RA>::value) {
    over_rows(kind, dst, src, rows, cols, round_up(pitch, kPerBlock<T>), memory);
  } else {
    static_assert(std::is_same<pattern, Pattern::Reduce::AR>::value, "Pattern::Reduce::AR or RA");
    const std::uint32_t scratch = reduce_scratch<T>(cols), step = memory.fit(scratch * sizeof(T), rows, 1);
    const LocalTensor<T> t = memory.take<T>(scratch * step);
    for (std::uint32_t r = 0; r < rows; r += step)
      row_reduce(kind, dst[r], rows - r < step ? rows - r : step, cols,
                 rows_of(src[r * pitch], round_up(pitch, kPerBlock<T>)), t);
  }
}
template <class pattern>
inline std::uint32_t kept_elements(const std::uint32_t* shape) {
  return std::is_same<pattern, Pattern::Reduce::AR>::value ? shape[0] : shape[1];
}
template <class pattern>
inline std::uint32_t reduced_elements(const std::uint32_t* shape) {
  return std::is_same<pattern, Pattern::Reduce::AR>::value ? shape[1] : shape[0];
}

}  // namespace lib
}  // namespace detail

#define ETALON_REDUCE_PATTERN(Name, kind, after)                                                         \
  template <class T, class pattern, bool isReuseSource = false>                                          \
  inline void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src,                                 \
                   const LocalTensor<std::uint8_t>& sharedTmpBuffer, const std::uint32_t srcShape[],     \
                   bool srcInnerPad) {                                                                   \
    static_assert(std::is_same<T, float>::value || std::is_same<T, half>::value,                         \
                  #Name " takes half and float");                                                        \
    detail::lib::reduce_matrix<pattern>(detail::lib::Reduction::kind, dst, src, srcShape, srcInnerPad,   \
                                        detail::lib::Temporary(sharedTmpBuffer));                        \
    after;                                                                                               \
  }                                                                                                      \
  template <class T, class pattern, bool isReuseSource = false>                                          \
  inline void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src, const std::uint32_t srcShape[], \
                   bool srcInnerPad) {                                                                   \
    static_assert(std::is_same<T, float>::value || std::is_same<T, half>::value,                         \
                  #Name " takes half and float");                                                        \
    detail::lib::reduce_matrix<pattern>(detail::lib::Reduction::kind, dst, src, srcShape, srcInnerPad,   \
                                        detail::lib::Temporary::rest_of_ub());                           \
    after;                                                                                               \
  }
ETALON_REDUCE_PATTERN(ReduceSum, sum, static_cast<void>(0))
ETALON_REDUCE_PATTERN(ReduceMax, max, static_cast<void>(0))
ETALON_REDUCE_PATTERN(ReduceMin, min, static_cast<void>(0))
ETALON_REDUCE_PATTERN(ReduceAny, max, static_cast<void>(0))  // of zeroes and ones
ETALON_REDUCE_PATTERN(ReduceAll, min, static_cast<void>(0))
ETALON_REDUCE_PATTERN(ReduceMean, sum,
                      detail::lib::muls(dst, dst, 1.0f / detail::lib::reduced_elements<pattern>(srcShape),
                                        detail::lib::kept_elements<pattern>(srcShape)))
#undef ETALON_REDUCE_PATTERN

}  // namespace AscendC
