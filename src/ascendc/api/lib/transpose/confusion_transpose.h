// SPDX-License-Identifier: Apache-2.0
#pragma once

// ConfusionTranspose of a matrix (TRANSPOSE_ND2ND_ONLY), rows and columns in multiples of 16, types of 16 and
// 32 bits: squares of 16 x 16 by TransDataTo5HD.

#include "../../ascendc/arrange.h"
#include "../../kernel_tiling/families.h"
#include "../common/rows.h"

namespace AscendC {

enum class TransposeType : std::uint8_t {
  TRANSPOSE_TYPE_NONE,
  TRANSPOSE_NZ2ND_0213,
  TRANSPOSE_NZ2NZ_0213,
  TRANSPOSE_NZ2NZ_012_WITH_N,
  TRANSPOSE_NZ2ND_012_WITH_N,
  TRANSPOSE_NZ2ND_012_WITHOUT_N,
  TRANSPOSE_NZ2NZ_012_WITHOUT_N,
  TRANSPOSE_ND2ND_ONLY,
  TRANSPOSE_ND_UB_GM,
  TRANSPOSE_GRAD_ND_UB_GM,
  TRANSPOSE_ND2ND_B16,
  TRANSPOSE_NCHW2NHWC,
  TRANSPOSE_NHWC2NCHW
};

namespace detail {
namespace lib {

template <class T>
inline void transpose_matrix(const LocalTensor<T>& dst, const LocalTensor<T>& src, std::uint32_t rows,
                             std::uint32_t cols) {
  static_assert(sizeof(T) == 2 || sizeof(T) == 4, "a matrix to transpose has elements of 16 or 32 bits");
  const KeptMask kept;
  constexpr std::uint32_t wide = kPerBlock<T>;  // columns that one instruction takes of 16 rows
  for (std::uint32_t r = 0; r < rows; r += 16) {
    for (std::uint32_t c = 0; c < cols; c += wide) {
      std::uint64_t from[16], to[16];
      for (std::uint32_t i = 0; i < 16; ++i) {
        from[i] = src.GetPhyAddr((r + i) * cols + c);
        // A column of 16 is one block of 16 bits, or two blocks of 32.
        to[i] = wide == 16 ? dst.GetPhyAddr((c + i) * rows + r)
                           : dst.GetPhyAddr((c + i / 2) * rows + r + i % 2 * 8);
      }
      TransDataTo5HD<T>(to, from, TransDataTo5HDParams());
    }
  }
  then();
}

}  // namespace lib
}  // namespace detail

template <class T>
inline void ConfusionTranspose(const LocalTensor<T>& dstTensor, const LocalTensor<T>& srcTensor,
                               TransposeType transposeType, const ConfusionTransposeTiling& tiling) {
  if (transposeType != TransposeType::TRANSPOSE_ND2ND_ONLY)
    etalon_asc_fail("ascendc.unsupported", "ConfusionTranspose: the type, expected TRANSPOSE_ND2ND_ONLY");
  if (tiling.param0 % 16 != 0 || tiling.param1 % 16 != 0)
    etalon_asc_fail("ascendc.alignment", "ConfusionTranspose: rows and columns, expected multiples of 16");
  detail::lib::transpose_matrix(dstTensor, srcTensor, tiling.param0, tiling.param1);
}

}  // namespace AscendC
