// SPDX-License-Identifier: Apache-2.0
#pragma once

// Cross-entropy loss of rows of logits on the vector cores, in Ascend C: loss[r] = log(sum of exp(x[r, :])) -
// x[r, label]. Rows pass in chunks with a running maximum and sum, so that any vocabulary fits. The label is
// read by the scalar unit.

#include "kernels/npu/row_ops.h"
#include "kernels/npu/stream.h"

namespace etalon::kernels::npu {

struct CrossEntropyTiling {
  std::int64_t rows = 0, columns = 0, pitch = 0;  // pitch: elements from row to row
  std::int32_t chunk = 8192;                      // elements at a time, a multiple of 64
  float scale = 1.0f;                             // of the gradient
};

template <class T>
class CrossEntropy {
 public:
  __aicore__ void Init(GmAddress logits, GmAddress labels, GmAddress loss, const CrossEntropyTiling& tiling) {
    t_ = tiling;
    x_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(logits));
    labels_.SetGlobalBuffer(reinterpret_cast<__gm__ std::int32_t*>(labels));
    loss_.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(loss));
    pipe_.InitBuffer(in_, 2, static_cast<std::uint32_t>(t_.chunk) * static_cast<std::uint32_t>(sizeof(T)));
    pipe_.InitBuffer(out_, 2, 32);
    pipe_.InitBuffer(real_, static_cast<std::uint32_t>(t_.chunk) * 4);
    pipe_.InitBuffer(reduce_, static_cast<std::uint32_t>(t_.chunk) / 64 * 4 + 32);
    pipe_.InitBuffer(values_, 5 * 32);
    pipe_.InitBuffer(block_, 256);
  }
  __aicore__ void Process() {
    using namespace AscendC;
    const row::Share mine = row::share_of(t_.rows);
    for (std::int64_t r = mine.first; r < mine.last; ++r) run(r);
    in_.FreeAllEvent();
    out_.FreeAllEvent();
  }

 private:
  enum { kMaximum, kSum, kNew, kPart, kTarget };
  __aicore__ row::Reals value(int which) const {
    return values_.template Get<float>()[static_cast<std::uint32_t>(which * 8)];
  }

  __aicore__ void run(std::int64_t r) {
    using namespace AscendC;
    const row::Reals x = real_.template Get<float>(), reduce = reduce_.template Get<float>(),
                     block = block_.template Get<float>();
    Duplicate(values_.template Get<float>(), 0.0f, 40);
    PipeBarrier<PIPE_V>();
    Duplicate(value(kMaximum), -1e30f, 8);
    for (std::int64_t c = 0; c < t_.columns; c += t_.chunk) {
      const std::int64_t n = row::min(t_.chunk, t_.columns - c);
      const auto count = static_cast<std::int32_t>(n);
      row::fetch(in_, x_[static_cast<std::uint64_t>(r * t_.pitch + c)], n, x);
      PipeBarrier<PIPE_V>();
      ReduceMax(value(kPart), x, reduce, count);
      PipeBarrier<PIPE_V>();
      Max(value(kNew), value(kMaximum), value(kPart), 8);
      PipeBarrier<PIPE_V>();
      Sub(value(kMaximum), value(kMaximum), value(kNew), 8);
      row::spread(block, value(kNew), 1);
      PipeBarrier<PIPE_V>();
      Exp(value(kMaximum), value(kMaximum), 8);
      row::apply<row::Step::subtract>(x, x, block, 1, n, t_.chunk);
      PipeBarrier<PIPE_V>();
      Mul(value(kSum), value(kSum), value(kMaximum), 8);
      Exp(x, x, count);
      PipeBarrier<PIPE_V>();
      ReduceSum(value(kPart), x, reduce, count);
      Adds(value(kMaximum), value(kNew), 0.0f, 8);
      PipeBarrier<PIPE_V>();
      Add(value(kSum), value(kSum), value(kPart), 8);
      PipeBarrier<PIPE_V>();
    }
    const std::int64_t label = labels_.GetValue(static_cast<std::uint64_t>(r));
    row::fetch(in_, x_[static_cast<std::uint64_t>(r * t_.pitch + label)], 1, value(kTarget));
    PipeBarrier<PIPE_V>();
    row::Reals out = out_.template AllocTensor<float>();
    Ln(out, value(kSum), 1);
    PipeBarrier<PIPE_V>();
    Add(out, out, value(kMaximum), 1);
    PipeBarrier<PIPE_V>();
    Sub(out, out, value(kTarget), 1);
    out_.EnQue(out);
    out = out_.template DeQue<float>();
    row::store_rows(loss_[static_cast<std::uint64_t>(r)], out, 1, 1, 8, 1);
    out_.FreeTensor(out);
  }

  CrossEntropyTiling t_;
  AscendC::TPipe pipe_;
  AscendC::TQue<AscendC::TPosition::VECIN, 2> in_;
  AscendC::TQue<AscendC::TPosition::VECOUT, 2> out_;
  AscendC::TBuf<AscendC::TPosition::VECCALC> real_, reduce_, values_, block_;
  AscendC::GlobalTensor<T> x_;
  AscendC::GlobalTensor<std::int32_t> labels_;
  AscendC::GlobalTensor<float> loss_;
};

