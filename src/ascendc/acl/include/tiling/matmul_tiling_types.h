// SPDX-License-Identifier: Apache-2.0
#pragma once

// Words of the host side of Matmul objects, and TCubeTiling as the host fills it.

#include <stdint.h>
#include <string.h>

#include <algorithm>

#include "../../../api/ascendc/matmul_enums.h"
#include "../../../api/kernel_tiling/kernel_tiling.h"

namespace optiling {

// The data of TCubeTiling under the names the host uses.
struct TCubeTiling : ::TCubeTiling {
#define ETALON_ACCESSORS(name)                                    \
  void set_##name(int32_t value) { ::TCubeTiling::name = value; } \
  int32_t get_##name() const { return ::TCubeTiling::name; }
  ETALON_CUBE_TILING_FIELDS(ETALON_ACCESSORS)
#undef ETALON_ACCESSORS
  size_t GetDataSize() const { return sizeof(::TCubeTiling); }
  void SaveToBuffer(void* buffer, size_t bytes) const {
    memcpy(buffer, this, std::min(bytes, sizeof(::TCubeTiling)));
  }
  ::TCubeTiling& data() { return *this; }
};

}  // namespace optiling

namespace matmul_tiling {

enum class TPosition : int32_t {
  GM,
  A1,
  A2,
  B1,
  B2,
  C1,
  C2,
  CO1,
  CO2,
  VECIN,
  VECOUT,
  VECCALC,
  LCM = VECCALC,
  SPM,
  SHM = SPM,
  TSCM,
  MAX
};
enum class CubeFormat : int32_t { ND, NZ, ZN, ZZ, NN, VECTOR, SCALAR, ND_ALIGN };
// As graphs number them.
enum class DataType : int32_t {
  DT_FLOAT = 0,
  DT_FLOAT16 = 1,
  DT_INT8 = 2,
  DT_INT32 = 3,
  DT_UINT8 = 4,
  DT_INT16 = 6,
  DT_UINT16 = 7,
  DT_UINT32 = 8,
  DT_INT64 = 9,
  DT_UINT64 = 10,
  DT_DOUBLE = 11,
  DT_BOOL = 12,
  DT_STRING = 13,
  DT_DUAL_SUB_INT8 = 14,
  DT_DUAL_SUB_UINT8 = 15,
  DT_COMPLEX64 = 16,
  DT_COMPLEX128 = 17,
  DT_QINT8 = 18,
  DT_QINT16 = 19,
  DT_QINT32 = 20,
  DT_QUINT8 = 21,
  DT_QUINT16 = 22,
  DT_RESOURCE = 23,
  DT_STRING_REF = 24,
  DT_DUAL = 25,
  DT_VARIANT = 26,
  DT_BFLOAT16 = 27,
  DT_BF16 = 27,
  DT_UNDEFINED = 28,
  DT_INT4 = 29,
  DT_UINT1 = 30,
  DT_HIFLOAT8 = 34,
  DT_FLOAT8_E5M2 = 35,
  DT_FLOAT8_E4M3FN = 36,
  DT_FLOAT8_E8M0 = 37,
  DT_FLOAT4_E2M1 = 40,
  DT_FLOAT4_E1M2 = 41
};
// Which axis the base blocks follow first.
enum class MatrixTraverse : int32_t { NOSET, FIRSTM, FIRSTN };
// How float is multiplied; how results of integers become half: by one number, or one per column.
enum class MatrixMadType : int32_t { NORMAL, HF32, MXMODE };
enum class DequantType : int32_t { SCALAR, TENSOR };
using AscendC::ScheduleType;
struct MatmulConfigParams {
  int32_t mmConfigType = 1;  // 0: Norm, 1: MDL
  bool enableL1CacheUB = false;
  ScheduleType scheduleType = ScheduleType::INNER_PRODUCT;
  MatrixTraverse traverse = MatrixTraverse::NOSET;
  bool enVecND2NZ = false;
};

namespace detail {
// 0: nothing a cube multiplies.
inline int32_t bits_of(DataType t) {
  switch (t) {
    case DataType::DT_FLOAT:
      return 32;
    case DataType::DT_FLOAT16:
    case DataType::DT_BF16:
      return 16;
    case DataType::DT_INT8:
    case DataType::DT_UINT8:
    case DataType::DT_HIFLOAT8:
    case DataType::DT_FLOAT8_E5M2:
    case DataType::DT_FLOAT8_E4M3FN:
      return 8;
    case DataType::DT_INT4:
    case DataType::DT_FLOAT4_E2M1:
    case DataType::DT_FLOAT4_E1M2:
      return 4;
    default:
      return 0;
  }
}
inline bool is_result(DataType t) { return t == DataType::DT_INT32 || bits_of(t) >= 8; }
inline int32_t bytes(int32_t rows, int32_t columns, int32_t bits) {
  return static_cast<int32_t>(int64_t{rows} * columns * bits / 8);
}
}  // namespace detail

}  // namespace matmul_tiling
