// SPDX-License-Identifier: Apache-2.0
#pragma once

// Constants of the core, and help with types and sizes.

#include <type_traits>
#include <utility>

#include "system.h"

namespace AscendC {

constexpr std::int32_t BLOCK_CUBE = 16;  // rows and columns of a fractal of L0C
constexpr std::int32_t CUBE_MAX_SIZE = 256, BYTE_PER_FRACTAL = 512, BYTE_PER_C0 = 32;
constexpr std::int32_t MAX_REPEAT_TIMES = 255, HALF_DEFAULT_REPEAT_STRIDE = 4, ONE_FOURTH_DEFAULT_REPEAT_STRIDE = 2;
constexpr std::int32_t ONE_BLK_HALF_NUM = 16, ONE_BLK_FLOAT_NUM = 8, ONE_REPEAT_HALF_SIZE = 128,
                       ONE_REPEAT_FLOAT_SIZE = 64, DEFAULT_BLK_NUM = 8;
// Sizes of the memories of dav-2201, bytes; TOTAL_VEC_LOCAL_SIZE without what the compiler keeps for itself.
constexpr std::int32_t TOTAL_L0A_SIZE = 64 * 1024, TOTAL_L0B_SIZE = 64 * 1024, TOTAL_L0C_SIZE = 128 * 1024,
                       TOTAL_L1_SIZE = 512 * 1024, TOTAL_UB_SIZE = 192 * 1024, TOTAL_VEC_LOCAL_SIZE = 184 * 1024;

template <class A, class B>
struct IsSameType {
  static constexpr bool value = std::is_same<A, B>::value;
};
template <bool condition, class A, class B>
struct Conditional {
  using type = std::conditional_t<condition, A, B>;
};

// What of the standard library device code may use, under the namespace the interface gives it.
namespace Std {
using std::bool_constant;
using std::conditional;
using std::conditional_t;
using std::decay;
using std::decay_t;
using std::enable_if;
using std::enable_if_t;
using std::false_type;
using std::forward;
using std::index_sequence;
using std::integral_constant;
using std::is_base_of;
using std::is_convertible;
using std::is_same;
using std::is_same_v;
using std::is_void;
using std::make_index_sequence;
using std::move;
using std::remove_cv;
using std::remove_cv_t;
using std::remove_reference;
using std::remove_reference_t;
using std::true_type;
template <class T>
constexpr T abs(T x) {
  return x < T(0) ? static_cast<T>(-x) : x;
}
template <class T>
constexpr T max(T a, T b) {
  return a < b ? b : a;
}
template <class T>
constexpr T min(T a, T b) {
  return b < a ? b : a;
}
inline float sqrt(float x) { return __builtin_sqrtf(x); }
}  // namespace Std
using std::index_sequence;
using std::make_index_sequence;

// Functions that kernels also write themselves: the trailing pack makes these the worse match for any call that a
// user's own of the same name takes.
template <class A, class B, class... None>
constexpr auto CeilDiv(A a, B b, None...) -> decltype((a + 1) / b) {
  return b == 0 ? static_cast<decltype((a + 1) / b)>(a) : (a + b - 1) / b;
}
template <class A, class B, class... None>
constexpr auto DivCeil(A a, B b, None...) -> decltype((a + 1) / b) {
  return CeilDiv(a, b);
}
template <class A, class B, class... None>
constexpr auto Ceil(A a, B b, None...) -> decltype((a + 1) / b) {
  return CeilDiv(a, b);
}
template <class A, class B, class... None>
constexpr auto AlignUp(A a, B b, None...) -> decltype((a + 1) / b) {
  return CeilDiv(a, b) * b;
}
template <class A, class B, class... None>
constexpr auto CeilAlign(A a, B b, None...) -> decltype((a + 1) / b) {
  return CeilDiv(a, b) * b;
}

// The state in which a kernel finds its core: masks of all elements, no atomic transfers.
inline void InitSocState() {
  SetAtomicNone();
  SetMaskNorm();
  ResetMask();
}
constexpr std::uint32_t GetDataBlockSizeInBytes() { return 32; }

// State of the core that older kernels set through this class.
struct AscendCUtils {
  template <class T>
  static void SetMask(std::uint64_t high, std::uint64_t low) {
    SetVectorMask<T>(high, low);
  }
  template <class T>
  static void SetMask(std::int32_t length) {
    SetVectorMask<T>(length);
  }
  template <class T>
  static void SetMaskCount() {
    AscendC::SetMaskCount();
  }
  template <class T>
  static void SetMaskNorm() {
    AscendC::SetMaskNorm();
  }
  static void ResetMask() { AscendC::ResetMask(); }
  static constexpr std::int32_t GetBitSize(std::int32_t bytes) { return bytes * 8; }
  static constexpr std::int32_t GetC0Size() { return 32; }
  static constexpr std::int32_t GetC0Count(std::int32_t bytes) { return bytes == 0 ? 0 : 32 / bytes; }
};

}  // namespace AscendC
