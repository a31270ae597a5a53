// SPDX-License-Identifier: Apache-2.0
#pragma once

// Quantisation on the vector cores, in Ascend C: q = x / scale in 8 bits with scale = largest |x| / largest
// q, one scale per row (a token, or a block of 128 of one when rows are those), or one for all: then the
// cores agree on the largest value through memory. And the sum of squares of a tensor.

#include "kernels/npu/row_ops.h"
#include "kernels/npu/stream.h"

namespace etalon::kernels::npu {

struct QuantiseTiling {
  std::int64_t rows = 0, columns = 0;  // contiguous; a row shares a scale
  std::int32_t tile_rows = 1;          // rows at a time, if they fit whole
  std::int32_t chunk = 4096;           // columns at a time, a multiple of 64
};

template <class Q>
constexpr float kLargestQuantised = std::is_same<Q, std::int8_t>::value ? 127.0f : 448.0f;

// Elements at a time that fit in `ub_bytes`.
template <class T>
constexpr std::int32_t quantise_chunk(std::int64_t ub_bytes) {
  return static_cast<std::int32_t>((ub_bytes - 16384) / (2 * static_cast<std::int64_t>(sizeof(T)) + 10) / 64 *
                                   64);
}

template <class T, class Q, bool per_tensor>
class Quantise {
  using Reals = row::Reals;

