// SPDX-License-Identifier: Apache-2.0
#pragma once

// Host side of the Matmul objects: cuts a product into the parts of the cores and those into base blocks.
// Plain C++. GetTiling returns 0, or -1 if the shape is not given or the blocks asked for do not fit.

#include <stdint.h>
#include <string.h>

#include <algorithm>

#include "../../../api/kernel_tiling/kernel_tiling.h"
#include "library_sizes.h"
#include "reduce_sizes.h"
#include "row_tiling.h"
#include "softmax_tiling.h"

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
enum class DataType : int32_t {
  DT_FLOAT = 0,
  DT_FLOAT16 = 1,
  DT_INT8 = 2,
  DT_INT32 = 3,
  DT_UINT8 = 4,
  DT_INT16 = 6,
  DT_BFLOAT16 = 27,
  DT_BF16 = 27,
  DT_INT4 = 29
};
enum class MatrixTraverse : int32_t { NOSET, FIRSTM, FIRSTN };

class MatmulApiTiling {
 public:
  MatmulApiTiling() = default;
  template <class Platform>
  explicit MatmulApiTiling(const Platform&) {}

  int32_t SetAType(TPosition, CubeFormat, DataType type, bool transposed = false) {
    (void)transposed;
    bytes_ = bytes_of(type);
    return 0;
  }
  int32_t SetBType(TPosition, CubeFormat, DataType, bool = false) { return 0; }
  int32_t SetCType(TPosition, CubeFormat, DataType) { return 0; }
  int32_t SetBiasType(TPosition, CubeFormat, DataType) { return 0; }
  int32_t SetShape(int32_t m, int32_t n, int32_t k) {
    m_ = m, n_ = n, k_ = k;
    return 0;
  }
  int32_t SetOrgShape(int32_t m, int32_t n, int32_t k) { return SetOrgShape(m, n, k, k); }
  int32_t SetOrgShape(int32_t m, int32_t n, int32_t ka, int32_t kb) {
    org_m_ = m, org_n_ = n, org_ka_ = ka, org_kb_ = kb;
    return 0;
  }
  int32_t SetFixSplit(int32_t m = -1, int32_t n = -1, int32_t k = -1) {
    base_m_ = m, base_n_ = n, base_k_ = k;
    return 0;
  }
  int32_t SetBufferSpace(int32_t = -1, int32_t = -1, int32_t = -1, int32_t = -1) { return 0; }
  int32_t SetTraverse(MatrixTraverse order) {
    first_n_ = order == MatrixTraverse::FIRSTN;
    return 0;
  }
  int32_t SetBias(bool on) { return EnableBias(on); }
  int32_t EnableBias(bool on) {
    bias_ = on;
    return 0;
  }
  int32_t SetMadType(int32_t) { return 0; }
  int64_t GetTiling(::TCubeTiling& out) { return compute(out, 1); }
  int64_t GetTiling(optiling::TCubeTiling& out) { return compute(out.data(), 1); }

 protected:
  static int32_t bytes_of(DataType t) {
    if (t == DataType::DT_FLOAT || t == DataType::DT_INT32) return 4;
    return t == DataType::DT_INT8 || t == DataType::DT_UINT8 ? 1 : 2;
  }
  static int32_t up(int32_t value, int32_t unit) { return (value + unit - 1) / unit; }

  int64_t compute(::TCubeTiling& out, int32_t cores) {
    const int32_t org_m = org_m_ > 0 ? org_m_ : m_, org_n = org_n_ > 0 ? org_n_ : n_,
                  org_k = org_ka_ > 0 ? org_ka_ : k_;
    const int32_t m = m_ > 0 ? m_ : org_m, n = n_ > 0 ? n_ : org_n, k = k_ > 0 ? k_ : org_k;
    if (m <= 0 || n <= 0 || k <= 0 || cores <= 0) return -1;
    // As many cores as have work, in the grid whose parts are nearest to squares.
    int32_t best_m = 1, best_n = 1;
    for (int32_t dm = 1; dm <= cores; ++dm) {
      if (up(m, 16) < dm) break;
      const int32_t dn = std::min(cores / dm, up(n, 16));
      const auto worse = [&](int32_t a, int32_t b) { return std::max(up(m, a), up(n, b)); };
      if (dm * dn > best_m * best_n || (dm * dn == best_m * best_n && worse(dm, dn) < worse(best_m, best_n)))
        best_m = dm, best_n = dn;
    }
    ::TCubeTiling t;
    t.M = org_m, t.N = org_n, t.Ka = org_k, t.Kb = org_kb_ > 0 ? org_kb_ : org_k;
    t.singleCoreM = std::min(m, up(up(m, best_m), 16) * 16);
    t.singleCoreN = std::min(n, up(up(n, best_n), 16) * 16);
    t.singleCoreK = k;
    t.usedCoreNum = up(m, t.singleCoreM) * up(n, t.singleCoreN);
    t.baseM = base_m_ > 0 ? base_m_ : std::min(128, up(t.singleCoreM, 16) * 16);
    t.baseN = base_n_ > 0 ? base_n_ : std::min(256, up(t.singleCoreN, 16) * 16);
    const int32_t row = 32 / bytes_,
                  wide = 32 * 1024 / bytes_ / std::max(t.baseM, t.baseN);  // half of L0A, L0B
    t.baseK = base_k_ > 0 ? base_k_ : std::min(std::max(wide / row * row, row), up(k, row) * row);
    if (t.baseM * t.baseN * 4 > 128 * 1024 || std::max(t.baseM, t.baseN) * t.baseK * bytes_ > 64 * 1024)
      return -1;
    t.stepM = t.stepN = t.stepKa = t.stepKb = 1;
    t.depthA1 = t.depthB1 = 2;
    t.dbL0A = t.dbL0B = 2;
    t.dbL0C = t.baseM * t.baseN * 8 <= 128 * 1024 ? 2 : 1;
    t.isBias = bias_ ? 1 : 0;
    t.iterateOrder = first_n_ ? 1 : 0;
    t.shareL1Size = (t.baseM + t.baseN) * t.baseK * bytes_ * 2;
    t.shareL0CSize = t.baseM * t.baseN * 4;
    t.batchM = t.batchN = t.singleBatchM = t.singleBatchN = 1;
    out = t;
    return 0;
  }

  int32_t m_ = 0, n_ = 0, k_ = 0, org_m_ = 0, org_n_ = 0, org_ka_ = 0, org_kb_ = 0;
  int32_t base_m_ = -1, base_n_ = -1, base_k_ = -1, bytes_ = 2;
  bool bias_ = false, first_n_ = false;
};

class MultiCoreMatmulTiling : public MatmulApiTiling {
 public:
  using MatmulApiTiling::MatmulApiTiling;
  int32_t SetDim(int32_t cores) {
    cores_ = cores;
    return 0;
  }
  int64_t GetTiling(::TCubeTiling& out) { return compute(out, cores_); }
  int64_t GetTiling(optiling::TCubeTiling& out) { return compute(out.data(), cores_); }

 private:
  int32_t cores_ = 1;
};

}  // namespace matmul_tiling
