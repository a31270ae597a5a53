// SPDX-License-Identifier: Apache-2.0
#pragma once

// Ways of a user's own for base blocks, and policies: which blocks of the result are wanted.

#include "config.h"
#include "types.h"

namespace AscendC {

// What DataCopyOut of a MatmulCallBackFunc is given of one base block. Lengths of the row-major result.
struct DataCopyOutParams {
  std::uint16_t cBurstNum = 0;  // columns of fractals in L0C
  std::uint16_t burstLen = 0;   // of one, 32 bytes
  std::uint16_t srcStride = 0;
  std::uint32_t dstStride = 0;  // from row to row of the result, elements
  std::uint16_t oriNSize = 0;   // elements of a row
  bool enUnitFlag = false;
  std::uint64_t quantScalar = 0, cbufWorkspaceAddr = 0;
};

using MatmulCopyOut = void (*)(const __gm__ void* gm, const LocalTensor<std::int8_t>& co1Local,
                               const void* dataCopyOutParams, const std::uint64_t tilingPtr,
                               const std::uint64_t dataPtr);
// row, col: which base block of the operand; useM, useK (useK, useN): its elements.
using MatmulCopyIn = void (*)(const LocalTensor<std::int8_t>& l1, const __gm__ void* gm, int row, int col,
                              int rows, int columns, const std::uint64_t tilingPtr,
                              const std::uint64_t dataPtr);

// Called on the cube core instead of the transfers of C, A and B; null: the object's own.
template <MatmulCopyOut out = nullptr, MatmulCopyIn a = nullptr, MatmulCopyIn b = nullptr>
struct MatmulCallBackFunc {
  static constexpr MatmulCopyOut DataCopyOut = out;
  static constexpr MatmulCopyIn CopyA1 = a, CopyB1 = b;
};

// Base blocks below (above) the diagonal are left out of an upper (lower) triangle.
template <const auto& config = CFG_NORM, class...>
struct MatmulPolicy {
  static constexpr int triangle = 0;
};
template <const auto& config = CFG_NORM, class...>
struct TrianUpperMatmulPolicy {
  static constexpr int triangle = 1;
};
template <const auto& config = CFG_NORM, class...>
struct TrianLowerMatmulPolicy {
  static constexpr int triangle = -1;
};
// A of 3 x 3 base blocks stays in L1, which A does anyway that fits.
template <const auto& config = CFG_NORM, class...>
struct NBuffer33MatmulPolicy {
  static constexpr int triangle = 0;
};

}  // namespace AscendC