 public:
  // scales: fp32, one per row; per tensor: one, and zero before.
  __aicore__ void Init(GmAddress x, GmAddress q, GmAddress scales, const QuantiseTiling& tiling) {
    t_ = tiling;
    x_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(x));
    q_.SetGlobalBuffer(reinterpret_cast<__gm__ Q*>(q));
    scales_.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(scales));
    pitch_ = row::min(t_.chunk, row::align(t_.columns, 64));
    if (t_.columns > t_.chunk) t_.tile_rows = 1;
    const auto n = static_cast<std::uint32_t>(pitch_ * t_.tile_rows);
    pipe_.InitBuffer(in_, 2, n * static_cast<std::uint32_t>(sizeof(T)));
    pipe_.InitBuffer(out_, 2, n);
    pipe_.InitBuffer(real_, n * 4);
    pipe_.InitBuffer(room_, n * 4);
    pipe_.InitBuffer(reduce_, static_cast<std::uint32_t>(pitch_ / 64 * 4 + 32));
    const auto values = static_cast<std::uint32_t>(row::align(t_.tile_rows, 8));
    pipe_.InitBuffer(values_, 2 * values * 4);
    pipe_.InitBuffer(blocks_, (values + 8) * 32);
    pipe_.InitBuffer(scales_out_, 2, values * 4);
    pipe_.InitBuffer(largest_, 64);
    if (per_tensor) pipe_.InitBuffer(agreed_, 1, 32);
  }

  __aicore__ void Process() {
    using namespace AscendC;
    const row::Share mine = row::share_of(row::ceil_div(t_.rows, t_.tile_rows));
    if (per_tensor) {
      Duplicate(largest_.template Get<float>(), 1e-12f, 8);
      for (std::int64_t i = mine.first; i < mine.last; ++i) extremes(i);
      agree();
    }
    for (std::int64_t i = mine.first; i < mine.last; ++i) {
      if (!per_tensor) extremes(i);
      scale(i);
    }
    in_.FreeAllEvent();
    out_.FreeAllEvent();
    scales_out_.FreeAllEvent();
  }

 private:
  __aicore__ std::int64_t rows_of(std::int64_t i) const {
    return row::min(t_.tile_rows, t_.rows - i * t_.tile_rows);
  }
  __aicore__ Reals values() const { return values_.template Get<float>(); }
  static __aicore__ void barrier() { AscendC::PipeBarrier<PIPE_V>(); }

  __aicore__ void load(std::int64_t i, std::int64_t c, std::int64_t rows, std::int64_t n) {
    using namespace AscendC;
    LocalTensor<T> x = in_.template AllocTensor<T>();
    row::load_rows(x, x_[static_cast<std::uint64_t>(i * t_.tile_rows * t_.columns + c)], rows, n, pitch_,
                   t_.columns);
    in_.EnQue(x);
    x = in_.template DeQue<T>();
    barrier();
    row::to_reals(real_.template Get<float>(), x, (rows - 1) * pitch_ + n);
    in_.FreeTensor(x);
    barrier();
  }
  // Largest |x| of each row of tile i, divided to a scale; per tensor only the largest of all.
  __aicore__ void extremes(std::int64_t i) {
    using namespace AscendC;
    const std::int64_t rows = rows_of(i);
    const Reals real = real_.template Get<float>(), room = room_.template Get<float>(),
                reduce = reduce_.template Get<float>(), part = row::at(values(), row::align(t_.tile_rows, 8));
    const auto count = static_cast<std::int32_t>(rows);
    for (std::int64_t c = 0; c < t_.columns; c += pitch_) {
      const std::int64_t n = row::min(pitch_, t_.columns - c);
      load(i, c, rows, n);
      Abs(room, real, static_cast<std::int32_t>((rows - 1) * pitch_ + n));
      barrier();
      row::maxima(c == 0 ? values() : part, room, reduce, rows, n, pitch_);
      barrier();
      if (c > 0) Max(values(), values(), part, count);
    }
    barrier();
    if (per_tensor) {
      const Reals largest = largest_.template Get<float>();
      ReduceMax(part, values(), reduce, count);
      barrier();
      Max(largest, largest, part, 1);
      barrier();
      return;
    }
    Maxs(values(), values(), 1e-12f, count);
    barrier();
    Muls(values(), values(), 1.0f / kLargestQuantised<Q>, count);
    barrier();
    Reals out = scales_out_.template AllocTensor<float>();
    Adds(out, values(), 0.0f, count);
    scales_out_.EnQue(out);
    out = scales_out_.template DeQue<float>();
    row::store_rows(scales_[static_cast<std::uint64_t>(i * t_.tile_rows)], out, 1, rows, rows, rows);
    scales_out_.FreeTensor(out);
    row::spread(blocks_.template Get<float>(), values(), rows);
    barrier();
  }
  // The largest of all cores, through memory; block 0 then holds the scale.
  __aicore__ void agree() {
    using namespace AscendC;
    const Reals largest = largest_.template Get<float>();
    barrier();
    Muls(largest, largest, 1.0f / kLargestQuantised<Q>, 8);
    SetAtomicMax<float>();
    row::emit(scales_out_, scales_, 1, largest);
    SetAtomicNone();
    PipeBarrier<PIPE_ALL>();
    SyncAll();
    row::Reals agreed = agreed_.template AllocTensor<float>();
    row::load_rows(agreed, scales_, 1, 1, 8, 1);
    agreed_.EnQue(agreed);
    agreed = agreed_.template DeQue<float>();
    row::spread(blocks_.template Get<float>(), agreed, 1);
    agreed_.FreeTensor(agreed);
    agreed_.FreeAllEvent();
    barrier();
  }
  __aicore__ void scale(std::int64_t i) {
    using namespace AscendC;
    const std::int64_t rows = rows_of(i);
    const Reals real = real_.template Get<float>(), blocks = blocks_.template Get<float>();
    const bool again = per_tensor || t_.columns > pitch_;
    for (std::int64_t c = 0; c < t_.columns; c += pitch_) {
      const std::int64_t n = row::min(pitch_, t_.columns - c);
      if (again) load(i, c, rows, n);
      for (std::int64_t r = 0; r < rows; ++r) {
        const Reals line = row::at(real, r * pitch_);
        row::apply<row::Step::divide>(line, line, row::at(blocks, per_tensor ? 0 : 8 * r), 1, n, pitch_);
      }
      barrier();
      LocalTensor<Q> q = out_.template AllocTensor<Q>();
      round(q, real, static_cast<std::uint32_t>((rows - 1) * pitch_ + n));
      out_.EnQue(q);
      q = out_.template DeQue<Q>();
      row::store_rows(q_[static_cast<std::uint64_t>(i * t_.tile_rows * t_.columns + c)], q, rows, n, pitch_,
                      t_.columns);
      out_.FreeTensor(q);
    }
  }
  // int8 goes through fp16, as the cores have no direct way.
  __aicore__ void round(const AscendC::LocalTensor<Q>& q, const Reals& real, std::uint32_t n) {
    using namespace AscendC;
    if constexpr (std::is_same<Q, std::int8_t>::value) {
      const LocalTensor<half> narrow = room_.template Get<half>();
      Cast(narrow, real, RoundMode::CAST_RINT, n);
      barrier();
      Cast(q, narrow, RoundMode::CAST_RINT, n);
    } else {
      Cast(q, real, RoundMode::CAST_RINT, n);
    }
  }

  QuantiseTiling t_;
  std::int64_t pitch_ = 0;
  AscendC::TPipe pipe_;
  AscendC::TQue<AscendC::TPosition::VECIN, 2> in_, agreed_;
  AscendC::TQue<AscendC::TPosition::VECOUT, 2> out_, scales_out_;
  AscendC::TBuf<AscendC::TPosition::VECCALC> real_, room_, reduce_, values_, blocks_, largest_;
  AscendC::GlobalTensor<T> x_;
  AscendC::GlobalTensor<Q> q_;
  AscendC::GlobalTensor<float> scales_;
};

