// SPDX-License-Identifier: Apache-2.0
#pragma once

// The number types of device code as constexpr classes: half, bfloat16_t, two fp8 and hif8. Every operation
// computes in float and rounds once to the type, ties to even, which is the correctly rounded result for + - * /
// (24 bits are more than twice 11 plus 2).

#include <cstdint>
#include <type_traits>

namespace AscendC {

enum class RoundMode : std::uint8_t {
  CAST_NONE = 0,  // to nearest, ties to even, where the target cannot hold the value
  CAST_RINT,      // to nearest, ties to even
  CAST_FLOOR,
  CAST_CEIL,
  CAST_ROUND,     // to nearest, ties away from zero
  CAST_TRUNC,
  CAST_ODD,       // away from even: the last bit is set if anything was lost (von Neumann)
  CAST_HYBRID,
  UNKNOWN = 255,  // what the instruction does by itself
};

namespace number {

template <class To, class From>
constexpr To bits_as(From from) {
  return __builtin_bit_cast(To, from);
}

// Whether a magnitude with discarded part `rest` (of `half` = one half unit) goes up.
constexpr bool rounds_up(RoundMode mode, bool negative, bool odd, std::uint64_t rest, std::uint64_t half) {
  if (rest == 0) return false;
  switch (mode) {
    case RoundMode::CAST_FLOOR: return negative;
    case RoundMode::CAST_CEIL: return !negative;
    case RoundMode::CAST_TRUNC: return false;
    case RoundMode::CAST_ODD: return !odd;
    case RoundMode::CAST_ROUND:
    case RoundMode::CAST_HYBRID: return rest >= half;
    default: return rest > half || (rest == half && odd);
  }
}

// A binary format of 1 sign, E exponent and M mantissa bits. kInf: has infinities (else overflow and infinity
// become the largest value or NaN).
template <int E, int M, bool kInf>
struct Format {
  static constexpr int bias = (1 << (E - 1)) - 1;
  static constexpr std::uint32_t sign = 1u << (E + M);
  static constexpr std::uint32_t infinity = ((1u << E) - 1) << M;                   // with kInf
  static constexpr std::uint32_t nan = kInf ? infinity | (1u << (M - 1)) : sign - 1;
  static constexpr std::uint32_t largest = kInf ? infinity - 1 : sign - 2;

  // `saturate`: overflow gives the largest finite value instead of infinity.
  static constexpr std::uint32_t encode(float f, RoundMode mode = RoundMode::CAST_RINT, bool saturate = !kInf) {
    const std::uint32_t u = bits_as<std::uint32_t>(f), magnitude = u & 0x7fffffffu;
    const std::uint32_t s = (u >> 31) != 0 ? sign : 0;
    if (magnitude > 0x7f800000u) return s | nan;
    if (magnitude == 0x7f800000u) return s | (saturate ? largest : infinity);
    if (magnitude == 0) return s;
    int exponent = static_cast<int>(magnitude >> 23) - 127 + bias;
    std::uint64_t mantissa = magnitude & 0x7fffffu;
    if ((magnitude >> 23) == 0) exponent += 1;  // subnormal float
    else mantissa |= 0x800000u;
    int shift = 23 - M;
    std::uint64_t base = 0;
    if (exponent <= 0) shift += 1 - exponent;
    else base = static_cast<std::uint64_t>(exponent - 1) << M;  // the hidden bit adds one more
    if (shift > 40) shift = 40;
    const std::uint64_t unit = std::uint64_t{1} << shift, rest = mantissa & (unit - 1);
    std::uint64_t r = base + (mantissa >> shift);
    if (rounds_up(mode, s != 0, (r & 1) != 0, rest, unit / 2)) ++r;
    if (r > largest) {
      const bool toward_zero = mode == RoundMode::CAST_TRUNC || (mode == RoundMode::CAST_FLOOR && s == 0) ||
                               (mode == RoundMode::CAST_CEIL && s != 0) || mode == RoundMode::CAST_ODD;
      r = saturate || toward_zero ? largest : infinity;
    }
    return s | static_cast<std::uint32_t>(r);
  }

