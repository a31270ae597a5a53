// SPDX-License-Identifier: Apache-2.0
#pragma once

// Rows by index on the vector cores, in Ascend C: embedding look-up and the permutation of tokens to experts
// (out[i] = x[index[i]]), its gradient (out[index[i]] += x[i]), and the way back (out[t] = sum over j of
// weight[t, j] x[index[t, j]]). Indices are read by the scalar unit: give them as a control buffer where only
// time is wanted.

#include "kernels/npu/row_ops.h"
#include "kernels/npu/stream.h"

namespace etalon::kernels::npu {

struct GatherTiling {
  std::int64_t rows = 0, columns = 0;  // of the output (scatter: of the input)
  std::int32_t choices = 1;            // rows that each output row sums (unpermute)
  std::int32_t chunk = 8192;           // columns at a time, a multiple of 64
};

// Columns of a row in pieces that fit.
template <class Body>
__aicore__ inline void for_chunks(const GatherTiling& t, Body&& body) {
  for (std::int64_t c = 0; c < t.columns; c += t.chunk) body(c, row::min(t.chunk, t.columns - c));
}

// scatter: the other way, added to what is there (the gradient of a look-up).
template <class T, bool scatter>
class GatherRows {
 public:
  __aicore__ void Init(GmAddress x, GmAddress index, GmAddress y, const GatherTiling& tiling) {
    t_ = tiling;
    x_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(x));
    y_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(y));
    index_.SetGlobalBuffer(reinterpret_cast<__gm__ std::int32_t*>(index));
    const std::int64_t n = row::min(t_.chunk, row::align(t_.columns, 64));
    pipe_.InitBuffer(rows_, 4, static_cast<std::uint32_t>(n * static_cast<std::int64_t>(sizeof(T))));
  }
  __aicore__ void Process() {
    using namespace AscendC;
    const row::Share mine = row::share_of(t_.rows);
    if (scatter) SetAtomicAdd<T>();
    for (std::int64_t i = mine.first; i < mine.last; ++i) {
      const std::int64_t other = index_.GetValue(static_cast<std::uint64_t>(i));
      const std::int64_t from = scatter ? i : other, to = scatter ? other : i;
      for_chunks(t_, [&](std::int64_t c, std::int64_t n) {
        LocalTensor<T> line = rows_.template AllocTensor<T>();
        row::load_rows(line, x_[static_cast<std::uint64_t>(from * t_.columns + c)], 1, n, n, n);
        rows_.EnQue(line);
        line = rows_.template DeQue<T>();
        row::store_rows(y_[static_cast<std::uint64_t>(to * t_.columns + c)], line, 1, n, n, n);
        rows_.FreeTensor(line);
      });
    }
    if (scatter) SetAtomicNone();
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
    chunk_ = row::min(t_.chunk, row::align(t_.columns, 64));
    x_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(x));
    y_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(y));
    index_.SetGlobalBuffer(reinterpret_cast<__gm__ std::int32_t*>(index));
    weight_.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(weight));
    const auto n = static_cast<std::uint32_t>(chunk_);
    pipe_.InitBuffer(in_, 2, n * static_cast<std::uint32_t>(sizeof(T)));
    pipe_.InitBuffer(out_, 2, n * static_cast<std::uint32_t>(sizeof(T)));
    pipe_.InitBuffer(weights_, 2, static_cast<std::uint32_t>(row::align(t_.choices, 8) * 4));
    pipe_.InitBuffer(blocks_, static_cast<std::uint32_t>(row::align(t_.choices, 8) * 32));
    pipe_.InitBuffer(real_, n * 4);
    pipe_.InitBuffer(sum_, n * 4);
  }
  __aicore__ void Process() {
    const row::Share mine = row::share_of(t_.rows);
    for (std::int64_t i = mine.first; i < mine.last; ++i) {
      load_weights(i);
      for_chunks(t_, [&](std::int64_t c, std::int64_t n) { run(i, c, n); });
    }
    in_.FreeAllEvent();
    out_.FreeAllEvent();
    weights_.FreeAllEvent();
  }

 private:
  __aicore__ void load_weights(std::int64_t i) {
    using namespace AscendC;
    row::Reals weights = weights_.template AllocTensor<float>();
    row::load_rows(weights, weight_[static_cast<std::uint64_t>(i * t_.choices)], 1, t_.choices, t_.choices,
                   t_.choices);
    weights_.EnQue(weights);
    weights = weights_.template DeQue<float>();
    PipeBarrier<PIPE_V>();
    row::spread(blocks_.template Get<float>(), weights, t_.choices);
    weights_.FreeTensor(weights);
  }
  __aicore__ void run(std::int64_t i, std::int64_t c, std::int64_t n) {
    using namespace AscendC;
    const row::Reals blocks = blocks_.template Get<float>(), real = real_.template Get<float>(),
                     sum = sum_.template Get<float>();
    for (std::int32_t j = 0; j < t_.choices; ++j) {
      const std::int64_t from = index_.GetValue(static_cast<std::uint64_t>(i * t_.choices + j));
      row::fetch(in_, x_[static_cast<std::uint64_t>(from * t_.columns + c)], n, real);
      PipeBarrier<PIPE_V>();
      row::apply<row::Step::multiply>(j == 0 ? sum : real, real, row::at(blocks, 8 * j), 1, n, chunk_);
      PipeBarrier<PIPE_V>();
      if (j > 0) Add(sum, sum, real, static_cast<std::int32_t>(n));
    }
    row::emit(out_, y_[static_cast<std::uint64_t>(i * t_.columns + c)], n, sum);
  }

  GatherTiling t_;
  std::int64_t chunk_ = 0;
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
  GatherRows<T, false> kernel;
  kernel.Init(x, index, y, tiling);
  kernel.Process();
}
// y[index[i]] += x[i].
template <class T>
__global__ __aicore__ void scatter_rows_kernel(GmAddress x, GmAddress index, GmAddress y,
                                               const GatherTiling& tiling) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_AIV_ONLY);
  GatherRows<T, true> kernel;
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
