// SPDX-License-Identifier: Apache-2.0
#pragma once

// Erf and Erfc from erfc(x) = t exp(-x^2) P(t), t = 1 / (1 + x / 2), x >= 0. P is a Chebyshev fit of degree
// ten with a relative error below 2e-8.

#include "rounding.h"

namespace AscendC {
namespace detail {
namespace lib {

// d = erfc |x|; d may not be x.
inline void erfc_of_magnitude(const LocalTensor<float>& d, const LocalTensor<float>& x,
                              const LocalTensor<float>& u, const LocalTensor<float>& v, std::uint32_t n) {
  absolute(u, x, n);
  mul(d, u, u, n);
  muls(d, d, -1.0, n);
  exponential(d, d, n);
  muls(u, u, 0.5, n);
  adds(u, u, 1.0, n);
  fill(v, 1.0, n);
  div(u, v, u, n);
  mul(d, d, u, n);
  polynomial(v, u,
             {0.2820947951, 0.2820937768, 0.2468838798, 0.1753240754, 0.09341474865, -0.05905091056,
              0.1318500414, -0.4545637199, 0.4933857432, -0.2346054912, 0.04317306604},
             n);
  mul(d, d, v, n);
}
template <class T>
inline void erf(const LocalTensor<T>& dst, const LocalTensor<T>& src, Temporary memory, std::uint32_t count) {
  in_float<3>(dst, src, memory, count, [](const auto& y, const auto& x, const auto* t, std::uint32_t n) {
    erfc_of_magnitude(t[0], x, t[1], t[2], n);
    muls(t[0], t[0], -1.0, n);
    adds(t[0], t[0], 1.0, n);
    clamped_sign(t[1], x, 1.0f, -1.0f, 1.0f, n);
    mul(y, t[0], t[1], n);
  });
}
// 1 - s + s erfc |x|, s the sign of x; at 0 one.
template <class T>
inline void erfc(const LocalTensor<T>& dst, const LocalTensor<T>& src, Temporary memory,
                 std::uint32_t count) {
  in_float<3>(dst, src, memory, count, [](const auto& y, const auto& x, const auto* t, std::uint32_t n) {
    erfc_of_magnitude(t[0], x, t[1], t[2], n);
    clamped_sign(t[1], x, 1.0f, -1.0f, 1.0f, n);
    mul(t[0], t[0], t[1], n);
    muls(t[1], t[1], -1.0, n);
    adds(t[1], t[1], 1.0, n);
    add(y, t[0], t[1], n);
  });
}

}  // namespace lib
}  // namespace detail

ETALON_LIBRARY_UNARY(Erf, detail::lib::erf)
ETALON_LIBRARY_UNARY(Erfc, detail::lib::erfc)

}  // namespace AscendC