  static constexpr float decode(std::uint32_t v) {
    const std::uint32_t s = (v & sign) != 0 ? 0x80000000u : 0u, magnitude = v & (sign - 1);
    if (magnitude > largest) {
      return bits_as<float>(s | (kInf && magnitude == infinity ? 0x7f800000u : 0x7fc00000u));
    }
    const std::uint32_t e = magnitude >> M, m = magnitude & ((1u << M) - 1);
    if constexpr (E == 8) return bits_as<float>(s | (magnitude << (23 - M)));
    if (e == 0) {
      float unit = 1.0f;
      for (int i = 0; i < bias - 1 + M; ++i) unit *= 0.5f;
      const float f = static_cast<float>(m) * unit;
      return s != 0 ? -f : f;
    }
    return bits_as<float>(s | ((e + 127 - bias) << 23) | (m << (23 - M)));
  }
};

using Fp16 = Format<5, 10, true>;
using Bf16 = Format<8, 7, true>;
using E4m3 = Format<4, 3, false>;
using E5m2 = Format<5, 2, true>;

// HiFloat8 (arXiv:2409.16626): sign, a prefix code that says how many exponent bits follow, the exponent as sign
// and magnitude with a hidden leading one, the mantissa in what is left.
struct Hif8 {
  static constexpr std::uint32_t nan = 0x80, infinity = 0x6f;
  static constexpr float power(int e) {
    return bits_as<float>(static_cast<std::uint32_t>(e + 127) << 23);
  }
  static constexpr float decode(std::uint32_t v) {
    if (v == 0) return 0.0f;
    if (v == nan) return bits_as<float>(0x7fc00000u);
    const float s = (v & 0x80) != 0 ? -1.0f : 1.0f;
    const std::uint32_t x = v & 0x7f;
    if (x == infinity) return s * bits_as<float>(0x7f800000u);
    int e_bits = 0, m_bits = 3;
    if (x >= 0x60) e_bits = 4, m_bits = 1;
    else if (x >= 0x40) e_bits = 3, m_bits = 2;
    else if (x >= 0x20) e_bits = 2, m_bits = 3;
    else if (x >= 0x10) e_bits = 1, m_bits = 3;
    else if (x < 8) return s * power(static_cast<int>(x) - 23);
    int e = 0;
    if (e_bits > 0) {
      const std::uint32_t field = (x >> m_bits) & ((1u << e_bits) - 1), half = 1u << (e_bits - 1);
      const int magnitude = static_cast<int>(half | (field & (half - 1)));
      e = (field & half) != 0 ? -magnitude : magnitude;
    }
    const std::uint32_t m = x & ((1u << m_bits) - 1);
    return s * power(e) * (1.0f + static_cast<float>(m) / static_cast<float>(1u << m_bits));
  }
  // To nearest, ties away from zero, as the format defines it; beyond 2^15 * 1.25 infinity.
  static constexpr std::uint32_t encode(float f, RoundMode = RoundMode::CAST_ROUND, bool saturate = true) {
    if (f != f) return nan;
    const std::uint32_t s = f < 0 ? 0x80u : 0u;
    const float a = f < 0 ? -f : f;
    if (a >= 40960.0f) return s | (saturate ? infinity - 1 : infinity);
    std::uint32_t best = 0;
    float best_value = 0, best_distance = a;
    for (std::uint32_t x = 1; x < 0x80; ++x) {
      if (x == infinity) continue;
      const float value = decode(x), distance = value > a ? value - a : a - value;
      if (distance < best_distance || (distance == best_distance && value > best_value)) {
        best = x, best_value = value, best_distance = distance;
      }
    }
    return best == 0 ? 0 : s | best;
  }
};

// One storage unit of format F, as an arithmetic type.
template <class F, class Storage, class Tag>
class Small {
 public:
  constexpr Small() = default;
  template <class T, class = std::enable_if_t<std::is_arithmetic<T>::value>>
  constexpr Small(T value)  // NOLINT: arithmetic types convert implicitly
      : value_(pack(F::encode(static_cast<float>(value)))) {}
  static constexpr Small from_bits(std::uint32_t bits) {
    return Small(Raw{}, pack(bits));
  }
  static constexpr Small rounded(float f, RoundMode mode) { return from_bits(F::encode(f, mode)); }
  constexpr std::uint32_t bits() const {
    if constexpr (sizeof(Storage) == 1) return bits_as<std::uint8_t>(value_);
    else return bits_as<std::uint16_t>(value_);
  }
  constexpr operator float() const { return F::decode(bits()); }  // NOLINT

