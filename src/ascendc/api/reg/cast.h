// SPDX-License-Identifier: Apache-2.0
#pragma once

// Conversions between element types. Where the types differ in width by 2 or 4, the narrow elements lie in
// every second or fourth place of their register; RegLayout says in which. The mask counts elements of the
// wider type.

#include "compute.h"

namespace AscendC {
namespace Reg {
namespace detail {

template <class T>
constexpr bool is_pair = false;
template <class F>
constexpr bool is_pair<number::Pair<F>> = true;
template <class T>
constexpr bool is_small = false;
template <class F, class S, class Tag>
constexpr bool is_small<number::Small<F, S, Tag>> = true;
template <class T>
struct FormatOf;
template <class F, class S, class Tag>
struct FormatOf<number::Small<F, S, Tag>> {
  using type = F;
};

constexpr RoundMode rounding(RoundMode mode, RoundMode otherwise) {
  return mode == RoundMode::UNKNOWN || mode == RoundMode::CAST_NONE ? otherwise : mode;
}
inline double integral(double v, RoundMode mode) {
  const double down = __builtin_floor(v), rest = v - down;
  switch (mode) {
    case RoundMode::CAST_FLOOR:
      return down;
    case RoundMode::CAST_CEIL:
      return __builtin_ceil(v);
    case RoundMode::CAST_TRUNC:
      return __builtin_trunc(v);
    case RoundMode::CAST_ROUND:
      return __builtin_round(v);
    case RoundMode::CAST_ODD:
      return rest == 0 || __builtin_fmod(down, 2) != 0 ? down : down + 1;
    default:
      return rest < 0.5 || (rest == 0.5 && __builtin_fmod(down, 2) == 0) ? down : down + 1;
  }
}
template <class T>
struct Limits {
  static constexpr bool sign = std::is_signed<T>::value;
  static constexpr T high =
      sign ? static_cast<T>((Unsigned<T>(1) << (8 * sizeof(T) - 1)) - 1) : static_cast<T>(~Unsigned<T>(0));
  static constexpr T low = sign ? static_cast<T>(-high - 1) : T(0);
};
// A real to an integer: saturated, or the low bits of what it would be.
template <class T>
inline T integer_of(double v, RoundMode mode, bool saturate) {
  if (v != v) return 0;
  const double r = integral(v, mode);
  constexpr double low = static_cast<double>(Limits<T>::low), high = static_cast<double>(Limits<T>::high);
  if (r >= low && (sizeof(T) < 8 ? r <= high : r < high)) return static_cast<T>(r);
  if (saturate || r > 9.2e18 || r < -9.2e18) return r < low ? Limits<T>::low : Limits<T>::high;
  return static_cast<T>(static_cast<std::int64_t>(r));
}
// A double to float in a direction of rounding.
inline float narrowed(double v, RoundMode mode) {
  const auto nearest = static_cast<float>(v);
  const double d = static_cast<double>(nearest);
  if (d == v || v != v || mode == RoundMode::CAST_RINT) return nearest;
  const std::uint32_t u = bits_of(nearest);
  const bool up = d < v, away = up == (nearest >= 0);  // the neighbour on the other side of v
  const float other =
      nearest == 0 ? of_bits<float>(up ? 1u : 0x80000001u) : of_bits<float>(away ? u + 1 : u - 1);
  const float low = up ? nearest : other, high = up ? other : nearest;
  switch (mode) {
    case RoundMode::CAST_FLOOR:
      return low;
    case RoundMode::CAST_CEIL:
      return high;
    case RoundMode::CAST_TRUNC:
      return v > 0 ? low : high;
    case RoundMode::CAST_ODD:
      return (bits_of(low) & 1) != 0 ? low : high;
    default:
      return v - static_cast<double>(low) == static_cast<double>(high) - v ? (v > 0 ? high : low) : nearest;
  }
}

template <class To, class From>
inline To converted(From v, RoundMode mode, bool saturate) {
  if constexpr (std::is_same<To, From>::value && !std::is_integral<To>::value) {
    return static_cast<To>(static_cast<float>(
        integral(static_cast<double>(static_cast<float>(v)), rounding(mode, RoundMode::CAST_RINT))));
  } else if constexpr (std::is_integral<From>::value && std::is_integral<To>::value) {
    if (saturate) {
      const bool below = std::is_signed<From>::value &&
                         static_cast<std::int64_t>(v) < static_cast<std::int64_t>(Limits<To>::low) &&
                         v < From(1);
      const bool above =
          v > From(0) && static_cast<std::uint64_t>(v) > static_cast<std::uint64_t>(Limits<To>::high);
      if (below || above) return below ? Limits<To>::low : Limits<To>::high;
    }
    return static_cast<To>(v);
  } else if constexpr (std::is_integral<To>::value) {
    return integer_of<To>(static_cast<double>(static_cast<float>(v)), rounding(mode, RoundMode::CAST_RINT),
                          saturate);
  } else if constexpr (std::is_same<To, float>::value) {
    if constexpr (std::is_integral<From>::value)
      return narrowed(static_cast<double>(v), rounding(mode, RoundMode::CAST_RINT));
    else
      return static_cast<float>(v);
  } else {  // a narrow real
    using F = typename FormatOf<To>::type;
    constexpr RoundMode usual =
        std::is_same<F, number::Hif8>::value ? RoundMode::CAST_ROUND : RoundMode::CAST_RINT;
    float f = 0;
    if constexpr (std::is_integral<From>::value)
      f = narrowed(static_cast<double>(v), RoundMode::CAST_ODD);
    else
      f = static_cast<float>(v);
    return To::from_bits(F::encode(f, rounding(mode, usual), saturate));
  }
}

// Whether overflow gives the largest value: integers and fp8 do so unless NO_SAT is said; half and bfloat16_t
// only if SAT is.
template <class To>
constexpr bool saturates_to(SatMode mode) {
  if (mode != SatMode::UNKNOWN) return mode == SatMode::SAT;
  return std::is_integral<To>::value || sizeof(To) == 1;
}

}  // namespace detail

namespace detail {

// Pairs of 4-bit numbers: the byte of two neighbours of 16 bits lies in one of their four, which RegLayout
// says.
template <class To, class From, class D, class S>
inline void cast_pairs(D& dst, const S& src, const MaskReg& m, const CastTrait& trait) {
  const std::uint32_t layout =
      trait.layoutMode == RegLayout::UNKNOWN ? 0 : static_cast<std::uint32_t>(trait.layoutMode);
  constexpr bool packs = is_pair<To>;
  const auto from_at = [&](std::uint32_t i) { return packs ? 4 * i : 4 * i + layout; };
  use_some(src, 1, "Cast", [&](std::uint32_t byte) {
    return m.at(byte / 4 * 4 + byte % 4 / 2 * 2) && (packs || byte % 4 == layout);
  });
  D out;
  if (trait.mrgMode == MaskMergeMode::MERGING) out = dst;
  out.pending.size = 0;
  for (std::uint32_t i = 0; i < 64; ++i) {
    const bool first = m.at(4 * i), second = m.at(4 * i + 2);
    if (!first && !second) continue;
    const bool undefined = undefined_at(src, from_at(i), packs ? 4 : 1);
    if constexpr (packs) {
      const float low = first ? static_cast<float>(get<From>(src, 2 * i)) : 0.0f;
      const float high = second ? static_cast<float>(get<From>(src, 2 * i + 1)) : 0.0f;
      put<To>(out, 4 * i + layout, To::of(low, high, rounding(trait.roundMode, RoundMode::CAST_RINT)));
      mark(out, 4 * i + layout, 1, undefined);
    } else {
      const From pair = get<From>(src, 4 * i + layout);
      if (first) put<To>(out, 2 * i, static_cast<To>(pair.low()));
      if (second) put<To>(out, 2 * i + 1, static_cast<To>(pair.high()));
      mark(out, 4 * i, 4, undefined);
    }
  }
  dst = out;
}

}  // namespace detail

template <class T = DefaultType, class U = DefaultType, const CastTrait& trait = castTrait, class D, class S,
          detail::OnlyRegister<D> = 0>
inline void Cast(D& dst, const S& src, const MaskReg& mask) {
  using To = detail::TypeOf<T, D>;
  using From = detail::TypeOf<U, S>;
  detail::simple();
  if constexpr (detail::is_pair<To> || detail::is_pair<From>) {
    static_assert(sizeof(To) + sizeof(From) == 3,
                  "pairs of 4-bit numbers are cast from and to 16-bit numbers");
    detail::cast_pairs<To, From>(dst, src, MaskReg(mask), trait);
    return;
  } else {
    constexpr std::uint32_t wide = sizeof(To) > sizeof(From) ? sizeof(To) : sizeof(From),
                            lanes = detail::bytes_in<D> / wide;
    constexpr std::uint32_t from_step = wide / sizeof(From), to_step = wide / sizeof(To), step = 256 / lanes;
    constexpr int layout = trait.layoutMode == RegLayout::UNKNOWN ? 0 : static_cast<int>(trait.layoutMode);
    constexpr std::uint32_t from_at = from_step > 1 ? layout : 0, to_at = to_step > 1 ? layout : 0;
    constexpr bool merging = trait.mrgMode == MaskMergeMode::MERGING;
    constexpr RoundMode mode = trait.roundMode;
    const MaskReg m = mask;
    detail::use_some(src, sizeof(From), "Cast", [&](std::uint32_t lane) {
      return lane % from_step == from_at && m.at(lane / from_step * step);
    });
    const bool doubtful = detail::any_undefined(src);
    D result = dst;
    if (!merging) {
      result = D();
    } else {
      detail::use_some(dst, sizeof(To), "Cast", [&](std::uint32_t lane) {
        return lane % to_step != to_at || !m.at(lane / to_step * step);
      });
      result = dst;
    }
    result.pending.size = 0;
    const bool shadows = doubtful || detail::any_undefined(result);
    for (std::uint32_t i = 0; i < lanes; ++i) {
      if (!m.at(i * step)) continue;
      const From v = detail::get<From>(src, i * from_step + from_at);
      const To out = detail::converted<To>(v, mode, detail::saturates_to<To>(trait.satMode));
      detail::put<To>(result, i * to_step + to_at, out);
      if (shadows)
        detail::mark(
            result, (i * to_step + to_at) * sizeof(To), sizeof(To),
            doubtful && detail::undefined_at(src, (i * from_step + from_at) * sizeof(From), sizeof(From)));
    }
    dst = result;
  }
}

// src * scalar in float, converted to half in every second place.
template <class T = DefaultType, class U = DefaultType, class V = DefaultType,
          RegLayout layout = RegLayout::ZERO, MaskMergeMode mode = MaskMergeMode::ZEROING, class D, class S,
          class N>
inline void MulsCast(D& dst, const S& src, N scalar, const MaskReg& mask) {
  static constexpr CastTrait trait = {layout, SatMode::UNKNOWN, mode, RoundMode::CAST_RINT};
  S product;
  Muls(product, src, scalar, mask);
  Cast<T, U, trait>(dst, product, mask);
}
// To whole numbers of the same type.
template <class T = DefaultType, RoundMode round = RoundMode::CAST_RINT,
          MaskMergeMode mode = MaskMergeMode::ZEROING, class D, detail::OnlyRegister<D> = 0>
inline void Truncate(D& dst, const D& src, const MaskReg& mask) {
  using E = detail::TypeOf<T, D>;
  detail::simple();
  detail::one_source<T, mode>("Truncate", dst, src, mask, [](E a) {
    return static_cast<E>(
        static_cast<float>(detail::integral(static_cast<double>(static_cast<float>(a)), round)));
  });
}

}  // namespace Reg
}  // namespace AscendC
