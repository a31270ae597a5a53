// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a matrix product is cut: blocks, tiles, transfers; and the tiles of one core in order.

#include <cstdint>

#include "ascendc/api/ascendc/enums.h"

namespace etalon::kernels::npu {

struct MatmulTiling {
  std::int64_t m = 0, n = 0, k = 0;
  std::int64_t lda = 0, ldb = 0, ldc = 0;   // elements from row to row as stored
  std::int32_t single_m = 0, single_n = 0;  // output of one block
  std::int32_t split_k = 1;                 // > 1: blocks add their share to C atomically (C zero before)
  std::int32_t base_m = 128, base_n = 256, base_k = 64;
  std::int32_t step_ka = 4, step_kb = 4;      // steps of baseK per transfer
  std::int32_t buffers_a = 2, buffers_b = 2;  // L1 buffers of so many steps
  std::int32_t swizzle = 0;                   // > 0: blocks walk down groups of so many block columns
  bool n_first = true;                        // blocks are dealt along N first
  bool tiles_n_first = false;                 // tiles of a block are walked along N first
  bool unit_flag = true;                      // FixPipe empties L0C while the cube goes on
  bool preload = false;  // ask for the next transfers before working on this one, not in turn
  float scale = 1.0f;    // int8 to fp16 output
};

namespace matmul_detail {
constexpr std::int64_t align(std::int64_t x, std::int64_t to) { return (x + to - 1) / to * to; }
constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
constexpr std::int64_t min(std::int64_t a, std::int64_t b) { return a < b ? a : b; }

template <class T>
struct Accumulator {
  using type = float;
};
template <>
struct Accumulator<std::int8_t> {
  using type = std::int32_t;
};

// The tiles of one core in order; at(): output rectangle and K range.
class TileCursor {
 public:
  TileCursor() = default;
  TileCursor(const MatmulTiling* t, std::int64_t first, std::int64_t stride)
      : t_(t), block_(first), stride_(stride) {
    rows_ = ceil_div(t->m, t->single_m);
    columns_ = ceil_div(t->n, t->single_n);
    share_ = align(ceil_div(t->k, t->split_k), t->base_k);
    enter();
  }
  bool valid() const { return valid_; }
  std::int64_t m0() const { return block_m_ + tile_m_; }
  std::int64_t n0() const { return block_n_ + tile_n_; }
  std::int64_t m() const { return min(t_->base_m, end_m_ - m0()); }
  std::int64_t n() const { return min(t_->base_n, end_n_ - n0()); }
  std::int64_t k_begin() const { return k_begin_; }
  std::int64_t k_end() const { return k_end_; }
  void next() {
    if (t_->tiles_n_first
            ? step(tile_n_, t_->base_n, end_n_ - block_n_, tile_m_, t_->base_m, end_m_ - block_m_)
            : step(tile_m_, t_->base_m, end_m_ - block_m_, tile_n_, t_->base_n, end_n_ - block_n_)) {
      return;
    }
    block_ += stride_;
    enter();
  }

 private:
  static bool step(std::int64_t& inner, std::int64_t inner_by, std::int64_t inner_end, std::int64_t& outer,
                   std::int64_t outer_by, std::int64_t outer_end) {
    inner += inner_by;
    if (inner < inner_end) return true;
    inner = 0;
    outer += outer_by;
    return outer < outer_end;
  }
  void enter() {
    while (true) {
      valid_ = block_ < rows_ * columns_ * t_->split_k;
      if (!valid_) return;
      const std::int64_t output = block_ % (rows_ * columns_), part = block_ / (rows_ * columns_);
      std::int64_t row = 0, column = 0;
      place(output, row, column);
      block_m_ = row * t_->single_m;
      block_n_ = column * t_->single_n;
      end_m_ = min(block_m_ + t_->single_m, t_->m);
      end_n_ = min(block_n_ + t_->single_n, t_->n);
      k_begin_ = part * share_;
      k_end_ = min(k_begin_ + share_, t_->k);
      tile_m_ = tile_n_ = 0;
      if (k_begin_ < k_end_) return;
      block_ += stride_;  // a share of K beyond its end
    }
  }
  void place(std::int64_t output, std::int64_t& row, std::int64_t& column) const {
    if (t_->swizzle > 0) {  // groups of block columns, each walked row by row; every other group upwards
      const std::int64_t group = output / (rows_ * t_->swizzle);
      const std::int64_t width = min(t_->swizzle, columns_ - group * t_->swizzle);
      const std::int64_t inside = output - group * rows_ * t_->swizzle;
      row = inside / width;
      column = group * t_->swizzle + inside % width;
      if (group % 2 == 1) row = rows_ - 1 - row;
    } else if (t_->n_first) {
      row = output / columns_;
      column = output % columns_;
    } else {
      row = output % rows_;
      column = output / rows_;
    }
  }
  const MatmulTiling* t_ = nullptr;
  std::int64_t block_ = 0, stride_ = 1, rows_ = 0, columns_ = 0, share_ = 0;
  std::int64_t block_m_ = 0, block_n_ = 0, end_m_ = 0, end_n_ = 0, tile_m_ = 0, tile_n_ = 0, k_begin_ = 0,
               k_end_ = 0;
  bool valid_ = false;
};
}  // namespace matmul_detail

}  // namespace etalon::kernels::npu
