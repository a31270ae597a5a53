// SPDX-License-Identifier: Apache-2.0
#pragma once

// DropOut: src / keepProb where the mask says so, else 0. The mask has an element, or a bit (the lowest
// first), for each element; its rows may be longer than those of the source (the MISALIGN modes).

#include "select_bytes.h"

#define DROPOUT_MODE_BYTE_MISALIGN 1
#define DROPOUT_MODE_BYTE_ALIGN 2
#define DROPOUT_MODE_BIT_ALIGN 3
#define DROPOUT_MODE_BIT_MISALIGN 4

namespace AscendC {

struct DropOutShapeInfo {
  std::uint32_t firstAxis = 0, srcLastAxis = 0, maskLastAxis = 0;  // of the mask: bytes
};

namespace detail {
namespace lib {

// Mode 0 goes by the mask's rows: as long as those of the source, an eighth of them, or longer.
inline std::uint32_t drop_out_mode(std::uint32_t mode, const DropOutShapeInfo& info) {
  if (mode != 0) return mode;
  if (info.maskLastAxis == info.srcLastAxis) return DROPOUT_MODE_BYTE_ALIGN;
  if (info.maskLastAxis * 8 == info.srcLastAxis) return DROPOUT_MODE_BIT_ALIGN;
  return info.maskLastAxis > info.srcLastAxis ? DROPOUT_MODE_BYTE_MISALIGN : DROPOUT_MODE_BIT_MISALIGN;
}
template <class T>
inline void drop_out(const LocalTensor<T>& dst, const LocalTensor<T>& src,
                     const LocalTensor<std::uint8_t>& mask, float keep, const DropOutShapeInfo& info,
                     std::uint32_t mode, Temporary memory) {
  const std::uint32_t all = info.firstAxis * info.srcLastAxis;
  if (mode == DROPOUT_MODE_BYTE_ALIGN || mode == DROPOUT_MODE_BYTE_MISALIGN) {
    select_bytes(dst, src, T(0.0f), CMPMODE::NE, mask, {info.firstAxis, info.srcLastAxis, info.maskLastAxis},
                 memory);
  } else {
    const KeptMask kept;
    const bool rows = mode == DROPOUT_MODE_BIT_MISALIGN;
    const std::uint32_t lines = rows ? info.firstAxis : 1, n = rows ? info.srcLastAxis : all;
    for (std::uint32_t r = 0; r < lines; ++r)
      Select(dst[r * n], mask[r * info.maskLastAxis], src[r * n], T(0.0f), SELMODE::VSEL_TENSOR_SCALAR_MODE,
             n);
    then();
  }
  muls(dst, dst, 1.0f / keep, all);
}

}  // namespace lib
}  // namespace detail

template <class T, bool isInitBitMode = false, std::uint32_t dropOutMode = 0>
inline void DropOut(const LocalTensor<T>& dstLocal, const LocalTensor<T>& srcLocal,
                    const LocalTensor<std::uint8_t>& maskLocal,
                    const LocalTensor<std::uint8_t>& sharedTmpBuffer, const float keepProb,
                    const DropOutShapeInfo& info) {
  detail::lib::drop_out(dstLocal, srcLocal, maskLocal, keepProb, info,
                        detail::lib::drop_out_mode(dropOutMode, info),
                        detail::lib::Temporary(sharedTmpBuffer));
}
template <class T, bool isInitBitMode = false, std::uint32_t dropOutMode = 0>
inline void DropOut(const LocalTensor<T>& dstLocal, const LocalTensor<T>& srcLocal,
                    const LocalTensor<std::uint8_t>& maskLocal, const float keepProb,
                    const DropOutShapeInfo& info) {
  detail::lib::drop_out(dstLocal, srcLocal, maskLocal, keepProb, info,
                        detail::lib::drop_out_mode(dropOutMode, info), detail::lib::Temporary::rest_of_ub());
}

}  // namespace AscendC
