// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where a base block of the result goes and how FixPipe takes it there.

#include "ascendc/cube.h"
#include "blocks.h"

namespace AscendC {
namespace detail {
namespace mm {

// Elements side by side in a fractal of the result.
template <class T>
constexpr std::int64_t fractal_width = sizeof(T) == 1 ? 32 : 16;

// What FixPipe makes of the sums. quantise: see etalon_matmul_request.
template <class Sum, class T>
inline QuantMode_t quant_mode(int quantise) {
  constexpr bool integer = std::is_same<Sum, std::int32_t>::value;
  if constexpr (sizeof(T) == 4) {
    static_assert(std::is_same<T, Sum>::value,
                  "sums leave as they are, or as 16 or 8 bits: int32_t of integers, float "
                  "of others");
    return NoQuant;
  } else if constexpr (sizeof(T) == 1) {
    if (quantise == 0)
      etalon_asc_fail("ascendc.matmul", "results of 8 bits need SetQuantScalar or SetQuantVector");
    if (integer) return quantise == 2 ? VREQ8 : REQ8;
    return quantise == 2 ? VQF322B8_PRE : QF322B8_PRE;
  } else if constexpr (integer) {
    static_assert(std::is_same<T, half>::value, "integer products become int32_t, half or 8 bits");
    if (quantise == 0)
      etalon_asc_fail("ascendc.matmul", "half of integers needs SetQuantScalar or SetQuantVector");
    return quantise == 2 ? VDEQF16 : DEQF16;
  } else {
    return std::is_same<T, half>::value ? F322F16 : F322BF16;
  }
}

template <class C>
struct Target {
  using T = typename C::T;
  static constexpr bool kNz = C::format == CubeFormat::NZ;
  T* address;
  std::int64_t pitch;

  Target(const etalon_matmul_request& r, const Blocks& blocks, const Place& p, std::int64_t block)
      : address(static_cast<T*>(r.c)), pitch(r.pitch_c) {
    if (kNz) {
      constexpr std::int64_t width = fractal_width<T>;
      if (r.packed != 0) pitch = r.packed == 1 ? align(blocks.base_m, 16) : align(p.m, 16);
      address +=
          r.packed != 0 ? block * pitch * align(blocks.base_n, width) : (p.n0 / width * pitch + p.m0) * width;
      return;
    }
    if (r.packed == 0) {
      address += p.m0 * pitch + p.n0;
      return;
    }
    constexpr std::int64_t line = 32 / static_cast<std::int64_t>(sizeof(T));
    pitch = r.packed == 1 ? blocks.base_n : p.n;
    if (r.to_ub != 0 || C::format == CubeFormat::ND_ALIGN) pitch = align(pitch, line);
    address += block * blocks.base_m * blocks.base_n;
  }
  FixpipeParamsV220 params(const Place& p, std::int64_t l0c_rows) const {
    FixpipeParamsV220 f;
    f.nSize = static_cast<std::uint16_t>(p.n);
    f.mSize = static_cast<std::uint16_t>(p.m);
    f.srcStride = static_cast<std::uint16_t>(l0c_rows);
    f.dstStride = static_cast<std::uint32_t>(
        kNz ? pitch * fractal_width<T> * static_cast<std::int64_t>(sizeof(T)) / 32 : pitch);
    return f;
  }
};

template <class T>
inline void set_atomic(int how) {
  if (how == 1) SetAtomicAdd<T>();
  if (how == 2) SetAtomicMax<T>();
  if (how == 3) SetAtomicMin<T>();
}

}  // namespace mm
}  // namespace detail
}  // namespace AscendC
