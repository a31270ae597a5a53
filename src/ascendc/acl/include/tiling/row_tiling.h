// SPDX-License-Identifier: Apache-2.0
#pragma once

// Host tiling of the norms, of TopK and of ConfusionTranspose: the shape for the kernel, and how much
// temporary memory a call can use and needs, as api/lib takes it. Functions that return bool say whether the
// shape is one they know.

#include "host_struct.h"
#include "library_sizes.h"

namespace AscendC {
namespace library {

// Two rows of floats for each, gamma, beta and one more row, values of groups of eight.
inline uint32_t norm_bytes(uint32_t rows, uint32_t k) {
  const uint32_t scratch = k <= 64 ? 0 : std::max(64u, up((k + 63) / 64, 8));
  return 4 * (rows * (2 * up(k, 16) + scratch) + up(rows, 8) * 9 + 3 * up(k, 16));
}
// shape: batches, sequence, elements in memory, and perhaps those with data.
template <class Tiling>
inline bool fill_norm(const ge::Shape& shape, int64_t original, Tiling& tiling) {
  if (shape.GetDimNum() < 3) return false;
  tiling.bLength = static_cast<uint32_t>(shape.GetDim(0));
  tiling.sLength = static_cast<uint32_t>(shape.GetDim(1));
  tiling.hLength = static_cast<uint32_t>(shape.GetDim(2));
  tiling.originalHLength = static_cast<uint32_t>(original);
  return true;
}
inline bool norm_sizes(const ge::Shape& shape, uint32_t& most, uint32_t& least) {
  if (shape.GetDimNum() < 3) return false;
  const auto rows = static_cast<uint32_t>(shape.GetDim(0) * shape.GetDim(1)),
             k = static_cast<uint32_t>(shape.GetDim(2));
  most = norm_bytes(rows, k);
  least = norm_bytes(std::min(rows, norm_bytes(8, k) <= 65536 ? 8u : 1u), k);
  return true;
}
inline int64_t last_of(const ge::Shape& shape) { return shape.GetDim(shape.GetDimNum() - 1); }

}  // namespace library

inline void GetLayerNormMaxMinTmpSize(const ge::Shape& srcShape, const uint32_t /*typeSize*/,
                                      const bool /*isReuseSource*/, uint32_t& maxValue, uint32_t& minValue) {
  library::norm_sizes(srcShape, maxValue, minValue);
}
inline void GetLayerNormNDTilingInfo(const ge::Shape& srcShape, const uint32_t /*stackBufferSize*/,
                                     const uint32_t /*typeSize*/, const bool /*isReuseSource*/,
                                     ::LayerNormTiling& tiling) {
  library::fill_norm(srcShape, library::last_of(srcShape), tiling);
}
inline bool GetRmsNormMaxMinTmpSize(const ge::Shape& srcShape, const uint32_t /*typeSize*/,
                                    uint32_t& maxValue, uint32_t& minValue,
                                    const bool /*isBasicBlock*/ = false) {
  return library::norm_sizes(srcShape, maxValue, minValue);
}
inline bool GetRmsNormTilingInfo(const ge::Shape& srcShape, const ge::Shape& originSrcShape,
                                 const uint32_t /*stackBufferByteSize*/, const uint32_t /*typeSize*/,
                                 ::RmsNormTiling& tiling, const bool /*isBasicBlock*/ = false) {
  return library::fill_norm(srcShape, library::last_of(originSrcShape), tiling);
}
inline bool GetDeepNormMaxMinTmpSize(const ge::Shape& srcShape, const uint32_t /*typeSize*/,
                                     const bool /*isReuseSource*/, const bool /*isBasicBlock*/,
                                     uint32_t& maxValue, uint32_t& minValue) {
  return library::norm_sizes(srcShape, maxValue, minValue);
}
inline bool GetDeepNormTilingInfo(const ge::Shape& srcShape, const ge::Shape& originSrcShape,
                                  const uint32_t /*stackBufferSize*/, const uint32_t /*typeSize*/,
                                  const bool /*isReuseSource*/, const bool /*isBasicBlock*/,
                                  ::DeepNormTiling& tiling) {
  return library::fill_norm(srcShape, library::last_of(originSrcShape), tiling);
}

// A row of scores, its positions, and its pairs twice.
inline bool GetTopKMaxMinTmpSize(const platform_ascendc::PlatformAscendC&, const int32_t inner,
                                 const int32_t /*outter*/, const bool /*isReuseSource*/,
                                 const bool isInitIndex, enum TopKMode /*mode*/, const bool /*isLargest*/,
                                 const uint32_t dataTypeSize, uint32_t& maxValue, uint32_t& minValue) {
  maxValue = minValue = static_cast<uint32_t>(inner) * (dataTypeSize + 16 + (isInitIndex ? 0 : 4));
  return inner > 0 && inner % 32 == 0;
}
inline bool TopKTilingFunc(const platform_ascendc::PlatformAscendC& platform, const int32_t inner,
                           const int32_t outter, const int32_t k, const uint32_t dataTypeSize,
                           const bool isInitIndex, enum TopKMode mode, const bool isLargest,
                           ::TopkTiling& tiling) {
  uint32_t most = 0;
  const bool known = GetTopKMaxMinTmpSize(platform, inner, outter, false, isInitIndex, mode, isLargest,
                                          dataTypeSize, most, tiling.tmpLocalSize);
  tiling.innerDataSize = static_cast<uint32_t>(inner);
  tiling.allDataSize = static_cast<uint32_t>(inner * outter);
  tiling.sortRepeat = static_cast<uint32_t>(inner) / 32;
  tiling.kAlignFourBytes = library::up(static_cast<uint32_t>(k), 8);
  tiling.kAlignTwoBytes = library::up(static_cast<uint32_t>(k), 16);
  return known && k > 0 && k <= inner;
}

// The last two axes of the shape.
inline void GetConfusionTransposeTilingInfo(const ge::Shape& srcShape, const uint32_t /*stackBufferSize*/,
                                            const uint32_t /*typeSize*/, const uint32_t /*transposeTypeIn*/,
                                            ::ConfusionTransposeTiling& tiling) {
  const size_t dims = srcShape.GetDimNum();
  tiling.param0 = dims < 2 ? 0 : static_cast<uint32_t>(srcShape.GetDim(dims - 2));
  tiling.param1 = dims < 2 ? 0 : static_cast<uint32_t>(srcShape.GetDim(dims - 1));
}

}  // namespace AscendC
