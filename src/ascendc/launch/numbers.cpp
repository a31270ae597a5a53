// SPDX-License-Identifier: Apache-2.0
#include "ascendc/launch/numbers.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ascendc/launch/widest.h"

namespace etalon::ascendc {

using AscendC::RoundMode;
namespace number = AscendC::number;

namespace {

float decode(int type, std::uint32_t bits) {
  switch (type) {
    case kAscE4m3:
      return number::E4m3::decode(bits);
    case kAscE5m2:
      return number::E5m2::decode(bits);
    default:
      return number::Hif8::decode(bits);
  }
}
std::uint32_t encode(int type, float v, RoundMode mode) {
  switch (type) {
    case kAscE4m3:
      return number::E4m3::encode(v, mode);
    case kAscE5m2:
      return number::E5m2::encode(v, mode, true);
    default:
      return number::Hif8::encode(v);
  }
}

template <class T>
void load_integers_of(const std::byte* from, std::int64_t n, std::int64_t stride, std::int64_t* to) {
  for (std::int64_t i = 0; i < n; ++i) to[i] = static_cast<std::int64_t>(load_as<T>(from + i * stride));
}
template <class T>
void store_integers_of(const std::int64_t* from, std::int64_t n, std::byte* to, std::int64_t stride) {
  for (std::int64_t i = 0; i < n; ++i) store_as<T>(to + i * stride, static_cast<T>(from[i]));
}

struct Limits {
  std::int64_t low, high;
};
Limits limits_of(int type) {
  switch (type) {
    case kAscS4:
      return {-8, 7};
    case kAscS8:
      return {-128, 127};
    case kAscU8:
      return {0, 255};
    case kAscS16:
      return {-32768, 32767};
    case kAscU16:
      return {0, 65535};
    case kAscS32:
      return {std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()};
    case kAscU32:
      return {0, std::numeric_limits<std::uint32_t>::max()};
    default:
      return {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()};
  }
}

}  // namespace

bool is_real(int type) {
  return type == kAscF16 || type == kAscBf16 || type == kAscF32 || type == kAscE4m3 || type == kAscE5m2 ||
         type == kAscHif8;
}

namespace {

// Half and float without branches, so that compilers make vectors of it; number_test holds both to
// the definition of the types.
ETALON_INLINE inline float widened(std::uint16_t bits) {
  const std::uint32_t magnitude = (bits & 0x7fffu) << 13;
  // As a float with 15 less in the exponent's bias: one exact product puts that right, subnormals too.
  const std::uint32_t scaled =
      __builtin_bit_cast(std::uint32_t, __builtin_bit_cast(float, magnitude) * 0x1p112f);
  const std::uint32_t special = magnitude > 0x0f800000u ? 0x7fc00000u : 0x7f800000u;
  const std::uint32_t u = magnitude >= 0x0f800000u ? special : scaled;
  return __builtin_bit_cast(float, u | (bits & 0x8000u) << 16);
}
ETALON_INLINE inline std::uint16_t narrowed(float value) {
  const auto u = __builtin_bit_cast(std::uint32_t, value);
  const std::uint32_t magnitude = u & 0x7fffffffu;
  const std::uint32_t normal = (magnitude - 0x38000000u + 0xfffu + (magnitude >> 13 & 1u)) >> 13;
  // Beside 0.5 a float has steps of 2^-24, which are those of subnormal halves.
  const std::uint32_t subnormal =
      __builtin_bit_cast(std::uint32_t, __builtin_bit_cast(float, magnitude) + 0.5f) - 0x3f000000u;
  std::uint32_t r = magnitude < 0x38800000u ? subnormal : normal;
  r = magnitude >= 0x477ff000u ? 0x7c00u : r;
  r = magnitude > 0x7f800000u ? 0x7e00u : r;
  return static_cast<std::uint16_t>(r | (u >> 16 & 0x8000u));
}
ETALON_INLINE inline std::uint16_t narrowed_bf16(float value) {
  const auto u = __builtin_bit_cast(std::uint32_t, value);
  const std::uint32_t rounded = (u + 0x7fffu + (u >> 16 & 1u)) >> 16;
  const std::uint32_t nan = (u >> 16 & 0x8000u) | 0x7fc0u;
  return static_cast<std::uint16_t>((u & 0x7fffffffu) > 0x7f800000u ? nan : rounded);
}

// to[i] = f(from[i]) for elements that follow one another.
template <class From, class To, class F>
void convert(const std::byte* from, std::byte* to, std::int64_t n, F f) {
  widest([=]() ETALON_INLINE {
    for (std::int64_t i = 0; i < n; ++i) {
      store_as<To>(to + i * static_cast<std::int64_t>(sizeof(To)),
                   f(load_as<From>(from + i * static_cast<std::int64_t>(sizeof(From)))));
    }
  });
}

}  // namespace

float half_to_float(std::uint16_t bits) { return widened(bits); }
std::uint16_t float_to_half(float value) { return narrowed(value); }

void load_reals(int type, const std::byte* from, std::int64_t n, std::int64_t stride, float* to) {
  auto* out = reinterpret_cast<std::byte*>(to);
  switch (type) {
    case kAscF32:
      if (stride == 4)
        std::memcpy(to, from, static_cast<std::size_t>(n) * 4);
      else
        for (std::int64_t i = 0; i < n; ++i) to[i] = load_as<float>(from + i * stride);
      break;
    case kAscF16:
      if (stride == 2 && n > 1)
        convert<std::uint16_t, float>(from, out, n, [](std::uint16_t x) ETALON_INLINE { return widened(x); });
      else
        for (std::int64_t i = 0; i < n; ++i) to[i] = widened(load_as<std::uint16_t>(from + i * stride));
      break;
    case kAscBf16:
      if (stride == 2 && n > 1)
        convert<std::uint16_t, float>(from, out, n,
                                      [](std::uint16_t x) ETALON_INLINE { return bf16_to_float(x); });
      else
        for (std::int64_t i = 0; i < n; ++i) to[i] = bf16_to_float(load_as<std::uint16_t>(from + i * stride));
      break;
    default:
      for (std::int64_t i = 0; i < n; ++i) to[i] = decode(type, load_as<std::uint8_t>(from + i * stride));
  }
}

void store_reals(int type, const float* from, std::int64_t n, std::byte* to, std::int64_t stride,
                 RoundMode mode) {
  const bool nearest = mode == RoundMode::CAST_RINT || mode == RoundMode::CAST_NONE;
  const auto* in = reinterpret_cast<const std::byte*>(from);
  const auto each = [&](auto f) {
    for (std::int64_t i = 0; i < n; ++i) store_as(to + i * stride, f(from[i]));
  };
  switch (type) {
    case kAscF32:
      if (stride == 4)
        std::memcpy(to, from, static_cast<std::size_t>(n) * 4);
      else
        each([](float x) { return x; });
      break;
    case kAscF16:
      if (!nearest)
        each([mode](float x) { return static_cast<std::uint16_t>(number::Fp16::encode(x, mode)); });
      else if (stride == 2 && n > 1)
        convert<float, std::uint16_t>(in, to, n, [](float x) ETALON_INLINE { return narrowed(x); });
      else
        each([](float x) { return narrowed(x); });
      break;
    case kAscBf16:
      if (!nearest)
        each([mode](float x) { return static_cast<std::uint16_t>(number::Bf16::encode(x, mode)); });
      else if (stride == 2 && n > 1)
        convert<float, std::uint16_t>(in, to, n, [](float x) ETALON_INLINE { return narrowed_bf16(x); });
      else
        each([](float x) { return narrowed_bf16(x); });
      break;
    default:
      each([type, mode](float x) { return static_cast<std::uint8_t>(encode(type, x, mode)); });
  }
}

void load_integers(int type, const std::byte* from, std::int64_t n, std::int64_t stride, std::int64_t* to) {
  switch (type) {
    case kAscS4:  // two per byte, whatever the stride
      for (std::int64_t i = 0; i < n; ++i) {
        const int bits = static_cast<int>(from[i / 2]) >> (i % 2 * 4) & 15;
        to[i] = bits < 8 ? bits : bits - 16;
      }
      break;
    case kAscS8:
      load_integers_of<std::int8_t>(from, n, stride, to);
      break;
    case kAscU8:
      load_integers_of<std::uint8_t>(from, n, stride, to);
      break;
    case kAscS16:
      load_integers_of<std::int16_t>(from, n, stride, to);
      break;
    case kAscU16:
    case kAscF16:
    case kAscBf16:
      load_integers_of<std::uint16_t>(from, n, stride, to);
      break;
    case kAscS32:
      load_integers_of<std::int32_t>(from, n, stride, to);
      break;
    case kAscU32:
    case kAscF32:
      load_integers_of<std::uint32_t>(from, n, stride, to);
      break;
    case kAscS64:
      load_integers_of<std::int64_t>(from, n, stride, to);
      break;
    case kAscU64:
      load_integers_of<std::uint64_t>(from, n, stride, to);
      break;
    default:
      load_integers_of<std::uint8_t>(from, n, stride, to);
  }
}

void store_integers(int type, const std::int64_t* from, std::int64_t n, std::byte* to, std::int64_t stride) {
  switch (type) {
    case kAscS16:
    case kAscU16:
    case kAscF16:
    case kAscBf16:
      store_integers_of<std::uint16_t>(from, n, to, stride);
      break;
    case kAscS32:
    case kAscU32:
    case kAscF32:
      store_integers_of<std::uint32_t>(from, n, to, stride);
      break;
    case kAscS64:
    case kAscU64:
      store_integers_of<std::uint64_t>(from, n, to, stride);
      break;
    default:
      store_integers_of<std::uint8_t>(from, n, to, stride);
  }
}

double round_integral(double v, RoundMode mode) {
  switch (mode) {
    case RoundMode::CAST_FLOOR:
      return std::floor(v);
    case RoundMode::CAST_CEIL:
      return std::ceil(v);
    case RoundMode::CAST_TRUNC:
      return std::trunc(v);
    case RoundMode::CAST_ROUND:
      return std::round(v);
    case RoundMode::CAST_ODD: {
      const double t = std::trunc(v);
      return t == v || std::fmod(t, 2.0) != 0 ? t : t + (v > 0 ? 1 : -1);
    }
    default:
      return std::nearbyint(v);
  }
}

std::int64_t saturate(std::int64_t value, int type) {
  const Limits l = limits_of(type);
  return std::clamp(value, l.low, l.high);
}

std::int64_t to_integer(double value, int type, RoundMode mode) {
  if (std::isnan(value)) return 0;
  const Limits l = limits_of(type);
  const double r = round_integral(value, mode);
  if (r <= static_cast<double>(l.low)) return l.low;
  if (r >= static_cast<double>(l.high)) return l.high;
  return static_cast<std::int64_t>(r);
}

float to_float(double value, RoundMode mode) {
  const auto nearest = static_cast<float>(value);
  if (mode == RoundMode::CAST_RINT || mode == RoundMode::CAST_NONE || std::isnan(value)) return nearest;
  const double d = nearest;
  if (d == value) return nearest;
  const float other =
      std::nextafterf(nearest, d < value ? INFINITY : -INFINITY);  // the neighbour across `value`
  const float low = std::min(nearest, other), high = std::max(nearest, other);
  switch (mode) {
    case RoundMode::CAST_FLOOR:
      return low;
    case RoundMode::CAST_CEIL:
      return high;
    case RoundMode::CAST_TRUNC:
      return value > 0 ? low : high;
    case RoundMode::CAST_ODD:
      return (__builtin_bit_cast(std::uint32_t, low) & 1u) != 0 ? low : high;
    default: {  // ties away from zero
      const double below = value - static_cast<double>(low), above = static_cast<double>(high) - value;
      if (below == above) return value > 0 ? high : low;
      return nearest;
    }
  }
}

}  // namespace etalon::ascendc
