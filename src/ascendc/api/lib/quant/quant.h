// SPDX-License-Identifier: Apache-2.0
#pragma once

// AscendQuant: x * scale + offset to int8, rounded to even and saturated, scale and offset for all or for
// each column. AscendAntiQuant: (int8 + offset) * scale to half or bfloat16_t. Both compute in float.

#include "../common/rows.h"

namespace AscendC {

struct AscendQuantConfig {
  std::uint32_t calcCount = 0, offsetCount = 0, scaleCount = 0, workLocalSize = 0;
};
// Which elements share a scale: all, those of a column, of a row, of a stretch of a row. Kernels choose by it.
enum class QuantizePolicy : std::int32_t { PER_TENSOR, PER_CHANNEL, PER_TOKEN, PER_GROUP };
constexpr AscendQuantConfig ASCEND_QUANT_DEFAULT_CFG = {0, 0, 0, 0};
struct AntiQuantShapeInfo {
  std::uint32_t offsetHeight = 0, offsetWidth = 0, scaleHeight = 0, scaleWidth = 0;
};

namespace detail {
namespace lib {

// Pieces of src in float, worked on in place, to int8; `line` floats are free for the work.
template <class T, class F>
inline void quant_pieces(const LocalTensor<std::int8_t>& dst, const LocalTensor<T>& src, std::uint32_t count,
                         std::uint32_t most, Temporary memory, F scale_in_place) {
  const KeptMask kept;
  const std::uint32_t step = memory.fit(10, count < most ? count : most, 32);
  const LocalTensor<float> value = memory.take<float>(step), line = memory.take<float>(step);
  const LocalTensor<half> narrow = memory.take<half>(step);
  for (std::uint32_t at = 0; at < count;) {
    const std::uint32_t within = at % most, left = most - within < count - at ? most - within : count - at,
                        n = left < step ? left : step;
    if constexpr (is_float<T>)
      adds(value, src[at], 0.0, n);
    else
      cast(value, src[at], RoundMode::CAST_NONE, n);
    scale_in_place(value, line, within, n);
    cast(value, value, RoundMode::CAST_RINT, n);  // integers, which half then holds as they are
    cast(narrow, value, RoundMode::CAST_RINT, n);
    cast(dst[at], narrow, RoundMode::CAST_RINT, n);
    at += n;
  }
}
template <class T>
inline void quant(const LocalTensor<std::int8_t>& dst, const LocalTensor<T>& src, float scale, float offset,
                  std::uint32_t count, Temporary memory) {
  quant_pieces(dst, src, count, count, memory,
               [=](const auto& v, const auto&, std::uint32_t, std::uint32_t n) {
                 muls(v, v, scale, n);
                 adds(v, v, offset, n);
               });
}
// d = s in float
template <class T>
inline LocalTensor<float> as_float(const LocalTensor<T>& s, const LocalTensor<float>& line, std::uint32_t n) {
  if constexpr (is_float<T>)
    return s;
  else
    cast(line, s, RoundMode::CAST_NONE, n);
  return line;
}
// `offset` is a tensor or a number.
template <class T, class O>
inline void quant(const LocalTensor<std::int8_t>& dst, const LocalTensor<T>& src, const LocalTensor<T>& scale,
                  const O& offset, std::uint32_t columns, std::uint32_t count, Temporary memory) {
  quant_pieces(dst, src, count, columns, memory,
               [&](const auto& v, const auto& line, std::uint32_t c, std::uint32_t n) {
                 mul(v, v, as_float(scale[c], line, n), n);
                 if constexpr (std::is_same<O, T>::value)
                   adds(v, v, static_cast<float>(offset), n);
                 else
                   add(v, v, as_float(offset[c], line, n), n);
               });
}

// src is rows of `columns`; element (r, c) gets the offset and scale of its column, or of its row if
// transposed.
template <bool by_row, class O>
inline void anti_quant(const LocalTensor<O>& dst, const LocalTensor<std::int8_t>& src,
                       const LocalTensor<O>& offset, const LocalTensor<O>& scale, std::uint32_t rows,
                       std::uint32_t columns, Temporary memory) {
  const KeptMask kept;
  const std::uint32_t per_row = columns * 6;
  std::uint32_t vectors = by_row ? rows : columns;
  const LocalTensor<float> o = memory.take<float>(round_up(vectors, 8)),
                           s = memory.take<float>(round_up(vectors, 8));
  cast(o, offset, RoundMode::CAST_NONE, vectors);
  cast(s, scale, RoundMode::CAST_NONE, vectors);
  LocalTensor<float> spread_o, spread_s;
  if (by_row) {
    spread_o = memory.take<float>(round_up(rows, 8) * 8),
    spread_s = memory.take<float>(round_up(rows, 8) * 8);
    spread_values(spread_o, o, rows, 8);
    spread_values(spread_s, s, rows, 8);
  }
  const std::uint32_t step = memory.fit(per_row, rows, 1);
  const LocalTensor<float> value = memory.take<float>(step * columns);
  const LocalTensor<half> narrow = memory.take<half>(step * columns);
  for (std::uint32_t r = 0; r < rows; r += step) {
    const std::uint32_t n = rows - r < step ? rows - r : step;
    cast(narrow, src[r * columns], RoundMode::CAST_NONE, n * columns);
    cast(value, narrow, RoundMode::CAST_NONE, n * columns);
    const Rows<float> x = rows_of(value, columns);
    rows_add(n, columns, x, x, by_row ? spread_rows(spread_o[r * 8]) : rows_of(o, 0));
    rows_mul(n, columns, x, x, by_row ? spread_rows(spread_s[r * 8]) : rows_of(s, 0));
    cast(dst[r * columns], value, kToNearest, n * columns);
  }
}
template <class O>
inline void anti_quant(const LocalTensor<O>& dst, const LocalTensor<std::int8_t>& src, float offset,
                       float scale, std::uint32_t count, Temporary memory) {
  const KeptMask kept;
  const std::uint32_t step = memory.fit(6, count, 32);
  const LocalTensor<float> value = memory.take<float>(step);
  const LocalTensor<half> narrow = memory.take<half>(step);
  for (std::uint32_t at = 0; at < count; at += step) {
    const std::uint32_t n = count - at < step ? count - at : step;
    cast(narrow, src[at], RoundMode::CAST_NONE, n);
    cast(value, narrow, RoundMode::CAST_NONE, n);
    adds(value, value, offset, n);
    muls(value, value, scale, n);
    cast(dst[at], value, kToNearest, n);
  }
}

}  // namespace lib
}  // namespace detail

#define ETALON_QUANT(with_memory, memory)                                                                    \
  template <class T, bool isReuseSource = false, const AscendQuantConfig& config = ASCEND_QUANT_DEFAULT_CFG> \
  inline void AscendQuant(const LocalTensor<std::int8_t>& dstTensor, const LocalTensor<T>& srcTensor,        \
                          ETALON_WITH##with_memory const float scale, const float offset,                    \
                          const std::uint32_t calCount) {                                                    \
    detail::lib::quant(dstTensor, srcTensor, scale, offset, calCount, detail::lib::memory);                  \
  }                                                                                                          \
  template <class T, bool isReuseSource = false, const AscendQuantConfig& config = ASCEND_QUANT_DEFAULT_CFG> \
  inline void AscendQuant(const LocalTensor<std::int8_t>& dstTensor, const LocalTensor<T>& srcTensor,        \
                          ETALON_WITH##with_memory const float scale, const float offset) {                  \
    detail::lib::quant(dstTensor, srcTensor, scale, offset, srcTensor.GetSize(), detail::lib::memory);       \
  }                                                                                                          \
  template <class T, bool isReuseSource = false, const AscendQuantConfig& config = ASCEND_QUANT_DEFAULT_CFG> \
  inline void AscendQuant(const LocalTensor<std::int8_t>& dstTensor, const LocalTensor<T>& srcTensor,        \
                          ETALON_WITH##with_memory const LocalTensor<T>& scaleTensor, const T offset,        \
                          const std::uint32_t scaleCount, const std::uint32_t calCount) {                    \
    detail::lib::quant(dstTensor, srcTensor, scaleTensor, offset, scaleCount, calCount,                      \
                       detail::lib::memory);                                                                 \
  }                                                                                                          \
  template <class T, bool isReuseSource = false, const AscendQuantConfig& config = ASCEND_QUANT_DEFAULT_CFG> \
  inline void AscendQuant(const LocalTensor<std::int8_t>& dstTensor, const LocalTensor<T>& srcTensor,        \
                          ETALON_WITH##with_memory const LocalTensor<T>& scaleTensor,                        \
                          const LocalTensor<T>& offsetTensor, const std::uint32_t scaleCount,                \
                          const std::uint32_t /*offsetCount*/, const std::uint32_t calCount) {               \
    detail::lib::quant(dstTensor, srcTensor, scaleTensor, offsetTensor, scaleCount, calCount,                \
                       detail::lib::memory);                                                                 \
  }
#define ETALON_WITH_TEMPORARY const LocalTensor<std::uint8_t>&sharedTmpBuffer,
#define ETALON_WITH_NONE
ETALON_QUANT(_TEMPORARY, Temporary(sharedTmpBuffer))
ETALON_QUANT(_NONE, Temporary::rest_of_ub())
#undef ETALON_WITH_NONE
#undef ETALON_WITH_TEMPORARY
#undef ETALON_QUANT

// src is K rows of columns, or columns rows of K if transposed.
template <class InputDataType, class OutputDataType, bool isTranspose>
inline void AscendAntiQuant(const LocalTensor<OutputDataType>& dst, const LocalTensor<InputDataType>& src,
                            const LocalTensor<OutputDataType>& offset,
                            const LocalTensor<OutputDataType>& scale,
                            const LocalTensor<std::uint8_t>& sharedTmpBuffer, const std::uint32_t k,
                            const AntiQuantShapeInfo& shapeInfo = {}) {
  const std::uint32_t vectors = isTranspose
                                    ? (shapeInfo.scaleHeight != 0 ? shapeInfo.scaleHeight : scale.GetSize())
                                    : (shapeInfo.scaleWidth != 0 ? shapeInfo.scaleWidth : scale.GetSize());
  detail::lib::anti_quant<isTranspose>(dst, src, offset, scale, isTranspose ? vectors : k,
                                       isTranspose ? k : vectors, detail::lib::Temporary(sharedTmpBuffer));
}
template <class InputDataType, class OutputDataType, bool isTranspose>
inline void AscendAntiQuant(const LocalTensor<OutputDataType>& dst, const LocalTensor<InputDataType>& src,
                            const OutputDataType offset, const OutputDataType scale,
                            const LocalTensor<std::uint8_t>& sharedTmpBuffer, const std::uint32_t /*k*/,
                            const AntiQuantShapeInfo& /*shapeInfo*/ = {}) {
  detail::lib::anti_quant(dst, src, static_cast<float>(offset), static_cast<float>(scale), src.GetSize(),
                          detail::lib::Temporary(sharedTmpBuffer));
}

}  // namespace AscendC
