// SPDX-License-Identifier: Apache-2.0
#pragma once

// Gelu by its tanh form, x / (1 + exp(-1.59576912 (x + 0.044715 x^3))), FasterGelu by x sigmoid(1.702 x), and
// GeGLU.

#include "sigmoid.h"

namespace AscendC {
namespace detail {
namespace lib {

// d = Gelu(x); d may be x, t not.
inline void gelu_step(const LocalTensor<float>& d, const LocalTensor<float>& x, const LocalTensor<float>& t,
                      std::uint32_t n) {
  mul(t, x, x, n);
  muls(t, t, 0.044715, n);
  adds(t, t, 1.0, n);
  mul(t, t, x, n);
  one_plus_exp(t, t, 1.5957691216057308f, n);
  div(d, x, t, n);
}
template <class T>
inline void gelu(const LocalTensor<T>& dst, const LocalTensor<T>& src, Temporary memory,
                 std::uint32_t count) {
  in_float<1>(dst, src, memory, count,
              [](const auto& y, const auto& x, const auto* t, std::uint32_t n) { gelu_step(y, x, t[0], n); });
}
template <class T>
inline void faster_gelu(const LocalTensor<T>& dst, const LocalTensor<T>& src, Temporary memory,
                        std::uint32_t count) {
  swish(dst, src, 1.702f, memory, count);
}
template <class T>
inline void geglu(const LocalTensor<T>& dst, const LocalTensor<T>& src0, const LocalTensor<T>& src1,
                  Temporary memory, std::uint32_t count) {
  in_float<1>(dst, src0, src1, memory, count,
              [](const auto& y, const auto& a, const auto& b, const auto* t, std::uint32_t n) {
                gelu_step(t[0], b, t[0], n);
                mul(y, a, t[0], n);
              });
}

}  // namespace lib
}  // namespace detail

// highPrecision and highPerformance choose between faster and finer forms on hardware; here there is the fine
// one.
#define ETALON_GELU(Name, function)                                                                  \
  template <class T, bool highPrecision = false, bool highPerformance = false>                       \
  inline void Name(const LocalTensor<T>& dstLocal, const LocalTensor<T>& srcLocal,                   \
                   const LocalTensor<std::uint8_t>& sharedTmpBuffer, const std::uint32_t dataSize) { \
    function(dstLocal, srcLocal, detail::lib::Temporary(sharedTmpBuffer), dataSize);                 \
  }                                                                                                  \
  template <class T, bool highPrecision = false, bool highPerformance = false>                       \
  inline void Name(const LocalTensor<T>& dstLocal, const LocalTensor<T>& srcLocal,                   \
                   const std::uint32_t dataSize) {                                                   \
    function(dstLocal, srcLocal, detail::lib::Temporary::rest_of_ub(), dataSize);                    \
  }
ETALON_GELU(Gelu, detail::lib::gelu)
ETALON_GELU(FasterGelu, detail::lib::faster_gelu)
#undef ETALON_GELU
ETALON_LIBRARY_BINARY(GeGLU, detail::lib::geglu)

}  // namespace AscendC
