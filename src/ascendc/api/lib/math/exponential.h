// SPDX-License-Identifier: Apache-2.0
#pragma once

// Exponentials, logarithms, powers and the hyperbolic functions that follow from them, in float. Hyperbolic
// functions are good to a few units of 1e-7, absolute near zero and relative elsewhere.

#include "rounding.h"

namespace AscendC {
namespace detail {
namespace lib {

// exp(floor x) times the Taylor series of what is left, as many terms beyond 1 as the level says; 0: the
// instruction.
template <int level, class T>
inline void taylor_exp(const LocalTensor<T>& dst, const LocalTensor<T>& src, Temporary memory,
                       std::uint32_t count) {
  if constexpr (level == 0) {
    in_float<0>(dst, src, memory, count,
                [](const auto& y, const auto& x, const auto*, std::uint32_t n) { exponential(y, x, n); });
  } else {
    in_float<2>(dst, src, memory, count, [](const auto& y, const auto& x, const auto* t, std::uint32_t n) {
      cast(t[0], x, RoundMode::CAST_FLOOR, n);
      sub(t[1], x, t[0], n);
      exponential(t[0], t[0], n);
      muls(y, t[1], 1.0 / level, n);
      adds(y, y, 1.0, n);
      for (int i = level - 1; i > 0; --i) {
        mul(y, y, t[1], n);
        muls(y, y, 1.0 / i, n);
        adds(y, y, 1.0, n);
      }
      mul(y, y, t[0], n);
    });
  }
}

// ln x times `factor`.
template <class T>
inline void log_of(const LocalTensor<T>& dst, const LocalTensor<T>& src, double factor, Temporary memory,
                   std::uint32_t count) {
  in_float<0>(dst, src, memory, count, [factor](const auto& y, const auto& x, const auto*, std::uint32_t n) {
    logarithm(y, x, n);
    if (factor != 1.0) muls(y, y, factor, n);
  });
}
template <class T>
inline void log(const LocalTensor<T>& d, const LocalTensor<T>& s, Temporary m, std::uint32_t n) {
  log_of(d, s, 1.0, m, n);
}
template <class T>
inline void log2(const LocalTensor<T>& d, const LocalTensor<T>& s, Temporary m, std::uint32_t n) {
  log_of(d, s, 1.44269504088896340736, m, n);
}
template <class T>
inline void log10(const LocalTensor<T>& d, const LocalTensor<T>& s, Temporary m, std::uint32_t n) {
  log_of(d, s, 0.43429448190325182765, m, n);
}

// exp(b ln|a|), with the sign of an odd power of a negative base; not a number where a negative base has a
// power that is no integer. Relative error about 1e-7 times |b ln a|.
inline void power_step(const LocalTensor<float>& y, const LocalTensor<float>& a, const LocalTensor<float>& b,
                       const LocalTensor<float>* t, std::uint32_t n) {
  is_negative(t[0], a, n);
  absolute(t[1], a, n);
  logarithm(t[1], t[1], n);
  maxs(t[1], t[1], -3e38f, n);
  mins(t[1], t[1], 3e38f, n);
  mul(t[1], t[1], b, n);
  exponential(t[1], t[1], n);
  // The power's parity, 0 or 1 for integers: b - 2 floor(b / 2).
  muls(t[2], b, 0.5, n);
  cast(t[2], t[2], RoundMode::CAST_FLOOR, n);
  muls(t[2], t[2], -2.0, n);
  add(t[2], t[2], b, n);
  mul(t[2], t[2], t[0], n);
  muls(t[2], t[2], -2.0, n);
  adds(t[2], t[2], 1.0, n);
  mul(t[1], t[1], t[2], n);
  // The root of minus the fraction of the power: zero, or not a number.
  cast(t[2], b, RoundMode::CAST_FLOOR, n);
  sub(t[2], t[2], b, n);
  mul(t[2], t[2], t[0], n);
  square_root(t[2], t[2], n);
  add(y, t[1], t[2], n);
}
template <class T>
inline void power(const LocalTensor<T>& dst, const LocalTensor<T>& base, const LocalTensor<T>& exponent,
                  Temporary memory, std::uint32_t count) {
  in_float<3>(dst, base, exponent, memory, count,
              [](const auto& y, const auto& a, const auto& b, const auto* t, std::uint32_t n) {
                power_step(y, a, b, t, n);
              });
}
template <class T>
inline void power(const LocalTensor<T>& dst, const LocalTensor<T>& base, T exponent, Temporary memory,
                  std::uint32_t count) {
  in_float<4>(dst, base, memory, count,
              [exponent](const auto& y, const auto& a, const auto* t, std::uint32_t n) {
                fill(t[3], static_cast<float>(exponent), n);
                power_step(y, a, t[3], t, n);
              });
}
template <class T>
inline void power(const LocalTensor<T>& dst, T base, const LocalTensor<T>& exponent, Temporary memory,
                  std::uint32_t count) {
  in_float<4>(dst, exponent, memory, count,
              [base](const auto& y, const auto& b, const auto* t, std::uint32_t n) {
                fill(t[3], static_cast<float>(base), n);
                power_step(y, t[3], b, t, n);
              });
}

// (exp x + sign exp -x) / 2
template <class T>
inline void hyperbolic(const LocalTensor<T>& dst, const LocalTensor<T>& src, bool sum, Temporary memory,
                       std::uint32_t count) {
  in_float<1>(dst, src, memory, count, [sum](const auto& y, const auto& x, const auto* t, std::uint32_t n) {
    muls(t[0], x, -1.0, n);
    exponential(t[0], t[0], n);
    exponential(y, x, n);
    if (sum)
      add(y, y, t[0], n);
    else
      sub(y, y, t[0], n);
    muls(y, y, 0.5, n);
  });
}
template <class T>
inline void sinh(const LocalTensor<T>& d, const LocalTensor<T>& s, Temporary m, std::uint32_t n) {
  hyperbolic(d, s, false, m, n);
}
template <class T>
inline void cosh(const LocalTensor<T>& d, const LocalTensor<T>& s, Temporary m, std::uint32_t n) {
  hyperbolic(d, s, true, m, n);
}
// 1 - 2 / (exp 2x + 1)
template <class T>
inline void tanh(const LocalTensor<T>& dst, const LocalTensor<T>& src, Temporary memory,
                 std::uint32_t count) {
  in_float<1>(dst, src, memory, count, [](const auto& y, const auto& x, const auto* t, std::uint32_t n) {
    muls(t[0], x, 2.0, n);
    exponential(t[0], t[0], n);
    adds(t[0], t[0], 1.0, n);
    fill(y, -2.0, n);
    div(y, y, t[0], n);
    adds(y, y, 1.0, n);
  });
}
// sign(x) ln(|x| + sqrt(x^2 + 1))
template <class T>
inline void asinh(const LocalTensor<T>& dst, const LocalTensor<T>& src, Temporary memory,
                  std::uint32_t count) {
  in_float<2>(dst, src, memory, count, [](const auto& y, const auto& x, const auto* t, std::uint32_t n) {
    clamped_sign(t[1], x, 1.0f, -1.0f, 1.0f, n);
    mul(t[0], x, x, n);
    adds(t[0], t[0], 1.0, n);
    square_root(t[0], t[0], n);
    absolute(y, x, n);
    add(t[0], t[0], y, n);
    logarithm(t[0], t[0], n);
    mul(y, t[0], t[1], n);
  });
}
// ln(x + sqrt((x - 1)(x + 1)))
template <class T>
inline void acosh(const LocalTensor<T>& dst, const LocalTensor<T>& src, Temporary memory,
                  std::uint32_t count) {
  in_float<2>(dst, src, memory, count, [](const auto& y, const auto& x, const auto* t, std::uint32_t n) {
    adds(t[0], x, -1.0, n);
    adds(t[1], x, 1.0, n);
    mul(t[0], t[0], t[1], n);
    square_root(t[0], t[0], n);
    add(t[0], t[0], x, n);
    logarithm(y, t[0], n);
  });
}
// ln((1 + x) / (1 - x)) / 2
template <class T>
inline void atanh(const LocalTensor<T>& dst, const LocalTensor<T>& src, Temporary memory,
                  std::uint32_t count) {
  in_float<2>(dst, src, memory, count, [](const auto& y, const auto& x, const auto* t, std::uint32_t n) {
    adds(t[0], x, 1.0, n);
    muls(t[1], x, -1.0, n);
    adds(t[1], t[1], 1.0, n);
    div(t[0], t[0], t[1], n);
    logarithm(t[0], t[0], n);
    muls(y, t[0], 0.5, n);
  });
}

}  // namespace lib
}  // namespace detail

// Not to be confused with the instruction Exp: the level of the series is always written.
template <class T, std::uint8_t taylorExpandLevel, bool isReuseSource = false>
inline void Exp(const LocalTensor<T>& dstLocal, const LocalTensor<T>& srcLocal,
                const LocalTensor<std::uint8_t>& sharedTmpBuffer, const std::uint32_t calCount) {
  detail::lib::taylor_exp<taylorExpandLevel>(dstLocal, srcLocal, detail::lib::Temporary(sharedTmpBuffer),
                                             calCount);
}
template <class T, std::uint8_t taylorExpandLevel, bool isReuseSource = false>
inline void Exp(const LocalTensor<T>& dstLocal, const LocalTensor<T>& srcLocal,
                const std::uint32_t calCount) {
  detail::lib::taylor_exp<taylorExpandLevel>(dstLocal, srcLocal, detail::lib::Temporary::rest_of_ub(),
                                             calCount);
}

#define ETALON_POWER(A, B, source)                                                                    \
  template <class T, bool isReuseSource = false>                                                      \
  inline void Power(const LocalTensor<T>& dstTensor, A a, B b,                                        \
                    const LocalTensor<std::uint8_t>& sharedTmpBuffer, const std::uint32_t calCount) { \
    detail::lib::power(dstTensor, a, b, detail::lib::Temporary(sharedTmpBuffer), calCount);           \
  }                                                                                                   \
  template <class T, bool isReuseSource = false>                                                      \
  inline void Power(const LocalTensor<T>& dstTensor, A a, B b,                                        \
                    const LocalTensor<std::uint8_t>& sharedTmpBuffer) {                               \
    detail::lib::power(dstTensor, a, b, detail::lib::Temporary(sharedTmpBuffer), source.GetSize());   \
  }                                                                                                   \
  template <class T, bool isReuseSource = false>                                                      \
  inline void Power(const LocalTensor<T>& dstTensor, A a, B b, const std::uint32_t calCount) {        \
    detail::lib::power(dstTensor, a, b, detail::lib::Temporary::rest_of_ub(), calCount);              \
  }                                                                                                   \
  template <class T, bool isReuseSource = false>                                                      \
  inline void Power(const LocalTensor<T>& dstTensor, A a, B b) {                                      \
    detail::lib::power(dstTensor, a, b, detail::lib::Temporary::rest_of_ub(), source.GetSize());      \
  }
ETALON_POWER(const LocalTensor<T>&, const LocalTensor<T>&, a)
ETALON_POWER(const LocalTensor<T>&, const T&, a)
ETALON_POWER(const T&, const LocalTensor<T>&, b)
#undef ETALON_POWER

ETALON_LIBRARY_UNARY(Log, detail::lib::log)
ETALON_LIBRARY_UNARY(Log2, detail::lib::log2)
ETALON_LIBRARY_UNARY(Log10, detail::lib::log10)
ETALON_LIBRARY_UNARY(Sinh, detail::lib::sinh)
ETALON_LIBRARY_UNARY(Cosh, detail::lib::cosh)
ETALON_LIBRARY_UNARY(Tanh, detail::lib::tanh)
ETALON_LIBRARY_UNARY(Asinh, detail::lib::asinh)
ETALON_LIBRARY_UNARY(Acosh, detail::lib::acosh)
ETALON_LIBRARY_UNARY(Atanh, detail::lib::atanh)

}  // namespace AscendC
