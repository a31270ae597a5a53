// SPDX-License-Identifier: Apache-2.0
#pragma once

// Names of positions, pipes, events and modes.

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "abi.h"
#include "number.h"

#ifndef ETALON_CC  // there the driver has its own meaning for these (etalon_cc/prelude.h)
#define __aicore__
#define __global__
#define __gm__
#define __ubuf__
#define __cbuf__
#define __ca__
#define __cb__
#define __cc__
#define __fbuf__
#define __BLOCK_LOCAL__ static thread_local
#define GM_ADDR __gm__ std::uint8_t*
#ifndef __forceinline__
#define __forceinline__ inline
#endif
#endif

namespace AscendC {

enum class TPosition : std::uint8_t {
  GM, A1, A2, B1, B2, C1, C2, CO1, CO2, VECIN, VECOUT, VECCALC, LCM = VECCALC, SPM, SHM = SPM, TSCM, C2PIPE2GM,
  C2PIPE2LOCAL, MAX
};
using QuePosition = TPosition;

enum class HardEvent : std::uint8_t {
  MTE2_MTE1, MTE1_MTE2, MTE1_M, M_MTE1, MTE2_V, V_MTE2, MTE3_V, V_MTE3, M_V, V_M, V_V, MTE3_MTE1, MTE1_MTE3, MTE1_V,
  MTE2_M, M_MTE2, V_MTE1, M_FIX, FIX_M, MTE3_MTE2, MTE2_MTE3, S_V, V_S, S_MTE2, MTE2_S, S_MTE3, MTE3_S, MTE2_FIX,
  FIX_MTE2, FIX_S, M_S, FIX_MTE3, MTE1_FIX, FIX_MTE1, FIX_FIX, S_M, S_MTE1, MTE1_S, S_FIX, FIX_V, V_FIX, MTE3_M,
  M_MTE3, MTE3_FIX, MAX
};
using event_t = std::int32_t;
using TEventID = std::int8_t;
constexpr int kEventIds = 8;

enum class CacheMode : std::uint8_t { CACHE_MODE_DISABLE, CACHE_MODE_NORMAL };
enum class CMPMODE : std::uint8_t { LT, GT, EQ, LE, GE, NE };
namespace detail {
template <class T>
constexpr bool holds(CMPMODE mode, T a, T b) {
  switch (mode) {
    case CMPMODE::LT:
      return a < b;
    case CMPMODE::GT:
      return a > b;
    case CMPMODE::EQ:
      return a == b;
    case CMPMODE::LE:
      return a <= b;
    case CMPMODE::GE:
      return a >= b;
    case CMPMODE::NE:
      break;
  }
  return a != b;
}
}  // namespace detail
enum class SELMODE : std::uint8_t { VSEL_CMPMASK_SPR, VSEL_TENSOR_SCALAR_MODE, VSEL_TENSOR_TENSOR_MODE };
enum class ReduceOrder : std::uint8_t { ORDER_VALUE_INDEX, ORDER_INDEX_VALUE, ORDER_ONLY_VALUE, ORDER_ONLY_INDEX };
enum class MaskMode : std::uint8_t { NORMAL, COUNTER };
enum class AtomicDtype : std::uint8_t { ATOMIC_NONE, ATOMIC_F32, ATOMIC_F16, ATOMIC_S16, ATOMIC_S32, ATOMIC_S8, ATOMIC_BF16 };
enum { AIC = 1, AIV = 2, MIX = 3 };
enum KernelMetaType {
  KERNEL_TYPE_AIV_ONLY, KERNEL_TYPE_AIC_ONLY, KERNEL_TYPE_MIX_AIV_1_0, KERNEL_TYPE_MIX_AIC_1_0, KERNEL_TYPE_MIX_AIC_1_1,
  KERNEL_TYPE_MIX_AIC_1_2
};

constexpr std::uint64_t MASK_PLACEHOLDER = 0;
constexpr std::uint64_t MASK_PLACEHOLDER_LIST[2] = {0, 0};
constexpr std::uint32_t ONE_BLK_SIZE = 32, ONE_REPEAT_BYTE_SIZE = 256, DEFAULT_BLK_STRIDE = 1, DEFAULT_REPEAT_STRIDE = 8;
constexpr std::uint32_t DEFAULT_C0_SIZE = 32;

namespace detail {

constexpr int space_of(TPosition p) {
  switch (p) {
    case TPosition::A1:
    case TPosition::B1:
    case TPosition::C1:
    case TPosition::TSCM: return kAscL1;
    case TPosition::A2: return kAscL0a;
    case TPosition::B2: return kAscL0b;
    case TPosition::CO1: return kAscL0c;
    case TPosition::C2: return kAscBt;
    case TPosition::C2PIPE2GM: return kAscFb;
    case TPosition::GM:
    case TPosition::CO2:
    case TPosition::SPM: return kAscGm;
    default: return kAscUb;
  }
}

struct EventPipes {
  int from, to;
};
constexpr EventPipes pipes_of(HardEvent e) {
  constexpr EventPipes table[] = {
      {kAscPipeMte2, kAscPipeMte1}, {kAscPipeMte1, kAscPipeMte2}, {kAscPipeMte1, kAscPipeM}, {kAscPipeM, kAscPipeMte1},
      {kAscPipeMte2, kAscPipeV}, {kAscPipeV, kAscPipeMte2}, {kAscPipeMte3, kAscPipeV}, {kAscPipeV, kAscPipeMte3},
      {kAscPipeM, kAscPipeV}, {kAscPipeV, kAscPipeM}, {kAscPipeV, kAscPipeV}, {kAscPipeMte3, kAscPipeMte1},
      {kAscPipeMte1, kAscPipeMte3}, {kAscPipeMte1, kAscPipeV}, {kAscPipeMte2, kAscPipeM}, {kAscPipeM, kAscPipeMte2},
      {kAscPipeV, kAscPipeMte1}, {kAscPipeM, kAscPipeFix}, {kAscPipeFix, kAscPipeM}, {kAscPipeMte3, kAscPipeMte2},
      {kAscPipeMte2, kAscPipeMte3}, {kAscPipeS, kAscPipeV}, {kAscPipeV, kAscPipeS}, {kAscPipeS, kAscPipeMte2},
      {kAscPipeMte2, kAscPipeS}, {kAscPipeS, kAscPipeMte3}, {kAscPipeMte3, kAscPipeS}, {kAscPipeMte2, kAscPipeFix},
      {kAscPipeFix, kAscPipeMte2}, {kAscPipeFix, kAscPipeS}, {kAscPipeM, kAscPipeS}, {kAscPipeFix, kAscPipeMte3},
      {kAscPipeMte1, kAscPipeFix}, {kAscPipeFix, kAscPipeMte1}, {kAscPipeFix, kAscPipeFix}, {kAscPipeS, kAscPipeM},
      {kAscPipeS, kAscPipeMte1}, {kAscPipeMte1, kAscPipeS}, {kAscPipeS, kAscPipeFix}, {kAscPipeFix, kAscPipeV},
      {kAscPipeV, kAscPipeFix}, {kAscPipeMte3, kAscPipeM}, {kAscPipeM, kAscPipeMte3}, {kAscPipeMte3, kAscPipeFix}};
  static_assert(sizeof(table) / sizeof(table[0]) == static_cast<std::size_t>(HardEvent::MAX), "one entry per event");
  return table[static_cast<int>(e)];
}

template <class T>
struct TypeCode;
#define ETALON_TYPE_CODE(T, code)       \
  template <>                           \
  struct TypeCode<T> {                  \
    static constexpr int value = code;  \
  }
ETALON_TYPE_CODE(half, kAscF16);
ETALON_TYPE_CODE(bfloat16_t, kAscBf16);
ETALON_TYPE_CODE(float, kAscF32);
ETALON_TYPE_CODE(std::int8_t, kAscS8);
ETALON_TYPE_CODE(std::uint8_t, kAscU8);
ETALON_TYPE_CODE(std::int16_t, kAscS16);
ETALON_TYPE_CODE(std::uint16_t, kAscU16);
ETALON_TYPE_CODE(std::int32_t, kAscS32);
ETALON_TYPE_CODE(std::uint32_t, kAscU32);
ETALON_TYPE_CODE(std::int64_t, kAscS64);
ETALON_TYPE_CODE(std::uint64_t, kAscU64);
ETALON_TYPE_CODE(fp8_e4m3fn_t, kAscE4m3);
ETALON_TYPE_CODE(fp8_e5m2_t, kAscE5m2);
ETALON_TYPE_CODE(hifloat8_t, kAscHif8);
ETALON_TYPE_CODE(int4b_t, kAscS4);
ETALON_TYPE_CODE(bool, kAscU8);
#undef ETALON_TYPE_CODE
// Bytes of so many elements; two of int4b_t share one.
template <class T>
constexpr std::uint64_t bytes_of(std::uint64_t elements) {
  return std::is_same<T, int4b_t>::value ? elements / 2 : elements * sizeof(T);
}
template <class T>
constexpr std::uint8_t type_code = static_cast<std::uint8_t>(TypeCode<T>::value);

}  // namespace detail
}  // namespace AscendC

// Pipe names live in the global namespace.
enum pipe_t {
  PIPE_S = kAscPipeS, PIPE_V = kAscPipeV, PIPE_M = kAscPipeM, PIPE_MTE1 = kAscPipeMte1, PIPE_MTE2 = kAscPipeMte2,
  PIPE_MTE3 = kAscPipeMte3, PIPE_FIX = kAscPipeFix, PIPE_ALL = kAscPipeAll
};
enum event_id_t {
  EVENT_ID0, EVENT_ID1, EVENT_ID2, EVENT_ID3, EVENT_ID4, EVENT_ID5, EVENT_ID6, EVENT_ID7
};
enum QuantMode_t {
  NoQuant = kAscNoQuant, F322F16 = kAscF32F16, F322BF16 = kAscF32Bf16, DEQF16 = kAscDeqF16, REQ8 = kAscReq8,
  QF322B8_PRE = kAscF32B8, VDEQF16 = kAscVDeqF16, VREQ8 = kAscVReq8, VQF322B8_PRE = kAscVF32B8
};
