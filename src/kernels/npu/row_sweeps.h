// SPDX-License-Identifier: Apache-2.0
#pragma once

// Rows of any length on the vector cores, in Ascend C: RMSNorm, LayerNorm and softmax forward, and their
// gradients. A core takes blocks of rows and sweeps over them chunk by chunk of columns: first for the sums
// of each row, then for the results; a row that fits in UB is read once. fp32 inside, the tensors' type
// outside.
//
// Gradients. Softmax of y: dx = scale y (dy - sum(y dy)). Norms, with xhat the normalised row and d = dy
// gamma: dx = (d - xhat mean(d xhat) [- mean(d)]) / deviation, dgamma = sum over rows of dy xhat, dbeta = of
// dy.

#include "kernels/npu/row_ops.h"
#include "kernels/npu/stream.h"

namespace etalon::kernels::npu {

enum class RowOperation { rms_norm, layer_norm, softmax };

struct SweepTiling {
  std::int64_t rows = 0, columns = 0;  // contiguous
  std::int32_t chunk = 4096;           // columns at a time, a multiple of 64
  std::int32_t rows_at_once = 32;      // of a block that is swept over together, at most 32
  float epsilon = 1e-6f;
  float scale = 1.0f;  // softmax: of the input
};

// The longest chunk that fits in `ub_bytes`.
template <class T, class O = T>
constexpr std::int32_t sweep_chunk(std::int64_t ub_bytes) {
  return static_cast<std::int32_t>((ub_bytes - 8192) /
                                   (2 * static_cast<std::int64_t>(sizeof(T) + sizeof(O)) + 28) / 64 * 64);
}

// The results are of type O.
template <class T, class O, RowOperation operation, bool gradient>
class RowSweeps {
  static constexpr bool kLayer = operation == RowOperation::layer_norm,
                        kSoftmax = operation == RowOperation::softmax, kGamma = !kSoftmax;
  static constexpr int kSweeps = kLayer ? 3 : 2;   // the last one gives the results
  static constexpr std::int64_t kRowsAtOnce = 32;  // of a block whose sums are kept
  using Reals = row::Reals;

