// SPDX-License-Identifier: Apache-2.0
#pragma once

// Quantize: x * scale + offset of a matrix to int8, with a scale and an offset for all of it, for each
// column, for each row, or for each group of elements along one of its dimensions. In float, rounded once.

#include "quant.h"

namespace AscendC {

enum class QuantizePolicy : std::int32_t { PER_TENSOR, PER_CHANNEL, PER_TOKEN, PER_GROUP };
// kDim: the dimension along which groups lie, 1: columns, 0: rows.
struct QuantizeConfig {
  QuantizePolicy policy;
  bool hasOffset;
  RoundMode roundMode = RoundMode::CAST_RINT;
  std::int32_t kDim = 1;
};
// Rows, columns, elements of a group.
struct QuantizeParams {
  std::uint32_t m = 0, n = 0, groupSize = 0;
};

namespace detail {
namespace lib {

// One row in pieces that share a scale and an offset, or have them by column.
template <const QuantizeConfig& config, class T, class S>
inline void quantize(const LocalTensor<std::int8_t>& dst, const LocalTensor<T>& src,
                     const LocalTensor<S>& scale, const LocalTensor<S>& offset, const QuantizeParams& p,
                     Temporary memory) {
  constexpr QuantizePolicy policy = config.policy;
  constexpr bool groups = policy == QuantizePolicy::PER_GROUP;
  constexpr bool by_column = policy == QuantizePolicy::PER_CHANNEL || (groups && config.kDim == 0);
  if (p.n % 32 != 0) etalon_asc_fail("ascendc.alignment", "Quantize: columns, expected multiples of 32");
  if (groups && (p.groupSize == 0 || p.groupSize % 32 != 0))
    etalon_asc_fail("ascendc.alignment", "Quantize: groupSize, expected a multiple of 32");
  const KeptMask kept;
  const std::uint32_t widest = groups && config.kDim == 1 && p.groupSize < p.n ? p.groupSize : p.n;
  const std::uint32_t step = memory.fit(10, widest, 32);
  const LocalTensor<float> value = memory.take<float>(step), line = memory.take<float>(step);
  const LocalTensor<half> narrow = memory.take<half>(step);
  const std::uint32_t per_row = groups && config.kDim == 1 ? (p.n + p.groupSize - 1) / p.groupSize : 1;
  for (std::uint32_t r = 0; r < p.m; ++r) {
    for (std::uint32_t c = 0, n = 0; c < p.n; c += n) {
      const std::uint32_t end = c / widest * widest + widest < p.n ? c / widest * widest + widest : p.n;
      n = end - c < step ? end - c : step;
      const LocalTensor<T> from = src[r * p.n + c];
      if constexpr (is_float<T>)
        adds(value, from, 0.0, n);
      else
        cast(value, from, RoundMode::CAST_NONE, n);
      if constexpr (by_column) {
        const std::uint32_t at = (groups ? r / p.groupSize * p.n : 0) + c;
        mul(value, value, as_float(scale[at], line, n), n);
        if constexpr (config.hasOffset) add(value, value, as_float(offset[at], line, n), n);
      } else {
        const std::uint32_t at = policy == QuantizePolicy::PER_TENSOR ? 0
                                 : groups                             ? r * per_row + c / p.groupSize
                                                                      : r;
        const TEventID done =
            GetTPipePtr() != nullptr ? GetTPipePtr()->FetchEventID(HardEvent::V_S) : TEventID{0};
        SetFlag<HardEvent::V_S>(done);
        WaitFlag<HardEvent::V_S>(done);
        const auto s = static_cast<float>(scale.GetValue(at));
        muls(value, value, s, n);
        if constexpr (config.hasOffset) adds(value, value, static_cast<float>(offset.GetValue(at)), n);
      }
      cast(value, value, config.roundMode, n);
      cast(narrow, value, RoundMode::CAST_RINT, n);
      cast(dst[r * p.n + c], narrow, RoundMode::CAST_RINT, n);
    }
  }
}

}  // namespace lib
}  // namespace detail

template <const QuantizeConfig& config, class dstT, class srcT, class S>
inline void Quantize(const LocalTensor<dstT>& dstTensor, const LocalTensor<srcT>& srcTensor,
                     const LocalTensor<std::uint8_t>& sharedTmpBuffer, const LocalTensor<S>& scaleTensor,
                     const LocalTensor<S>& offsetTensor, const QuantizeParams& params) {
  static_assert(std::is_same<dstT, std::int8_t>::value, "Quantize gives int8_t here");
  detail::lib::quantize<config>(dstTensor, srcTensor, scaleTensor, offsetTensor, params,
                                detail::lib::Temporary(sharedTmpBuffer));
}
template <const QuantizeConfig& config, class dstT, class srcT, class S>
inline void Quantize(const LocalTensor<dstT>& dstTensor, const LocalTensor<srcT>& srcTensor,
                     const LocalTensor<S>& scaleTensor, const LocalTensor<S>& offsetTensor,
                     const QuantizeParams& params) {
  static_assert(std::is_same<dstT, std::int8_t>::value, "Quantize gives int8_t here");
  detail::lib::quantize<config>(dstTensor, srcTensor, scaleTensor, offsetTensor, params,
                                detail::lib::Temporary::rest_of_ub());
}

}  // namespace AscendC
