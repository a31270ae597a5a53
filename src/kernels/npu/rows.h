// SPDX-License-Identifier: Apache-2.0
#pragma once

// Row-wise kernels on the vector cores, in Ascend C: RMSNorm, LayerNorm and softmax of rows that fit in UB
// several at a time (longer rows: row_sweeps.h). A
// core takes tiles of a few rows; fp32 inside, the tensors' type outside.

#include "kernels/npu/row_sweeps.h"

namespace etalon::kernels::npu {

struct RowTiling {
  std::int64_t rows = 0, columns = 0;
  std::int64_t in_pitch = 0, out_pitch = 0;  // elements
  std::int32_t tile_rows = 1;
  std::int32_t buffers = 2;
  float epsilon = 1e-6f;
  float scale = 1.0f;  // softmax: of the input
};

// UB bytes a tile of `rows` rows needs.
template <class T, RowOperation operation>
constexpr std::int64_t row_tile_bytes(std::int64_t rows, std::int64_t columns, int buffers) {
  const std::int64_t pitch = row::align(columns, 64), values = row::align(rows, 8);
  const std::int64_t weights = operation == RowOperation::softmax    ? 0
                               : operation == RowOperation::rms_norm ? 1
                                                                     : 2;
  return rows * pitch * (2 * buffers * static_cast<std::int64_t>(sizeof(T)) + 8) + weights * pitch * 4 +
         pitch * 4 / 32 + values * 4 * 9 + 4096;
}

template <class T, RowOperation operation>
class RowKernel {
  static constexpr bool kWeights = operation != RowOperation::softmax;

