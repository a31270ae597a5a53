// SPDX-License-Identifier: Apache-2.0
#pragma once

// Transposition of a matrix of 16-bit elements on the vector cores, in Ascend C: tiles of up to 128 x 128
// come in row by row, their 16 x 16 blocks are gathered, turned and put in place, and the turned tile goes
// out.

#include "kernels/npu/row_ops.h"
#include "kernels/npu/stream.h"

namespace etalon::kernels::npu {

struct TransposeTiling {
  std::int64_t rows = 0, columns = 0;  // of the input
};

template <class T>
class TransposeMatrix {
  static_assert(sizeof(T) == 2, "16-bit elements");

 public:
  __aicore__ void Init(GmAddress x, GmAddress y, const TransposeTiling& tiling) {
    t_ = tiling;
    x_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(x));
    y_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(y));
    pipe_.InitBuffer(in_, 2, kTile * kTile * 2);
    pipe_.InitBuffer(out_, 2, kTile * kTile * 2);
    pipe_.InitBuffer(block_, 2 * 512);
  }
  __aicore__ void Process() {
    const std::int64_t across = row::ceil_div(t_.columns, kTile);
    const row::Share mine = row::share_of(across * row::ceil_div(t_.rows, kTile));
    for (std::int64_t i = mine.first; i < mine.last; ++i) run(i / across * kTile, i % across * kTile);
    in_.FreeAllEvent();
    out_.FreeAllEvent();
  }

 private:
  static constexpr std::int64_t kTile = 128;

  __aicore__ void run(std::int64_t row0, std::int64_t column0) {
    using namespace AscendC;
    const std::int64_t rows = row::min(kTile, t_.rows - row0),
                       columns = row::min(kTile, t_.columns - column0);
    LocalTensor<T> x = in_.template AllocTensor<T>();
    DataCopyPad(x, x_[static_cast<std::uint64_t>(row0 * t_.columns + column0)],
                DataCopyExtParams(static_cast<std::uint16_t>(rows), static_cast<std::uint32_t>(columns * 2),
                                  static_cast<std::uint32_t>((t_.columns - columns) * 2), gap(columns), 0),
                DataCopyPadExtParams<T>());
    in_.EnQue(x);
    x = in_.template DeQue<T>();
    LocalTensor<T> y = out_.template AllocTensor<T>();
    const LocalTensor<T> block = block_.template Get<T>(), turned = block[256];
    for (std::int64_t r = 0; r < rows; r += 16) {
      for (std::int64_t c = 0; c < columns; c += 16) {
        PipeBarrier<PIPE_V>();
        DataCopy(block, x[static_cast<std::uint32_t>(r * kTile + c)],
                 DataCopyParams(16, 1, kTile / 16 - 1, 0));
        PipeBarrier<PIPE_V>();
        Transpose(turned, block);
        PipeBarrier<PIPE_V>();
        DataCopy(y[static_cast<std::uint32_t>(c * kTile + r)], turned,
                 DataCopyParams(16, 1, 0, kTile / 16 - 1));
      }
    }
    in_.FreeTensor(x);
    out_.EnQue(y);
    y = out_.template DeQue<T>();
    DataCopyPad(y_[static_cast<std::uint64_t>(column0 * t_.rows + row0)], y,
                DataCopyExtParams(static_cast<std::uint16_t>(columns), static_cast<std::uint32_t>(rows * 2),
                                  gap(rows), static_cast<std::uint32_t>((t_.rows - rows) * 2), 0));
    out_.FreeTensor(y);
  }
  // Blocks of 32 bytes from the end of a row of `n` elements to the next row of the tile.
  static constexpr std::uint32_t gap(std::int64_t n) {
    return static_cast<std::uint32_t>((kTile - row::align(n, 16)) / 16);
  }

  TransposeTiling t_;
  AscendC::TPipe pipe_;
  AscendC::TQue<AscendC::TPosition::VECIN, 2> in_;
  AscendC::TQue<AscendC::TPosition::VECOUT, 2> out_;
  AscendC::TBuf<AscendC::TPosition::VECCALC> block_;
  AscendC::GlobalTensor<T> x_, y_;
};

template <class T>
__global__ __aicore__ void transpose_kernel(GmAddress x, GmAddress y, const TransposeTiling& tiling) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_AIV_ONLY);
  TransposeMatrix<T> kernel;
  kernel.Init(x, y, tiling);
  kernel.Process();
}

}  // namespace etalon::kernels::npu
