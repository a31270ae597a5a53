// SPDX-License-Identifier: Apache-2.0
#pragma once

// Temporary memory of reductions by pattern, Mean, Broadcast, selection by bytes and DropOut, in bytes: what
// api/lib takes for one row (or piece), and for all at once.

#include "library_sizes.h"

namespace AscendC {

enum class ReducePattern : uint32_t { AR = 0, RA = 1 };

namespace library {

inline uint32_t bytes_of(ge::DataType type) {
  switch (type) {
    case ge::DT_INT8:
    case ge::DT_UINT8:
    case ge::DT_BOOL:
      return 1;
    case ge::DT_FLOAT16:
    case ge::DT_BF16:
    case ge::DT_INT16:
    case ge::DT_UINT16:
      return 2;
    default:
      return 4;
  }
}
// Along rows: the sums of 256 bytes of a row; over rows: half of them.
inline void reduction(const ge::Shape& shape, uint32_t size, ReducePattern pattern, uint32_t& most,
                      uint32_t& least) {
  const auto cols = static_cast<uint32_t>(shape.GetDim(shape.GetDimNum() - 1));
  const auto rows = cols == 0 ? 0 : static_cast<uint32_t>(shape.GetShapeSize() / cols);
  const uint32_t line = up(cols * size, 32);
  if (pattern == ReducePattern::RA) {
    most = least = rows <= 2 ? 0 : (rows + 1) / 2 * line;
    return;
  }
  least = cols * size <= 256 ? 0 : std::max(256u, up((cols * size + 255) / 256 * size, 32));
  most = least * rows;
}

}  // namespace library

#define ETALON_REDUCE_SIZES(Name)                                                                        \
  inline void Get##Name##MaxMinTmpSize(const ge::Shape& srcShape, ge::DataType dataType,                 \
                                       ReducePattern pattern, bool /*isSrcInnerPad*/,                    \
                                       bool /*isReuseSource*/, uint32_t& maxValue, uint32_t& minValue) { \
    library::reduction(srcShape, library::bytes_of(dataType), pattern, maxValue, minValue);              \
  }
ETALON_REDUCE_SIZES(ReduceSum)
ETALON_REDUCE_SIZES(ReduceMax)
ETALON_REDUCE_SIZES(ReduceMin)
ETALON_REDUCE_SIZES(ReduceMean)
ETALON_REDUCE_SIZES(ReduceAny)
ETALON_REDUCE_SIZES(ReduceAll)
#undef ETALON_REDUCE_SIZES

// Of n elements of a row, added in a type of accTypeSize; rows of another type are cast one by one.
inline void GetMeanMaxMinTmpSize(const uint32_t n, const uint32_t typeSize, const uint32_t accTypeSize,
                                 const bool isReuseSource, uint32_t& maxValue, uint32_t& minValue) {
  GetSumMaxMinTmpSize(n, accTypeSize, isReuseSource, maxValue, minValue);
  if (typeSize != accTypeSize) maxValue = minValue = minValue + 4 * library::up(n, 16) + 4096;
}
inline void GetBroadCastMaxMinTmpSize(const platform_ascendc::PlatformAscendC&, const ge::Shape& srcShape,
                                      const ge::Shape& dstShape, uint32_t typeSize,
                                      const bool /*isReuseSource*/, uint32_t& maxValue, uint32_t& minValue) {
  const auto given = static_cast<uint32_t>(srcShape.GetShapeSize()),
             made = static_cast<uint32_t>(dstShape.GetShapeSize());
  const uint32_t bytes = typeSize == 1 ? 2 * (library::up(given, 128) + library::up(made, 16)) : 0;
  minValue = bytes + 256;
  maxValue = bytes + 32 * library::up(given, 8);
  maxValue = std::max(maxValue, minValue);
}
// A piece of 256 mask elements as numbers and bits.
inline void GetSelectWithBytesMaskMaxMinTmpSize(const ge::Shape& src0Shape, const ge::Shape& src1Shape,
                                                const uint32_t /*srcTypeSize*/,
                                                const ge::Shape& /*maskShape*/, const uint32_t maskTypeSize,
                                                const bool /*isReuseMask*/, uint32_t& maxValue,
                                                uint32_t& minValue) {
  const uint32_t each = maskTypeSize == 4 ? 5 : 3;
  const auto count = static_cast<uint32_t>(std::max(src0Shape.GetShapeSize(), src1Shape.GetShapeSize()));
  minValue = each * 256;
  maxValue = each * library::up(count, 256);
}
inline void GetDropOutMaxMinTmpSize(const ge::Shape& srcShape, const uint32_t /*typeSize*/,
                                    const bool /*isReuseSource*/, uint32_t& maxValue, uint32_t& minValue) {
  minValue = 3 * 256;
  maxValue = 3 * library::up(static_cast<uint32_t>(srcShape.GetShapeSize()), 256);
}

}  // namespace AscendC
