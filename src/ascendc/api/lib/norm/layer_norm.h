// SPDX-License-Identifier: Apache-2.0
#pragma once

// LayerNorm, RmsNorm and DeepNorm along rows, in float: mean and variance of the deviations from it, in two
// passes.

#include "../activation/softmax_types.h"

namespace AscendC {

struct LayerNormConfig {
  bool isNoBeta = false, isNoGamma = false, isOnlyOutput = false;
};
constexpr LayerNormConfig LNCFG_NORM = {false, false, false};
// Rows, elements of a row with data, elements of a row in memory.
struct LayerNormPara {
  std::uint32_t aLength = 0, rLength = 0, rLengthWithPadding = 0;
};

namespace detail {
namespace lib {

// What a norm writes besides its output, or nothing: packed row values.
template <class S>
struct NormOutputs {
  LocalTensor<S> mean, variance;
  bool wanted = false,
       reciprocal = false;  // reciprocal: 1 / sqrt(variance + epsilon) in place of the variance
};

// gamma or beta in float, for all rows.
template <class U>
inline Rows<float> shared_row(const LocalTensor<U>& row, std::uint32_t n, Temporary& memory) {
  if constexpr (is_float<U>) {
    return rows_of(row, 0);
  } else {
    const LocalTensor<float> wide = memory.take<float>(n);
    cast(wide, row, RoundMode::CAST_NONE, n);
    return rows_of(wide, 0);
  }
}

// Packed values from row `row` on: by the scalar unit where that is not at a block's start.
template <class S>
inline void write_packed(const LocalTensor<S>& to, std::uint32_t row, const LocalTensor<float>& values,
                         std::uint32_t n) {
  if (row % kPerBlock<S> == 0) return write_statistics(to[row], values, n);
  const TEventID there = GetTPipePtr()->FetchEventID<HardEvent::V_S>(),
                 back = GetTPipePtr()->FetchEventID<HardEvent::S_V>();
  SetFlag<HardEvent::V_S>(there);
  WaitFlag<HardEvent::V_S>(there);
  for (std::uint32_t i = 0; i < n; ++i) to.SetValue(row + i, values.GetValue(i));
  SetFlag<HardEvent::S_V>(back);
  WaitFlag<HardEvent::S_V>(back);
}

// centre: subtract the mean (not for RmsNorm). `load(values, row, n)` brings n rows from `row` in float.
template <class T, class U, class S, class Load>
inline void normalise_rows(const LocalTensor<T>& dst, const NormOutputs<S>& extra,
                           const LocalTensor<U>& gamma, const LocalTensor<U>& beta, bool has_gamma,
                           bool has_beta, float epsilon, bool centre, const SoftmaxShape& shape,
                           Temporary memory, Load load) {
  const KeptMask kept;
  const std::uint32_t k = shape.pitch;
  const float share = 1.0f / static_cast<float>(shape.cols);
  const Rows<float> scale = has_gamma ? shared_row(gamma, k, memory) : Rows<float>(),
                    shift = has_beta ? shared_row(beta, k, memory) : Rows<float>();
  const SoftmaxWork<T, 1> work(memory, shape, 8, 2);
  const Rows<float> x = rows_of(work.values, k), square = rows_of(work.values[work.rows * k], k);
  const Rows<float> spread = spread_rows(work.set[0]);
  const auto put = [&](const LocalTensor<S>& to, std::uint32_t row, std::uint32_t n) {
    if (extra.wanted) write_packed(to, row, work.packed, n);
  };
  for (std::uint32_t r = 0; r < shape.rows; r += work.rows) {
    const std::uint32_t n = shape.rows - r < work.rows ? shape.rows - r : work.rows;
    load(x.tensor, r, n);
    if (centre) {
      row_reduce(Reduction::sum, work.packed, n, shape.cols, x, work.scratch);
      muls(work.packed, work.packed, share, n);
      put(extra.mean, r, n);
      spread_values(work.set[0], work.packed, n, 8);
      rows_sub(n, k, x, x, spread);
    }
    rows_mul(n, k, square, x, x);
    row_reduce(Reduction::sum, work.packed, n, shape.cols, square, work.scratch);
    muls(work.packed, work.packed, share, n);
    if (!extra.reciprocal) put(extra.variance, r, n);
    adds(work.packed, work.packed, epsilon, n);
    square_root(work.packed, work.packed, n);
    fill(work.set[0], 1.0f, n);
    div(work.packed, work.set[0], work.packed, n);
    if (extra.reciprocal) put(extra.variance, r, n);
    spread_values(work.set[0], work.packed, n, 8);
    rows_mul(n, k, x, x, spread);
    if (has_gamma) rows_mul(n, k, x, x, scale);
    if (has_beta) rows_add(n, k, x, x, shift);
    if constexpr (is_float<T>)
      adds(dst[r * k], x.tensor, 0.0f, n * k);
    else
      cast(dst[r * k], x.tensor, kToNearest, n * k);
  }
}
template <class T>
inline auto load_rows(const LocalTensor<T>& src, std::uint32_t pitch) {
  return [src, pitch](const LocalTensor<float>& to, std::uint32_t row, std::uint32_t n) {
    if constexpr (is_float<T>)
      adds(to, src[row * pitch], 0.0f, n * pitch);
    else
      cast(to, src[row * pitch], RoundMode::CAST_NONE, n * pitch);
  };
}
// Tiling: b * s rows of h elements, of which originalHLength hold data.
template <class Tiling>
inline SoftmaxShape norm_shape(const Tiling& t) {
  return {t.bLength * t.sLength, t.hLength, t.originalHLength != 0 ? t.originalHLength : t.hLength};
}
template <class T, class Tiling>
inline void layer_norm(const LocalTensor<T>& output, const LocalTensor<T>& mean,
                       const LocalTensor<T>& variance, const LocalTensor<T>& x, const LocalTensor<T>& gamma,
                       const LocalTensor<T>& beta, T epsilon, const Tiling& tiling, Temporary memory) {
  const SoftmaxShape shape = norm_shape(tiling);
  normalise_rows(output, NormOutputs<T>{mean, variance, true, false}, gamma, beta, true, true,
                 static_cast<float>(epsilon), true, shape, memory, load_rows(x, shape.pitch));
}
template <class T>
inline void rms_norm(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LocalTensor<T>& gamma,
                     T epsilon, const RmsNormTiling& tiling, Temporary memory) {
  const SoftmaxShape shape = norm_shape(tiling);
  normalise_rows(dst, NormOutputs<T>(), gamma, gamma, true, false, static_cast<float>(epsilon), false, shape,
                 memory, load_rows(src, shape.pitch));
}
// LayerNorm of alpha x + gx.
template <class T>
inline void deep_norm(const LocalTensor<T>& dst, const LocalTensor<T>& mean, const LocalTensor<T>& variance,
                      const LocalTensor<T>& x, const LocalTensor<T>& gx, const LocalTensor<T>& beta,
                      const LocalTensor<T>& gamma, T alpha, T epsilon, const DeepNormTiling& tiling,
                      Temporary memory) {
  const SoftmaxShape shape = norm_shape(tiling);
  const std::uint32_t k = shape.pitch;
  const LocalTensor<float> row = memory.take<float>(is_float<T> ? 0 : k);
  const auto load = [&](const LocalTensor<float>& to, std::uint32_t first, std::uint32_t n) {
    load_rows(gx, k)(to, first, n);
    for (std::uint32_t r = 0; r < n; ++r) {
      if constexpr (is_float<T>) {
        axpy(to[r * k], x[(first + r) * k], static_cast<float>(alpha), k);
      } else {
        cast(row, x[(first + r) * k], RoundMode::CAST_NONE, k);
        axpy(to[r * k], row, static_cast<float>(alpha), k);
      }
    }
  };
  normalise_rows(dst, NormOutputs<T>{mean, variance, true, false}, gamma, beta, true, true,
                 static_cast<float>(epsilon), true, shape, memory, load);
}

}  // namespace lib
}  // namespace detail

template <class T, bool isReuseSource = false>
inline void LayerNorm(const LocalTensor<T>& output, const LocalTensor<T>& outputMean,
                      const LocalTensor<T>& outputVariance, const LocalTensor<T>& inputX,
                      const LocalTensor<T>& gamma, const LocalTensor<T>& beta,
                      const LocalTensor<std::uint8_t>& sharedTmpBuffer, const T epsilon,
                      const LayerNormTiling& tiling) {
  detail::lib::layer_norm(output, outputMean, outputVariance, inputX, gamma, beta, epsilon, tiling,
                          detail::lib::Temporary(sharedTmpBuffer));
}
template <class T, bool isReuseSource = false>
inline void LayerNorm(const LocalTensor<T>& output, const LocalTensor<T>& outputMean,
                      const LocalTensor<T>& outputVariance, const LocalTensor<T>& inputX,
                      const LocalTensor<T>& gamma, const LocalTensor<T>& beta, const T epsilon,
                      const LayerNormTiling& tiling) {
  detail::lib::layer_norm(output, outputMean, outputVariance, inputX, gamma, beta, epsilon, tiling,
                          detail::lib::Temporary::rest_of_ub());
}
// With the reciprocal of the deviation for the variance, both in float.
template <class U, class T, bool isReuseSource = false, const LayerNormConfig& config = LNCFG_NORM>
inline void LayerNorm(const LocalTensor<T>& output, const LocalTensor<float>& outputMean,
                      const LocalTensor<float>& outputRstd, const LocalTensor<T>& inputX,
                      const LocalTensor<U>& gamma, const LocalTensor<U>& beta, const float epsilon,
                      const LocalTensor<std::uint8_t>& sharedTmpBuffer, const LayerNormPara& para,
                      const LayerNormSeparateTiling& /*tiling*/) {
  const detail::lib::SoftmaxShape shape{para.aLength, para.rLengthWithPadding, para.rLength};
  detail::lib::normalise_rows(
      output, detail::lib::NormOutputs<float>{outputMean, outputRstd, !config.isOnlyOutput, true}, gamma,
      beta, !config.isNoGamma, !config.isNoBeta, epsilon, true, shape,
      detail::lib::Temporary(sharedTmpBuffer), detail::lib::load_rows(inputX, para.rLengthWithPadding));
}
template <class U, class T, bool isReuseSource = false, const LayerNormConfig& config = LNCFG_NORM>
inline void LayerNorm(const LocalTensor<T>& output, const LocalTensor<float>& outputMean,
                      const LocalTensor<float>& outputRstd, const LocalTensor<T>& inputX,
                      const LocalTensor<U>& gamma, const LocalTensor<U>& beta, const float epsilon,
                      const LayerNormPara& para, const LayerNormSeparateTiling& /*tiling*/) {
  const detail::lib::SoftmaxShape shape{para.aLength, para.rLengthWithPadding, para.rLength};
  detail::lib::normalise_rows(
      output, detail::lib::NormOutputs<float>{outputMean, outputRstd, !config.isOnlyOutput, true}, gamma,
      beta, !config.isNoGamma, !config.isNoBeta, epsilon, true, shape, detail::lib::Temporary::rest_of_ub(),
      detail::lib::load_rows(inputX, para.rLengthWithPadding));
}

template <class T, bool isBasicBlock = false>
inline void RmsNorm(const LocalTensor<T>& dstLocal, const LocalTensor<T>& srcLocal,
                    const LocalTensor<T>& gammaLocal, const LocalTensor<std::uint8_t>& sharedTmpBuffer,
                    const T epsilon, const RmsNormTiling& tiling) {
  detail::lib::rms_norm(dstLocal, srcLocal, gammaLocal, epsilon, tiling,
                        detail::lib::Temporary(sharedTmpBuffer));
}
template <class T, bool isBasicBlock = false>
inline void RmsNorm(const LocalTensor<T>& dstLocal, const LocalTensor<T>& srcLocal,
                    const LocalTensor<T>& gammaLocal, const T epsilon, const RmsNormTiling& tiling) {
  detail::lib::rms_norm(dstLocal, srcLocal, gammaLocal, epsilon, tiling,
                        detail::lib::Temporary::rest_of_ub());
}

template <class T, bool isReuseSrc = false, bool isBasicBlock = false>
inline void DeepNorm(const LocalTensor<T>& dstLocal, const LocalTensor<T>& meanLocal,
                     const LocalTensor<T>& rstdLocal, const LocalTensor<T>& srcLocal,
                     const LocalTensor<T>& gxLocal, const LocalTensor<T>& betaLocal,
                     const LocalTensor<T>& gammaLocal, const LocalTensor<std::uint8_t>& sharedTmpBuffer,
                     const T alpha, const T epsilon, const DeepNormTiling& tiling) {
  detail::lib::deep_norm(dstLocal, meanLocal, rstdLocal, srcLocal, gxLocal, betaLocal, gammaLocal, alpha,
                         epsilon, tiling, detail::lib::Temporary(sharedTmpBuffer));
}
template <class T, bool isReuseSrc = false, bool isBasicBlock = false>
inline void DeepNorm(const LocalTensor<T>& dstLocal, const LocalTensor<T>& meanLocal,
                     const LocalTensor<T>& rstdLocal, const LocalTensor<T>& srcLocal,
                     const LocalTensor<T>& gxLocal, const LocalTensor<T>& betaLocal,
                     const LocalTensor<T>& gammaLocal, const T alpha, const T epsilon,
                     const DeepNormTiling& tiling) {
  detail::lib::deep_norm(dstLocal, meanLocal, rstdLocal, srcLocal, gxLocal, betaLocal, gammaLocal, alpha,
                         epsilon, tiling, detail::lib::Temporary::rest_of_ub());
}

}  // namespace AscendC
