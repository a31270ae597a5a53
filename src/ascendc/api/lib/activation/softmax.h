// SPDX-License-Identifier: Apache-2.0
#pragma once

// SoftMax along rows, SimpleSoftMax with given sums and maxima, AdjustSoftMaxRes.

#include "softmax_types.h"

namespace AscendC {
namespace detail {
namespace lib {

// dst = exp(src - max) / sum; sum and max are written if `statistics`.
template <class T, class S>
inline void softmax(const LocalTensor<T>& dst, const LocalTensor<S>& sum, const LocalTensor<S>& max,
                    const LocalTensor<T>& src, bool statistics, const SoftmaxShape& shape, SoftmaxMode mode,
                    Temporary memory) {
  const KeptMask kept;
  const std::uint32_t own = statistic_width<S>(mode), width = own < 8 ? 8 : own;
  const SoftmaxWork<T, 1> work(memory, shape, width, is_float<T> ? 0 : 1, own == 1 ? kPerBlock<S> : 0);
  const LocalTensor<float> spread = work.set[0];
  const auto keep = [&](const LocalTensor<S>& to, std::uint32_t row, std::uint32_t n) {
    if (statistics) write_statistics(to[row * own], own == 1 ? work.packed : spread, n * own);
  };
  for (std::uint32_t r = 0; r < shape.rows; r += work.rows) {
    const std::uint32_t n = shape.rows - r < work.rows ? shape.rows - r : work.rows;
    const FloatRows<T> x(dst[r * shape.pitch], src[r * shape.pitch], work.values, n, shape.pitch);
    row_reduce(Reduction::max, work.packed, n, shape.cols, x.source, work.scratch);
    spread_values(spread, work.packed, n, width);
    keep(max, r, n);
    rows_sub(n, shape.pitch, x.target, x.source, spread_rows(spread, width));
    rows_exp(n, shape.pitch, x.target);
    row_reduce(Reduction::sum, work.packed, n, shape.cols, x.target, work.scratch);
    spread_values(spread, work.packed, n, width);
    keep(sum, r, n);
    rows_div(n, shape.pitch, x.target, x.target, spread_rows(spread, width));
    x.finish(n);
  }
}

// dst = exp(src - max) / sum with what an earlier call left in max and sum.
template <class T, class S>
inline void simple_softmax(const LocalTensor<T>& dst, const LocalTensor<S>& sum, const LocalTensor<S>& max,
                           const LocalTensor<T>& src, const SoftmaxShape& shape, SoftmaxMode mode,
                           Temporary memory) {
  const KeptMask kept;
  const std::uint32_t own = statistic_width<S>(mode), width = own < 8 ? 8 : own;
  const SoftmaxWork<T, 1> work(memory, shape, width, is_float<T> ? 0 : 1, own == 1 ? kPerBlock<S> : 0);
  const auto spread = [&](const LocalTensor<S>& from, std::uint32_t row, std::uint32_t n) {
    if (own > 1) return read_statistics(from[row * own], work.set[0], n * own);
    write_statistics(work.packed, read_statistics(from[row], work.packed, n), n);
    spread_values(work.set[0], work.packed, n, width);
    return work.set[0];
  };
  for (std::uint32_t r = 0; r < shape.rows; r += work.rows) {
    const std::uint32_t n = shape.rows - r < work.rows ? shape.rows - r : work.rows;
    const FloatRows<T> x(dst[r * shape.pitch], src[r * shape.pitch], work.values, n, shape.pitch);
    rows_sub(n, shape.pitch, x.target, x.source, spread_rows(spread(max, r, n), width));
    rows_exp(n, shape.pitch, x.target);
    rows_div(n, shape.pitch, x.target, x.target, spread_rows(spread(sum, r, n), width));
    x.finish(n);
  }
}

}  // namespace lib
}  // namespace detail

#define ETALON_SOFTMAX_ND static_assert(!isDataFormatNZ, "this function has no form for data in NZ here")

template <class T, bool isReuseSource = false, bool isBasicBlock = false, bool isDataFormatNZ = false,
          const SoftmaxConfig& config = SOFTMAX_DEFAULT_CFG, class D, class S>
inline void SoftMax(const LocalTensor<D>& dstTensor, const LocalTensor<S>& sumTensor,
                    const LocalTensor<S>& maxTensor, const LocalTensor<D>& srcTensor,
                    const LocalTensor<std::uint8_t>& sharedTmpBuffer, const SoftMaxTiling& tiling,
                    const SoftMaxShapeInfo& softmaxShapeInfo = {}) {
  ETALON_SOFTMAX_ND;
  detail::lib::softmax(dstTensor, sumTensor, maxTensor, srcTensor, true,
                       detail::lib::softmax_shape(tiling, softmaxShapeInfo, srcTensor.GetShapeInfo(), config),
                       config.mode, detail::lib::Temporary(sharedTmpBuffer));
}
template <class T, bool isReuseSource = false, bool isBasicBlock = false, bool isDataFormatNZ = false,
          const SoftmaxConfig& config = SOFTMAX_DEFAULT_CFG, class D, class S>
inline void SoftMax(const LocalTensor<D>& dstTensor, const LocalTensor<S>& sumTensor,
                    const LocalTensor<S>& maxTensor, const LocalTensor<D>& srcTensor,
                    const SoftMaxTiling& tiling, const SoftMaxShapeInfo& softmaxShapeInfo = {}) {
  ETALON_SOFTMAX_ND;
  detail::lib::softmax(dstTensor, sumTensor, maxTensor, srcTensor, true,
                       detail::lib::softmax_shape(tiling, softmaxShapeInfo, srcTensor.GetShapeInfo(), config),
                       config.mode, detail::lib::Temporary::rest_of_ub());
}
// Without sums and maxima.
template <class T, bool isReuseSource = false, bool isBasicBlock = false,
          const SoftmaxConfig& config = SOFTMAX_DEFAULT_CFG>
inline void SoftMax(const LocalTensor<T>& dstTensor, const LocalTensor<T>& srcTensor,
                    const LocalTensor<std::uint8_t>& sharedTmpBuffer, const SoftMaxTiling& tiling,
                    const SoftMaxShapeInfo& softmaxShapeInfo = {}) {
  detail::lib::softmax(dstTensor, LocalTensor<float>(), LocalTensor<float>(), srcTensor, false,
                       detail::lib::softmax_shape(tiling, softmaxShapeInfo, srcTensor.GetShapeInfo(), config),
                       config.mode, detail::lib::Temporary(sharedTmpBuffer));
}
template <class T, bool isReuseSource = false, bool isBasicBlock = false,
          const SoftmaxConfig& config = SOFTMAX_DEFAULT_CFG>
inline void SoftMax(const LocalTensor<T>& dstTensor, const LocalTensor<T>& srcTensor,
                    const SoftMaxTiling& tiling, const SoftMaxShapeInfo& softmaxShapeInfo = {}) {
  detail::lib::softmax(dstTensor, LocalTensor<float>(), LocalTensor<float>(), srcTensor, false,
                       detail::lib::softmax_shape(tiling, softmaxShapeInfo, srcTensor.GetShapeInfo(), config),
                       config.mode, detail::lib::Temporary::rest_of_ub());
}

template <class T, bool isReuseSource = false, bool isBasicBlock = false, bool isDataFormatNZ = false,
          const SoftmaxConfig& config = SOFTMAX_DEFAULT_CFG, class D, class S>
inline void SimpleSoftMax(const LocalTensor<D>& dstTensor, const LocalTensor<S>& inSumTensor,
                          const LocalTensor<S>& inMaxTensor, const LocalTensor<D>& srcTensor,
                          const LocalTensor<std::uint8_t>& sharedTmpBuffer, const SoftMaxTiling& tiling,
                          const SoftMaxShapeInfo& softmaxShapeInfo = {}) {
  ETALON_SOFTMAX_ND;
  detail::lib::simple_softmax(
      dstTensor, inSumTensor, inMaxTensor, srcTensor,
      detail::lib::softmax_shape(tiling, softmaxShapeInfo, srcTensor.GetShapeInfo(), config), config.mode,
      detail::lib::Temporary(sharedTmpBuffer));
}
template <class T, bool isReuseSource = false, bool isBasicBlock = false, bool isDataFormatNZ = false,
          const SoftmaxConfig& config = SOFTMAX_DEFAULT_CFG, class D, class S>
inline void SimpleSoftMax(const LocalTensor<D>& dstTensor, const LocalTensor<S>& inSumTensor,
                          const LocalTensor<S>& inMaxTensor, const LocalTensor<D>& srcTensor,
                          const SoftMaxTiling& tiling, const SoftMaxShapeInfo& softmaxShapeInfo = {}) {
  ETALON_SOFTMAX_ND;
  detail::lib::simple_softmax(
      dstTensor, inSumTensor, inMaxTensor, srcTensor,
      detail::lib::softmax_shape(tiling, softmaxShapeInfo, srcTensor.GetShapeInfo(), config), config.mode,
      detail::lib::Temporary::rest_of_ub());
}

// Rows whose maximum has the bits `from` (a row that was all masked) become `to`; whether there were any. The
// scalar unit looks at the maxima, of which every row has a block, or one value with stepSizeMode 1.
template <class T1, class T2, bool isDataFormatNZ = false, std::uint8_t stepSizeMode = 0>
inline bool AdjustSoftMaxRes(const LocalTensor<T1>& softMaxRes, const LocalTensor<T2>& maxTensor,
                             const std::uint32_t from, const T1 to,
                             const SoftMaxShapeInfo& softmaxShapeInfo) {
  ETALON_SOFTMAX_ND;
  constexpr std::uint32_t width = stepSizeMode == 0 ? 32 / sizeof(T2) : 1;
  const TEventID seen = GetTPipePtr()->FetchEventID<HardEvent::V_S>();
  SetFlag<HardEvent::V_S>(seen);
  WaitFlag<HardEvent::V_S>(seen);
  bool any = false;
  for (std::uint32_t r = 0; r < softmaxShapeInfo.srcM; ++r) {
    const T2 max = maxTensor.GetValue(r * width);
    std::uint32_t bits = 0;
    __builtin_memcpy(&bits, &max, sizeof(T2));
    if (bits != from) continue;
    any = true;
    Duplicate(softMaxRes[r * softmaxShapeInfo.srcK], to, static_cast<std::int32_t>(softmaxShapeInfo.srcK));
  }
  PipeBarrier<PIPE_V>();
  return any;
}

}  // namespace AscendC
