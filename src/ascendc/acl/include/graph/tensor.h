// SPDX-License-Identifier: Apache-2.0
#pragma once

// The shape of a tensor as the host's tiling functions take it.

#include <stddef.h>
#include <stdint.h>

#include <initializer_list>
#include <vector>

namespace ge {

enum DataType {
  DT_FLOAT = 0,
  DT_FLOAT16 = 1,
  DT_INT8 = 2,
  DT_INT32 = 3,
  DT_UINT8 = 4,
  DT_INT16 = 6,
  DT_UINT16 = 7,
  DT_UINT32 = 8,
  DT_INT64 = 9,
  DT_UINT64 = 10,
  DT_DOUBLE = 11,
  DT_BOOL = 12,
  DT_BF16 = 27
};

class Shape {
 public:
  Shape() = default;
  explicit Shape(const std::vector<int64_t>& dims) : dims_(dims) {}
  Shape(std::initializer_list<int64_t> dims) : dims_(dims) {}

  size_t GetDimNum() const { return dims_.size(); }
  int64_t GetDim(size_t i) const { return i < dims_.size() ? dims_[i] : 0; }
  bool SetDim(size_t i, int64_t value) {
    if (i >= dims_.size()) return false;
    dims_[i] = value;
    return true;
  }
  std::vector<int64_t> GetDims() const { return dims_; }
  // Elements; of no dimensions none.
  int64_t GetShapeSize() const {
    int64_t n = dims_.empty() ? 0 : 1;
    for (const int64_t d : dims_) n *= d;
    return n;
  }

 private:
  std::vector<int64_t> dims_;
};

}  // namespace ge
