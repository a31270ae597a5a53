// SPDX-License-Identifier: Apache-2.0
#pragma once

// How much temporary memory the libraries of device code can use, and need at least, in bytes: what api/lib
// takes for a piece of 64 elements, and for all elements at once.

#include <algorithm>

#include "../graph/tensor.h"
#include "platform/platform_ascendc.h"

namespace AscendC {
namespace library {

inline uint32_t up(uint32_t value, uint32_t unit) { return (value + unit - 1) / unit * unit; }

// `buffers` floats for each element, and one for each of `sources` in types narrower than float.
inline void element_wise(const ge::Shape& shape, uint32_t type_size, uint32_t buffers, uint32_t sources,
                         uint32_t& most, uint32_t& least) {
  const uint32_t each = 4 * (buffers + (type_size < 4 ? sources : 0));
  most = each * up(static_cast<uint32_t>(shape.GetShapeSize()), 64);
  least = std::min(most, each * 64);
}

}  // namespace library

#define ETALON_SIZES(Name, buffers, sources)                                                              \
  inline void Get##Name(const ge::Shape& srcShape, const uint32_t typeSize, const bool /*isReuseSource*/, \
                        uint32_t& maxValue, uint32_t& minValue) {                                         \
    library::element_wise(srcShape, typeSize, buffers, sources, maxValue, minValue);                      \
  }
ETALON_SIZES(CeilMaxMinTmpSize, 0, 1)
ETALON_SIZES(FloorMaxMinTmpSize, 0, 1)
ETALON_SIZES(RoundMaxMinTmpSize, 0, 1)
ETALON_SIZES(RintMaxMinTmpSize, 0, 1)
ETALON_SIZES(TruncMaxMinTmpSize, 0, 1)
ETALON_SIZES(FracMaxMinTmpSize, 1, 1)
ETALON_SIZES(SignMaxMinTmpSize, 0, 1)
ETALON_SIZES(ExpMaxMinTmpSize, 2, 1)
ETALON_SIZES(LogMaxMinTmpSize, 0, 1)
ETALON_SIZES(Log2MaxMinTmpSize, 0, 1)
ETALON_SIZES(Log10MaxMinTmpSize, 0, 1)
ETALON_SIZES(SinhMaxMinTmpSize, 1, 1)
ETALON_SIZES(CoshMaxMinTmpSize, 1, 1)
ETALON_SIZES(TanhMaxMinTmpSize, 1, 1)
ETALON_SIZES(AsinhMaxMinTmpSize, 2, 1)
ETALON_SIZES(AcoshMaxMinTmpSize, 2, 1)
ETALON_SIZES(AtanhMaxMinTmpSize, 2, 1)
ETALON_SIZES(SinMaxMinTmpSize, 3, 1)
ETALON_SIZES(CosMaxMinTmpSize, 3, 1)
ETALON_SIZES(TanMaxMinTmpSize, 4, 1)
ETALON_SIZES(AsinMaxMinTmpSize, 3, 1)
ETALON_SIZES(AcosMaxMinTmpSize, 3, 1)
ETALON_SIZES(AtanMaxMinTmpSize, 3, 1)
ETALON_SIZES(ErfMaxMinTmpSize, 3, 1)
ETALON_SIZES(ErfcMaxMinTmpSize, 3, 1)
ETALON_SIZES(FmodMaxMinTmpSize, 4, 2)
ETALON_SIZES(XorMaxMinTmpSize, 1, 0)
ETALON_SIZES(ClampMaxMinTmpSize, 0, 0)
ETALON_SIZES(AxpyMaxMinTmpSize, 0, 0)
ETALON_SIZES(SigmoidMaxMinTmpSize, 2, 1)
ETALON_SIZES(SiluTmpSize, 1, 1)
ETALON_SIZES(SwishTmpSize, 1, 1)
ETALON_SIZES(SwiGLUMaxMinTmpSize, 1, 2)
ETALON_SIZES(GeGLUMaxMinTmpSize, 1, 2)
ETALON_SIZES(ReGluMaxMinTmpSize, 1, 2)
#undef ETALON_SIZES

inline void GetGeluMaxMinTmpSize(const ge::Shape& srcShape, const uint32_t typeSize, uint32_t& maxValue,
                                 uint32_t& minValue) {
  library::element_wise(srcShape, typeSize, 1, 1, maxValue, minValue);
}
inline void GetPowerMaxMinTmpSize(const ge::Shape& srcShape1, const ge::Shape& srcShape2,
                                  const bool /*typeIsInt*/, const uint32_t typeSize,
                                  const bool /*isReuseSource*/, uint32_t& maxValue, uint32_t& minValue) {
  const bool first = srcShape1.GetShapeSize() > srcShape2.GetShapeSize();
  library::element_wise(first ? srcShape1 : srcShape2, typeSize, 4, 2, maxValue, minValue);
}
inline void GetAscendQuantMaxMinTmpSize(const ge::Shape& srcShape, const uint32_t /*typeSize*/,
                                        uint32_t& maxValue, uint32_t& minValue) {
  library::element_wise(srcShape, 4, 3, 0, maxValue, minValue);
}
// Values and scales of a row.
inline void GetAscendDequantMaxMinTmpSize(const ge::Shape& srcShape, const uint32_t /*typeSize*/,
                                          uint32_t& maxValue, uint32_t& minValue) {
  const auto last = static_cast<uint32_t>(srcShape.GetDim(srcShape.GetDimNum() - 1));
  maxValue = 8 * library::up(last, 64);
  minValue = 4 * library::up(last, 64) + 256;
}
// Of `n` elements of a row.
inline void GetSumMaxMinTmpSize(const uint32_t n, const uint32_t typeSize, const bool /*isReuseSource*/,
                                uint32_t& maxValue, uint32_t& minValue) {
  maxValue = minValue =
      n * typeSize <= 256 ? 0 : std::max(256u, library::up(n * typeSize / 256 * typeSize + typeSize, 32));
}

// Sorting needs room for the pairs once more; concatenation nothing on these chips.
inline uint32_t GetSortTmpSize(const platform_ascendc::PlatformAscendC&, const uint32_t elemCount,
                               const uint32_t /*dataTypeSize*/) {
  return elemCount * 8;
}
inline uint32_t GetConcatTmpSize(const platform_ascendc::PlatformAscendC&, const uint32_t /*elemCount*/,
                                 const uint32_t /*dataTypeSize*/) {
  return 0;
}

}  // namespace AscendC
