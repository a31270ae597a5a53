// SPDX-License-Identifier: Apache-2.0
#pragma once

// Number types that only dav-3510 (950) has: pairs of 4-bit numbers, scales, and operands that carry scales
// (MX).

#include "cube.h"

namespace AscendC {
namespace number {

// A power of two from 2^-127 to 2^127, or no number.
struct E8m0 {
  static constexpr std::uint32_t nan = 255;
  static constexpr float decode(std::uint32_t v) {
    if (v == nan) return bits_as<float>(0x7fc00000u);
    return v == 0 ? bits_as<float>(0x00400000u) : bits_as<float>(v << 23);
  }
  // The power of two that is not above the value; its sign is lost.
  static constexpr std::uint32_t encode(float f, RoundMode = RoundMode::CAST_FLOOR, bool = true) {
    return bits_as<std::uint32_t>(f) >> 23 & 255u;
  }
};

// Four bits: a sign, E exponent bits, M mantissa bits, no infinity and no NaN.
template <int E, int M>
struct Four {
  static constexpr int bias = E == 1 ? 1 : (1 << (E - 1)) - 1;
  static constexpr float decode(std::uint32_t v) {
    const int e = static_cast<int>(v >> M & ((1u << E) - 1)), m = static_cast<int>(v & ((1u << M) - 1));
    float f = e == 0 ? static_cast<float>(m) / (1 << M) : 1.0f + static_cast<float>(m) / (1 << M);
    for (int i = e == 0 ? 1 : e; i > bias; --i) f *= 2;
    for (int i = e == 0 ? 1 : e; i < bias; ++i) f /= 2;
    return (v & 8) != 0 ? -f : f;
  }
  // Out of range becomes the largest value; NaN too.
  static constexpr std::uint32_t encode(float f, RoundMode mode = RoundMode::CAST_RINT, bool = true) {
    const bool negative = bits_as<std::uint32_t>(f) >> 31 != 0;
    const float a = negative ? -f : f;
    std::uint32_t low = 0;  // the largest not above
    for (std::uint32_t v = 1; v < 8; ++v) {
      if (decode(v) <= a || a != a) low = v;
    }
    if (low < 7 && decode(low) != a) {
      const float middle = (decode(low) + decode(low + 1)) / 2;
      const std::uint64_t rest = a < middle ? 1 : a == middle ? 2 : 3;
      if (rounds_up(mode, negative, (low & 1) != 0, rest, 2)) ++low;
    }
    return low | (negative ? 8u : 0u);
  }
};
using E2m1 = Four<2, 1>;
using E1m2 = Four<1, 2>;

struct E8m0Tag;

// Two 4-bit numbers in a byte, the lower half first.
template <class F>
struct Pair {
  std::uint8_t pair = 0;
  static constexpr Pair of(float low, float high, RoundMode mode = RoundMode::CAST_RINT) {
    return Pair{static_cast<std::uint8_t>(F::encode(low, mode) | F::encode(high, mode) << 4)};
  }
  constexpr float low() const { return F::decode(pair & 15u); }
  constexpr float high() const { return F::decode(pair >> 4); }
};

}  // namespace number
}  // namespace AscendC

using fp8_e8m0_t = AscendC::number::Small<AscendC::number::E8m0, std::uint8_t, AscendC::number::E8m0Tag>;
using fp4x2_e2m1_t = AscendC::number::Pair<AscendC::number::E2m1>;
using fp4x2_e1m2_t = AscendC::number::Pair<AscendC::number::E1m2>;

namespace AscendC {

// Operands in L0A and L0B that were loaded with their scales.
struct mx_fp8_e4m3_t {
  fp8_e4m3fn_t value;
};
struct mx_fp8_e5m2_t {
  fp8_e5m2_t value;
};

namespace detail {
#define ETALON_TYPE_CODE(T, code)      \
  template <>                          \
  struct TypeCode<T> {                 \
    static constexpr int value = code; \
  }
ETALON_TYPE_CODE(fp8_e8m0_t, kAscE8m0);
ETALON_TYPE_CODE(fp4x2_e2m1_t, kAscE2m1);
ETALON_TYPE_CODE(fp4x2_e1m2_t, kAscE1m2);
ETALON_TYPE_CODE(mx_fp8_e4m3_t, kAscE4m3);
ETALON_TYPE_CODE(mx_fp8_e5m2_t, kAscE5m2);
#undef ETALON_TYPE_CODE
template <>
inline constexpr bool is_mx<mx_fp8_e4m3_t> = true;
template <>
inline constexpr bool is_mx<mx_fp8_e5m2_t> = true;
}  // namespace detail
}  // namespace AscendC
