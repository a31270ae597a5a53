// SPDX-License-Identifier: Apache-2.0
#pragma once

// Ceil, Floor, Round (half away from zero), Rint (half to even), Trunc, Frac = x - trunc(x), Sign.

#include "../common/steps.h"

namespace AscendC {
namespace detail {
namespace lib {

// Clamped to [low, high] after a factor that makes any number but zero large: the sign, or a step from 0
// to 1.
inline void clamped_sign(const LocalTensor<float>& d, const LocalTensor<float>& x, float factor, float low,
                         float high, std::uint32_t n) {
  muls(d, x, factor * 0x1p126f, n);
  muls(d, d, 0x1p126f, n);
  maxs(d, d, low, n);
  mins(d, d, high, n);
}
// 1 where x is below zero, else 0.
inline void is_negative(const LocalTensor<float>& d, const LocalTensor<float>& x, std::uint32_t n) {
  clamped_sign(d, x, -1.0f, 0.0f, 1.0f, n);
}

template <class T, RoundMode mode>
inline void to_integral(const LocalTensor<T>& dst, const LocalTensor<T>& src, Temporary memory,
                        std::uint32_t count) {
  in_float<0>(dst, src, memory, count,
              [](const auto& y, const auto& x, const auto*, std::uint32_t n) { cast(y, x, mode, n); });
}
template <class T>
inline void ceil(const LocalTensor<T>& d, const LocalTensor<T>& s, Temporary m, std::uint32_t n) {
  to_integral<T, RoundMode::CAST_CEIL>(d, s, m, n);
}
template <class T>
inline void floor(const LocalTensor<T>& d, const LocalTensor<T>& s, Temporary m, std::uint32_t n) {
  to_integral<T, RoundMode::CAST_FLOOR>(d, s, m, n);
}
template <class T>
inline void round(const LocalTensor<T>& d, const LocalTensor<T>& s, Temporary m, std::uint32_t n) {
  to_integral<T, RoundMode::CAST_ROUND>(d, s, m, n);
}
template <class T>
inline void rint(const LocalTensor<T>& d, const LocalTensor<T>& s, Temporary m, std::uint32_t n) {
  to_integral<T, RoundMode::CAST_RINT>(d, s, m, n);
}
template <class T>
inline void trunc(const LocalTensor<T>& d, const LocalTensor<T>& s, Temporary m, std::uint32_t n) {
  to_integral<T, RoundMode::CAST_TRUNC>(d, s, m, n);
}
template <class T>
inline void frac(const LocalTensor<T>& dst, const LocalTensor<T>& src, Temporary memory,
                 std::uint32_t count) {
  in_float<1>(dst, src, memory, count, [](const auto& y, const auto& x, const auto* t, std::uint32_t n) {
    cast(t[0], x, RoundMode::CAST_TRUNC, n);
    sub(y, x, t[0], n);
  });
}
template <class T>
inline void sign(const LocalTensor<T>& dst, const LocalTensor<T>& src, Temporary memory,
                 std::uint32_t count) {
  in_float<0>(dst, src, memory, count, [](const auto& y, const auto& x, const auto*, std::uint32_t n) {
    clamped_sign(y, x, 1.0f, -1.0f, 1.0f, n);
  });
}

}  // namespace lib
}  // namespace detail

ETALON_LIBRARY_UNARY(Ceil, detail::lib::ceil)
ETALON_LIBRARY_UNARY(Floor, detail::lib::floor)
ETALON_LIBRARY_UNARY(Round, detail::lib::round)
ETALON_LIBRARY_UNARY(Rint, detail::lib::rint)
ETALON_LIBRARY_UNARY(Trunc, detail::lib::trunc)
ETALON_LIBRARY_UNARY(Frac, detail::lib::frac)
ETALON_LIBRARY_UNARY(Sign, detail::lib::sign)

}  // namespace AscendC
