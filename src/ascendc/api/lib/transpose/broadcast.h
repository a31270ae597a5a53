// SPDX-License-Identifier: Apache-2.0
#pragma once

// Broadcast (older: BroadCast) of one element to n, one row to m, or one column to k: types of 16 and 32
// bits; bytes go through half. The last axis of the result is whole blocks, as the interface asks.

#include "../common/rows.h"

namespace AscendC {
namespace detail {
namespace lib {

template <class T>
inline void broadcast_column(const LocalTensor<T>& dst, const LocalTensor<T>& src, std::uint32_t rows,
                             std::uint32_t cols, Temporary memory) {
  constexpr std::uint32_t block = kPerBlock<T>;
  const std::uint32_t step = memory.fit(32, rows, 8);
  const LocalTensor<T> spread = memory.take<T>(round_up(step, 8) * block);
  for (std::uint32_t r = 0; r < rows; r += step) {
    const std::uint32_t n = rows - r < step ? rows - r : step;
    spread_values(spread, src[r], n, block);
    rows_copy(n, cols, rows_of(dst[r * cols], round_up(cols, block)), spread_rows(spread));
  }
}
template <int dim, int axis, class T>
inline void broadcast(const LocalTensor<T>& dst, const LocalTensor<T>& src, const std::uint32_t* to,
                      const std::uint32_t* from, Temporary memory) {
  static_assert(dim == 1 || dim == 2, "Broadcast has one or two dimensions on this chip");
  static_assert(axis >= 0 && axis < dim, "the axis of Broadcast is one of its dimensions");
  const KeptMask kept;
  const std::uint32_t rows = dim == 1 ? 1 : to[0], cols = to[dim - 1], count = rows * cols;
  if constexpr (sizeof(T) == 1) {
    std::uint32_t given = from[0];
    for (int d = 1; d < dim; ++d) given *= from[d];
    const LocalTensor<half> narrow = memory.take<half>(round_up(given, 128)), wide = memory.take<half>(count);
    cast(narrow, src, RoundMode::CAST_NONE, given);
    broadcast<dim, axis>(wide, narrow, to, from, memory);
    cast(dst, wide, RoundMode::CAST_NONE, count);
  } else if (from[axis] == to[axis]) {
    rows_copy(1, count, rows_of(dst, round_up(count, kPerBlock<T>)),
              rows_of(src, round_up(count, kPerBlock<T>)));
  } else if constexpr (dim == 2 && axis == 0) {
    rows_copy(rows, cols, rows_of(dst, cols), rows_of(src, 0));
  } else {
    broadcast_column(dst, src, rows, cols, memory);
  }
}

}  // namespace lib
}  // namespace detail

#define ETALON_BROADCAST(Name)                                                             \
  template <class T, std::int32_t dim, std::int32_t axis, bool isReuseSource = false>      \
  inline void Name(const LocalTensor<T>& dstLocal, const LocalTensor<T>& srcLocal,         \
                   const std::uint32_t dstShape[dim], const std::uint32_t srcShape[dim],   \
                   const LocalTensor<std::uint8_t>& sharedTmpBuffer) {                     \
    detail::lib::broadcast<dim, axis>(dstLocal, srcLocal, dstShape, srcShape,              \
                                      detail::lib::Temporary(sharedTmpBuffer));            \
  }                                                                                        \
  template <class T, std::int32_t dim, std::int32_t axis, bool isReuseSource = false>      \
  inline void Name(const LocalTensor<T>& dstLocal, const LocalTensor<T>& srcLocal,         \
                   const std::uint32_t dstShape[dim], const std::uint32_t srcShape[dim]) { \
    detail::lib::broadcast<dim, axis>(dstLocal, srcLocal, dstShape, srcShape,              \
                                      detail::lib::Temporary::rest_of_ub());               \
  }
ETALON_BROADCAST(Broadcast)
ETALON_BROADCAST(BroadCast)
#undef ETALON_BROADCAST

}  // namespace AscendC
