// SPDX-License-Identifier: Apache-2.0
#pragma once

// Rotary position embedding on the vector cores, in Ascend C: of each head of each token, the first half x
// and the second half y become x cos - y sin and y cos + x sin. fp32 inside; cos and sin are fp32 tables of
// one row per token.

#include "kernels/npu/row_ops.h"
#include "kernels/npu/stream.h"

namespace etalon::kernels::npu {

struct RopeTiling {
  std::int64_t tokens = 0, heads = 0, dim = 0;  // dim a multiple of 16, heads at most 255
  std::int64_t pitch = 0;                       // elements from token to token, in and out
};

template <class T>
class Rope {
 public:
  __aicore__ void Init(GmAddress x, GmAddress cos, GmAddress sin, GmAddress y, const RopeTiling& tiling) {
    t_ = tiling;
    x_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(x));
    y_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(y));
    cos_.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(cos));
    sin_.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(sin));
    const auto n = static_cast<std::uint32_t>(t_.heads * t_.dim);
    pipe_.InitBuffer(in_, 2, n * static_cast<std::uint32_t>(sizeof(T)));
    pipe_.InitBuffer(angles_, 2, static_cast<std::uint32_t>(2 * half_pitch() * 4));
    pipe_.InitBuffer(out_, 2, n * static_cast<std::uint32_t>(sizeof(T)));
    pipe_.InitBuffer(real_, n * 4);
    pipe_.InitBuffer(turned_, n * 4);
    pipe_.InitBuffer(room_, n * 4);
  }

  __aicore__ void Process() {
    using namespace AscendC;
    const row::Share mine = row::share_of(t_.tokens);
    for (std::int64_t token = mine.first; token < mine.last; ++token) run(token);
    in_.FreeAllEvent();
    angles_.FreeAllEvent();
    out_.FreeAllEvent();
  }

 private:
  __aicore__ std::int64_t half_pitch() const { return row::align(t_.dim / 2, 64); }

  __aicore__ void run(std::int64_t token) {
    using namespace AscendC;
    const std::int64_t n = t_.heads * t_.dim, half_dim = t_.dim / 2;
    const row::Reals real = real_.template Get<float>(), turned = turned_.template Get<float>(),
                     room = room_.template Get<float>();
    row::fetch(in_, x_[static_cast<std::uint64_t>(token * t_.pitch)], n, real);
    row::Reals angle = angles_.template AllocTensor<float>();
    row::load_rows(angle, cos_[static_cast<std::uint64_t>(token * half_dim)], 1, half_dim, half_dim,
                   half_dim);
    row::load_rows(row::at(angle, half_pitch()), sin_[static_cast<std::uint64_t>(token * half_dim)], 1,
                   half_dim, half_dim, half_dim);
    angles_.EnQue(angle);
    angle = angles_.template DeQue<float>();
    PipeBarrier<PIPE_V>();
    // One repeat per head; the angles are the same for all.
    const auto heads = static_cast<std::uint8_t>(t_.heads);
    const auto stride = static_cast<std::uint8_t>(t_.dim / 8);
    const BinaryRepeatParams by_angle(1, 1, 1, stride, stride, 0), alike(1, 1, 1, stride, stride, stride);
    for (std::int64_t c = 0; c < half_dim; c += 64) {
      const auto mask = static_cast<std::uint64_t>(row::min(64, half_dim - c));
      const row::Reals x1 = row::at(real, c), x2 = row::at(real, half_dim + c), y1 = row::at(turned, c),
                       y2 = row::at(turned, half_dim + c);
      const row::Reals r1 = row::at(room, c), r2 = row::at(room, half_dim + c);
      const row::Reals cosine = row::at(angle, c), sine = row::at(angle, half_pitch() + c);
      Mul(y1, x1, cosine, mask, heads, by_angle);
      Mul(r1, x2, sine, mask, heads, by_angle);
      Mul(y2, x2, cosine, mask, heads, by_angle);
      Mul(r2, x1, sine, mask, heads, by_angle);
      PipeBarrier<PIPE_V>();
      Sub(y1, y1, r1, mask, heads, alike);
      Add(y2, y2, r2, mask, heads, alike);
    }
    angles_.FreeTensor(angle);
    row::emit(out_, y_[static_cast<std::uint64_t>(token * t_.pitch)], n, turned);
  }

  RopeTiling t_;
  AscendC::TPipe pipe_;
  AscendC::TQue<AscendC::TPosition::VECIN, 2> in_, angles_;
  AscendC::TQue<AscendC::TPosition::VECOUT, 2> out_;
  AscendC::TBuf<AscendC::TPosition::VECCALC> real_, turned_, room_;
  AscendC::GlobalTensor<T> x_, y_;
  AscendC::GlobalTensor<float> cos_, sin_;
};

template <class T>
__global__ __aicore__ void rope_kernel(GmAddress x, GmAddress cos, GmAddress sin, GmAddress y,
                                       const RopeTiling& tiling) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_AIV_ONLY);
  Rope<T> kernel;
  kernel.Init(x, cos, sin, y, tiling);
  kernel.Process();
}

}  // namespace etalon::kernels::npu
