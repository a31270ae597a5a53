// SPDX-License-Identifier: Apache-2.0
#pragma once

// Xor, Fmod, ClampMax, ClampMin, and Axpy with temporary memory.

#include "rounding.h"

namespace AscendC {
namespace detail {
namespace lib {

// (a | b) & ~(a & b)
template <class T>
inline void exclusive_or(const LocalTensor<T>& dst, const LocalTensor<T>& a, const LocalTensor<T>& b,
                         Temporary memory, std::uint32_t count) {
  static_assert(std::is_integral<T>::value && sizeof(T) == 2, "Xor takes int16_t and uint16_t");
  const KeptMask kept;
  const std::uint32_t step = memory.fit(sizeof(T), count, 16);
  const LocalTensor<T> t = memory.take<T>(step);
  for (std::uint32_t at = 0; at < count; at += step) {
    const std::int32_t n = static_cast<std::int32_t>(count - at < step ? count - at : step);
    And(t, a[at], b[at], n);
    then();
    Not(t, t, n);
    Or(dst[at], a[at], b[at], n);
    then();
    And(dst[at], dst[at], t, n);
    then();
  }
}

// |a| - trunc(|a| / |b|) |b| with the sign of a. The product and the difference round once, so the result is
// exact for quotients below 2^24, once a quotient that was rounded up is taken back.
template <class T>
inline void fmod(const LocalTensor<T>& dst, const LocalTensor<T>& src0, const LocalTensor<T>& src1,
                 Temporary memory, std::uint32_t count) {
  in_float<4>(dst, src0, src1, memory, count,
              [](const auto& y, const auto& a, const auto& b, const auto* t, std::uint32_t n) {
                absolute(t[0], a, n);
                absolute(t[1], b, n);
                div(t[2], t[0], t[1], n);
                cast(t[2], t[2], RoundMode::CAST_TRUNC, n);
                muls(t[2], t[2], -1.0, n);
                fused(t[2], t[1], t[0], n);
                is_negative(t[3], t[2], n);
                multiply_add(t[2], t[3], t[1], n);
                clamped_sign(t[3], a, 1.0f, -1.0f, 1.0f, n);
                mul(y, t[2], t[3], n);
              });
}

template <class T>
inline void clamp_max(const LocalTensor<T>& dst, const LocalTensor<T>& src, T limit, std::uint32_t count) {
  mins(dst, src, limit, count);
}
template <class T>
inline void clamp_min(const LocalTensor<T>& dst, const LocalTensor<T>& src, T limit, std::uint32_t count) {
  maxs(dst, src, limit, count);
}

}  // namespace lib
}  // namespace detail

ETALON_LIBRARY_BINARY(Xor, detail::lib::exclusive_or)
ETALON_LIBRARY_BINARY(Fmod, detail::lib::fmod)

#define ETALON_CLAMP(Name, function)                                                                 \
  template <class T, bool isReuseSource = false>                                                     \
  inline void Name(const LocalTensor<T>& dstTensor, const LocalTensor<T>& srcTensor,                 \
                   const LocalTensor<std::uint8_t>&, const T scalar, const std::uint32_t calCount) { \
    function(dstTensor, srcTensor, scalar, calCount);                                                \
  }                                                                                                  \
  template <class T, bool isReuseSource = false>                                                     \
  inline void Name(const LocalTensor<T>& dstTensor, const LocalTensor<T>& srcTensor, const T scalar, \
                   const std::uint32_t calCount) {                                                   \
    function(dstTensor, srcTensor, scalar, calCount);                                                \
  }
ETALON_CLAMP(ClampMax, detail::lib::clamp_max)
ETALON_CLAMP(ClampMin, detail::lib::clamp_min)
#undef ETALON_CLAMP

// dst += src * scalar; the instruction needs no temporary memory.
template <class T, class U, bool isReuseSource = false>
inline void Axpy(const LocalTensor<T>& dstTensor, const LocalTensor<U>& srcTensor, const U scalarValue,
                 const LocalTensor<std::uint8_t>&, const std::uint32_t calCount) {
  Axpy(dstTensor, srcTensor, scalarValue, static_cast<std::int32_t>(calCount));
  PipeBarrier<PIPE_V>();
}
template <class T, class U, bool isReuseSource>
inline void Axpy(const LocalTensor<T>& dstTensor, const LocalTensor<U>& srcTensor, const U scalarValue,
                 const std::uint32_t calCount) {
  Axpy(dstTensor, srcTensor, scalarValue, static_cast<std::int32_t>(calCount));
  PipeBarrier<PIPE_V>();
}

}  // namespace AscendC
