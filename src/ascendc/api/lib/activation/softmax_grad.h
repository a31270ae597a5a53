// SPDX-License-Identifier: Apache-2.0
#pragma once

// SoftmaxGradFront: sum(grad * src) of each row over a block of 32 bytes. SoftmaxGrad: (grad - that sum) *
// src.

#include "softmax.h"

namespace AscendC {
namespace detail {
namespace lib {

template <class T>
inline void softmax_grad(const LocalTensor<T>& dst, const LocalTensor<T>& grad, const LocalTensor<T>& src,
                         bool front, const SoftmaxShape& shape, Temporary memory) {
  const KeptMask kept;
  constexpr std::uint32_t block = kPerBlock<T>;
  const SoftmaxWork<T, 1> work(memory, shape, block, is_float<T> ? 1 : 3);
  const std::uint32_t whole = work.rows * shape.pitch;
  const Rows<float> product = rows_of(work.values, shape.pitch);
  for (std::uint32_t r = 0; r < shape.rows; r += work.rows) {
    const std::uint32_t n = shape.rows - r < work.rows ? shape.rows - r : work.rows, at = r * shape.pitch;
    Rows<float> g, y;
    if constexpr (is_float<T>) {
      g = rows_of(grad[at], shape.pitch), y = rows_of(src[at], shape.pitch);
    } else {
      g = rows_of(work.values[whole], shape.pitch), y = rows_of(work.values[2 * whole], shape.pitch);
      cast(g.tensor, grad[at], RoundMode::CAST_NONE, n * shape.pitch);
      cast(y.tensor, src[at], RoundMode::CAST_NONE, n * shape.pitch);
    }
    rows_mul(n, shape.pitch, product, g, y);
    row_reduce(Reduction::sum, work.packed, n, shape.cols, product, work.scratch);
    spread_values(work.set[0], work.packed, n, block);
    if (front) {
      write_statistics(dst[r * block], work.set[0], n * block);
      continue;
    }
    rows_sub(n, shape.pitch, product, g, spread_rows(work.set[0], block));
    if constexpr (is_float<T>) {
      rows_mul(n, shape.pitch, rows_of(dst[at], shape.pitch), product, y);
    } else {
      rows_mul(n, shape.pitch, product, product, y);
      cast(dst[at], product.tensor, kToNearest, n * shape.pitch);
    }
  }
}

}  // namespace lib
}  // namespace detail

template <class T, bool isReuseSource = false, bool isBasicBlock = false, bool isDataFormatNZ = false>
inline void SoftmaxGrad(const LocalTensor<T>& dstTensor, const LocalTensor<T>& gradTensor,
                        const LocalTensor<T>& srcTensor, const LocalTensor<std::uint8_t>& sharedTmpBuffer,
                        const SoftMaxTiling& tiling, bool isFront = false,
                        const SoftMaxShapeInfo& softmaxShapeInfo = {}) {
  ETALON_SOFTMAX_ND;
  detail::lib::softmax_grad(dstTensor, gradTensor, srcTensor, isFront,
                            detail::lib::softmax_shape(tiling, softmaxShapeInfo, srcTensor.GetShapeInfo()),
                            detail::lib::Temporary(sharedTmpBuffer));
}
template <class T, bool isReuseSource = false, bool isBasicBlock = false, bool isDataFormatNZ = false>
inline void SoftmaxGrad(const LocalTensor<T>& dstTensor, const LocalTensor<T>& gradTensor,
                        const LocalTensor<T>& srcTensor, const SoftMaxTiling& tiling, bool isFront = false,
                        const SoftMaxShapeInfo& softmaxShapeInfo = {}) {
  ETALON_SOFTMAX_ND;
  detail::lib::softmax_grad(dstTensor, gradTensor, srcTensor, isFront,
                            detail::lib::softmax_shape(tiling, softmaxShapeInfo, srcTensor.GetShapeInfo()),
                            detail::lib::Temporary::rest_of_ub());
}
template <class T, bool isBasicBlock = false, bool isDataFormatNZ = false>
inline void SoftmaxGradFront(const LocalTensor<T>& dstTensor, const LocalTensor<T>& gradTensor,
                             const LocalTensor<T>& srcTensor,
                             const LocalTensor<std::uint8_t>& sharedTmpBuffer, const SoftMaxTiling& tiling,
                             const SoftMaxShapeInfo& softmaxShapeInfo = {}) {
  ETALON_SOFTMAX_ND;
  detail::lib::softmax_grad(dstTensor, gradTensor, srcTensor, true,
                            detail::lib::softmax_shape(tiling, softmaxShapeInfo, srcTensor.GetShapeInfo()),
                            detail::lib::Temporary(sharedTmpBuffer));
}
template <class T, bool isBasicBlock = false, bool isDataFormatNZ = false>
inline void SoftmaxGradFront(const LocalTensor<T>& dstTensor, const LocalTensor<T>& gradTensor,
                             const LocalTensor<T>& srcTensor, const SoftMaxTiling& tiling,
                             const SoftMaxShapeInfo& softmaxShapeInfo = {}) {
  ETALON_SOFTMAX_ND;
  detail::lib::softmax_grad(dstTensor, gradTensor, srcTensor, true,
                            detail::lib::softmax_shape(tiling, softmaxShapeInfo, srcTensor.GetShapeInfo()),
                            detail::lib::Temporary::rest_of_ub());
}

#undef ETALON_SOFTMAX_ND

}  // namespace AscendC
