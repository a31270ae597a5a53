// SPDX-License-Identifier: Apache-2.0
#pragma once

// Tiling structs of the libraries, as the host fills them and the kernel reads them. Elements unless said
// otherwise. Our libraries take the shape from them and cut by the temporary memory they are given.

#include <stdint.h>

#define ETALON_SOFTMAX_TILING_FIELDS(FIELD)                                                    \
  FIELD(srcM)                                                                                  \
  FIELD(srcK)                                                                                  \
  FIELD(srcSize)                                                                               \
  FIELD(outMaxM)                                                                               \
  FIELD(outMaxK)                                                                               \
  FIELD(outMaxSize) FIELD(splitM) FIELD(splitK) FIELD(splitSize) FIELD(reduceM) FIELD(reduceK) \
      FIELD(reduceSize) FIELD(rangeM) FIELD(tailM) FIELD(tailSplitSize) FIELD(tailReduceSize)

#define ETALON_TILING_FIELD(name) uint32_t name = 0;
struct SoftMaxTiling {
  ETALON_SOFTMAX_TILING_FIELDS(ETALON_TILING_FIELD)
};

#define ETALON_TOPK_TILING_FIELDS(FIELD) \
  FIELD(tmpLocalSize)                    \
  FIELD(allDataSize) FIELD(innerDataSize) FIELD(sortRepeat) FIELD(kAlignFourBytes) FIELD(kAlignTwoBytes)
struct TopkTiling {
  ETALON_TOPK_TILING_FIELDS(ETALON_TILING_FIELD)
};

// Of the norms: rows are batches times sequence, elements of a row in memory, and those that hold data.
#define ETALON_NORM_TILING_FIELDS(FIELD) FIELD(bLength) FIELD(sLength) FIELD(hLength) FIELD(originalHLength)
struct LayerNormTiling {
  ETALON_NORM_TILING_FIELDS(ETALON_TILING_FIELD)
};
struct RmsNormTiling {
  ETALON_NORM_TILING_FIELDS(ETALON_TILING_FIELD)
};
struct DeepNormTiling {
  ETALON_NORM_TILING_FIELDS(ETALON_TILING_FIELD)
};
struct LayerNormSeparateTiling {
  uint32_t aLength = 0, rLength = 0;
};

#define ETALON_TRANSPOSE_TILING_FIELDS(FIELD) FIELD(param0) FIELD(param1) FIELD(param2) FIELD(param3)
struct ConfusionTransposeTiling {  // rows, columns
  ETALON_TRANSPOSE_TILING_FIELDS(ETALON_TILING_FIELD)
};

namespace AscendC {
enum class TopKMode { TOPK_NORMAL, TOPK_NSMALL };
namespace tiling {
using ::ConfusionTransposeTiling;
using ::DeepNormTiling;
using ::LayerNormSeparateTiling;
using ::LayerNormTiling;
using ::RmsNormTiling;
using ::SoftMaxTiling;
using ::TopkTiling;
}  // namespace tiling
}  // namespace AscendC
