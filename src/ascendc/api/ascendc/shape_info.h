// SPDX-License-Identifier: Apache-2.0
#pragma once

// The shape a kernel may attach to a tensor. Shapes are few and tensors are small values: a tensor carries
// the number of its shape in a table of all that were attached.

#include <cstdint>

#include "abi.h"

#ifndef K_MAX_SHAPE_DIM
#define K_MAX_SHAPE_DIM 8
#endif

namespace AscendC {

enum class DataFormat : std::uint8_t { ND = 0, NZ, NCHW, NC1HWC0, NHWC, NCDHW, NDC1HWC0, FRACTAL_Z_3D };

// The shape in memory and the one that holds data.
struct ShapeInfo {
  std::uint8_t shapeDim = 0, originalShapeDim = 0;
  std::uint32_t shape[8] = {}, originalShape[8] = {};
  DataFormat dataFormat = DataFormat::ND;

  ShapeInfo() = default;
  ShapeInfo(std::uint8_t dims, const std::uint32_t given[], std::uint8_t original_dims,
            const std::uint32_t original[], DataFormat format)
      : shapeDim(dims), originalShapeDim(original_dims), dataFormat(format) {
    for (int i = 0; i < dims && i < 8; ++i) shape[i] = given[i];
    for (int i = 0; i < original_dims && i < 8; ++i) originalShape[i] = original[i];
  }
  ShapeInfo(std::uint8_t dims, const std::uint32_t given[], DataFormat format)
      : ShapeInfo(dims, given, dims, given, format) {}
  ShapeInfo(std::uint8_t dims, const std::uint32_t given[]) : ShapeInfo(dims, given, DataFormat::ND) {}
};

// Elements of a shape.
inline int GetShapeSize(const ShapeInfo& info) {
  int n = 1;
  for (int i = 0; i < info.shapeDim; ++i) n *= static_cast<int>(info.shape[i]);
  return n;
}

namespace detail {

// Of its own making: containers and locks of the standard library would be half of what every kernel compiles.
class ShapeTable {
 public:
  static ShapeTable& all() {
    static ShapeTable table;
    return table;
  }
  // From 1; 0 is no shape.
  std::uint16_t number_of(const ShapeInfo& info) {
    const Lock lock(busy_);
    for (std::uint32_t i = 0; i < count_; ++i) {
      if (same(entry(i), info)) return static_cast<std::uint16_t>(i + 1);
    }
    if (count_ == kChunks * kChunk - 1)
      etalon_asc_fail("ascendc.range", "more than 65535 different shapes set on tensors");
    if (chunks_[count_ / kChunk] == nullptr) chunks_[count_ / kChunk] = new ShapeInfo[kChunk];
    entry(count_) = info;
    return static_cast<std::uint16_t>(++count_);
  }
  ShapeInfo at(std::uint16_t number) {
    const Lock lock(busy_);
    return number == 0 ? ShapeInfo() : entry(number - 1u);
  }

  ShapeTable(const ShapeTable&) = delete;
  ShapeTable& operator=(const ShapeTable&) = delete;

 private:
  static constexpr std::uint32_t kChunk = 256, kChunks = 256;
  class Lock {
   public:
    explicit Lock(bool& busy) : busy_(busy) {
      while (__atomic_test_and_set(&busy_, __ATOMIC_ACQUIRE)) {
      }
    }
    ~Lock() { __atomic_clear(&busy_, __ATOMIC_RELEASE); }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

   private:
    bool& busy_;
  };
  ShapeTable() = default;
  ~ShapeTable() {
    for (ShapeInfo* chunk : chunks_) delete[] chunk;
  }
  static bool same(const ShapeInfo& a, const ShapeInfo& b) {
    bool equal =
        a.shapeDim == b.shapeDim && a.originalShapeDim == b.originalShapeDim && a.dataFormat == b.dataFormat;
    for (int i = 0; i < 8; ++i)
      equal = equal && a.shape[i] == b.shape[i] && a.originalShape[i] == b.originalShape[i];
    return equal;
  }
  ShapeInfo& entry(std::uint32_t i) { return chunks_[i / kChunk][i % kChunk]; }
  bool busy_ = false;
  std::uint32_t count_ = 0;
  ShapeInfo* chunks_[kChunks] = {};
};

}  // namespace detail
}  // namespace AscendC
