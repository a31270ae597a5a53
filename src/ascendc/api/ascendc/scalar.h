// SPDX-License-Identifier: Apache-2.0
#pragma once

// The scalar unit: numbers and bits, the control register, its cache of device memory.

#include "system.h"

namespace AscendC {

inline float ToFloat(bfloat16_t x) { return static_cast<float>(x); }
inline float ToFloat(half x) { return static_cast<float>(x); }
inline bfloat16_t ToBfloat16(float x) { return bfloat16_t(x); }

// float to half, or to a 32-bit integer that saturates.
template <class T, class U, RoundMode mode>
inline U ScalarCast(T x) {
  static_assert(std::is_same<T, float>::value && (std::is_same<U, half>::value || std::is_same<U, std::int32_t>::value),
                "ScalarCast takes float to half or to int32_t");
  if constexpr (std::is_same<U, half>::value) {
    return half::rounded(x, mode);
  } else {
    const double r = mode == RoundMode::CAST_FLOOR   ? __builtin_floor(x)
                     : mode == RoundMode::CAST_CEIL  ? __builtin_ceil(x)
                     : mode == RoundMode::CAST_TRUNC ? __builtin_trunc(x)
                     : mode == RoundMode::CAST_ROUND ? __builtin_round(x)
                                                     : __builtin_nearbyint(x);
    return r >= 2147483647.0 ? 2147483647 : r <= -2147483648.0 ? -2147483647 - 1 : r != r ? 0 : static_cast<std::int32_t>(r);
  }
}
// How many bits are `bit` (0 or 1).
template <int bit>
inline std::int64_t ScalarGetCountOfValue(std::uint64_t x) {
  const int ones = __builtin_popcountll(x);
  return bit != 0 ? ones : 64 - ones;
}
inline std::int64_t ScalarCountLeadingZero(std::uint64_t x) { return x == 0 ? 64 : __builtin_clzll(x); }
// Bits after the sign bit that are the same as it.
inline std::int64_t CountBitsCntSameAsSignBit(std::int64_t x) { return __builtin_clrsbll(x); }
// Where the first bit that is `bit` lies, from the lowest; -1 if none is.
template <int bit>
inline std::int64_t ScalarGetSFFValue(std::uint64_t x) {
  const std::uint64_t y = bit != 0 ? x : ~x;
  return y == 0 ? -1 : __builtin_ctzll(y);
}

// --- the control register

namespace detail {
template <std::int8_t first, std::int8_t last>
constexpr std::uint64_t bits_of_control() {
  static_assert(0 <= first && first <= last && last < 64, "bits of the control register, 0 to 63");
  return (last - first == 63 ? ~std::uint64_t{0} : (std::uint64_t{1} << (last - first + 1)) - 1) << first;
}
}  // namespace detail
// Bits first to last of the control register. What it switches on a core keeps its default here.
template <std::int8_t startBit, std::int8_t endBit>
inline void SetCtrlSpr(std::int64_t value) {
  constexpr std::uint64_t bits = detail::bits_of_control<startBit, endBit>();
  std::uint64_t& control = etalon_asc_current->control;
  control = (control & ~bits) | ((static_cast<std::uint64_t>(value) << startBit) & bits);
}
template <std::int8_t startBit, std::int8_t endBit>
inline std::int64_t GetCtrlSpr() {
  constexpr std::uint64_t bits = detail::bits_of_control<startBit, endBit>();
  return static_cast<std::int64_t>((etalon_asc_current->control & bits) >> startBit);
}

// --- the data cache of the scalar unit. Its reads and writes of device memory reach memory at once here, so cleaning
// it changes nothing but time.

constexpr std::uint32_t CACHE_LINE_SIZE = 64;  // bytes
enum class CacheLine : std::uint64_t { SINGLE_CACHE_LINE, ENTIRE_DATA_CACHE };
enum class DcciDst : std::uint64_t { CACHELINE_ALL, CACHELINE_UB, CACHELINE_OUT, CACHELINE_ATOMIC };
template <class T, CacheLine entireType, DcciDst dcciDst = DcciDst::CACHELINE_OUT>
inline void DataCacheCleanAndInvalid(const GlobalTensor<T>& tensor) {
  etalon_asc_cache_clean(tensor.GetPhyAddr());
}
template <class T, CacheLine entireType, DcciDst dcciDst = DcciDst::CACHELINE_UB>
inline void DataCacheCleanAndInvalid(const LocalTensor<T>& tensor) {
  etalon_asc_barrier_scalar();
  static_cast<void>(tensor);
}
enum class MemDsbT : std::uint64_t { ALL, DDR, UB, SEQ };
template <MemDsbT kind>
inline void DataSyncBarrier() {
  etalon_asc_barrier_scalar();
}
template <class T>
inline T ReadGmByPassDCache(__gm__ T* address) {
  T value{};
  etalon_asc_scalar_gm_read(address, sizeof(T), &value);
  return value;
}
template <class T>
inline void WriteGmByPassDCache(__gm__ T* address, T value) {
  etalon_asc_scalar_gm_write(address, sizeof(T), &value);
}
inline void ICachePreLoad(std::int64_t /*lines*/) { etalon_asc_barrier_scalar(); }

// Where flags between cores are kept is the runtime's business.
inline void SetSyncBaseAddr(std::uint64_t) {}

inline void Trap() { etalon_asc_fail("ascendc.assert", "the kernel called Trap"); }

}  // namespace AscendC
