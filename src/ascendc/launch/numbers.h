// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reading and writing elements of the device's number types in host memory. Real types pass through float
// (half and bfloat16 are exact in it), integers through int64.

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "ascendc/api/ascendc/abi.h"
#include "ascendc/api/ascendc/number.h"

namespace etalon::ascendc {

bool is_real(int type);

float half_to_float(std::uint16_t bits);
inline float bf16_to_float(std::uint16_t bits) {
  return __builtin_bit_cast(float, static_cast<std::uint32_t>(bits) << 16);
}
std::uint16_t float_to_half(float value);  // to nearest, ties to even

template <class T>
T load_as(const std::byte* p) {
  T v;
  std::memcpy(&v, p, sizeof(T));
  return v;
}
template <class T>
void store_as(std::byte* p, T v) {
  std::memcpy(p, &v, sizeof(T));
}

// `n` elements of `type`, `stride` bytes apart.
void load_reals(int type, const std::byte* from, std::int64_t n, std::int64_t stride, float* to);
void store_reals(int type, const float* from, std::int64_t n, std::byte* to, std::int64_t stride,
                 AscendC::RoundMode mode = AscendC::RoundMode::CAST_RINT);
void load_integers(int type, const std::byte* from, std::int64_t n, std::int64_t stride, std::int64_t* to);
void store_integers(int type, const std::int64_t* from, std::int64_t n, std::byte* to,
                    std::int64_t stride);  // wraps

// A real number to an integer type by `mode`, saturating; NaN gives 0.
std::int64_t to_integer(double value, int type, AscendC::RoundMode mode);
// An integer or wider value to float by `mode`.
float to_float(double value, AscendC::RoundMode mode);
double round_integral(double value, AscendC::RoundMode mode);
std::int64_t saturate(std::int64_t value, int type);

}  // namespace etalon::ascendc
