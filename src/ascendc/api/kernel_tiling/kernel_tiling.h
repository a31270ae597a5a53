// SPDX-License-Identifier: Apache-2.0
#pragma once

// Tiling of the Matmul objects, as the host computes it (tiling/tiling_api.h) and the kernel reads it. Elements; depths
// and steps count base blocks.

#include <stdint.h>

#define ETALON_CUBE_TILING_FIELDS(FIELD) \
  ETALON_CUBE_TILING_BEFORE_KA(FIELD) FIELD(Ka) ETALON_CUBE_TILING_AFTER_KA(FIELD)
#define ETALON_CUBE_TILING_BEFORE_KA(FIELD) FIELD(usedCoreNum) FIELD(M) FIELD(N)
#define ETALON_CUBE_TILING_AFTER_KA(FIELD)                                                                      \
  FIELD(Kb) FIELD(singleCoreM) FIELD(singleCoreN)                \
  FIELD(singleCoreK) FIELD(baseM) FIELD(baseN) FIELD(baseK) FIELD(depthA1) FIELD(depthB1) FIELD(stepM)          \
  FIELD(stepN) FIELD(isBias) FIELD(transLength) FIELD(iterateOrder) FIELD(shareMode) FIELD(shareL1Size)         \
  FIELD(shareL0CSize) FIELD(shareUbSize) FIELD(batchM) FIELD(batchN) FIELD(singleBatchM) FIELD(singleBatchN)    \
  FIELD(stepKa) FIELD(stepKb) FIELD(depthAL1CacheUB) FIELD(depthBL1CacheUB) FIELD(dbL0A) FIELD(dbL0B)           \
  FIELD(dbL0C) FIELD(ALayoutInfoB) FIELD(ALayoutInfoS) FIELD(ALayoutInfoN) FIELD(ALayoutInfoG)                  \
  FIELD(ALayoutInfoD) FIELD(BLayoutInfoB) FIELD(BLayoutInfoS) FIELD(BLayoutInfoN) FIELD(BLayoutInfoG)           \
  FIELD(BLayoutInfoD) FIELD(CLayoutInfoB) FIELD(CLayoutInfoS1) FIELD(CLayoutInfoN) FIELD(CLayoutInfoG)          \
  FIELD(CLayoutInfoS2)

#define ETALON_CUBE_TILING_FIELD(name) int32_t name = 0;
struct TCubeTiling {
  ETALON_CUBE_TILING_BEFORE_KA(ETALON_CUBE_TILING_FIELD)
  union {  // older programs say K for both
    int32_t Ka = 0, K;
  };
  ETALON_CUBE_TILING_AFTER_KA(ETALON_CUBE_TILING_FIELD)
};
#undef ETALON_CUBE_TILING_FIELD
