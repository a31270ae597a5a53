// SPDX-License-Identifier: Apache-2.0
#pragma once

// Rows by index on the vector cores, in Ascend C: embedding look-up and the permutation of tokens to experts
// (out[i] = x[index[i]]), and the way back (out[t] = sum over j of weight[t, j] x[index[t, j]]). Indices are
// read by the scalar unit: give them as a control buffer where only time is wanted.

#include "kernels/npu/row_ops.h"
#include "kernels/npu/stream.h"

namespace etalon::kernels::npu {

struct GatherTiling {
  std::int64_t rows = 0, columns = 0;  // of the output
  std::int32_t choices = 1;            // rows that each output row sums (unpermute)
};

template <class T>
class GatherRows {
 public:
  __aicore__ void Init(GmAddress x, GmAddress index, GmAddress y, const GatherTiling& tiling) {
    t_ = tiling;
    x_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(x));
    y_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(y));
    index_.SetGlobalBuffer(reinterpret_cast<__gm__ std::int32_t*>(index));
    pipe_.InitBuffer(
        rows_, 4,
        static_cast<std::uint32_t>(row::align(t_.columns * static_cast<std::int64_t>(sizeof(T)), 32)));
  }
  __aicore__ void Process() {
    using namespace AscendC;
    const std::int64_t blocks = GetBlockNum(), me = GetBlockIdx();
    for (std::int64_t i = t_.rows * me / blocks; i < t_.rows * (me + 1) / blocks; ++i) {
      const std::int64_t from = index_.GetValue(static_cast<std::uint64_t>(i));
      LocalTensor<T> line = rows_.template AllocTensor<T>();
      row::load_rows(line, x_[static_cast<std::uint64_t>(from * t_.columns)], 1, t_.columns, t_.columns,
                     t_.columns);
      rows_.EnQue(line);
      line = rows_.template DeQue<T>();
      row::store_rows(y_[static_cast<std::uint64_t>(i * t_.columns)], line, 1, t_.columns, t_.columns,
                      t_.columns);
      rows_.FreeTensor(line);
    }
    rows_.FreeAllEvent();
  }

 private:
  GatherTiling t_;
  AscendC::TPipe pipe_;
  AscendC::TQueBind<AscendC::TPosition::VECIN, AscendC::TPosition::VECOUT, 4> rows_;
  AscendC::GlobalTensor<T> x_, y_;
  AscendC::GlobalTensor<std::int32_t> index_;
};

// weights fp32 [rows, choices]; the sum is in fp32.
template <class T>
class CombineRows {
 public:
  __aicore__ void Init(GmAddress x, GmAddress index, GmAddress weight, GmAddress y,
                       const GatherTiling& tiling) {
    t_ = tiling;
    pitch_ = row::align(t_.columns, 64);
    x_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(x));
    y_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(y));
    index_.SetGlobalBuffer(reinterpret_cast<__gm__ std::int32_t*>(index));
    weight_.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(weight));
    pipe_.InitBuffer(in_, 2, static_cast<std::uint32_t>(pitch_ * static_cast<std::int64_t>(sizeof(T))));
    pipe_.InitBuffer(out_, 2, static_cast<std::uint32_t>(pitch_ * static_cast<std::int64_t>(sizeof(T))));
    pipe_.InitBuffer(weights_, 2, static_cast<std::uint32_t>(row::align(t_.choices, 8) * 4));
    pipe_.InitBuffer(blocks_, static_cast<std::uint32_t>(row::align(t_.choices, 8) * 32));
    pipe_.InitBuffer(real_, static_cast<std::uint32_t>(pitch_ * 4));
    pipe_.InitBuffer(sum_, static_cast<std::uint32_t>(pitch_ * 4));
  }
  __aicore__ void Process() {
    using namespace AscendC;
    const std::int64_t blocks = GetBlockNum(), me = GetBlockIdx();
    for (std::int64_t i = t_.rows * me / blocks; i < t_.rows * (me + 1) / blocks; ++i) run(i);
    in_.FreeAllEvent();
    out_.FreeAllEvent();
    weights_.FreeAllEvent();
  }

 private:
  __aicore__ void run(std::int64_t i) {
    using namespace AscendC;
    const row::Reals blocks = blocks_.template Get<float>(), real = real_.template Get<float>(),
                     sum = sum_.template Get<float>();
    const auto n = static_cast<std::int32_t>(t_.columns);
    row::Reals weights = weights_.template AllocTensor<float>();
    row::load_rows(weights, weight_[static_cast<std::uint64_t>(i * t_.choices)], 1, t_.choices, t_.choices,
                   t_.choices);
    weights_.EnQue(weights);
    weights = weights_.template DeQue<float>();
    PipeBarrier<PIPE_V>();
    row::spread(blocks, weights, t_.choices);
    weights_.FreeTensor(weights);
    for (std::int32_t j = 0; j < t_.choices; ++j) {
      const std::int64_t from = index_.GetValue(static_cast<std::uint64_t>(i * t_.choices + j));
      LocalTensor<T> x = in_.template AllocTensor<T>();
      row::load_rows(x, x_[static_cast<std::uint64_t>(from * t_.columns)], 1, t_.columns, pitch_, t_.columns);
      in_.EnQue(x);
      x = in_.template DeQue<T>();
      PipeBarrier<PIPE_V>();
      if constexpr (std::is_same<T, float>::value)
        Muls(real, x, 1.0f, n);
      else
        Cast(real, x, RoundMode::CAST_NONE, static_cast<std::uint32_t>(n));
      in_.FreeTensor(x);
      PipeBarrier<PIPE_V>();
      row::apply<row::Step::multiply>(j == 0 ? sum : real, real, row::at(blocks, 8 * j), 1, t_.columns,
                                      pitch_);
      PipeBarrier<PIPE_V>();
      if (j > 0) Add(sum, sum, real, n);
    }
    PipeBarrier<PIPE_V>();
    LocalTensor<T> y = out_.template AllocTensor<T>();
    if constexpr (std::is_same<T, float>::value)
      Muls(y, sum, 1.0f, n);
    else
      Cast(y, sum, RoundMode::CAST_RINT, static_cast<std::uint32_t>(n));
    out_.EnQue(y);
    y = out_.template DeQue<T>();
    row::store_rows(y_[static_cast<std::uint64_t>(i * t_.columns)], y, 1, t_.columns, pitch_, t_.columns);
    out_.FreeTensor(y);
  }

  GatherTiling t_;
  std::int64_t pitch_ = 0;
  AscendC::TPipe pipe_;
  AscendC::TQue<AscendC::TPosition::VECIN, 2> in_, weights_;
  AscendC::TQue<AscendC::TPosition::VECOUT, 2> out_;
  AscendC::TBuf<AscendC::TPosition::VECCALC> blocks_, real_, sum_;
  AscendC::GlobalTensor<T> x_, y_;
  AscendC::GlobalTensor<std::int32_t> index_;
  AscendC::GlobalTensor<float> weight_;
};

template <class T>
__global__ __aicore__ void gather_rows_kernel(GmAddress x, GmAddress index, GmAddress y,
                                              const GatherTiling& tiling) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_AIV_ONLY);
  GatherRows<T> kernel;
  kernel.Init(x, index, y, tiling);
  kernel.Process();
}
template <class T>
__global__ __aicore__ void combine_rows_kernel(GmAddress x, GmAddress index, GmAddress weight, GmAddress y,
                                               const GatherTiling& tiling) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_AIV_ONLY);
  CombineRows<T> kernel;
  kernel.Init(x, index, weight, y, tiling);
  kernel.Process();
}

}  // namespace etalon::kernels::npu
