// SPDX-License-Identifier: Apache-2.0
#pragma once

// Arithmetic on registers, element by element. Where the mask is not set, results are zero, or stay
// (MERGING).

#include "masks.h"

namespace AscendC {
namespace Reg {
namespace detail {

inline float exp_of(float x) { return static_cast<float>(__builtin_exp(static_cast<double>(x))); }
inline float log_of(float x) { return static_cast<float>(__builtin_log(static_cast<double>(x))); }
// Correctly rounded functions of real types, through float.
template <class T, class F>
inline T real(T x, F f) {
  return static_cast<T>(f(static_cast<float>(x)));
}
template <class T>
inline T quotient(T a, T b) {
  if constexpr (std::is_integral<T>::value)
    return b == 0 ? static_cast<T>(-1)
                  : static_cast<T>(b == static_cast<T>(-1) && static_cast<T>(-1) < 0 ? less(T(0), a) : a / b);
  else
    return a / b;
}
template <class T>
inline T fused(T a, T b, T c) {  // a * b + c, rounded once
  if constexpr (std::is_integral<T>::value)
    return added(times(a, b), c);
  else if constexpr (std::is_same<T, float>::value)
    return __builtin_fmaf(a, b, c);
  else
    return static_cast<T>(static_cast<float>(static_cast<double>(static_cast<float>(a)) *
                                                 static_cast<double>(static_cast<float>(b)) +
                                             static_cast<double>(static_cast<float>(c))));
}
template <class T>
using Unsigned =
    std::conditional_t<sizeof(T) == 1, std::uint8_t,
                       std::conditional_t<sizeof(T) == 2, std::uint16_t,
                                          std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>>;
template <class T>
inline Unsigned<T> bits_of(T v) {
  Unsigned<T> u;
  __builtin_memcpy(&u, &v, sizeof(T));
  return u;
}
template <class T>
inline T of_bits(Unsigned<T> u) {
  T v;
  __builtin_memcpy(&v, &u, sizeof(T));
  return v;
}
template <class T>
inline T shifted_left(T a, std::int64_t n) {
  return n >= static_cast<std::int64_t>(8 * sizeof(T))
             ? of_bits<T>(0)
             : of_bits<T>(static_cast<Unsigned<T>>(bits_of(a) << n));
}
template <class T>
inline T shifted_right(T a, std::int64_t n) {
  constexpr std::int64_t width = 8 * sizeof(T);
  if constexpr (std::is_signed<T>::value)
    return static_cast<T>(a >> (n >= width ? width - 1 : n));
  else
    return n >= width ? of_bits<T>(0) : of_bits<T>(static_cast<Unsigned<T>>(bits_of(a) >> n));
}

}  // namespace detail

#define ETALON_REG_BINARY(name, cost, expression)                                                            \
  template <class T = DefaultType, auto mode = MaskMergeMode::ZEROING, class D, detail::OnlyRegister<D> = 0> \
  inline void name(D& dst, const D& src0, const D& src1, const MaskReg& mask) {                              \
    using E = detail::TypeOf<T, D>;                                                                          \
    cost;                                                                                                    \
    detail::two_sources<T, mode>(#name, dst, src0, src1, mask, [](E a, E b) { return expression; });         \
  }
#define ETALON_REG_SPECIAL detail::work(kAscRegSpecial, detail::lanes_in<E, D>)
ETALON_REG_BINARY(Add, detail::simple(), detail::added(a, b))
ETALON_REG_BINARY(Sub, detail::simple(), detail::less(a, b))
ETALON_REG_BINARY(Mul, detail::simple(), detail::times(a, b))
ETALON_REG_BINARY(Div, ETALON_REG_SPECIAL, detail::quotient(a, b))
ETALON_REG_BINARY(Max, detail::simple(), a < b ? b : a)
ETALON_REG_BINARY(Min, detail::simple(), b < a ? b : a)
ETALON_REG_BINARY(And, detail::simple(), detail::of_bits<E>(detail::bits_of(a) & detail::bits_of(b)))
ETALON_REG_BINARY(Or, detail::simple(), detail::of_bits<E>(detail::bits_of(a) | detail::bits_of(b)))
ETALON_REG_BINARY(Xor, detail::simple(), detail::of_bits<E>(detail::bits_of(a) ^ detail::bits_of(b)))
ETALON_REG_BINARY(AbsSub, detail::simple(), a < b ? detail::less(b, a) : detail::less(a, b))
ETALON_REG_BINARY(Prelu, detail::simple(), a < E(0) ? detail::times(a, b) : a)
#undef ETALON_REG_BINARY

// Shifts by another register, whose elements are signed numbers.
#define ETALON_REG_SHIFT(name, function)                                                                 \
  template <class T = DefaultType, class U = DefaultType, auto mode = MaskMergeMode::ZEROING, class D,   \
            class S, detail::OnlyRegister<D> = 0>                                                        \
  inline void name(D& dst, const D& src, const S& by, const MaskReg& mask) {                             \
    using E = detail::TypeOf<T, D>;                                                                      \
    detail::simple();                                                                                    \
    detail::two_sources<T, mode>(#name, dst, src, by, mask, [](E a, E n) {                               \
      return detail::function(a, static_cast<std::int64_t>(n));                                          \
    });                                                                                                  \
  }                                                                                                      \
  template <class T = DefaultType, auto mode = MaskMergeMode::ZEROING, class D, class N,                 \
            detail::OnlyRegister<D> = 0>                                                                 \
  inline void name##s(D& dst, const D& src, N n, const MaskReg& mask) {                                  \
    using E = detail::TypeOf<T, D>;                                                                      \
    detail::simple();                                                                                    \
    detail::one_source<T, mode>(#name "s", dst, src, mask,                                               \
                                [&](E a) { return detail::function(a, static_cast<std::int64_t>(n)); }); \
  }
ETALON_REG_SHIFT(ShiftLeft, shifted_left)
ETALON_REG_SHIFT(ShiftRight, shifted_right)
#undef ETALON_REG_SHIFT

#define ETALON_REG_SCALAR(name, expression)                                              \
  template <class T = DefaultType, auto mode = MaskMergeMode::ZEROING, class D, class N, \
            detail::OnlyRegister<D> = 0>                                                 \
  inline void name(D& dst, const D& src, N scalar, const MaskReg& mask) {                \
    using E = detail::TypeOf<T, D>;                                                      \
    const E b = static_cast<E>(scalar);                                                  \
    detail::simple();                                                                    \
    detail::one_source<T, mode>(#name, dst, src, mask, [&](E a) { return expression; }); \
  }
ETALON_REG_SCALAR(Adds, detail::added(a, b))
ETALON_REG_SCALAR(Muls, detail::times(a, b))
ETALON_REG_SCALAR(Maxs, a < b ? b : a)
ETALON_REG_SCALAR(Mins, b < a ? b : a)
ETALON_REG_SCALAR(LeakyRelu, a < E(0) ? detail::times(a, b) : a)
#undef ETALON_REG_SCALAR

#define ETALON_REG_UNARY(name, cost, expression)                                                             \
  template <class T = DefaultType, auto mode = MaskMergeMode::ZEROING, class D, detail::OnlyRegister<D> = 0> \
  inline void name(D& dst, const D& src, const MaskReg& mask) {                                              \
    using E = detail::TypeOf<T, D>;                                                                          \
    cost;                                                                                                    \
    detail::one_source<T, mode>(#name, dst, src, mask, [](E a) { return expression; });                      \
  }
ETALON_REG_UNARY(Abs, detail::simple(), a < E(0) ? detail::less(E(0), a) : a)
ETALON_REG_UNARY(Neg, detail::simple(), detail::less(E(0), a))
ETALON_REG_UNARY(Relu, detail::simple(), a < E(0) ? E(0) : a)
ETALON_REG_UNARY(Not, detail::simple(),
                 detail::of_bits<E>(static_cast<detail::Unsigned<E>>(~detail::bits_of(a))))
ETALON_REG_UNARY(Exp, ETALON_REG_SPECIAL, detail::real(a, detail::exp_of))
ETALON_REG_UNARY(Ln, ETALON_REG_SPECIAL, detail::real(a, detail::log_of))
ETALON_REG_UNARY(Log, ETALON_REG_SPECIAL, detail::real(a, detail::log_of))
ETALON_REG_UNARY(Log2, ETALON_REG_SPECIAL, detail::real(a, [](float x) {
                   return static_cast<float>(__builtin_log2(static_cast<double>(x)));
                 }))
ETALON_REG_UNARY(Log10, ETALON_REG_SPECIAL, detail::real(a, [](float x) {
                   return static_cast<float>(__builtin_log10(static_cast<double>(x)));
                 }))
ETALON_REG_UNARY(Sqrt, ETALON_REG_SPECIAL, detail::real(a, [](float x) { return __builtin_sqrtf(x); }))
#undef ETALON_REG_UNARY

// Three operands, one of them the destination.
#define ETALON_REG_TERNARY(name, expression)                                                                 \
  template <class T = DefaultType, auto mode = MaskMergeMode::ZEROING, class D, detail::OnlyRegister<D> = 0> \
  inline void name(D& dst, const D& src0, const D& src1, const MaskReg& mask) {                              \
    using E = detail::TypeOf<T, D>;                                                                          \
    detail::simple();                                                                                        \
    detail::use<E>(dst, mask, #name);                                                                        \
    const D d = dst;                                                                                         \
    detail::use<E>(src0, mask, #name);                                                                       \
    detail::use<E>(src1, mask, #name);                                                                       \
    const auto doubt = [&](const D& r, std::uint32_t i) {                                                    \
      return detail::undefined_at(r, i * sizeof(E), sizeof(E));                                              \
    };                                                                                                       \
    detail::each<E>(                                                                                         \
        dst, mask, detail::merge_of(mode),                                                                   \
        detail::any_undefined(d) || detail::any_undefined(src0) || detail::any_undefined(src1),              \
        [&](std::uint32_t i) {                                                                               \
          const E a = detail::get<E>(src0, i), b = detail::get<E>(src1, i), c = detail::get<E>(d, i);        \
          return static_cast<E>(expression);                                                                 \
        },                                                                                                   \
        [&](std::uint32_t i) { return doubt(d, i) || doubt(src0, i) || doubt(src1, i); });                   \
  }
ETALON_REG_TERNARY(MulAddDst, detail::added(detail::times(a, b), c))
ETALON_REG_TERNARY(MulDstAdd, detail::added(detail::times(c, a), b))
ETALON_REG_TERNARY(FusedMulDstAdd, detail::fused(c, a, b))
#undef ETALON_REG_TERNARY

// dst = src * scalar + dst
template <class T = DefaultType, auto mode = MaskMergeMode::ZEROING, class D, class N,
          detail::OnlyRegister<D> = 0>
inline void Axpy(D& dst, const D& src, N scalar, const MaskReg& mask) {
  using E = detail::TypeOf<T, D>;
  const E b = static_cast<E>(scalar);
  detail::simple();
  detail::two_sources<T, mode>("Axpy", dst, src, D(dst), mask,
                               [&](E a, E c) { return detail::added(detail::times(a, b), c); });
}
// exp(src0 - src1), of half in float: every second element, those that RegLayout says.
template <class T = DefaultType, class U = DefaultType, RegLayout layout = RegLayout::ZERO,
          MaskMergeMode mode = MaskMergeMode::ZEROING, class D, class S>
inline void ExpSub(D& dst, const S& src0, const S& src1, const MaskReg& mask) {
  using E = detail::TypeOf<U, S>;
  constexpr std::uint32_t step = sizeof(float) / sizeof(E),
                          first = step == 2 && layout == RegLayout::ONE ? 1 : 0;
  detail::work(kAscRegSpecial, 64);
  const auto used = [&](std::uint32_t lane) { return mask.at(lane / step * 4); };
  detail::use_some(src0, sizeof(E), "ExpSub", used);
  detail::use_some(src1, sizeof(E), "ExpSub", used);
  const S a = src0, b = src1;
  detail::each<float>(
      dst, mask, mode, detail::any_undefined(a) || detail::any_undefined(b),
      [&](std::uint32_t i) {
        return detail::exp_of(static_cast<float>(detail::get<E>(a, i * step + first)) -
                              static_cast<float>(detail::get<E>(b, i * step + first)));
      },
      [&](std::uint32_t i) {
        return detail::undefined_at(a, (i * step + first) * sizeof(E), sizeof(E)) ||
               detail::undefined_at(b, (i * step + first) * sizeof(E), sizeof(E));
      });
}
template <class T = DefaultType, class U = DefaultType, RegLayout layout = RegLayout::ZERO,
          MaskMergeMode mode = MaskMergeMode::ZEROING, class D, class S>
inline void FusedExpSub(D& dst, const S& src0, const S& src1, const MaskReg& mask) {
  ExpSub<T, U, layout, mode>(dst, src0, src1, mask);
}

// Masks by comparison.
template <class T = DefaultType, CMPMODE mode = CMPMODE::EQ, class S, detail::OnlyRegister<S> = 0>
inline void Compare(MaskReg& dst, const S& src0, const S& src1, const MaskReg& mask);
template <class T = DefaultType, CMPMODE mode = CMPMODE::EQ, class S, class N, detail::OnlyRegister<S> = 0>
inline void Compares(MaskReg& dst, const S& src, N scalar, const MaskReg& mask);

template <class T, CMPMODE mode, class S, detail::OnlyRegister<S>>
inline void Compare(MaskReg& dst, const S& src0, const S& src1, const MaskReg& mask) {
  using E = detail::TypeOf<T, S>;
  detail::simple();
  const MaskReg m = mask;
  detail::use<E>(src0, m, "Compare");
  detail::use<E>(src1, m, "Compare");
  dst = detail::mask_where(detail::lanes_in<E, S>, [&](std::uint32_t i) {
    return m.at(i * detail::mask_step<E, S>) &&
           AscendC::detail::holds(mode, detail::get<E>(src0, i), detail::get<E>(src1, i));
  });
}
template <class T, CMPMODE mode, class S, class N, detail::OnlyRegister<S>>
inline void Compares(MaskReg& dst, const S& src, N scalar, const MaskReg& mask) {
  using E = detail::TypeOf<T, S>;
  detail::simple();
  const MaskReg m = mask;
  const E b = static_cast<E>(scalar);
  detail::use<E>(src, m, "Compares");
  dst = detail::mask_where(detail::lanes_in<E, S>, [&](std::uint32_t i) {
    return m.at(i * detail::mask_step<E, S>) && AscendC::detail::holds(mode, detail::get<E>(src, i), b);
  });
}
template <class T = DefaultType, CMPMODE mode = CMPMODE::EQ, class S, class N, detail::OnlyRegister<S> = 0>
inline void CompareScalar(MaskReg& dst, const S& src, N scalar, const MaskReg& mask) {
  Compares<T, mode>(dst, src, scalar, mask);
}

// src0 where the mask is set, else src1.
template <class T = DefaultType, class D, detail::OnlyRegister<D> = 0>
inline void Select(D& dst, const D& src0, const D& src1, const MaskReg& mask) {
  using E = detail::TypeOf<T, D>;
  detail::simple();
  const auto on = [&](std::uint32_t lane) { return mask.at(lane * detail::mask_step<E, D>); };
  detail::use_some(src0, sizeof(E), "Select", on);
  detail::use_some(src1, sizeof(E), "Select", [&](std::uint32_t lane) { return !on(lane); });
  const D a = src0, b = src1;
  detail::each<E>(
      dst, detail::mask_where(detail::lanes_in<E, D>, [](std::uint32_t) { return true; }),
      MaskMergeMode::ZEROING, detail::any_undefined(a) || detail::any_undefined(b),
      [&](std::uint32_t i) { return detail::get<E>(on(i) ? a : b, i); },
      [&](std::uint32_t i) { return detail::undefined_at(on(i) ? a : b, i * sizeof(E), sizeof(E)); });
}

}  // namespace Reg
}  // namespace AscendC
