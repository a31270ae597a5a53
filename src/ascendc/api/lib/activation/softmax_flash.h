// SPDX-License-Identifier: Apache-2.0
#pragma once

// SoftmaxFlashV2: exp(src - max) of a piece of each row, with maxima and sums over this piece and, in an
// update, those before; expMax is the factor for what the earlier pieces gave.

#include "softmax.h"

namespace AscendC {
namespace detail {
namespace lib {

template <bool update, bool divide, class T, class S, class E>
inline void softmax_flash(const LocalTensor<T>& dst, const LocalTensor<S>& sum, const LocalTensor<S>& max,
                          const LocalTensor<T>& src, const LocalTensor<E>& exp_max,
                          const LocalTensor<S>& in_sum, const LocalTensor<S>& in_max,
                          const SoftmaxShape& shape, SoftmaxMode mode, Temporary memory) {
  const KeptMask kept;
  const std::uint32_t own = statistic_width<S>(mode), width = own < 8 ? 8 : own,
                      exp_own = statistic_width<E>(mode);
  const SoftmaxWork<T, 3> work(memory, shape, width > exp_own ? width : exp_own, is_float<T> ? 0 : 1,
                               own == 1 ? kPerBlock<S> : 0);
  const LocalTensor<float> spread = work.set[0], old = work.set[1], factor = work.set[2];
  // Row values as statistics: packed, or spread over a block.
  const LocalTensor<float> values = own == 1 ? work.packed : spread;
  for (std::uint32_t r = 0; r < shape.rows; r += work.rows) {
    const std::uint32_t n = shape.rows - r < work.rows ? shape.rows - r : work.rows, count = n * own;
    const FloatRows<T> x(dst[r * shape.pitch], src[r * shape.pitch], work.values, n, shape.pitch);
    row_reduce(Reduction::max, work.packed, n, shape.cols, x.source, work.scratch);
    if (own > 1) spread_values(spread, work.packed, n, width);
    if (update) {
      const LocalTensor<float> before = read_statistics(in_max[r * own], old, count);
      maximum(values, values, before, count);
      sub(factor, before, values, count);
      exponential(factor, factor, count);
      if (!divide) write_statistics(exp_max[r * exp_own], exp_own, factor, own, old, n);
    }
    write_statistics(max[r * own], values, count);
    if (own == 1) spread_values(spread, work.packed, n, width);
    rows_sub(n, shape.pitch, x.target, x.source, spread_rows(spread, width));
    rows_exp(n, shape.pitch, x.target);
    row_reduce(Reduction::sum, work.packed, n, shape.cols, x.target, work.scratch);
    if (own > 1) spread_values(spread, work.packed, n, width);
    if (update) {
      const LocalTensor<float> before = read_statistics(in_sum[r * own], old, count);
      mul(factor, factor, before, count);
      add(values, values, factor, count);
      if (divide) {
        div(factor, factor, values, count);
        write_statistics(exp_max[r * exp_own], exp_own, factor, own, old, n);
      }
    }
    write_statistics(sum[r * own], values, count);
    if (divide) {
      if (own == 1) spread_values(spread, work.packed, n, width);
      rows_div(n, shape.pitch, x.target, x.target, spread_rows(spread, width));
    }
    x.finish(n);
  }
}

template <class T, class S, class E>
inline void softmax_flash_divided(bool update, const LocalTensor<T>& dst, const LocalTensor<S>& sum,
                                  const LocalTensor<S>& max, const LocalTensor<T>& src,
                                  const LocalTensor<E>& exp_max, const LocalTensor<S>& in_sum,
                                  const LocalTensor<S>& in_max, const SoftmaxShape& shape,
                                  const Temporary& memory) {
  constexpr SoftmaxMode mode = SoftmaxMode::SOFTMAX_NORMAL;
  if (update)
    softmax_flash<true, true>(dst, sum, max, src, exp_max, in_sum, in_max, shape, mode, memory);
  else
    softmax_flash<false, true>(dst, sum, max, src, exp_max, in_sum, in_max, shape, mode, memory);
}

}  // namespace lib
}  // namespace detail

template <class T, bool isUpdate = false, bool isReuseSource = false, bool isBasicBlock = false,
          bool isDataFormatNZ = false, const SoftmaxConfig& config = SOFTMAX_DEFAULT_CFG, class D, class S>
inline void SoftmaxFlashV2(const LocalTensor<D>& dstTensor, const LocalTensor<S>& expSumTensor,
                           const LocalTensor<S>& maxTensor, const LocalTensor<D>& srcTensor,
                           const LocalTensor<D>& expMaxTensor, const LocalTensor<S>& inExpSumTensor,
                           const LocalTensor<S>& inMaxTensor,
                           const LocalTensor<std::uint8_t>& sharedTmpBuffer, const SoftMaxTiling& tiling,
                           const SoftMaxShapeInfo& softmaxShapeInfo = {}) {
  ETALON_SOFTMAX_ND;
  detail::lib::softmax_flash<isUpdate, false>(
      dstTensor, expSumTensor, maxTensor, srcTensor, expMaxTensor, inExpSumTensor, inMaxTensor,
      detail::lib::softmax_shape(tiling, softmaxShapeInfo, srcTensor.GetShapeInfo(), config), config.mode,
      detail::lib::Temporary(sharedTmpBuffer));
}
template <class T, bool isUpdate = false, bool isReuseSource = false, bool isBasicBlock = false,
          bool isDataFormatNZ = false, const SoftmaxConfig& config = SOFTMAX_DEFAULT_CFG, class D, class S>
inline void SoftmaxFlashV2(const LocalTensor<D>& dstTensor, const LocalTensor<S>& expSumTensor,
                           const LocalTensor<S>& maxTensor, const LocalTensor<D>& srcTensor,
                           const LocalTensor<D>& expMaxTensor, const LocalTensor<S>& inExpSumTensor,
                           const LocalTensor<S>& inMaxTensor, const SoftMaxTiling& tiling,
                           const SoftMaxShapeInfo& softmaxShapeInfo = {}) {
  ETALON_SOFTMAX_ND;
  detail::lib::softmax_flash<isUpdate, false>(
      dstTensor, expSumTensor, maxTensor, srcTensor, expMaxTensor, inExpSumTensor, inMaxTensor,
      detail::lib::softmax_shape(tiling, softmaxShapeInfo, srcTensor.GetShapeInfo(), config), config.mode,
      detail::lib::Temporary::rest_of_ub());
}

template <class T, bool isReuseSource = false, bool isBasicBlock = false, class D, class S>
inline void SoftmaxFlash(const LocalTensor<D>& dstTensor, const LocalTensor<S>& sumTensor,
                         const LocalTensor<S>& maxTensor, const LocalTensor<D>& srcTensor,
                         const LocalTensor<D>& expMaxTensor, const LocalTensor<S>& inSumTensor,
                         const LocalTensor<S>& inMaxTensor, const LocalTensor<std::uint8_t>& sharedTmpBuffer,
                         const SoftMaxTiling& tiling, bool isUpdate = false,
                         const SoftMaxShapeInfo& softmaxShapeInfo = {}) {
  detail::lib::softmax_flash_divided(
      isUpdate, dstTensor, sumTensor, maxTensor, srcTensor, expMaxTensor, inSumTensor, inMaxTensor,
      detail::lib::softmax_shape(tiling, softmaxShapeInfo, srcTensor.GetShapeInfo()),
      detail::lib::Temporary(sharedTmpBuffer));
}
template <class T, bool isReuseSource = false, bool isBasicBlock = false, class D, class S>
inline void SoftmaxFlash(const LocalTensor<D>& dstTensor, const LocalTensor<S>& sumTensor,
                         const LocalTensor<S>& maxTensor, const LocalTensor<D>& srcTensor,
                         const LocalTensor<D>& expMaxTensor, const LocalTensor<S>& inSumTensor,
                         const LocalTensor<S>& inMaxTensor, const SoftMaxTiling& tiling,
                         bool isUpdate = false, const SoftMaxShapeInfo& softmaxShapeInfo = {}) {
  detail::lib::softmax_flash_divided(
      isUpdate, dstTensor, sumTensor, maxTensor, srcTensor, expMaxTensor, inSumTensor, inMaxTensor,
      detail::lib::softmax_shape(tiling, softmaxShapeInfo, srcTensor.GetShapeInfo()),
      detail::lib::Temporary::rest_of_ub());
}

// The tiling of a shape known to the kernel, where the host computed none.
constexpr SoftMaxTiling SoftMaxFlashV2TilingFunc(
    const SoftMaxShapeInfo& shapeInfo, const std::uint32_t /*dataTypeSize1*/,
    const std::uint32_t /*dataTypeSize2*/, const std::uint32_t /*localWorkSpaceSize*/,
    const bool /*isUpdate*/ = false, const bool /*isBasicBlock*/ = false,
    const bool /*isDataFormatNZ*/ = false, const bool /*isFlashOutputBrc*/ = false) {
  SoftMaxTiling t = {};
  t.srcM = shapeInfo.srcM;
  t.srcK = shapeInfo.srcK;
  t.srcSize = shapeInfo.srcM * shapeInfo.srcK;
  return t;
}

}  // namespace AscendC