  constexpr Small operator-() const { return from_bits(bits() ^ (1u << (8 * sizeof(Storage) - 1))); }
  constexpr Small& operator+=(Small o) { return *this = *this + o; }
  constexpr Small& operator-=(Small o) { return *this = *this - o; }
  constexpr Small& operator*=(Small o) { return *this = *this * o; }
  constexpr Small& operator/=(Small o) { return *this = *this / o; }
#define ETALON_SMALL_OPERATOR(op, result)                                                                         \
  friend constexpr result operator op(Small a, Small b) {                                                         \
    return static_cast<result>(static_cast<float>(a) op static_cast<float>(b));                                   \
  }                                                                                                               \
  template <class T, class = std::enable_if_t<std::is_arithmetic<T>::value>>                                      \
  friend constexpr auto operator op(Small a, T b) {                                                               \
    if constexpr (std::is_integral<T>::value) return a op Small(b);                                               \
    else return static_cast<T>(static_cast<float>(a)) op b;                                                       \
  }                                                                                                               \
  template <class T, class = std::enable_if_t<std::is_arithmetic<T>::value>>                                      \
  friend constexpr auto operator op(T a, Small b) {                                                               \
    if constexpr (std::is_integral<T>::value) return Small(a) op b;                                               \
    else return a op static_cast<T>(static_cast<float>(b));                                                       \
  }
  ETALON_SMALL_OPERATOR(+, Small)
  ETALON_SMALL_OPERATOR(-, Small)
  ETALON_SMALL_OPERATOR(*, Small)
  ETALON_SMALL_OPERATOR(/, Small)
  ETALON_SMALL_OPERATOR(==, bool)
  ETALON_SMALL_OPERATOR(!=, bool)
  ETALON_SMALL_OPERATOR(<, bool)
  ETALON_SMALL_OPERATOR(>, bool)
  ETALON_SMALL_OPERATOR(<=, bool)
  ETALON_SMALL_OPERATOR(>=, bool)
#undef ETALON_SMALL_OPERATOR

 private:
  struct Raw {};
  constexpr Small(Raw, Storage value) : value_(value) {}
  static constexpr Storage pack(std::uint32_t bits) {
    if constexpr (sizeof(Storage) == 1) return bits_as<Storage>(static_cast<std::uint8_t>(bits));
    else return bits_as<Storage>(static_cast<std::uint16_t>(bits));
  }
  Storage value_;
};

struct HalfTag;
struct Bf16Tag;
struct E4m3Tag;
struct E5m2Tag;
struct Hif8Tag;

}  // namespace number
}  // namespace AscendC

using half = AscendC::number::Small<AscendC::number::Fp16, _Float16, AscendC::number::HalfTag>;
using bfloat16_t = AscendC::number::Small<AscendC::number::Bf16, std::uint16_t, AscendC::number::Bf16Tag>;
using fp8_e4m3fn_t = AscendC::number::Small<AscendC::number::E4m3, std::uint8_t, AscendC::number::E4m3Tag>;
using fp8_e5m2_t = AscendC::number::Small<AscendC::number::E5m2, std::uint8_t, AscendC::number::E5m2Tag>;
using hifloat8_t = AscendC::number::Small<AscendC::number::Hif8, std::uint8_t, AscendC::number::Hif8Tag>;
// A pair of 4-bit integers is never formed by itself: the type only names element width one half byte.
struct int4b_t {
  std::uint8_t pair;
};

namespace AscendC {
using ::bfloat16_t;
using ::half;
using ::int4b_t;
}  // namespace AscendC
