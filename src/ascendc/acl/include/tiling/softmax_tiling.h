// SPDX-License-Identifier: Apache-2.0
#pragma once

// Host tiling of the SoftMax family: the shape for the kernel, and how much temporary memory a call can use
// and needs. Both follow from what api/lib/activation takes for a group of rows.

#include "host_struct.h"
#include "library_sizes.h"

namespace AscendC {
namespace library {

struct SoftmaxNeeds {
  uint32_t rows = 0, cols = 0, copies = 1, sets = 1;  // copies: rows in float; sets: floats of row statistics
  SoftmaxNeeds(const ge::Shape& shape, uint32_t row_copies, uint32_t statistics)
      : copies(row_copies), sets(statistics) {
    cols = static_cast<uint32_t>(shape.GetDim(shape.GetDimNum() - 1));
    rows = cols == 0 ? 0 : static_cast<uint32_t>(shape.GetShapeSize() / cols);
  }
  uint32_t bytes(uint32_t n) const {
    const uint32_t scratch = cols <= 64 ? 0 : std::max(64u, up((cols + 63) / 64, 8));
    return 4 * (n * (copies * up(cols, 16) + scratch) + up(n, 8) * (1 + 16 * sets));
  }
  uint32_t most() const { return bytes(rows); }
  uint32_t least() const { return bytes(std::min(rows, bytes(8) <= 65536 ? 8u : 1u)); }
  void fill(::SoftMaxTiling& t, uint32_t memory) const {
    t = {};
    t.srcM = rows, t.srcK = cols, t.srcSize = rows * cols;
    t.outMaxM = rows, t.outMaxK = 8, t.outMaxSize = rows * 8;
    uint32_t group = rows;  // rows that the memory takes at once
    while (group > 1 && bytes(group) > memory) group = group > 8 ? (group - 1) / 8 * 8 : 1;
    t.splitM = t.reduceM = std::max(group, 1u);
    t.splitK = cols, t.splitSize = t.splitM * cols;
    t.reduceK = 8, t.reduceSize = t.reduceM * 8;
    t.rangeM = rows / t.splitM, t.tailM = rows % t.splitM;
    t.tailSplitSize = t.tailM * cols, t.tailReduceSize = t.tailM * 8;
  }
};

}  // namespace library

inline uint32_t GetSoftMaxMaxTmpSize(const ge::Shape& srcShape, const uint32_t /*dataTypeSize*/,
                                     const bool /*isReuseSource*/) {
  return library::SoftmaxNeeds(srcShape, 1, 1).most();
}
inline uint32_t GetSoftMaxMinTmpSize(const ge::Shape& srcShape, const uint32_t /*dataTypeSize*/,
                                     const bool /*isReuseSource*/) {
  return library::SoftmaxNeeds(srcShape, 1, 1).least();
}
inline void SoftMaxTilingFunc(const ge::Shape& srcShape, const uint32_t /*dataTypeSize*/,
                              const uint32_t localWorkSpaceSize, ::SoftMaxTiling& softmaxTiling) {
  library::SoftmaxNeeds(srcShape, 1, 1).fill(softmaxTiling, localWorkSpaceSize);
}

inline uint32_t GetSoftMaxFlashV2MaxTmpSize(const ge::Shape& srcShape, const uint32_t /*dataTypeSize1*/,
                                            const uint32_t /*dataTypeSize2*/, const bool /*isUpdate*/,
                                            const bool /*isBasicBlock*/ = false,
                                            const bool /*isFlashOutputBrc*/ = false) {
  return library::SoftmaxNeeds(srcShape, 1, 3).most();
}
inline uint32_t GetSoftMaxFlashV2MinTmpSize(const ge::Shape& srcShape, const uint32_t /*dataTypeSize1*/,
                                            const uint32_t /*dataTypeSize2*/, const bool /*isUpdate*/,
                                            const bool /*isBasicBlock*/ = false,
                                            const bool /*isFlashOutputBrc*/ = false) {
  return library::SoftmaxNeeds(srcShape, 1, 3).least();
}
inline void SoftMaxFlashV2TilingFunc(const ge::Shape& srcShape, const uint32_t /*dataTypeSize1*/,
                                     const uint32_t /*dataTypeSize2*/, const uint32_t localWorkSpaceSize,
                                     ::SoftMaxTiling& softmaxFlashTiling, const bool /*isUpdate*/,
                                     const bool /*isBasicBlock*/ = false,
                                     const bool /*isFlashOutputBrc*/ = false) {
  library::SoftmaxNeeds(srcShape, 1, 3).fill(softmaxFlashTiling, localWorkSpaceSize);
}

inline uint32_t GetSoftMaxGradMaxTmpSize(const ge::Shape& srcShape, const uint32_t /*dataTypeSize*/,
                                         const bool /*isFront*/, const bool /*isReuseSource*/) {
  return library::SoftmaxNeeds(srcShape, 3, 1).most();
}
inline uint32_t GetSoftMaxGradMinTmpSize(const ge::Shape& srcShape, const uint32_t /*dataTypeSize*/,
                                         const bool /*isFront*/, const bool /*isReuseSource*/) {
  return library::SoftmaxNeeds(srcShape, 3, 1).least();
}
inline void SoftMaxGradTilingFunc(const ge::Shape& srcShape, const uint32_t /*dataTypeSize*/,
                                  const uint32_t localWorkSpaceSize, ::SoftMaxTiling& softmaxGradTiling,
                                  const bool /*isFront*/ = false) {
  library::SoftmaxNeeds(srcShape, 3, 1).fill(softmaxGradTiling, localWorkSpaceSize);
}

// Whether a tiling has the shape of basic blocks: groups of eight rows, columns in multiples of 64 below
// 2048.
inline bool IsBasicBlockInSoftMax(const ::SoftMaxTiling& tiling) {
  return tiling.splitM % 8 == 0 && tiling.splitK % 64 == 0 && tiling.splitK < 2048 && tiling.splitM > 0;
}

}  // namespace AscendC
