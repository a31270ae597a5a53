// SPDX-License-Identifier: Apache-2.0
#pragma once

// DataCopy of slices of a tensor: along each dimension, from the innermost, pieces from startIndex up to and
// with endIndex, `stride` elements apart from the end of one to the start of the next.

#include "copy.h"

namespace AscendC {

// burstLen: length of a piece, in units of 32 bytes along the innermost dimension, 1 along the others.
// shapeValue: length of the dimension in memory, elements.
struct SliceInfo {
  std::uint32_t startIndex = 0, endIndex = 0, stride = 0, burstLen = 0, shapeValue = 0;
  SliceInfo() = default;
  SliceInfo(std::uint32_t start, std::uint32_t end, std::uint32_t step, std::uint32_t burst,
            std::uint32_t shape)
      : startIndex(start), endIndex(end), stride(step), burstLen(burst), shapeValue(shape) {}
};

namespace detail {

// Where the innermost pieces of a slice lie.
template <class T>
struct SlicedRows {
  const SliceInfo* info;
  std::uint32_t dims;
  std::uint32_t burst(std::uint32_t d) const {
    return d == 0 ? info[0].burstLen * (32 / static_cast<std::uint32_t>(sizeof(T))) : info[d].burstLen;
  }
  std::uint32_t pieces(std::uint32_t d) const {
    const SliceInfo& s = info[d];
    const std::uint32_t step = burst(d) + s.stride;
    return step == 0 || s.endIndex < s.startIndex ? 0 : (s.endIndex - s.startIndex + step) / step;
  }
  std::uint32_t rows() const {
    std::uint32_t n = 1;
    for (std::uint32_t d = 1; d < dims; ++d) n *= pieces(d);
    return n;
  }
  // The element at which row `r` of innermost pieces begins.
  std::uint64_t start(std::uint32_t r) const {
    std::uint64_t at = info[0].startIndex, below = 1;
    for (std::uint32_t d = 1; d < dims; ++d) {
      const std::uint32_t n = pieces(d);
      below *= info[d - 1].shapeValue;
      at += below * (info[d].startIndex + std::uint64_t{r % n} * (burst(d) + info[d].stride));
      r /= n;
    }
    return at;
  }
};
template <class T, class Dst, class Src>
inline void copy_slices(const Dst& dst, const Src& src, const SlicedRows<T>& to, const SlicedRows<T>& from,
                        bool read) {
  if (to.rows() != from.rows() || to.pieces(0) != from.pieces(0) || to.burst(0) != from.burst(0))
    etalon_asc_fail("ascendc.range",
                    "DataCopy of slices: source and destination have different numbers of pieces, or "
                    "pieces of different lengths");
  for (std::uint32_t d = 1; d < to.dims; ++d) {
    if (to.burst(d) != 1 || from.burst(d) != 1)
      etalon_asc_fail("ascendc.range",
                      "DataCopy of slices: burstLen beyond the innermost dimension, expected 1");
  }
  constexpr std::int64_t size = sizeof(T);
  for (std::uint32_t r = 0; r < to.rows(); ++r) {
    etalon_asc_move m;
    if constexpr (std::is_same<Dst, LocalTensor<T>>::value)
      m = move_of(src[from.start(r)], dst[static_cast<std::uint32_t>(to.start(r))], read);
    else
      m = move_of(dst[to.start(r)], src[static_cast<std::uint32_t>(from.start(r))], read);
    m.rows = from.pieces(0);
    m.row_bytes = from.burst(0) * size;
    m.src_pitch = m.row_bytes + from.info[0].stride * size;
    m.dst_pitch = m.row_bytes + to.info[0].stride * size;
    etalon_asc_move_op(&m);
  }
}

}  // namespace detail

template <class T>
inline void DataCopy(const LocalTensor<T>& dst, const GlobalTensor<T>& src, const SliceInfo dstSliceInfo[],
                     const SliceInfo srcSliceInfo[], const std::uint32_t dimValue = 1) {
  detail::copy_slices<T>(dst, src, detail::SlicedRows<T>{dstSliceInfo, dimValue},
                         detail::SlicedRows<T>{srcSliceInfo, dimValue}, true);
}
template <class T>
inline void DataCopy(const GlobalTensor<T>& dst, const LocalTensor<T>& src, const SliceInfo dstSliceInfo[],
                     const SliceInfo srcSliceInfo[], const std::uint32_t dimValue = 1) {
  detail::copy_slices<T>(dst, src, detail::SlicedRows<T>{dstSliceInfo, dimValue},
                         detail::SlicedRows<T>{srcSliceInfo, dimValue}, false);
}

// What transfers into UB pad with where they do not say it themselves.
template <class T, TPosition pos = TPosition::MAX>
inline void SetPadValue(T paddingValue) {
  etalon_asc_current->pad_bits = detail::pattern_of(paddingValue);
}

}  // namespace AscendC
