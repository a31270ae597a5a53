// SPDX-License-Identifier: Apache-2.0
#pragma once

// Transpose of images: channels first to channels last, and back. Elements of 16 and 32 bits.

#include "confusion_transpose.h"

namespace AscendC {

struct TransposeParamsExt {
  std::uint16_t nSize = 0, cSize = 0, hSize = 0, wSize = 0;
  TransposeType transposeType = TransposeType::TRANSPOSE_ND2ND_B16;
};

namespace detail {
namespace lib {

// Each of `matrices` matrices of rows x cols, turned around: one row of the result at a time, gathered.
template <class T>
inline void turn_around(const LocalTensor<T>& dst, const LocalTensor<T>& src, std::uint32_t matrices,
                        std::uint32_t rows, std::uint32_t cols, Temporary memory) {
  static_assert(sizeof(T) == 2 || sizeof(T) == 4, "Transpose takes elements of 16 or 32 bits");
  const KeptMask kept;
  const LocalTensor<std::int32_t> offset = memory.take<std::int32_t>(round_up(rows, 8));
  CreateVecIndex(offset, 0, rows);
  then();
  muls(offset, offset, static_cast<std::int32_t>(cols * sizeof(T)), rows);
  for (std::uint32_t m = 0; m < matrices; ++m) {
    for (std::uint32_t c = 0; c < cols; ++c)
      Gather(dst[(m * cols + c) * rows], src, offset.template ReinterpretCast<std::uint32_t>(),
             static_cast<std::uint32_t>((m * rows * cols + c) * sizeof(T)), rows);
  }
  then();
}

}  // namespace lib
}  // namespace detail

template <class T>
inline void Transpose(const LocalTensor<T>& dst, const LocalTensor<T>& src,
                      const LocalTensor<std::uint8_t>& sharedTmpBuffer, const TransposeParamsExt& p) {
  const std::uint32_t image = std::uint32_t{p.hSize} * p.wSize;
  const detail::lib::Temporary memory(sharedTmpBuffer);
  if (p.transposeType == TransposeType::TRANSPOSE_NCHW2NHWC)
    detail::lib::turn_around(dst, src, p.nSize, p.cSize, image, memory);
  else if (p.transposeType == TransposeType::TRANSPOSE_NHWC2NCHW)
    detail::lib::turn_around(dst, src, p.nSize, image, p.cSize, memory);
  else if constexpr (sizeof(T) == 2)
    Transpose(dst, src);
  else
    etalon_asc_fail("ascendc.unsupported",
                    "Transpose: the type, expected TRANSPOSE_NCHW2NHWC or TRANSPOSE_NHWC2NCHW");
}

}  // namespace AscendC
