// SPDX-License-Identifier: Apache-2.0
#pragma once

// Matrix product with a way through the vector cores, in Ascend C: the cube cores leave fp32 (int32) sums in
// a workspace, shares of K in a part each; when all are there the vector cores add the parts up, apply a
// scale per row and column to int32 sums, and convert to the output type.

#include "kernels/npu/matmul.h"
#include "kernels/npu/row_ops.h"

namespace etalon::kernels::npu {

template <class Acc, class O>
class MatmulSum {
  static constexpr bool kScaled = std::is_same<Acc, std::int32_t>::value;

 public:
  // Scales are fp32, one per row and one per column, for int32 sums only.
  __aicore__ void Init(GM_ADDR workspace, GM_ADDR row_scale, GM_ADDR column_scale, GM_ADDR c,
                       const MatmulTiling& tiling) {
    t_ = tiling;
    parts_.SetGlobalBuffer(reinterpret_cast<__gm__ Acc*>(workspace));
    c_.SetGlobalBuffer(reinterpret_cast<__gm__ O*>(c));
    row_scale_.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(row_scale));
    column_scale_.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(column_scale));
    pitch_ = row::align(t_.sum_columns, 64);
    const auto tile = static_cast<std::uint32_t>(t_.sum_rows * pitch_);
    pipe_.InitBuffer(in_, 2, tile * 4);
    pipe_.InitBuffer(out_, 2, tile * static_cast<std::uint32_t>(sizeof(O)));
    pipe_.InitBuffer(sum_, tile * 4);
    if (kScaled) {
      pipe_.InitBuffer(scales_, 2, static_cast<std::uint32_t>(pitch_ + row::align(t_.sum_rows, 8)) * 4);
      pipe_.InitBuffer(blocks_, static_cast<std::uint32_t>(row::align(t_.sum_rows, 8) * 32));
    }
  }
  __aicore__ void Process() {
    using namespace AscendC;
    const std::int64_t across = row::ceil_div(t_.n, t_.sum_columns),
                       tiles = across * row::ceil_div(t_.m, t_.sum_rows);
    const std::int64_t cores = GetBlockNum() * GetSubBlockNum(), me = GetBlockIdx();
    for (std::int64_t i = tiles * me / cores; i < tiles * (me + 1) / cores; ++i)
      run(i / across * t_.sum_rows, i % across * t_.sum_columns);
    in_.FreeAllEvent();
    out_.FreeAllEvent();
    if (kScaled) scales_.FreeAllEvent();
  }

 private:
  __aicore__ void run(std::int64_t row0, std::int64_t column0) {
    using namespace AscendC;
    const std::int64_t rows = row::min(t_.sum_rows, t_.m - row0),
                       columns = row::min(t_.sum_columns, t_.n - column0);
    const auto n = static_cast<std::int32_t>((rows - 1) * pitch_ + columns);
    const LocalTensor<Acc> sum = sum_.template Get<Acc>();
    for (std::int64_t part = 0; part < matmul_detail::shares(t_); ++part) {
      LocalTensor<Acc> x = in_.template AllocTensor<Acc>();
      const std::int64_t at = (part * t_.m + row0) * t_.n + column0;
      row::load_rows(x, parts_[static_cast<std::uint64_t>(at)], rows, columns, pitch_, t_.n);
      in_.EnQue(x);
      x = in_.template DeQue<Acc>();
      PipeBarrier<PIPE_V>();
      if (part == 0)
        Adds(sum, x, static_cast<Acc>(0), n);
      else
        Add(sum, sum, x, n);
      in_.FreeTensor(x);
    }
    PipeBarrier<PIPE_V>();
    row::Reals real = sum_.template Get<float>();
    if constexpr (kScaled) scale(real, row0, column0, rows, columns, n);
    LocalTensor<O> y = out_.template AllocTensor<O>();
    if constexpr (std::is_same<O, float>::value)
      Adds(y, real, 0.0f, n);
    else
      Cast(y, real, RoundMode::CAST_RINT, static_cast<std::uint32_t>(n));
    out_.EnQue(y);
    y = out_.template DeQue<O>();
    row::store_rows(c_[static_cast<std::uint64_t>(row0 * t_.ldc + column0)], y, rows, columns, pitch_,
                    t_.ldc);
    out_.FreeTensor(y);
  }

  __aicore__ void scale(const row::Reals& real, std::int64_t row0, std::int64_t column0, std::int64_t rows,
                        std::int64_t columns, std::int32_t n) {
    using namespace AscendC;
    const row::Reals blocks = blocks_.template Get<float>();
    row::Reals scales = scales_.template AllocTensor<float>();
    row::load_rows(scales, column_scale_[static_cast<std::uint64_t>(column0)], 1, columns, pitch_, columns);
    row::load_rows(row::at(scales, pitch_), row_scale_[static_cast<std::uint64_t>(row0)], 1, rows,
                   row::align(rows, 8), rows);
    scales_.EnQue(scales);
    Cast(real, sum_.template Get<std::int32_t>(), RoundMode::CAST_NONE, static_cast<std::uint32_t>(n));
    scales = scales_.template DeQue<float>();
    row::spread(blocks, row::at(scales, pitch_), rows);
    PipeBarrier<PIPE_V>();
    for (std::int64_t r = 0; r < rows; ++r) {
      const row::Reals line = row::at(real, r * pitch_);
      Mul(line, line, scales, static_cast<std::int32_t>(columns));
    }
    PipeBarrier<PIPE_V>();
    row::apply<row::Step::multiply>(real, real, blocks, rows, columns, pitch_);
    PipeBarrier<PIPE_V>();
    scales_.FreeTensor(scales);
  }

  MatmulTiling t_;
  std::int64_t pitch_ = 0;
  AscendC::TPipe pipe_;
  AscendC::TQue<AscendC::TPosition::VECIN, 2> in_, scales_;
  AscendC::TQue<AscendC::TPosition::VECOUT, 2> out_;
  AscendC::TBuf<AscendC::TPosition::VECCALC> sum_, blocks_;
  AscendC::GlobalTensor<Acc> parts_;
  AscendC::GlobalTensor<O> c_;
  AscendC::GlobalTensor<float> row_scale_, column_scale_;
};

// The workspace holds shares(tiling) parts of M x N sums.
template <class T, class O>
__global__ __aicore__ void matmul_sum_kernel(GM_ADDR a, GM_ADDR b, GM_ADDR c, GM_ADDR workspace,
                                             GM_ADDR row_scale, GM_ADDR column_scale,
                                             const MatmulTiling& tiling) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIC_1_2);
  using Acc = typename matmul_detail::Accumulator<T>::type;
  if ASCEND_IS_AIC {
    MatmulTiling sums = tiling;
    sums.ldc = tiling.n;
    Matmul<T, Acc> op;
    op.Init(a, b, workspace, nullptr, sums);
    op.Process();
  }
  AscendC::SyncAll<false>();
  if ASCEND_IS_AIV {
    MatmulSum<Acc, O> op;
    op.Init(workspace, row_scale, column_scale, c, tiling);
    op.Process();
  }
}

}  // namespace etalon::kernels::npu
