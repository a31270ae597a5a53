// SPDX-License-Identifier: Apache-2.0
#pragma once

// AscendDequant: int32 times a scale for each column, or one for all, in float; to half, bfloat16_t or float.
// Rows of the result begin at whole blocks.

#include "../../ascendc/arrange.h"
#include "../common/rows.h"

namespace AscendC {

enum class DeQuantMode { DEQUANT_WITH_SINGLE_ROW, DEQUANT_WITH_MULTI_ROW };
// Rows, columns in memory, columns to compute.
struct DequantParams {
  std::uint32_t m = 1, n = 0, calCount = 0;
};

namespace detail {
namespace lib {

// Scales as float; those of 64 bits hold a float in the low half.
template <class S>
inline LocalTensor<float> scales_in_float(const LocalTensor<S>& scale, std::uint32_t n, Temporary& memory) {
  if constexpr (is_float<S>) {
    return scale;
  } else {
    const LocalTensor<float> out = memory.take<float>(round_up(n, 32));
    if constexpr (sizeof(S) == 8) {
      std::uint64_t kept = 0;
      GatherMask(out, scale.template ReinterpretCast<float>(), std::uint8_t{1}, false, 0,
                 GatherMaskParams(1, static_cast<std::uint16_t>((n + 31) / 32), 8, 0), kept);
      then();
    } else {
      cast(out, scale, RoundMode::CAST_NONE, n);
    }
    return out;
  }
}

// scale(column): what a piece of a row beginning there is multiplied by, by steps of `multiply`.
template <class D, class F>
inline void dequant_rows(const LocalTensor<D>& dst, const LocalTensor<std::int32_t>& src,
                         const DequantParams& p, Temporary memory, F multiply) {
  const std::uint32_t dst_pitch = round_up(p.n, kPerBlock<D>), step = memory.fit(4, p.calCount, 16);
  const LocalTensor<float> value = memory.take<float>(step);
  for (std::uint32_t r = 0; r < p.m; ++r) {
    for (std::uint32_t c = 0; c < p.calCount; c += step) {
      const std::uint32_t n = p.calCount - c < step ? p.calCount - c : step;
      cast(value, src[r * p.n + c], RoundMode::CAST_RINT, n);
      if constexpr (is_float<D>) {
        multiply(dst[r * dst_pitch + c], value, c, n);
      } else {
        multiply(value, value, c, n);
        cast(dst[r * dst_pitch + c], value, kToNearest, n);
      }
    }
  }
}
// One row of many times as many columns as there are scales counts as that many rows.
template <class D>
inline DequantParams in_rows(DequantParams p, DeQuantMode mode) {
  if (mode == DeQuantMode::DEQUANT_WITH_SINGLE_ROW && p.m == 1 && p.calCount % kPerBlock<D> == 0 &&
      p.calCount > 0 && p.n % p.calCount == 0)
    return {p.n / p.calCount, p.calCount, p.calCount};
  return p;
}
template <class D, class S>
inline void dequant(const LocalTensor<D>& dst, const LocalTensor<std::int32_t>& src,
                    const LocalTensor<S>& scale, const DequantParams& p, Temporary memory) {
  const KeptMask kept;
  const LocalTensor<float> factor = scales_in_float(scale, p.calCount, memory);
  dequant_rows(dst, src, p, memory, [&](const auto& d, const auto& v, std::uint32_t c, std::uint32_t n) {
    mul(d, v, factor[c], n);
  });
}
template <class D>
inline void dequant(const LocalTensor<D>& dst, const LocalTensor<std::int32_t>& src, float scale,
                    const DequantParams& p, Temporary memory) {
  const KeptMask kept;
  dequant_rows(dst, src, p, memory, [scale](const auto& d, const auto& v, std::uint32_t, std::uint32_t n) {
    muls(d, v, scale, n);
  });
}

}  // namespace lib
}  // namespace detail

#define ETALON_DEQUANT(Scale, given)                                                                        \
  template <class dstT, class scaleT, DeQuantMode mode = DeQuantMode::DEQUANT_WITH_SINGLE_ROW>              \
  inline void AscendDequant(const LocalTensor<dstT>& dstTensor, const LocalTensor<std::int32_t>& srcTensor, \
                            Scale deqScale, const LocalTensor<std::uint8_t>& sharedTmpBuffer,               \
                            DequantParams params) {                                                         \
    detail::lib::dequant(dstTensor, srcTensor, given, detail::lib::in_rows<dstT>(params, mode),             \
                         detail::lib::Temporary(sharedTmpBuffer));                                          \
  }                                                                                                         \
  template <class dstT, class scaleT, DeQuantMode mode = DeQuantMode::DEQUANT_WITH_SINGLE_ROW>              \
  inline void AscendDequant(const LocalTensor<dstT>& dstTensor, const LocalTensor<std::int32_t>& srcTensor, \
                            Scale deqScale, DequantParams params) {                                         \
    detail::lib::dequant(dstTensor, srcTensor, given, detail::lib::in_rows<dstT>(params, mode),             \
                         detail::lib::Temporary::rest_of_ub());                                             \
  }
ETALON_DEQUANT(const LocalTensor<scaleT>&, deqScale)
ETALON_DEQUANT(const scaleT, static_cast<float>(deqScale))
#undef ETALON_DEQUANT

// The older forms: rows as long as the scales.
template <class dstT, class scaleT, DeQuantMode mode = DeQuantMode::DEQUANT_WITH_SINGLE_ROW>
inline void AscendDequant(const LocalTensor<dstT>& dstTensor, const LocalTensor<std::int32_t>& srcTensor,
                          const LocalTensor<scaleT>& deqScale,
                          const LocalTensor<std::uint8_t>& sharedTmpBuffer, const std::uint32_t calCount) {
  const std::uint32_t n = deqScale.GetSize();
  detail::lib::dequant(dstTensor, srcTensor, deqScale, DequantParams{calCount / n, n, n},
                       detail::lib::Temporary(sharedTmpBuffer));
}
template <class dstT, class scaleT, DeQuantMode mode = DeQuantMode::DEQUANT_WITH_SINGLE_ROW>
inline void AscendDequant(const LocalTensor<dstT>& dstTensor, const LocalTensor<std::int32_t>& srcTensor,
                          const LocalTensor<scaleT>& deqScale, const std::uint32_t calCount) {
  const std::uint32_t n = deqScale.GetSize();
  detail::lib::dequant(dstTensor, srcTensor, deqScale, DequantParams{calCount / n, n, n},
                       detail::lib::Temporary::rest_of_ub());
}

}  // namespace AscendC
