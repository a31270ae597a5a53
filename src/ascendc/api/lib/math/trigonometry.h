// SPDX-License-Identifier: Apache-2.0
#pragma once

// Sin, Cos, Tan for |x| up to 65504 and the inverse functions, in float: reduction by pi in three parts, of
// which the first two times any such quotient are exact, then the Taylor series; inverse functions by halving
// the angle.

#include "rounding.h"

namespace AscendC {
namespace detail {
namespace lib {

// r -= m pi, or m pi / 2 with scale 1/2.
inline void minus_multiple_of_pi(const LocalTensor<float>& r, const LocalTensor<float>& m, double scale,
                                 std::uint32_t n) {
  constexpr double first = 201.0 / 64, second = 254.0 / 262144;  // eight bits of pi each
  axpy(r, m, -first * scale, n);
  axpy(r, m, -second * scale, n);
  axpy(r, m, -(kPi - first - second) * scale, n);
}
// d = sin r for |r| <= pi / 2; q is scratch.
inline void sine_series(const LocalTensor<float>& d, const LocalTensor<float>& r, const LocalTensor<float>& q,
                        std::uint32_t n) {
  mul(q, r, r, n);
  polynomial(d, q, {1.0, -1.0 / 6, 1.0 / 120, -1.0 / 5040, 1.0 / 362880, -1.0 / 39916800, 1.0 / 6227020800.0},
             n);
  mul(d, d, r, n);
}
// d = cos r for |r| <= pi / 4.
inline void cosine_series(const LocalTensor<float>& d, const LocalTensor<float>& r,
                          const LocalTensor<float>& q, std::uint32_t n) {
  mul(q, r, r, n);
  polynomial(d, q, {1.0, -1.0 / 2, 1.0 / 24, -1.0 / 720, 1.0 / 40320, -1.0 / 3628800}, n);
}
// d = 1 for even, 0 for odd ... of integers k: parity of k; q is scratch.
inline void parity(const LocalTensor<float>& d, const LocalTensor<float>& k, std::uint32_t n) {
  muls(d, k, 0.5, n);
  cast(d, d, RoundMode::CAST_FLOOR, n);
  muls(d, d, -2.0, n);
  add(d, d, k, n);
}

// shift 0: sine; shift 1/2: cosine, as minus the sine around the next odd multiple of pi / 2.
template <class T>
inline void sine(const LocalTensor<T>& dst, const LocalTensor<T>& src, double shift, Temporary memory,
                 std::uint32_t count) {
  in_float<3>(dst, src, memory, count, [shift](const auto& y, const auto& x, const auto* t, std::uint32_t n) {
    muls(t[0], x, 1.0 / kPi, n);
    adds(t[0], t[0], -shift, n);
    cast(t[0], t[0], RoundMode::CAST_RINT, n);
    parity(t[2], t[0], n);
    muls(t[2], t[2], shift == 0 ? -2.0 : 2.0, n);
    adds(t[2], t[2], shift == 0 ? 1.0 : -1.0, n);
    adds(t[0], t[0], shift, n);
    adds(y, x, 0.0, n);
    minus_multiple_of_pi(y, t[0], 1.0, n);
    sine_series(t[0], y, t[1], n);
    mul(y, t[0], t[2], n);
  });
}
template <class T>
inline void sin(const LocalTensor<T>& d, const LocalTensor<T>& s, Temporary m, std::uint32_t n) {
  sine(d, s, 0.0, m, n);
}
template <class T>
inline void cos(const LocalTensor<T>& d, const LocalTensor<T>& s, Temporary m, std::uint32_t n) {
  sine(d, s, 0.5, m, n);
}
// Reduced by pi / 2: sin r / cos r, or -cos r / sin r around odd multiples.
template <class T>
inline void tan(const LocalTensor<T>& dst, const LocalTensor<T>& src, Temporary memory, std::uint32_t count) {
  in_float<4>(dst, src, memory, count, [](const auto& y, const auto& x, const auto* t, std::uint32_t n) {
    muls(t[0], x, 2.0 / kPi, n);
    cast(t[0], t[0], RoundMode::CAST_RINT, n);
    parity(t[3], t[0], n);
    adds(y, x, 0.0, n);
    minus_multiple_of_pi(y, t[0], 0.5, n);
    sine_series(t[0], y, t[2], n);
    cosine_series(t[1], y, t[2], n);
    // s + p (-c - s) over c + p (s - c): exact, as p is 0 or 1 only where one of the two is dropped whole.
    muls(t[2], t[3], -1.0, n);
    adds(t[2], t[2], 1.0, n);  // 1 - p
    mul(y, t[0], t[2], n);     // (1 - p) s
    mul(t[2], t[1], t[2], n);  // (1 - p) c
    mul(t[1], t[1], t[3], n);  // p c
    mul(t[0], t[0], t[3], n);  // p s
    sub(y, y, t[1], n);
    add(t[2], t[2], t[0], n);
    div(y, y, t[2], n);
  });
}

// z = z / (1 + sqrt(1 + z^2)): the tangent of half the angle.
inline void halve_angle(const LocalTensor<float>& z, const LocalTensor<float>& q, std::uint32_t n) {
  mul(q, z, z, n);
  adds(q, q, 1.0, n);
  square_root(q, q, n);
  adds(q, q, 1.0, n);
  div(z, z, q, n);
}
// y = factor * atan z for |z| <= tan(pi / 8).
inline void arctangent_series(const LocalTensor<float>& y, const LocalTensor<float>& z, double factor,
                              const LocalTensor<float>& q, const LocalTensor<float>& p, std::uint32_t n) {
  mul(q, z, z, n);
  polynomial(p, q, {1.0, -1.0 / 3, 1.0 / 5, -1.0 / 7, 1.0 / 9, -1.0 / 11, 1.0 / 13, -1.0 / 15, 1.0 / 17}, n);
  mul(p, p, z, n);
  muls(y, p, factor, n);
}
template <class T>
inline void atan(const LocalTensor<T>& dst, const LocalTensor<T>& src, Temporary memory,
                 std::uint32_t count) {
  in_float<3>(dst, src, memory, count, [](const auto& y, const auto& x, const auto* t, std::uint32_t n) {
    maxs(t[0], x, -0x1p40f, n);  // beyond, the angle is pi / 2 in float
    mins(t[0], t[0], 0x1p40f, n);
    halve_angle(t[0], t[1], n);
    halve_angle(t[0], t[1], n);
    arctangent_series(y, t[0], 4.0, t[1], t[2], n);
  });
}
// Half the angle has the tangent x / (1 + sqrt((1 - x)(1 + x))).
template <class T>
inline void asin(const LocalTensor<T>& dst, const LocalTensor<T>& src, Temporary memory,
                 std::uint32_t count) {
  in_float<3>(dst, src, memory, count, [](const auto& y, const auto& x, const auto* t, std::uint32_t n) {
    muls(t[0], x, -1.0, n);
    adds(t[0], t[0], 1.0, n);
    adds(t[1], x, 1.0, n);
    mul(t[0], t[0], t[1], n);
    square_root(t[0], t[0], n);
    adds(t[0], t[0], 1.0, n);
    div(t[0], x, t[0], n);
    halve_angle(t[0], t[1], n);
    arctangent_series(y, t[0], 4.0, t[1], t[2], n);
  });
}
// A quarter of the angle has the tangent sqrt(1 - x) / (sqrt(1 + x) + sqrt 2).
template <class T>
inline void acos(const LocalTensor<T>& dst, const LocalTensor<T>& src, Temporary memory,
                 std::uint32_t count) {
  in_float<3>(dst, src, memory, count, [](const auto& y, const auto& x, const auto* t, std::uint32_t n) {
    muls(t[0], x, -1.0, n);
    adds(t[0], t[0], 1.0, n);
    square_root(t[0], t[0], n);
    adds(t[1], x, 1.0, n);
    square_root(t[1], t[1], n);
    adds(t[1], t[1], 1.41421356237309504880, n);
    div(t[0], t[0], t[1], n);
    halve_angle(t[0], t[1], n);
    arctangent_series(y, t[0], 8.0, t[1], t[2], n);
  });
}

}  // namespace lib
}  // namespace detail

ETALON_LIBRARY_UNARY(Sin, detail::lib::sin)
ETALON_LIBRARY_UNARY(Cos, detail::lib::cos)
ETALON_LIBRARY_UNARY(Tan, detail::lib::tan)
ETALON_LIBRARY_UNARY(Atan, detail::lib::atan)
ETALON_LIBRARY_UNARY(Asin, detail::lib::asin)
ETALON_LIBRARY_UNARY(Acos, detail::lib::acos)

}  // namespace AscendC