 public:
  // gamma and beta hold `columns` elements; beta only for LayerNorm.
  __aicore__ void Init(GmAddress x, GmAddress gamma, GmAddress beta, GmAddress y, const RowTiling& tiling) {
    t_ = tiling;
    pitch_ = row::align(t_.columns, 64);
    x_gm_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(x));
    y_gm_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(y));
    gamma_gm_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(gamma));
    beta_gm_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(beta));
    const std::int64_t tile = t_.tile_rows * pitch_, values = row::align(t_.tile_rows, 8);
    pipe_.InitBuffer(in_, static_cast<std::uint8_t>(t_.buffers),
                     static_cast<std::uint32_t>(tile * sizeof(T)));
    pipe_.InitBuffer(out_, static_cast<std::uint8_t>(t_.buffers),
                     static_cast<std::uint32_t>(tile * sizeof(T)));
    pipe_.InitBuffer(real_, static_cast<std::uint32_t>(tile * 4));
    pipe_.InitBuffer(room_, static_cast<std::uint32_t>(tile * 4));
    pipe_.InitBuffer(reduce_, static_cast<std::uint32_t>(pitch_ / 64 * 4 + 32));
    pipe_.InitBuffer(values_, static_cast<std::uint32_t>(values * 4));
    pipe_.InitBuffer(blocks_, static_cast<std::uint32_t>(values * 32));
    if (kWeights) pipe_.InitBuffer(gamma_, static_cast<std::uint32_t>(pitch_ * 4));
    if (operation == RowOperation::layer_norm)
      pipe_.InitBuffer(beta_, static_cast<std::uint32_t>(pitch_ * 4));
  }

  __aicore__ void Process() {
    using namespace AscendC;
    const row::Share mine = row::share_of(row::ceil_div(t_.rows, t_.tile_rows));
    if (mine.first == mine.last) return;
    if (kWeights) load_weights(gamma_gm_, gamma_.template Get<float>());
    if (operation == RowOperation::layer_norm) load_weights(beta_gm_, beta_.template Get<float>());
    for (std::int64_t i = mine.first; i < mine.last; ++i) {
      const std::int64_t row0 = i * t_.tile_rows, rows = row::min(t_.tile_rows, t_.rows - row0);
      LocalTensor<T> x = in_.template AllocTensor<T>();
      row::load_rows(x, x_gm_[static_cast<std::uint64_t>(row0 * t_.in_pitch)], rows, t_.columns, pitch_,
                     t_.in_pitch);
      in_.EnQue(x);
      compute(rows);
      LocalTensor<T> y = out_.template DeQue<T>();
      row::store_rows(y_gm_[static_cast<std::uint64_t>(row0 * t_.out_pitch)], y, rows, t_.columns, pitch_,
                      t_.out_pitch);
      out_.FreeTensor(y);
    }
    in_.FreeAllEvent();
    out_.FreeAllEvent();
  }

 private:
  __aicore__ void load_weights(const AscendC::GlobalTensor<T>& gm, const row::Reals& to) {
    using namespace AscendC;
    LocalTensor<T> w = in_.template AllocTensor<T>();
    row::load_rows(w, gm, 1, t_.columns, pitch_, t_.columns);
    in_.EnQue(w);
    w = in_.template DeQue<T>();
    row::to_reals(to, w, t_.columns);
    in_.FreeTensor(w);
  }
  __aicore__ void compute(std::int64_t rows) {
    using namespace AscendC;
    const auto n = static_cast<std::int32_t>((rows - 1) * pitch_ + t_.columns);
    LocalTensor<T> in = in_.template DeQue<T>();
    LocalTensor<T> out = out_.template AllocTensor<T>();
    const row::Reals x = real_.template Get<float>(), room = room_.template Get<float>();
    PipeBarrier<PIPE_V>();
    row::to_reals(x, in, n);
    in_.FreeTensor(in);
    PipeBarrier<PIPE_V>();
    if constexpr (operation == RowOperation::softmax)
      softmax(x, room, rows, n);
    else
      normalise(x, room, rows, n);
    PipeBarrier<PIPE_V>();
    row::from_reals(out, x, n);
    out_.EnQue(out);
  }

  __aicore__ void softmax(const row::Reals& x, const row::Reals&, std::int64_t rows, std::int32_t n) {
    using namespace AscendC;
    const row::Reals values = values_.template Get<float>(), blocks = blocks_.template Get<float>();
    const row::Reals reduce = reduce_.template Get<float>();
    if (t_.scale != 1.0f) {
      Muls(x, x, t_.scale, n);
      PipeBarrier<PIPE_V>();
    }
    row::maxima(values, x, reduce, rows, t_.columns, pitch_);
    PipeBarrier<PIPE_V>();
    row::spread(blocks, values, rows);
    PipeBarrier<PIPE_V>();
    row::apply<row::Step::subtract>(x, x, blocks, rows, t_.columns, pitch_);
    PipeBarrier<PIPE_V>();
    Exp(x, x, n);
    PipeBarrier<PIPE_V>();
    row::sums(values, x, reduce, rows, t_.columns, pitch_);
    PipeBarrier<PIPE_V>();
    row::spread(blocks, values, rows);
    PipeBarrier<PIPE_V>();
    row::apply<row::Step::divide>(x, x, blocks, rows, t_.columns, pitch_);
  }

  __aicore__ void normalise(const row::Reals& x, const row::Reals& room, std::int64_t rows, std::int32_t n) {
    using namespace AscendC;
    const row::Reals values = values_.template Get<float>(), blocks = blocks_.template Get<float>();
    const row::Reals reduce = reduce_.template Get<float>();
    const float share = 1.0f / static_cast<float>(t_.columns);
    const auto count = static_cast<std::int32_t>(rows);
    if (operation == RowOperation::layer_norm) {
      row::sums(values, x, reduce, rows, t_.columns, pitch_);
      PipeBarrier<PIPE_V>();
      Muls(values, values, share, count);
      PipeBarrier<PIPE_V>();
      row::spread(blocks, values, rows);
      PipeBarrier<PIPE_V>();
      row::apply<row::Step::subtract>(x, x, blocks, rows, t_.columns, pitch_);
      PipeBarrier<PIPE_V>();
    }
    Mul(room, x, x, n);
    PipeBarrier<PIPE_V>();
    row::sums(values, room, reduce, rows, t_.columns, pitch_);
    PipeBarrier<PIPE_V>();
    Muls(values, values, share, count);
    PipeBarrier<PIPE_V>();
    Adds(values, values, t_.epsilon, count);
    PipeBarrier<PIPE_V>();
    Sqrt(values, values, count);
    PipeBarrier<PIPE_V>();
    row::spread(blocks, values, rows);
    PipeBarrier<PIPE_V>();
    row::apply<row::Step::divide>(x, x, blocks, rows, t_.columns, pitch_);
    PipeBarrier<PIPE_V>();
    for (std::int64_t r = 0; r < rows; ++r) {
      const row::Reals line = row::at(x, r * pitch_);
      Mul(line, line, gamma_.template Get<float>(), static_cast<std::int32_t>(t_.columns));
    }
    if (operation == RowOperation::layer_norm) {
      PipeBarrier<PIPE_V>();
      for (std::int64_t r = 0; r < rows; ++r) {
        const row::Reals line = row::at(x, r * pitch_);
        Add(line, line, beta_.template Get<float>(), static_cast<std::int32_t>(t_.columns));
      }
    }
  }

  RowTiling t_;
  std::int64_t pitch_ = 0;
  AscendC::TPipe pipe_;
  AscendC::TQue<AscendC::TPosition::VECIN, 2> in_;
  AscendC::TQue<AscendC::TPosition::VECOUT, 2> out_;
  AscendC::TBuf<AscendC::TPosition::VECCALC> real_, room_, reduce_, values_, blocks_, gamma_, beta_;
  AscendC::GlobalTensor<T> x_gm_, y_gm_, gamma_gm_, beta_gm_;
};

template <class T, RowOperation operation>
__global__ __aicore__ void row_kernel(GmAddress x, GmAddress gamma, GmAddress beta, GmAddress y,
                                      const RowTiling& tiling) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_AIV_ONLY);
  RowKernel<T, operation> kernel;
  kernel.Init(x, gamma, beta, y, tiling);
  kernel.Process();
}

}  // namespace etalon::kernels::npu
