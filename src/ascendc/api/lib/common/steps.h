// SPDX-License-Identifier: Apache-2.0
#pragma once

// Vector instructions over contiguous elements, each waiting for the one before: what the libraries are
// written in.

#include "../../ascendc/vector.h"
#include "../../ascendc/vector_select.h"
#include "temporary.h"

namespace AscendC {
namespace detail {
namespace lib {

inline void then() { PipeBarrier<PIPE_V>(); }

#define ETALON_STEP_BINARY(name, Instruction)                                                 \
  template <class T>                                                                          \
  inline void name(const LocalTensor<T>& d, const LocalTensor<T>& a, const LocalTensor<T>& b, \
                   std::uint32_t n) {                                                         \
    Instruction(d, a, b, static_cast<std::int32_t>(n));                                       \
    then();                                                                                   \
  }
ETALON_STEP_BINARY(add, Add)
ETALON_STEP_BINARY(sub, Sub)
ETALON_STEP_BINARY(mul, Mul)
ETALON_STEP_BINARY(div, Div)
ETALON_STEP_BINARY(maximum, Max)
ETALON_STEP_BINARY(minimum, Min)
ETALON_STEP_BINARY(multiply_add, MulAddDst)  // d += a * b
ETALON_STEP_BINARY(fused, FusedMulAdd)       // d = a * d + b, rounded once
#undef ETALON_STEP_BINARY

#define ETALON_STEP_UNARY(name, Instruction)                                            \
  template <class T>                                                                    \
  inline void name(const LocalTensor<T>& d, const LocalTensor<T>& a, std::uint32_t n) { \
    Instruction(d, a, static_cast<std::int32_t>(n));                                    \
    then();                                                                             \
  }
ETALON_STEP_UNARY(exponential, Exp)
ETALON_STEP_UNARY(logarithm, Ln)
ETALON_STEP_UNARY(absolute, Abs)
ETALON_STEP_UNARY(square_root, Sqrt)
ETALON_STEP_UNARY(positive, Relu)
#undef ETALON_STEP_UNARY

#define ETALON_STEP_SCALAR(name, Instruction)                                                \
  template <class T, class S>                                                                \
  inline void name(const LocalTensor<T>& d, const LocalTensor<T>& a, S s, std::uint32_t n) { \
    Instruction(d, a, static_cast<T>(s), static_cast<std::int32_t>(n));                      \
    then();                                                                                  \
  }
ETALON_STEP_SCALAR(adds, Adds)
ETALON_STEP_SCALAR(muls, Muls)
ETALON_STEP_SCALAR(maxs, Maxs)
ETALON_STEP_SCALAR(mins, Mins)
ETALON_STEP_SCALAR(axpy, Axpy)  // d += a * s
#undef ETALON_STEP_SCALAR

template <class D, class S>
inline void cast(const LocalTensor<D>& d, const LocalTensor<S>& s, RoundMode mode, std::uint32_t n) {
  Cast(d, s, mode, n);
  then();
}
template <class T, class S>
inline void fill(const LocalTensor<T>& d, S value, std::uint32_t n) {
  Duplicate(d, static_cast<T>(value), static_cast<std::int32_t>(n));
  then();
}

// d = c[0] + c[1] x + ... ; d and x are different memory.
template <int terms>
inline void polynomial(const LocalTensor<float>& d, const LocalTensor<float>& x, const double (&c)[terms],
                       std::uint32_t n) {
  muls(d, x, c[terms - 1], n);
  for (int i = terms - 2; i > 0; --i) {
    adds(d, d, c[i], n);
    mul(d, d, x, n);
  }
  adds(d, d, c[0], n);
}

constexpr double kPi = 3.14159265358979323846;

// How a type that is computed in float comes back.
constexpr RoundMode kToNearest = RoundMode::CAST_RINT;
template <class T>
constexpr bool is_float = std::is_same<T, float>::value;

// Runs f(y, x, t, n) over pieces of `count` elements in float: x is the source, y the destination (perhaps
// the same memory: y is written by the last step that reads x, or later), t are `buffers` tensors of n
// elements.
template <int buffers, class T, class F>
inline void in_float(const LocalTensor<T>& dst, const LocalTensor<T>& src, Temporary memory,
                     std::uint32_t count, F f) {
  static_assert(sizeof(T) == 2 || is_float<T>, "half, bfloat16_t and float are computed in float");
  const KeptMask kept;
  constexpr int wide = is_float<T> ? 0 : 1;
  const std::uint32_t step = memory.fit(4 * (buffers + wide), count, 16);
  LocalTensor<float> t[buffers + 1], x;
  for (int i = 0; i < buffers; ++i) t[i] = memory.take<float>(step);
  if constexpr (wide != 0) x = memory.take<float>(step);
  for (std::uint32_t at = 0; at < count; at += step) {
    const std::uint32_t n = count - at < step ? count - at : step;
    if constexpr (wide != 0) {
      cast(x, src[at], RoundMode::CAST_NONE, n);
      f(x, x, t, n);
      cast(dst[at], x, kToNearest, n);
    } else {
      f(dst[at], src[at], t, n);
    }
  }
}

// The same of two sources: f(y, a, b, t, n).
template <int buffers, class T, class F>
inline void in_float(const LocalTensor<T>& dst, const LocalTensor<T>& src0, const LocalTensor<T>& src1,
                     Temporary memory, std::uint32_t count, F f) {
  static_assert(sizeof(T) == 2 || is_float<T>, "half, bfloat16_t and float are computed in float");
  const KeptMask kept;
  constexpr int wide = is_float<T> ? 0 : 2;
  const std::uint32_t step = memory.fit(4 * (buffers + wide), count, 16);
  LocalTensor<float> t[buffers + 1], a, b;
  for (int i = 0; i < buffers; ++i) t[i] = memory.take<float>(step);
  if constexpr (wide != 0) a = memory.take<float>(step), b = memory.take<float>(step);
  for (std::uint32_t at = 0; at < count; at += step) {
    const std::uint32_t n = count - at < step ? count - at : step;
    if constexpr (wide != 0) {
      cast(a, src0[at], RoundMode::CAST_NONE, n);
      cast(b, src1[at], RoundMode::CAST_NONE, n);
      f(a, a, b, t, n);
      cast(dst[at], a, kToNearest, n);
    } else {
      f(dst[at], src0[at], src1[at], t, n);
    }
  }
}

}  // namespace lib
}  // namespace detail

// The four forms in which the interface offers an element-wise function: with temporary memory of the caller
// or of the framework, over `calCount` elements or all of the source.
#define ETALON_LIBRARY_UNARY(Name, function)                                                         \
  template <class T, bool isReuseSource = false>                                                     \
  inline void Name(const LocalTensor<T>& dstTensor, const LocalTensor<T>& srcTensor,                 \
                   const LocalTensor<std::uint8_t>& sharedTmpBuffer, const std::uint32_t calCount) { \
    function(dstTensor, srcTensor, detail::lib::Temporary(sharedTmpBuffer), calCount);               \
  }                                                                                                  \
  template <class T, bool isReuseSource = false>                                                     \
  inline void Name(const LocalTensor<T>& dstTensor, const LocalTensor<T>& srcTensor,                 \
                   const LocalTensor<std::uint8_t>& sharedTmpBuffer) {                               \
    function(dstTensor, srcTensor, detail::lib::Temporary(sharedTmpBuffer), srcTensor.GetSize());    \
  }                                                                                                  \
  template <class T, bool isReuseSource = false>                                                     \
  inline void Name(const LocalTensor<T>& dstTensor, const LocalTensor<T>& srcTensor,                 \
                   const std::uint32_t calCount) {                                                   \
    function(dstTensor, srcTensor, detail::lib::Temporary::rest_of_ub(), calCount);                  \
  }                                                                                                  \
  template <class T, bool isReuseSource = false>                                                     \
  inline void Name(const LocalTensor<T>& dstTensor, const LocalTensor<T>& srcTensor) {               \
    function(dstTensor, srcTensor, detail::lib::Temporary::rest_of_ub(), srcTensor.GetSize());       \
  }
#define ETALON_LIBRARY_BINARY(Name, function)                                                                \
  template <class T, bool isReuseSource = false>                                                             \
  inline void Name(const LocalTensor<T>& dstTensor, const LocalTensor<T>& src0Tensor,                        \
                   const LocalTensor<T>& src1Tensor, const LocalTensor<std::uint8_t>& sharedTmpBuffer,       \
                   const std::uint32_t calCount) {                                                           \
    function(dstTensor, src0Tensor, src1Tensor, detail::lib::Temporary(sharedTmpBuffer), calCount);          \
  }                                                                                                          \
  template <class T, bool isReuseSource = false>                                                             \
  inline void Name(const LocalTensor<T>& dstTensor, const LocalTensor<T>& src0Tensor,                        \
                   const LocalTensor<T>& src1Tensor, const LocalTensor<std::uint8_t>& sharedTmpBuffer) {     \
    function(dstTensor, src0Tensor, src1Tensor, detail::lib::Temporary(sharedTmpBuffer),                     \
             src0Tensor.GetSize());                                                                          \
  }                                                                                                          \
  template <class T, bool isReuseSource = false>                                                             \
  inline void Name(const LocalTensor<T>& dstTensor, const LocalTensor<T>& src0Tensor,                        \
                   const LocalTensor<T>& src1Tensor, const std::uint32_t calCount) {                         \
    function(dstTensor, src0Tensor, src1Tensor, detail::lib::Temporary::rest_of_ub(), calCount);             \
  }                                                                                                          \
  template <class T, bool isReuseSource = false>                                                             \
  inline void Name(const LocalTensor<T>& dstTensor, const LocalTensor<T>& src0Tensor,                        \
                   const LocalTensor<T>& src1Tensor) {                                                       \
    function(dstTensor, src0Tensor, src1Tensor, detail::lib::Temporary::rest_of_ub(), src0Tensor.GetSize()); \
  }

}  // namespace AscendC