// Its gradient: dx[r, c] = scale (exp(x[r, c] - log_sum[r]) - [c = label[r]]), log_sum[r] = log(sum of
// exp(x[r, :])). The label's element is written once more after the row.
template <class T, class O>
class CrossEntropyGradient {
 public:
  __aicore__ void Init(GmAddress logits, GmAddress labels, GmAddress log_sum, GmAddress dx,
                       const CrossEntropyTiling& tiling) {
    t_ = tiling;
    x_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(logits));
    dx_.SetGlobalBuffer(reinterpret_cast<__gm__ O*>(dx));
    labels_.SetGlobalBuffer(reinterpret_cast<__gm__ std::int32_t*>(labels));
    log_sum_.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(log_sum));
    const auto n = static_cast<std::uint32_t>(t_.chunk);
    pipe_.InitBuffer(in_, 2, n * static_cast<std::uint32_t>(sizeof(T)));
    pipe_.InitBuffer(sums_, 2, 32);
    pipe_.InitBuffer(out_, 2, n * static_cast<std::uint32_t>(sizeof(O)));
    pipe_.InitBuffer(real_, n * 4);
    pipe_.InitBuffer(sum_, 32);
    pipe_.InitBuffer(block_, 256);
  }
  __aicore__ void Process() {
    const row::Share mine = row::share_of(t_.rows);
    for (std::int64_t r = mine.first; r < mine.last; ++r) run(r);
    in_.FreeAllEvent();
    sums_.FreeAllEvent();
    out_.FreeAllEvent();
  }

 private:
  __aicore__ void run(std::int64_t r) {
    using namespace AscendC;
    const row::Reals sum = sum_.template Get<float>();
    row::fetch(sums_, log_sum_[static_cast<std::uint64_t>(r)], 1, sum);
    PipeBarrier<PIPE_V>();
    row::spread(block_.template Get<float>(), sum, 1);
    for (std::int64_t c = 0; c < t_.columns; c += t_.chunk)
      piece(r, c, row::min(t_.chunk, t_.columns - c), 0.0f);
    const std::int64_t label = labels_.GetValue(static_cast<std::uint64_t>(r));
    PipeBarrier<PIPE_MTE3>();  // after what the row wrote there
    piece(r, label, 1, 1.0f);
    PipeBarrier<PIPE_MTE3>();
  }
  __aicore__ void piece(std::int64_t r, std::int64_t c, std::int64_t n, float target) {
    using namespace AscendC;
    const row::Reals x = real_.template Get<float>();
    const auto at = static_cast<std::uint64_t>(r * t_.pitch + c);
    const auto count = static_cast<std::int32_t>(n);
    row::fetch(in_, x_[at], n, x);
    PipeBarrier<PIPE_V>();
    row::apply<row::Step::subtract>(x, x, block_.template Get<float>(), 1, n, t_.chunk);
    PipeBarrier<PIPE_V>();
    Exp(x, x, count);
    PipeBarrier<PIPE_V>();
    if (target != 0.0f) {
      Adds(x, x, -target, count);
      PipeBarrier<PIPE_V>();
    }
    Muls(x, x, t_.scale, count);
    row::emit(out_, dx_[at], n, x);
  }

  CrossEntropyTiling t_;
  AscendC::TPipe pipe_;
  AscendC::TQue<AscendC::TPosition::VECIN, 2> in_, sums_;
  AscendC::TQue<AscendC::TPosition::VECOUT, 2> out_;
  AscendC::TBuf<AscendC::TPosition::VECCALC> real_, sum_, block_;
  AscendC::GlobalTensor<T> x_;
  AscendC::GlobalTensor<O> dx_;
  AscendC::GlobalTensor<std::int32_t> labels_;
  AscendC::GlobalTensor<float> log_sum_;
};

template <class T, class O = T>
__global__ __aicore__ void cross_entropy_gradient_kernel(GmAddress logits, GmAddress labels,
                                                         GmAddress log_sum, GmAddress dx,
                                                         const CrossEntropyTiling& tiling) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_AIV_ONLY);
  CrossEntropyGradient<T, O> kernel;
  kernel.Init(logits, labels, log_sum, dx, tiling);
  kernel.Process();
}
template <class T>
__global__ __aicore__ void cross_entropy_kernel(GmAddress logits, GmAddress labels, GmAddress loss,
                                                const CrossEntropyTiling& tiling) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_AIV_ONLY);
  CrossEntropy<T> kernel;
  kernel.Init(logits, labels, loss, tiling);
  kernel.Process();
}

}  // namespace etalon::kernels::npu
