// SPDX-License-Identifier: Apache-2.0
// RMSNorm of rows longer than a repeat: y = x / sqrt(mean(x^2) + epsilon) * gamma. One row at a time, two in
// flight; the sum goes through the scalar unit, which is why there are flags between V and S. Halves in and
// out, floats in between.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kBlocks = 4, kRowsPerBlock = 3, kRows = kBlocks * kRowsPerBlock, kColumns = 1024;
constexpr float kEpsilon = 1e-5f;

extern "C" __global__ __vector__ void rms_norm(GM_ADDR x, GM_ADDR gamma, GM_ADDR y) {
  using namespace AscendC;
  const uint32_t first = GetBlockIdx() * kRowsPerBlock * kColumns;
  GlobalTensor<half> from, to;
  GlobalTensor<float> weights;
  from.SetGlobalBuffer((__gm__ half*)x + first, kRowsPerBlock * kColumns);
  to.SetGlobalBuffer((__gm__ half*)y + first, kRowsPerBlock * kColumns);
  weights.SetGlobalBuffer((__gm__ float*)gamma, kColumns);
  TPipe pipe;
  TQue<TPosition::VECIN, 2> in;
  TQue<TPosition::VECIN, 1> in_gamma;
  TQue<TPosition::VECOUT, 2> out;
  TBuf<TPosition::VECCALC> wide_buffer, square_buffer, sum_buffer, work_buffer;
  pipe.InitBuffer(in, 2, kColumns * sizeof(half));
  pipe.InitBuffer(in_gamma, 1, kColumns * sizeof(float));
  pipe.InitBuffer(out, 2, kColumns * sizeof(half));
  pipe.InitBuffer(wide_buffer, kColumns * sizeof(float));
  pipe.InitBuffer(square_buffer, kColumns * sizeof(float));
  pipe.InitBuffer(sum_buffer, 32);
  pipe.InitBuffer(work_buffer, 1024);
  const LocalTensor<float> w = wide_buffer.Get<float>(), squares = square_buffer.Get<float>(),
                           sum = sum_buffer.Get<float>(), work = work_buffer.Get<float>();
  LocalTensor<float> g = in_gamma.AllocTensor<float>();
  DataCopy(g, weights, kColumns);
  in_gamma.EnQue(g);
  g = in_gamma.DeQue<float>();
  const event_t to_scalar = static_cast<event_t>(pipe.AllocEventID<HardEvent::V_S>());
  const event_t to_vector = static_cast<event_t>(pipe.AllocEventID<HardEvent::S_V>());
  for (uint32_t row = 0; row < kRowsPerBlock; ++row) {
    LocalTensor<half> a = in.AllocTensor<half>();
    DataCopy(a, from[row * kColumns], kColumns);
    in.EnQue(a);
    a = in.DeQue<half>();
    Cast(w, a, RoundMode::CAST_NONE, kColumns);
    PipeBarrier<PIPE_V>();
    in.FreeTensor(a);
    Mul(squares, w, w, kColumns);
    PipeBarrier<PIPE_V>();
    ReduceSum(sum, squares, work, kColumns);
    SetFlag<HardEvent::V_S>(to_scalar);
    WaitFlag<HardEvent::V_S>(to_scalar);
    const float scale = 1.0f / sqrt(sum.GetValue(0) / kColumns + kEpsilon);
    SetFlag<HardEvent::S_V>(to_vector);  // the next row's sum must not overtake this GetValue
    WaitFlag<HardEvent::S_V>(to_vector);
    Muls(w, w, scale, kColumns);
    PipeBarrier<PIPE_V>();
    Mul(w, w, g, kColumns);
    PipeBarrier<PIPE_V>();
    LocalTensor<half> b = out.AllocTensor<half>();
    Cast(b, w, RoundMode::CAST_RINT, kColumns);
    PipeBarrier<PIPE_V>();
    out.EnQue(b);
    b = out.DeQue<half>();
    DataCopy(to[row * kColumns], b, kColumns);
    out.FreeTensor(b);
  }
  in_gamma.FreeTensor(g);
  pipe.ReleaseEventID<HardEvent::V_S>(to_scalar);
  pipe.ReleaseEventID<HardEvent::S_V>(to_vector);
}

int main() {
  example::Session acl;
  const std::vector<float> x = example::halved(example::numbers(kRows * kColumns, -3, 3, 1)),
                           gamma = example::numbers(kColumns, 0.5f, 1.5f, 2);
  example::Buffer<aclFloat16> dx(example::to_half(x)), dy(kRows * kColumns);
  example::Buffer<float> dgamma(gamma);
  rms_norm<<<kBlocks, nullptr, acl.stream>>>(dx, dgamma, dy);
  acl.wait();
  std::vector<double> scale(kRows);
  for (size_t i = 0; i < x.size(); ++i) scale[i / kColumns] += double(x[i]) * x[i] / kColumns;
  const auto golden = [&](size_t i) {
    return x[i] / std::sqrt(scale[i / kColumns] + kEpsilon) * gamma[i % kColumns];
  };
  return example::compare("norm/rms_by_hand", example::from_half(dy.read()), golden, 1e-3);
}
