// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the calls of the SoftMax family share: shapes, configurations, and where row statistics lie.

#include "../../kernel_tiling/families.h"
#include "../common/rows.h"

namespace AscendC {

// Rows and columns in memory, and those that hold data (0: all).
struct SoftMaxShapeInfo {
  std::uint32_t srcM = 0, srcK = 0, oriSrcM = 0, oriSrcK = 0;
};
enum class SoftmaxMode { SOFTMAX_NORMAL = 0, SOFTMAX_OUTPUT_WITHOUT_BRC = 1 };
struct SoftmaxConfig {
  bool isCheckTiling = true;
  std::uint32_t oriSrcM = 0, oriSrcK = 0;
  SoftmaxMode mode = SoftmaxMode::SOFTMAX_NORMAL;
};
constexpr SoftmaxConfig SOFTMAX_DEFAULT_CFG = {true, 0, 0, SoftmaxMode::SOFTMAX_NORMAL};

namespace detail {
namespace lib {

struct SoftmaxShape {
  std::uint32_t rows, pitch, cols;
};
// Of the call's own argument, else the shape attached to the source, else the tiling.
inline SoftmaxShape softmax_shape(const SoftMaxTiling& tiling, SoftMaxShapeInfo info,
                                  const ShapeInfo& attached,
                                  const SoftmaxConfig& config = SOFTMAX_DEFAULT_CFG) {
  if (info.srcM == 0 && attached.shapeDim > 0) {
    const auto rows = [](const std::uint32_t* shape, int dims) {
      std::uint32_t n = 1;
      for (int i = 0; i + 1 < dims; ++i) n *= shape[i];
      return n;
    };
    info = {rows(attached.shape, attached.shapeDim), attached.shape[attached.shapeDim - 1],
            rows(attached.originalShape, attached.originalShapeDim),
            attached.originalShapeDim > 0 ? attached.originalShape[attached.originalShapeDim - 1] : 0};
  }
  const auto first = [](std::uint32_t a, std::uint32_t b, std::uint32_t c) {
    return a != 0 ? a : b != 0 ? b : c;
  };
  SoftmaxShape s;
  const std::uint32_t rows = info.srcM != 0 ? info.srcM : tiling.srcM;
  s.pitch = info.srcK != 0 ? info.srcK : tiling.srcK;
  s.rows = first(config.oriSrcM, info.oriSrcM, rows);
  s.cols = first(config.oriSrcK, info.oriSrcK, s.pitch);
  return s;
}

// Row statistics of type S: a block of 32 bytes per row, or one value (SOFTMAX_OUTPUT_WITHOUT_BRC).
template <class S>
constexpr std::uint32_t statistic_width(SoftmaxMode mode) {
  return mode == SoftmaxMode::SOFTMAX_NORMAL ? kPerBlock<S> : 1;
}
// Statistics in float with the same number of values per row.
template <class S>
inline LocalTensor<float> read_statistics(const LocalTensor<S>& s, const LocalTensor<float>& scratch,
                                          std::uint32_t count) {
  if constexpr (is_float<S>) {
    return s;
  } else {
    cast(scratch, s, RoundMode::CAST_NONE, count);
    return scratch;
  }
}
template <class S>
inline void write_statistics(const LocalTensor<S>& s, const LocalTensor<float>& values, std::uint32_t count) {
  if constexpr (is_float<S>)
    adds(s, values, 0.0, count);
  else
    cast(s, values, kToNearest, count);
}

// Values of `width` floats per row to statistics of another width (two blocks of half for one of float);
// `wide` has room for them in float.
template <class S>
inline void write_statistics(const LocalTensor<S>& s, std::uint32_t s_width, const LocalTensor<float>& values,
                             std::uint32_t width, const LocalTensor<float>& wide, std::uint32_t rows) {
  if (s_width == width) return write_statistics(s, values, rows * width);
  for (std::uint32_t c = 0; c < s_width; c += width)
    rows_copy(rows, width, rows_of(wide[c], s_width), rows_of(values, width));
  write_statistics(s, wide, rows * s_width);
}

// Rows of the source in float, where they are written, and the way back.
template <class T>
struct FloatRows {
  Rows<float> source, target;
  std::uint32_t pitch;
  LocalTensor<T> dst;
  FloatRows(const LocalTensor<T>& dst_rows, const LocalTensor<T>& src, const LocalTensor<float>& values,
            std::uint32_t rows, std::uint32_t row_pitch)
      : pitch(row_pitch), dst(dst_rows) {
    if constexpr (is_float<T>) {
      source = rows_of(src, pitch);
      target = rows_of(dst, pitch);
    } else {
      cast(values, src, RoundMode::CAST_NONE, rows * pitch);
      source = target = rows_of(values, pitch);
    }
  }
  void finish(std::uint32_t rows) const {
    if constexpr (!is_float<T>) cast(dst, target.tensor, kToNearest, rows * pitch);
  }
};

inline void rows_exp(std::uint32_t rows, std::uint32_t cols, const Rows<float>& x) {
  each_row(rows, cols, x, x, x,
           [](const auto& d, const auto& s, const auto&, std::uint64_t mask, std::uint8_t n,
              const BinaryRepeatParams& p) {
             Exp(d, s, mask, n,
                 UnaryRepeatParams(p.dstBlkStride, p.src0BlkStride, p.dstRepStride, p.src0RepStride));
           });
}

// The working memory of a group of rows: values in float where the source is not, scratch of the reductions,
// packed row values, and four sets of `width` floats per row.
template <class T, int sets>
struct SoftmaxWork {
  LocalTensor<float> values, scratch, packed, set[sets];
  std::uint32_t rows;  // of a group

  // `whole`: groups begin at multiples of so many rows, if not 0: a block of packed statistics.
  SoftmaxWork(Temporary memory, const SoftmaxShape& shape, std::uint32_t width, int wide_copies,
              std::uint32_t whole = 0) {
    const auto need = [&](std::uint32_t n) {
      return 4 * (n * (wide_copies * shape.pitch + reduce_scratch<float>(shape.cols)) +
                  round_up(n, 8) * (1 + sets * width));
    };
    const std::uint32_t granule = whole != 0 ? whole : need(8) <= memory.bytes() ? 8 : 1;
    rows = shape.rows;
    if (need(rows) > memory.bytes()) {
      rows = granule;
      while (rows + granule < shape.rows && need(rows + granule) <= memory.bytes()) rows += granule;
    }
    const std::uint32_t eights = round_up(rows, 8);
    if (wide_copies > 0) values = memory.take<float>(wide_copies * rows * shape.pitch);
    scratch = memory.take<float>(rows * reduce_scratch<float>(shape.cols));
    packed = memory.take<float>(eights);
    for (auto& s : set) s = memory.take<float>(eights * width);
  }
};

}  // namespace lib
}  // namespace detail
}  // namespace AscendC
