// SPDX-License-Identifier: Apache-2.0
#pragma once

// Kernels that only measure, in Ascend C: reads of a matrix tile by tile in several orders, whose tiles are
// dropped as they arrive, and single element-wise instructions, vector or scalar, as operations of Stream.

#include "kernels/npu/elementwise.h"

namespace etalon::kernels::npu {

enum class ReadOrder : std::uint8_t {
  shared_out,  // the tiles dealt out to the cores
  same,        // every core reads everything in one order
  staggered    // every core reads everything, each from a place of its own
};

struct ReadTiling {
  std::int64_t rows = 0, columns = 0;
  std::int32_t tile_rows = 64, tile_columns = 64;
  std::int32_t passes = 1;
  std::int32_t slices = 1;  // column slices, each read `passes` times before the next
  bool to_l1 = false;       // else into UB
  bool fractals = false;    // into L1: row-major to fractals on the way
  ReadOrder order = ReadOrder::shared_out;
};

template <class T>
class ReadTiles {
 public:
  __aicore__ void Init(GmAddress x, const ReadTiling& tiling) {
    t_ = tiling;
    x_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(x));
    const auto bytes = static_cast<std::uint32_t>(t_.tile_rows * row::align(t_.tile_columns, 32) *
                                                  static_cast<std::int64_t>(sizeof(T)));
    if (t_.to_l1)
      pipe_.InitBuffer(l1_, bytes);
    else
      pipe_.InitBuffer(ub_, bytes);
  }
  __aicore__ void Process() {
    const std::int64_t down = row::ceil_div(t_.rows, t_.tile_rows);
    const std::int64_t slice = row::align(row::ceil_div(t_.columns, t_.slices), t_.tile_columns);
    for (std::int64_t s = 0; s < t_.slices; ++s) {
      const std::int64_t from = s * slice,
                         across = row::ceil_div(row::min(slice, t_.columns - from), t_.tile_columns);
      const std::int64_t tiles = down * across;
      const row::Share mine = row::share_of(tiles);
      const bool all = t_.order != ReadOrder::shared_out;
      const std::int64_t skew = t_.order == ReadOrder::staggered ? mine.first : 0;
      for (std::int32_t pass = 0; pass < t_.passes; ++pass) {
        for (std::int64_t i = all ? 0 : mine.first; i < (all ? tiles : mine.last); ++i) {
          const std::int64_t tile = (i + skew) % tiles;
          read(tile / across * t_.tile_rows, from + tile % across * t_.tile_columns);
        }
      }
    }
  }

 private:
  __aicore__ void read(std::int64_t row0, std::int64_t column0) {
    using namespace AscendC;
    constexpr auto size = static_cast<std::int64_t>(sizeof(T));
    const std::int64_t rows = row::min(t_.tile_rows, t_.rows - row0),
                       columns = row::min(t_.tile_columns, t_.columns - column0);
    const auto from = x_[static_cast<std::uint64_t>(row0 * t_.columns + column0)];
    if (!t_.to_l1) {
      row::load_rows(ub_.template Get<T>(), from, rows, columns, row::align(t_.tile_columns, 32), t_.columns);
    } else if (t_.fractals) {
      DataCopy(l1_.template Get<T>(), from,
               Nd2NzParams(1, static_cast<std::uint16_t>(rows), static_cast<std::uint32_t>(columns), 0,
                           static_cast<std::uint32_t>(t_.columns), static_cast<std::uint16_t>(t_.tile_rows),
                           1, 0));
    } else {
      DataCopy(
          l1_.template Get<T>(), from,
          DataCopyParams(static_cast<std::uint16_t>(rows), static_cast<std::uint16_t>(columns * size / 32),
                         static_cast<std::uint16_t>((t_.columns - columns) * size / 32), 0));
    }
  }
  ReadTiling t_;
  AscendC::TPipe pipe_;
  AscendC::TBuf<AscendC::TPosition::A1> l1_;
  AscendC::TBuf<AscendC::TPosition::VECCALC> ub_;
  AscendC::GlobalTensor<T> x_;
};

template <class T>
__global__ __aicore__ void read_kernel(GmAddress x, const ReadTiling& tiling) {
  ReadTiles<T> kernel;
  kernel.Init(x, tiling);
  kernel.Process();
}

enum class Single { sub, mul, max, min, div, exp, ln, sqrt, abs, relu, muls, adds };
constexpr bool takes_two(Single s) { return s <= Single::div; }

// One vector instruction per tile.
template <class T, Single single>
struct SingleOp : SameType<T, takes_two(single) ? 2 : 1, 0> {
  using Bytes = stream_detail::Bytes;
  using Reals = stream_detail::Reals;
  __aicore__ void operator()(Bytes* in, Bytes* out, Reals*, std::int32_t n) const {
    using namespace AscendC;
    const auto z = out[0].ReinterpretCast<T>(), x = in[0].ReinterpretCast<T>(),
               y = in[takes_two(single) ? 1 : 0].ReinterpretCast<T>();
    if constexpr (single == Single::sub) Sub(z, x, y, n);
    if constexpr (single == Single::mul) Mul(z, x, y, n);
    if constexpr (single == Single::max) Max(z, x, y, n);
    if constexpr (single == Single::min) Min(z, x, y, n);
    if constexpr (single == Single::div) Div(z, x, y, n);
    if constexpr (single == Single::exp) Exp(z, x, n);
    if constexpr (single == Single::ln) Ln(z, x, n);
    if constexpr (single == Single::sqrt) Sqrt(z, x, n);
    if constexpr (single == Single::abs) Abs(z, x, n);
    if constexpr (single == Single::relu) Relu(z, x, n);
    if constexpr (single == Single::muls) Muls(z, x, T(2.0f), n);
    if constexpr (single == Single::adds) Adds(z, x, T(2.0f), n);
  }
};

// The sum of two tensors by the scalar unit, element by element. Reads data: only launches with data run it.
template <class T>
struct ScalarAddOp : SameType<T, 2, 0> {
  using Bytes = stream_detail::Bytes;
  using Reals = stream_detail::Reals;
  __aicore__ void operator()(Bytes* in, Bytes* out, Reals*, std::int32_t n) const {
    using namespace AscendC;
    const auto z = out[0].ReinterpretCast<T>(), x = in[0].ReinterpretCast<T>(),
               y = in[1].ReinterpretCast<T>();
    PipeBarrier<PIPE_ALL>();
    for (std::int32_t i = 0; i < n; ++i) {
      const auto at = static_cast<std::uint32_t>(i);
      z.SetValue(at, static_cast<float>(x.GetValue(at)) + static_cast<float>(y.GetValue(at)));
    }
    PipeBarrier<PIPE_ALL>();
  }
};

}  // namespace etalon::kernels::npu