template <class T, class Q, bool per_tensor>
__global__ __aicore__ void quantise_kernel(GmAddress x, GmAddress q, GmAddress scales,
                                           const QuantiseTiling& tiling) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_AIV_ONLY);
  Quantise<T, Q, per_tensor> kernel;
  kernel.Init(x, q, scales, tiling);
  kernel.Process();
}

// sum[0] += sum of x^2 over `elements`, fp32.
template <class T>
class SquareSum {
 public:
  __aicore__ void Init(GmAddress x, GmAddress sum, std::int64_t elements, std::int32_t chunk) {
    elements_ = elements;
    chunk_ = chunk;
    x_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(x));
    sum_.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(sum));
    const auto n = static_cast<std::uint32_t>(chunk);
    pipe_.InitBuffer(in_, 2, n * static_cast<std::uint32_t>(sizeof(T)));
    pipe_.InitBuffer(out_, 1, 32);
    pipe_.InitBuffer(real_, n * 4);
    pipe_.InitBuffer(reduce_, n / 64 * 4 + 32);
    pipe_.InitBuffer(values_, 64);
  }
  __aicore__ void Process() {
    using namespace AscendC;
    const row::Share mine = row::share_of(row::ceil_div(elements_, chunk_));
    const row::Reals real = real_.template Get<float>(), total = values_.template Get<float>(),
                     part = total[8];
    Duplicate(total, 0.0f, 8);
    for (std::int64_t i = mine.first; i < mine.last; ++i) {
      const std::int64_t n = row::min(chunk_, elements_ - i * chunk_);
      row::fetch(in_, x_[static_cast<std::uint64_t>(i * chunk_)], n, real);
      PipeBarrier<PIPE_V>();
      Mul(real, real, real, static_cast<std::int32_t>(n));
      PipeBarrier<PIPE_V>();
      ReduceSum(part, real, reduce_.template Get<float>(), static_cast<std::int32_t>(n));
      PipeBarrier<PIPE_V>();
      Add(total, total, part, 1);
    }
    SetAtomicAdd<float>();
    row::emit(out_, sum_, 1, total);
    SetAtomicNone();
    in_.FreeAllEvent();
    out_.FreeAllEvent();
  }

 private:
  std::int64_t elements_ = 0, chunk_ = 0;
  AscendC::TPipe pipe_;
  AscendC::TQue<AscendC::TPosition::VECIN, 2> in_;
  AscendC::TQue<AscendC::TPosition::VECOUT, 1> out_;
  AscendC::TBuf<AscendC::TPosition::VECCALC> real_, reduce_, values_;
  AscendC::GlobalTensor<T> x_;
  AscendC::GlobalTensor<float> sum_;
};

template <class T>
__global__ __aicore__ void square_sum_kernel(GmAddress x, GmAddress sum, std::int64_t elements,
                                             std::int32_t chunk) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_AIV_ONLY);
  SquareSum<T> kernel;
  kernel.Init(x, sum, elements, chunk);
  kernel.Process();
}

}  // namespace etalon::kernels::npu
