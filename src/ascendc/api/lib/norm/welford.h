// SPDX-License-Identifier: Apache-2.0
#pragma once

// Welford's running mean and sum of squared deviations: WelfordUpdate takes one more row of samples,
// WelfordFinalize joins the columns, Normalize applies a mean and variance that were computed before.

#include "layer_norm.h"

namespace AscendC {

struct WelfordUpdateParam {
  std::uint32_t rnLength = 1, abLength = 0, abComputeLength = 0;
  float nRec = 1.0f;  // 1 / number of samples, this one included
};
struct WelfordUpdateConfig {
  bool isInplace = false;
};
constexpr WelfordUpdateConfig WFUPDATE_DEFAULT_CFG = {false};
// Samples per column rnLength (head columns: one more where there is a tail), columns abLength.
struct WelfordFinalizePara {
  std::uint32_t rnLength = 0, abLength = 0, headCount = 0, headCountLength = 0, tailCount = 0,
                tailCountLength = 0;
  float abRec = 0, rRec = 0;  // 1 / columns, 1 / samples of all columns
};
struct WelfordFinalizeConfig {
  bool isCorrection = false;
};
constexpr WelfordFinalizeConfig WFFINALIZE_DEFAULT_CFG = {false};
struct NormalizeConfig {
  bool isNoBeta = false, isNoGamma = false, isOnlyOutput = false;
};
constexpr NormalizeConfig NLCFG_NORM = {false, false, false};
struct NormalizePara {
  std::uint32_t aLength = 0, rLength = 0, rLengthWithPadding = 0;
};

namespace detail {
namespace lib {

template <class T>
inline void welford_update(const LocalTensor<float>& mean, const LocalTensor<float>& variance,
                           const LocalTensor<float>& in_mean, const LocalTensor<float>& in_variance,
                           const LocalTensor<T>& x, const WelfordUpdateParam& p, Temporary memory) {
  const KeptMask kept;
  const std::uint32_t step = memory.fit(12, p.abComputeLength, 16);
  const LocalTensor<float> value = memory.take<float>(step), before = memory.take<float>(step),
                           moved = memory.take<float>(step);
  for (std::uint32_t at = 0; at < p.abComputeLength; at += step) {
    const std::uint32_t n = p.abComputeLength - at < step ? p.abComputeLength - at : step;
    if constexpr (is_float<T>)
      adds(value, x[at], 0.0f, n);
    else
      cast(value, x[at], RoundMode::CAST_NONE, n);
    sub(before, value, in_mean[at], n);
    muls(moved, before, p.nRec, n);
    add(moved, moved, in_mean[at], n);  // the new mean
    sub(value, value, moved, n);
    mul(value, value, before, n);
    add(variance[at], in_variance[at], value, n);
    adds(mean[at], moved, 0.0f, n);
  }
}

// mean = sum(count mean) / samples; variance = (sum(variance) + sum(count (mean - that)^2)) / samples.
// `counts` are samples per column in float.
inline void welford_finalize(const LocalTensor<float>& mean, const LocalTensor<float>& variance,
                             const LocalTensor<float>& in_mean, const LocalTensor<float>& in_variance,
                             const LocalTensor<float>& counts, std::uint32_t columns, float share,
                             float variance_share, Temporary memory) {
  const LocalTensor<float> value = memory.take<float>(columns),
                           scratch = memory.take<float>(reduce_scratch<float>(columns)),
                           one = memory.take<float>(8), all = memory.take<float>(8);
  const auto total = [&](const LocalTensor<float>& to, const LocalTensor<float>& from) {
    row_reduce(Reduction::sum, to, 1, columns, rows_of(from, round_up(columns, 8)), scratch);
  };
  mul(value, in_mean, counts, columns);
  total(one, value);
  muls(mean, one, share, 1);
  spread_values(all, mean, 1, 8);
  const Rows<float> x = rows_of(value, round_up(columns, 8));
  rows_sub(1, columns, x, rows_of(in_mean, round_up(columns, 8)), spread_rows(all));
  mul(value, value, value, columns);
  mul(value, value, counts, columns);
  add(value, value, in_variance, columns);
  total(one, value);
  muls(variance, one, variance_share, 1);
}
inline LocalTensor<float> welford_counts(const WelfordFinalizePara& p, Temporary& memory) {
  const LocalTensor<float> counts = memory.take<float>(p.abLength);
  if (p.tailCount == 0) {
    fill(counts, static_cast<float>(p.headCount != 0 ? p.headCount : p.rnLength), p.abLength);
  } else {
    fill(counts, static_cast<float>(p.tailCount), p.abLength);
    fill(counts, static_cast<float>(p.headCount), p.headCountLength);
  }
  return counts;
}
inline float corrected(float share, bool correction) {
  return correction ? 1.0f / (1.0f / share - 1.0f) : share;
}

template <class T, class U>
inline void normalize(const LocalTensor<T>& dst, const LocalTensor<float>& rstd,
                      const LocalTensor<float>& mean, const LocalTensor<float>& variance,
                      const LocalTensor<T>& src, const LocalTensor<U>& gamma, const LocalTensor<U>& beta,
                      float epsilon, const NormalizePara& p, const NormalizeConfig& config,
                      Temporary memory) {
  const KeptMask kept;
  const std::uint32_t k = p.rLengthWithPadding != 0 ? p.rLengthWithPadding : p.rLength;
  const Rows<float> scale = config.isNoGamma ? Rows<float>() : shared_row(gamma, k, memory),
                    shift = config.isNoBeta ? Rows<float>() : shared_row(beta, k, memory);
  const LocalTensor<float> reciprocal = memory.take<float>(round_up(p.aLength, 8));
  adds(reciprocal, variance, epsilon, p.aLength);
  square_root(reciprocal, reciprocal, p.aLength);
  {
    Temporary ones = memory;
    const LocalTensor<float> one = ones.take<float>(p.aLength);
    fill(one, 1.0f, p.aLength);
    div(reciprocal, one, reciprocal, p.aLength);
  }
  if (!config.isOnlyOutput) adds(rstd, reciprocal, 0.0f, p.aLength);
  const SoftmaxWork<T, 2> work(memory, SoftmaxShape{p.aLength, k, k}, 8, 1, 8);
  const Rows<float> x = rows_of(work.values, k);
  for (std::uint32_t r = 0; r < p.aLength; r += work.rows) {
    const std::uint32_t n = p.aLength - r < work.rows ? p.aLength - r : work.rows;
    load_rows(src, k)(x.tensor, r, n);
    adds(work.packed, mean[r], 0.0f, n);  // what Brcb reads ends at a multiple of eight
    spread_values(work.set[0], work.packed, n, 8);
    spread_values(work.set[1], reciprocal[r], n, 8);
    rows_sub(n, k, x, x, spread_rows(work.set[0]));
    rows_mul(n, k, x, x, spread_rows(work.set[1]));
    if (!config.isNoGamma) rows_mul(n, k, x, x, scale);
    if (!config.isNoBeta) rows_add(n, k, x, x, shift);
    if constexpr (is_float<T>)
      adds(dst[r * k], x.tensor, 0.0f, n * k);
    else
      cast(dst[r * k], x.tensor, kToNearest, n * k);
  }
}

}  // namespace lib
}  // namespace detail

template <class T, class U, bool isReuseSource = false,
          const WelfordUpdateConfig& config = WFUPDATE_DEFAULT_CFG>
inline void WelfordUpdate(const LocalTensor<U>& outputMean, const LocalTensor<U>& outputVariance,
                          const LocalTensor<U>& inputMean, const LocalTensor<U>& inputVariance,
                          const LocalTensor<T>& inputX, const LocalTensor<std::uint8_t>& sharedTmpBuffer,
                          const WelfordUpdateParam& para) {
  detail::lib::welford_update(outputMean, outputVariance, inputMean, inputVariance, inputX, para,
                              detail::lib::Temporary(sharedTmpBuffer));
}
template <class T, class U, bool isReuseSource = false,
          const WelfordUpdateConfig& config = WFUPDATE_DEFAULT_CFG>
inline void WelfordUpdate(const LocalTensor<U>& outputMean, const LocalTensor<U>& outputVariance,
                          const LocalTensor<U>& inputMean, const LocalTensor<U>& inputVariance,
                          const LocalTensor<T>& inputX, const WelfordUpdateParam& para) {
  detail::lib::welford_update(outputMean, outputVariance, inputMean, inputVariance, inputX, para,
                              detail::lib::Temporary::rest_of_ub());
}

template <bool isReuseSource = false, const WelfordFinalizeConfig& config = WFFINALIZE_DEFAULT_CFG>
inline void WelfordFinalize(const LocalTensor<float>& outputMean, const LocalTensor<float>& outputVariance,
                            const LocalTensor<float>& inputMean, const LocalTensor<float>& inputVariance,
                            const LocalTensor<std::uint8_t>& sharedTmpBuffer,
                            const WelfordFinalizePara& para) {
  const detail::lib::KeptMask kept;
  detail::lib::Temporary memory(sharedTmpBuffer);
  const LocalTensor<float> counts = detail::lib::welford_counts(para, memory);
  detail::lib::welford_finalize(outputMean, outputVariance, inputMean, inputVariance, counts, para.abLength,
                                para.rRec, detail::lib::corrected(para.rRec, config.isCorrection), memory);
}
template <bool isReuseSource = false, const WelfordFinalizeConfig& config = WFFINALIZE_DEFAULT_CFG>
inline void WelfordFinalize(const LocalTensor<float>& outputMean, const LocalTensor<float>& outputVariance,
                            const LocalTensor<float>& inputMean, const LocalTensor<float>& inputVariance,
                            const LocalTensor<std::int32_t>& counts,
                            const LocalTensor<std::uint8_t>& sharedTmpBuffer,
                            const WelfordFinalizePara& para) {
  const detail::lib::KeptMask kept;
  detail::lib::Temporary memory(sharedTmpBuffer);
  const LocalTensor<float> wide = memory.take<float>(para.abLength);
  detail::lib::cast(wide, counts, RoundMode::CAST_RINT, para.abLength);
  detail::lib::welford_finalize(outputMean, outputVariance, inputMean, inputVariance, wide, para.abLength,
                                para.rRec, detail::lib::corrected(para.rRec, config.isCorrection), memory);
}

template <class U, class T, bool isReuseSource = false, const NormalizeConfig& config = NLCFG_NORM>
inline void Normalize(const LocalTensor<T>& output, const LocalTensor<float>& outputRstd,
                      const LocalTensor<float>& inputMean, const LocalTensor<float>& inputVariance,
                      const LocalTensor<T>& inputX, const LocalTensor<U>& gamma, const LocalTensor<U>& beta,
                      const LocalTensor<std::uint8_t>& sharedTmpBuffer, const float epsilon,
                      const NormalizePara& para) {
  detail::lib::normalize(output, outputRstd, inputMean, inputVariance, inputX, gamma, beta, epsilon, para,
                         config, detail::lib::Temporary(sharedTmpBuffer));
}
template <class U, class T, bool isReuseSource = false, const NormalizeConfig& config = NLCFG_NORM>
inline void Normalize(const LocalTensor<T>& output, const LocalTensor<float>& outputRstd,
                      const LocalTensor<float>& inputMean, const LocalTensor<float>& inputVariance,
                      const LocalTensor<T>& inputX, const LocalTensor<U>& gamma, const LocalTensor<U>& beta,
                      const float epsilon, const NormalizePara& para) {
  detail::lib::normalize(output, outputRstd, inputMean, inputVariance, inputX, gamma, beta, epsilon, para,
                         config, detail::lib::Temporary::rest_of_ub());
}

}  // namespace AscendC
