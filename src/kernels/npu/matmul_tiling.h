// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a matrix product is cut: blocks, tiles, transfers, shares of K; and the
// tiles of one core in order.

#include <cstdint>

#include "ascendc/api/ascendc/enums.h"

namespace etalon::kernels::npu {

struct MatmulTiling {
  std::int64_t m = 0, n = 0, k = 0;
  // Elements from row to row as stored (fractals: padded rows of one column of fractals).
  std::int64_t lda = 0, ldb = 0, ldc = 0;
  bool trans_a = false, trans_b = false;    // A is stored [K, M], B is stored [N, K]
  bool nz_a = false, nz_b = false;          // stored in fractals: 32-byte columns, one below the other
  std::int64_t single_m = 0, single_n = 0;  // output of one block; 0: one base tile
  std::int32_t base_m = 128, base_n = 256, base_k = 64;
  std::int32_t step_ka = 4, step_kb = 4;      // steps of baseK per transfer
  std::int32_t buffers_a = 2, buffers_b = 2;  // L1 buffers of so many steps
  bool a_resident = false;                    // A of a row of tiles stays in L1 (its buffers hold all of K)
  std::int32_t swizzle = 0;    // > 0: blocks are dealt in groups of so many block rows (columns) ...
  bool swizzle_rows = true;    // ... of rows, walked along N; false: of columns, walked along M
  bool serpentine = false;     // every other group is walked backwards
  bool n_first = true;         // without swizzle: blocks are dealt along N first
  bool tiles_n_first = false;  // tiles of a block are walked along N first
  std::int32_t split_k = 1;    // shares of K on different cores, each in a part of the workspace of its own
  std::int32_t k_slices = 1;   // all tiles of one slice of K before the next, which is added in memory
  bool unit_flag = true;       // FixPipe empties L0C while the cube goes on
  bool accumulate = false;     // C is added to
  bool hf32 = false;           // fp32 operands rounded to 19 bits
  float scale = 1.0f;          // int8 to fp16 output
  std::int32_t groups = 0;     // > 0: rows of A belong to groups with a B each, as a list in memory says
  std::int32_t sum_rows = 1, sum_columns = 2048;  // tile of the vector cores that sum and convert a workspace
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

// Shares of K: no more than there are steps of baseK.
constexpr std::int64_t shares(const MatmulTiling& t) { return min(t.split_k, ceil_div(t.k, t.base_k)); }
constexpr std::int64_t slices(const MatmulTiling& t) {
  return min(t.k_slices, ceil_div(t.k, t.base_k) / shares(t));
}

// The tiles of one core in order: output rectangle, group and K range.
class TileCursor {
 public:
  // `group_rows` holds t->groups numbers of rows, or is null.
  TileCursor(const MatmulTiling* t, const std::int64_t* group_rows, std::int64_t first, std::int64_t stride)
      : t_(t), group_rows_(group_rows), first_(first), stride_(stride), block_(first) {
    single_m_ = t->single_m > 0 ? t->single_m : t->base_m;
    single_n_ = t->single_n > 0 ? t->single_n : t->base_n;
    rows_ = ceil_div(t->m, single_m_);
    columns_ = ceil_div(t->n, single_n_);
    shares_ = shares(*t);
    slices_ = slices(*t);
    enter();
  }
  bool valid() const { return valid_; }
  std::int64_t m0() const { return block_m_ + tile_m_; }
  std::int64_t n0() const { return block_n_ + tile_n_; }
  std::int64_t m() const { return min(t_->base_m, end_m_ - m0()); }
  std::int64_t n() const { return min(t_->base_n, end_n_ - n0()); }
  std::int64_t k_begin() const { return k_begin_; }
  std::int64_t k_end() const { return k_end_; }
  std::int64_t share() const { return share_; }
  std::int64_t slice() const { return slice_; }
  std::int64_t group() const { return group_; }
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
    tile_m_ = tile_n_ = 0;
    if (group_rows_ != nullptr) {
      valid_ = enter_group();
      k_end_ = t_->k;
      return;
    }
    if (block_ >= rows_ * columns_ * shares_) {  // the same tiles again for the next slice of K
      ++slice_;
      block_ = first_;
    }
    valid_ = slice_ < slices_ && block_ < rows_ * columns_ * shares_;
    if (!valid_) return;
    std::int64_t row = 0, column = 0;
    place(block_ % (rows_ * columns_), row, column);
    share_ = block_ / (rows_ * columns_);
    block_m_ = row * single_m_;
    block_n_ = column * single_n_;
    end_m_ = min(block_m_ + single_m_, t_->m);
    end_n_ = min(block_n_ + single_n_, t_->n);
    const std::int64_t steps = ceil_div(t_->k, t_->base_k), part = slice_ * shares_ + share_;
    k_begin_ = steps * part / (shares_ * slices_) * t_->base_k;
    k_end_ = min(t_->k, steps * (part + 1) / (shares_ * slices_) * t_->base_k);
  }
  // Group by group, down the rows of a group before the next columns, so that
  // each B is read once.
  bool enter_group() {
    std::int64_t high = 0;
    for (; group_ < t_->groups; ++group_) {
      high = ceil_div(group_rows_[group_], t_->base_m);
      if (block_ - group_first_ < high * columns_) break;
      group_first_ += high * columns_;
      group_row_ += group_rows_[group_];
    }
    if (group_ >= t_->groups) return false;
    const std::int64_t inside = block_ - group_first_;
    block_m_ = group_row_ + inside % high * t_->base_m;
    block_n_ = inside / high * t_->base_n;
    end_m_ = min(block_m_ + t_->base_m, group_row_ + group_rows_[group_]);
    end_n_ = min(block_n_ + t_->base_n, t_->n);
    return true;
  }
  void place(std::int64_t output, std::int64_t& row, std::int64_t& column) const {
    if (t_->swizzle > 0) {
      const std::int64_t along = t_->swizzle_rows ? columns_ : rows_,
                         across = t_->swizzle_rows ? rows_ : columns_;
      const std::int64_t group = output / (along * t_->swizzle), inside = output % (along * t_->swizzle);
      const std::int64_t width = min(t_->swizzle, across - group * t_->swizzle);
      const std::int64_t lane = group * t_->swizzle + inside % width;
      std::int64_t walked = inside / width;
      if (t_->serpentine && group % 2 == 1) walked = along - 1 - walked;
      row = t_->swizzle_rows ? lane : walked;
      column = t_->swizzle_rows ? walked : lane;
    } else if (t_->n_first) {
      row = output / columns_;
      column = output % columns_;
    } else {
      row = output % rows_;
      column = output / rows_;
    }
  }

  const MatmulTiling* t_;
  const std::int64_t* group_rows_;
  std::int64_t first_, stride_, block_, single_m_ = 0, single_n_ = 0, rows_ = 0, columns_ = 0, shares_ = 1,
                                        slices_ = 1;
  std::int64_t block_m_ = 0, block_n_ = 0, end_m_ = 0, end_n_ = 0, tile_m_ = 0, tile_n_ = 0, k_begin_ = 0,
               k_end_ = 0, share_ = 0, slice_ = 0;
  std::int64_t group_ = 0, group_first_ = 0, group_row_ = 0;
  bool valid_ = false;
};
}  // namespace matmul_detail

}  // namespace etalon::kernels::npu
