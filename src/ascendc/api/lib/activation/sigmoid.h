// SPDX-License-Identifier: Apache-2.0
#pragma once

// Sigmoid, Silu, Swish and the gated forms SwiGLU and ReGlu, in float.

#include "../common/steps.h"

namespace AscendC {
namespace detail {
namespace lib {

// d = 1 + exp(-beta x)
inline void one_plus_exp(const LocalTensor<float>& d, const LocalTensor<float>& x, float beta,
                         std::uint32_t n) {
  muls(d, x, -beta, n);
  exponential(d, d, n);
  adds(d, d, 1.0, n);
}
template <class T>
inline void sigmoid(const LocalTensor<T>& dst, const LocalTensor<T>& src, Temporary memory,
                    std::uint32_t count) {
  in_float<2>(dst, src, memory, count, [](const auto& y, const auto& x, const auto* t, std::uint32_t n) {
    one_plus_exp(t[0], x, 1.0f, n);
    fill(t[1], 1.0, n);
    div(y, t[1], t[0], n);
  });
}
// x / (1 + exp(-beta x))
template <class T>
inline void swish(const LocalTensor<T>& dst, const LocalTensor<T>& src, float beta, Temporary memory,
                  std::uint32_t count) {
  in_float<1>(dst, src, memory, count, [beta](const auto& y, const auto& x, const auto* t, std::uint32_t n) {
    one_plus_exp(t[0], x, beta, n);
    div(y, x, t[0], n);
  });
}
// a b / (1 + exp(-beta b))
template <class T>
inline void swiglu(const LocalTensor<T>& dst, const LocalTensor<T>& src0, const LocalTensor<T>& src1,
                   float beta, Temporary memory, std::uint32_t count) {
  in_float<1>(dst, src0, src1, memory, count,
              [beta](const auto& y, const auto& a, const auto& b, const auto* t, std::uint32_t n) {
                one_plus_exp(t[0], b, beta, n);
                div(t[0], b, t[0], n);
                mul(y, a, t[0], n);
              });
}
// a max(b, 0)
template <class T>
inline void reglu(const LocalTensor<T>& dst, const LocalTensor<T>& src0, const LocalTensor<T>& src1,
                  Temporary memory, std::uint32_t count) {
  in_float<1>(dst, src0, src1, memory, count,
              [](const auto& y, const auto& a, const auto& b, const auto* t, std::uint32_t n) {
                positive(t[0], b, n);
                mul(y, a, t[0], n);
              });
}

}  // namespace lib
}  // namespace detail

ETALON_LIBRARY_UNARY(Sigmoid, detail::lib::sigmoid)
ETALON_LIBRARY_BINARY(ReGlu, detail::lib::reglu)

template <class T, bool isReuseSource = false>
inline void Silu(const LocalTensor<T>& dstLocal, const LocalTensor<T>& srcLocal, std::uint32_t dataSize) {
  detail::lib::swish(dstLocal, srcLocal, 1.0f, detail::lib::Temporary::rest_of_ub(), dataSize);
}
template <class T, bool isReuseSource = false>
inline void Swish(const LocalTensor<T>& dstLocal, const LocalTensor<T>& srcLocal, std::uint32_t dataSize,
                  const T scalarValue) {
  detail::lib::swish(dstLocal, srcLocal, static_cast<float>(scalarValue),
                     detail::lib::Temporary::rest_of_ub(), dataSize);
}

template <class T, bool isReuseSource = false>
inline void SwiGLU(const LocalTensor<T>& dstTensor, const LocalTensor<T>& srcTensor0,
                   const LocalTensor<T>& srcTensor1, const float& scalarValue,
                   const LocalTensor<std::uint8_t>& sharedTmpBuffer, const std::uint32_t calCount) {
  detail::lib::swiglu(dstTensor, srcTensor0, srcTensor1, scalarValue, detail::lib::Temporary(sharedTmpBuffer),
                      calCount);
}
template <class T, bool isReuseSource = false>
inline void SwiGLU(const LocalTensor<T>& dstTensor, const LocalTensor<T>& srcTensor0,
                   const LocalTensor<T>& srcTensor1, const float& scalarValue,
                   const LocalTensor<std::uint8_t>& sharedTmpBuffer) {
  SwiGLU(dstTensor, srcTensor0, srcTensor1, scalarValue, sharedTmpBuffer, srcTensor0.GetSize());
}
template <class T, bool isReuseSource = false>
inline void SwiGLU(const LocalTensor<T>& dstTensor, const LocalTensor<T>& srcTensor0,
                   const LocalTensor<T>& srcTensor1, const float& scalarValue, const std::uint32_t calCount) {
  detail::lib::swiglu(dstTensor, srcTensor0, srcTensor1, scalarValue, detail::lib::Temporary::rest_of_ub(),
                      calCount);
}
template <class T, bool isReuseSource = false>
inline void SwiGLU(const LocalTensor<T>& dstTensor, const LocalTensor<T>& srcTensor0,
                   const LocalTensor<T>& srcTensor1, const float& scalarValue) {
  SwiGLU(dstTensor, srcTensor0, srcTensor1, scalarValue, srcTensor0.GetSize());
}

}  // namespace AscendC
