// SPDX-License-Identifier: Apache-2.0
#pragma once

// Select by a mask of whole elements: where the mask is zero the first source, else the second, one of which
// is a scalar. Rows of the mask may be longer than those of the source. SelectWithBytesMask, and Select, its
// later name.

#include "../common/rows.h"

namespace AscendC {

struct SelectWithBytesMaskShapeInfo {
  std::uint32_t firstAxis = 0, srcLastAxis = 0, maskLastAxis = 0;
};

namespace detail {
namespace lib {

// A number type that holds whether a mask element is zero, and the mask seen as what can be cast to it.
template <std::size_t bytes>
struct MaskNumber;
template <>
struct MaskNumber<1> {
  using Stored = std::uint8_t;
  using Number = half;
};
template <>
struct MaskNumber<2> {
  using Stored = std::int16_t;
  using Number = half;
};
template <>
struct MaskNumber<4> {
  using Stored = std::int32_t;
  using Number = float;
};

template <class T, class U>
inline void select_bytes(const LocalTensor<T>& dst, const LocalTensor<T>& values, T scalar,
                         CMPMODE value_where, const LocalTensor<U>& mask,
                         const SelectWithBytesMaskShapeInfo& info, Temporary memory) {
  using Number = typename MaskNumber<sizeof(U)>::Number;
  const KeptMask kept;
  std::uint32_t rows = info.firstAxis, cols = info.srcLastAxis;
  if (info.srcLastAxis == info.maskLastAxis) cols *= rows, rows = 1;
  const std::uint32_t step = memory.fit(sizeof(Number) + 1, round_up(cols, 256), 256);
  const LocalTensor<Number> number = memory.take<Number>(step);
  const LocalTensor<std::uint8_t> bits = memory.take<std::uint8_t>(step / 8);
  const auto stored = mask.template ReinterpretCast<typename MaskNumber<sizeof(U)>::Stored>();
  for (std::uint32_t r = 0; r < rows; ++r) {
    for (std::uint32_t c = 0; c < cols; c += step) {
      const std::uint32_t n = cols - c < step ? cols - c : step, at = r * info.srcLastAxis + c;
      cast(number, stored[r * info.maskLastAxis + c], RoundMode::CAST_NONE, n);
      Compares(bits, number, Number(0.0f), value_where, round_up(n, 256));
      then();
      Select(dst[at], bits, values[at], scalar, SELMODE::VSEL_TENSOR_SCALAR_MODE, n);
      then();
    }
  }
}

}  // namespace lib
}  // namespace detail

#define ETALON_SELECT_BYTES(Name)                                                                \
  template <class T, class U, bool isReuseMask = true>                                           \
  inline void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src0, T src1,                \
                   const LocalTensor<U>& mask, const LocalTensor<std::uint8_t>& sharedTmpBuffer, \
                   const SelectWithBytesMaskShapeInfo& info) {                                   \
    detail::lib::select_bytes(dst, src0, src1, CMPMODE::EQ, mask, info,                          \
                              detail::lib::Temporary(sharedTmpBuffer));                          \
  }                                                                                              \
  template <class T, class U, bool isReuseMask = true>                                           \
  inline void Name(const LocalTensor<T>& dst, T src0, const LocalTensor<T>& src1,                \
                   const LocalTensor<U>& mask, const LocalTensor<std::uint8_t>& sharedTmpBuffer, \
                   const SelectWithBytesMaskShapeInfo& info) {                                   \
    detail::lib::select_bytes(dst, src1, src0, CMPMODE::NE, mask, info,                          \
                              detail::lib::Temporary(sharedTmpBuffer));                          \
  }
ETALON_SELECT_BYTES(SelectWithBytesMask)
ETALON_SELECT_BYTES(Select)
#undef ETALON_SELECT_BYTES

}  // namespace AscendC
