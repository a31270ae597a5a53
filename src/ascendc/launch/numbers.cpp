// SPDX-License-Identifier: Apache-2.0
#include "ascendc/launch/numbers.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>

namespace etalon::ascendc {

using AscendC::RoundMode;
namespace number = AscendC::number;

namespace {

std::unique_ptr<std::array<float, 65536>> make_half_table() {
  auto table = std::make_unique<std::array<float, 65536>>();
  for (std::uint32_t i = 0; i < 65536; ++i) (*table)[i] = number::Fp16::decode(i);
  return table;
}

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

float half_to_float(std::uint16_t bits) {
  static const auto table = make_half_table();
  return (*table)[bits];
}

std::uint16_t float_to_half(float value) {
  const auto u = __builtin_bit_cast(std::uint32_t, value);
  const std::uint32_t magnitude = u & 0x7fffffffu;
  if (magnitude >= 0x38800000u &&
      magnitude < 0x477ff000u) {  // normal halves that cannot overflow by rounding
    const std::uint32_t r = magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13) & 1u);
    return static_cast<std::uint16_t>((u >> 16 & 0x8000u) | r >> 13);
  }
  return static_cast<std::uint16_t>(number::Fp16::encode(value));
}

void load_reals(int type, const std::byte* from, std::int64_t n, std::int64_t stride, float* to) {
  switch (type) {
    case kAscF32:
      for (std::int64_t i = 0; i < n; ++i) to[i] = load_as<float>(from + i * stride);
      break;
    case kAscF16:
      for (std::int64_t i = 0; i < n; ++i) to[i] = half_to_float(load_as<std::uint16_t>(from + i * stride));
      break;
    case kAscBf16:
      for (std::int64_t i = 0; i < n; ++i) to[i] = bf16_to_float(load_as<std::uint16_t>(from + i * stride));
      break;
    default:
      for (std::int64_t i = 0; i < n; ++i) to[i] = decode(type, load_as<std::uint8_t>(from + i * stride));
  }
}

void store_reals(int type, const float* from, std::int64_t n, std::byte* to, std::int64_t stride,
                 RoundMode mode) {
  const bool nearest = mode == RoundMode::CAST_RINT || mode == RoundMode::CAST_NONE;
  switch (type) {
    case kAscF32:
      for (std::int64_t i = 0; i < n; ++i) store_as(to + i * stride, from[i]);
      break;
    case kAscF16:
      for (std::int64_t i = 0; i < n; ++i) {
        store_as(to + i * stride, nearest ? float_to_half(from[i])
                                          : static_cast<std::uint16_t>(number::Fp16::encode(from[i], mode)));
      }
      break;
    case kAscBf16:
      for (std::int64_t i = 0; i < n; ++i) {
        store_as(to + i * stride, static_cast<std::uint16_t>(number::Bf16::encode(from[i], mode)));
      }
      break;
    default:
      for (std::int64_t i = 0; i < n; ++i) {
        store_as(to + i * stride, static_cast<std::uint8_t>(encode(type, from[i], mode)));
      }
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
