// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where the matrices of a batch lie: one behind the other, or as attention stores its heads. Of G query heads
// that share a head of keys, B has the fewer matrices: each serves its neighbours.

#include "types.h"

namespace AscendC {
namespace detail {
namespace mm {

// [B S N G D] of a matrix of S x D.
struct HeadLayout {
  std::int64_t batch, rows, heads, group, columns;
};

struct Batch {
  std::int64_t pitch = 0;  // from row to row; 0: that of a matrix alone
  std::int64_t step = 0, heads = 0, outer = 0;

  // stride: elements from matrix to matrix, if not 0; alone: elements of one matrix.
  Batch(LayoutMode mode, const HeadLayout& h, std::int64_t stride, std::int64_t alone) : step(alone) {
    if (stride != 0) step = stride;
    if (mode == LayoutMode::BSNGD) {
      step = h.columns, heads = h.heads * h.group, pitch = heads * h.columns, outer = h.rows * pitch;
    } else if (mode == LayoutMode::SBNGD) {
      step = h.columns, pitch = h.batch * h.heads * h.group * h.columns;
    }
  }
  std::int64_t offset(std::int64_t index) const {
    return heads > 0 ? index / heads * outer + index % heads * step : index * step;
  }
};

}  // namespace mm
}  // namespace detail
}  // namespace AscendC