 public:
  // x (softmax gradient: y), dy, out: rows x columns of T; gamma, beta: columns of T; dgamma, dbeta: columns
  // of fp32 that are added to. What the operation does not have is null.
  __aicore__ void Init(GmAddress x, GmAddress dy, GmAddress gamma, GmAddress beta, GmAddress out,
                       GmAddress dgamma, GmAddress dbeta, const SweepTiling& tiling) {
    t_ = tiling;
    x_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(x));
    dy_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(dy));
    gamma_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(gamma));
    beta_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(beta));
    out_gm_.SetGlobalBuffer(reinterpret_cast<__gm__ O*>(out));
    dgamma_.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(dgamma));
    dbeta_.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(dbeta));
    chunk_ = row::min(t_.chunk, row::align(t_.columns, 64));
    const auto n = static_cast<std::uint32_t>(chunk_);
    pipe_.InitBuffer(in_, 2, n * static_cast<std::uint32_t>(sizeof(T)));
    pipe_.InitBuffer(out_, 2, n * static_cast<std::uint32_t>(sizeof(O)));
    pipe_.InitBuffer(reals_, n * 4 * kReals);
    pipe_.InitBuffer(reduce_, n / 64 * 4 + 32);
    pipe_.InitBuffer(values_, kRowsAtOnce * kValues * 32 + 32);
    pipe_.InitBuffer(blocks_, kValues * 256);
  }

  __aicore__ void Process() {
    const row::Share mine = row::share_of(t_.rows);
    const bool whole = chunk_ >= t_.columns;
    if (mine.first == mine.last) return;
    if (whole) begin_chunk(0, t_.columns);
    const std::int64_t at_once = row::min(kRowsAtOnce, t_.rows_at_once);
    for (std::int64_t row0 = mine.first; row0 < mine.last; row0 += at_once) {
      const std::int64_t rows = row::min(at_once, mine.last - row0);
      clear_values();
      if (whole) {
        for (std::int64_t r = 0; r < rows; ++r) {
          load(row0 + r, 0, t_.columns);
          for (int sweep = 0; sweep < kSweeps; ++sweep) step(sweep, row0 + r, r, 0, t_.columns);
        }
        continue;
      }
      for (int sweep = 0; sweep < kSweeps; ++sweep) {
        for (std::int64_t c = 0; c < t_.columns; c += chunk_) {
          const std::int64_t n = row::min(chunk_, t_.columns - c);
          if (sweep + 1 == kSweeps || gradient) begin_chunk(c, n);
          for (std::int64_t r = 0; r < rows; ++r) {
            load(row0 + r, c, n);
            step(sweep, row0 + r, r, c, n);
          }
          if (sweep + 1 == kSweeps) end_chunk(c, n);
        }
      }
    }
    if (whole) end_chunk(0, t_.columns);
    in_.FreeAllEvent();
    out_.FreeAllEvent();
  }

 private:
  enum Buffer { kX, kDy, kRoom, kGamma_, kSecond, kDgamma, kDbeta, kReals };
  enum Value { kMean, kDeviation, kDot, kMeanD, kValues };  // softmax: maximum, sum; its gradient: dot
  static constexpr int kMaximum = kMean, kSum = kDeviation;

  __aicore__ Reals buffer(int which) const {
    return reals_.template Get<float>()[static_cast<std::uint32_t>(which * chunk_)];
  }
  __aicore__ Reals value(std::int64_t r, int which) const {
    return values_.template Get<float>()[static_cast<std::uint32_t>((r * kValues + which) * 8)];
  }
  __aicore__ Reals part() const { return value(kRowsAtOnce, 0); }
  __aicore__ Reals block(int which) const {
    return blocks_.template Get<float>()[static_cast<std::uint32_t>(which * 64)];
  }
  static __aicore__ void barrier() { AscendC::PipeBarrier<PIPE_V>(); }

  __aicore__ void clear_values() {
    using namespace AscendC;
    barrier();
    Duplicate(values_.template Get<float>(), 0.0f, static_cast<std::int32_t>(kRowsAtOnce * kValues * 8));
    barrier();
    if (kSoftmax && !gradient) {
      for (std::int64_t r = 0; r < kRowsAtOnce; ++r) Duplicate(value(r, kMaximum), -1e30f, 8);
      barrier();
    }
  }
  // Weights of a chunk; sums over rows start at zero.
  __aicore__ void begin_chunk(std::int64_t c, std::int64_t n) {
    using namespace AscendC;
    const auto at = static_cast<std::uint64_t>(c);
    if (kGamma) row::fetch(in_, gamma_[at], n, buffer(kGamma_));
    if (kLayer && !gradient) row::fetch(in_, beta_[at], n, buffer(kSecond));
    if (!gradient || !kGamma) return;
    barrier();
    Duplicate(buffer(kDgamma), 0.0f, static_cast<std::int32_t>(n));
    if (kLayer) Duplicate(buffer(kDbeta), 0.0f, static_cast<std::int32_t>(n));
  }
  __aicore__ void end_chunk(std::int64_t c, std::int64_t n) {
    if (!gradient || !kGamma) return;
    add_to(dgamma_, c, buffer(kDgamma), n);
    if (kLayer) add_to(dbeta_, c, buffer(kDbeta), n);
  }
  __aicore__ void add_to(const AscendC::GlobalTensor<float>& gm, std::int64_t c, const Reals& from,
                         std::int64_t n) {
    using namespace AscendC;
    // A queue's buffers hold O: as many fp32 as fit at a time.
    const std::int64_t most = chunk_ * static_cast<std::int64_t>(sizeof(O)) / 4;
    SetAtomicAdd<float>();
    for (std::int64_t at = 0; at < n; at += most) {
      row::emit(out_, gm[static_cast<std::uint64_t>(c + at)], row::min(most, n - at), row::at(from, at));
    }
    SetAtomicNone();
  }

  __aicore__ void load(std::int64_t r, std::int64_t c, std::int64_t n) {
    using namespace AscendC;
    const auto at = static_cast<std::uint64_t>(r * t_.columns + c);
    row::fetch(in_, x_[at], n, buffer(kX));
    if (gradient) row::fetch(in_, dy_[at], n, buffer(kDy));
    barrier();
    if (kSoftmax && !gradient && t_.scale != 1.0f) {
      Muls(buffer(kX), buffer(kX), t_.scale, static_cast<std::int32_t>(n));
      barrier();
    }
  }

  // value[which] of row r grows by the sum of `x`.
  __aicore__ void add_sum(std::int64_t r, int which, const Reals& x, std::int64_t n) {
    using namespace AscendC;
    barrier();
    ReduceSum(part(), x, reduce_.template Get<float>(), static_cast<std::int32_t>(n));
    barrier();
    Add(value(r, which), value(r, which), part(), 8);
    barrier();
  }
  template <row::Step how>
  __aicore__ void by_value(const Reals& to, const Reals& x, std::int64_t r, int which, std::int64_t n) {
    barrier();
    row::spread(block(which), value(r, which), 1);
    barrier();
    row::apply<how>(to, x, block(which), 1, n, chunk_);
    barrier();
  }

  __aicore__ void step(int sweep, std::int64_t r, std::int64_t slot, std::int64_t c, std::int64_t n) {
    const bool last = c + n == t_.columns;
    if (sweep + 1 == kSweeps)
      result(r, slot, c, n);
    else if (kSoftmax)
      sum_softmax(slot, n);
    else if (kLayer && sweep == 0)
      sum_mean(slot, n, last);
    else
      sum_norm(slot, n, last);
  }

  __aicore__ void sum_mean(std::int64_t slot, std::int64_t n, bool last) {
    add_sum(slot, kMean, buffer(kX), n);
    if (!last) return;
    AscendC::Muls(value(slot, kMean), value(slot, kMean), 1.0f / static_cast<float>(t_.columns), 8);
    barrier();
  }
  // x, less its mean for LayerNorm.
  __aicore__ Reals centred(std::int64_t slot, std::int64_t n) {
    if (!kLayer) return buffer(kX);
    by_value<row::Step::subtract>(buffer(kRoom), buffer(kX), slot, kMean, n);
    return buffer(kRoom);
  }
  __aicore__ void sum_norm(std::int64_t slot, std::int64_t n, bool last) {
    using namespace AscendC;
    const auto count = static_cast<std::int32_t>(n);
    const Reals x = centred(slot, n), second = buffer(gradient ? kSecond : kRoom);
    if (gradient) {
      Mul(second, buffer(kDy), buffer(kGamma_), count);
      if (kLayer) add_sum(slot, kMeanD, second, n);
      barrier();
      Mul(second, second, x, count);
      add_sum(slot, kDot, second, n);
    }
    Mul(second, x, x, count);
    add_sum(slot, kDeviation, second, n);
    if (!last) return;
    const float share = 1.0f / static_cast<float>(t_.columns);
    const Reals deviation = value(slot, kDeviation);
    Muls(deviation, deviation, share, 8);
    barrier();
    Adds(deviation, deviation, t_.epsilon, 8);
    barrier();
    Sqrt(deviation, deviation, 8);
    if (gradient) {
      Muls(value(slot, kDot), value(slot, kDot), share, 8);
      Muls(value(slot, kMeanD), value(slot, kMeanD), share, 8);
      barrier();
      Div(value(slot, kDot), value(slot, kDot), deviation, 8);
    }
    barrier();
  }
  // Softmax: running maximum and sum of exponentials; its gradient: sum of y dy.
  __aicore__ void sum_softmax(std::int64_t slot, std::int64_t n) {
    using namespace AscendC;
    const auto count = static_cast<std::int32_t>(n);
    const Reals room = buffer(kRoom), maximum = value(slot, kMaximum), sum = value(slot, kSum);
    if (gradient) {
      Mul(room, buffer(kX), buffer(kDy), count);
      add_sum(slot, kDot, room, n);
      return;
    }
    const Reals before = value(slot, kDot), fresh = value(slot, kMeanD);
    ReduceMax(part(), buffer(kX), reduce_.template Get<float>(), count);
    Adds(before, maximum, 0.0f, 8);
    barrier();
    Max(maximum, maximum, part(), 8);
    barrier();
    Sub(fresh, before, maximum, 8);
    by_value<row::Step::subtract>(room, buffer(kX), slot, kMaximum, n);
    Exp(fresh, fresh, 8);
    Exp(room, room, count);
    barrier();
    Mul(sum, sum, fresh, 8);
    add_sum(slot, kSum, room, n);
  }

  __aicore__ void result(std::int64_t r, std::int64_t slot, std::int64_t c, std::int64_t n) {
    using namespace AscendC;
    const auto count = static_cast<std::int32_t>(n);
    Reals y = buffer(kRoom);
    if (kSoftmax && gradient) {
      by_value<row::Step::subtract>(y, buffer(kDy), slot, kDot, n);
      Mul(y, y, buffer(kX), count);
      if (t_.scale != 1.0f) {
        barrier();
        Muls(y, y, t_.scale, count);
      }
    } else if (kSoftmax) {
      by_value<row::Step::subtract>(y, buffer(kX), slot, kMaximum, n);
      Exp(y, y, count);
      by_value<row::Step::divide>(y, y, slot, kSum, n);
    } else {
      const Reals x = centred(slot, n);
      by_value<row::Step::divide>(y, x, slot, kDeviation, n);
      if (gradient) {
        y = norm_gradient(y, slot, n);
      } else {
        Mul(y, y, buffer(kGamma_), count);
        barrier();
        if (kLayer) Add(y, y, buffer(kSecond), count);
      }
    }
    row::emit(out_, out_gm_[static_cast<std::uint64_t>(r * t_.columns + c)], n, y);
  }
  // `hat` is the normalised row.
  __aicore__ Reals norm_gradient(const Reals& hat, std::int64_t slot, std::int64_t n) {
    using namespace AscendC;
    const auto count = static_cast<std::int32_t>(n);
    const Reals d = buffer(kSecond), room = buffer(kX);
    if (kLayer) Add(buffer(kDbeta), buffer(kDbeta), buffer(kDy), count);
    Mul(d, buffer(kDy), buffer(kGamma_), count);
    by_value<row::Step::multiply>(room, hat, slot, kDot, n);
    Sub(d, d, room, count);
    Mul(room, buffer(kDy), hat, count);
    barrier();
    Add(buffer(kDgamma), buffer(kDgamma), room, count);
    if (kLayer) by_value<row::Step::subtract>(d, d, slot, kMeanD, n);
    by_value<row::Step::divide>(d, d, slot, kDeviation, n);
    return d;
  }

  SweepTiling t_;
  std::int64_t chunk_ = 0;
  AscendC::TPipe pipe_;
  AscendC::TQue<AscendC::TPosition::VECIN, 2> in_;
  AscendC::TQue<AscendC::TPosition::VECOUT, 2> out_;
  AscendC::TBuf<AscendC::TPosition::VECCALC> reals_, reduce_, values_, blocks_;
  AscendC::GlobalTensor<T> x_, dy_, gamma_, beta_;
  AscendC::GlobalTensor<O> out_gm_;
  AscendC::GlobalTensor<float> dgamma_, dbeta_;
};

template <class T, RowOperation operation, class O = T>
__global__ __aicore__ void long_row_kernel(GmAddress x, GmAddress gamma, GmAddress beta, GmAddress y,
                                           const SweepTiling& tiling) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_AIV_ONLY);
  RowSweeps<T, O, operation, false> kernel;
  kernel.Init(x, nullptr, gamma, beta, y, nullptr, nullptr, tiling);
  kernel.Process();
}
template <class T, RowOperation operation>
__global__ __aicore__ void row_gradient_kernel(GmAddress x, GmAddress dy, GmAddress gamma, GmAddress dx,
                                               GmAddress dgamma, GmAddress dbeta, const SweepTiling& tiling) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_AIV_ONLY);
  RowSweeps<T, T, operation, true> kernel;
  kernel.Init(x, dy, gamma, nullptr, dx, dgamma, dbeta, tiling);
  kernel.Process();
}

}  // namespace etalon::kernels::npu
