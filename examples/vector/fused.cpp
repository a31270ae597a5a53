// SPDX-License-Identifier: Apache-2.0
// Two operations in one instruction: Axpy, MulAddDst, FusedMulAdd, AddRelu. A gradient step with momentum:
//   m = 0.75 m + g        FusedMulAdd(m, c, g): m = m * c + g
//   w = w - 0.125 m       Axpy(w, m, -0.125):   w = m * -0.125 + w
//   s = s + m * m         MulAddDst(s, m, m)
//   p = max(w + m, 0)     AddRelu(p, w, m)
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kTile = 1024;

extern "C" __global__ __vector__ void step(GM_ADDR in, GM_ADDR out) {  // in: w, m, g, s; out: w, m, p, s
  using namespace AscendC;
  GlobalTensor<float> from, to;
  from.SetGlobalBuffer((__gm__ float*)in, 4 * kTile);
  to.SetGlobalBuffer((__gm__ float*)out, 4 * kTile);
  TPipe pipe;
  TQue<TPosition::VECIN, 1> queue_in;
  TQue<TPosition::VECOUT, 1> queue_out;
  TBuf<TPosition::VECCALC> factor_buffer;
  pipe.InitBuffer(queue_in, 1, 4 * kTile * sizeof(float));
  pipe.InitBuffer(queue_out, 1, 4 * kTile * sizeof(float));
  pipe.InitBuffer(factor_buffer, kTile * sizeof(float));

  LocalTensor<float> all = queue_in.AllocTensor<float>();
  DataCopy(all, from, 4 * kTile);
  queue_in.EnQue(all);
  all = queue_in.DeQue<float>();
  const LocalTensor<float> w = all, m = all[kTile], g = all[2 * kTile], s = all[3 * kTile];
  const LocalTensor<float> factor = factor_buffer.Get<float>();
  LocalTensor<float> result = queue_out.AllocTensor<float>();
  Duplicate(factor, 0.75f, kTile);
  PipeBarrier<PIPE_V>();
  FusedMulAdd(m, factor, g, kTile);
  PipeBarrier<PIPE_V>();
  Axpy(w, m, -0.125f, kTile);
  MulAddDst(s, m, m, kTile);
  PipeBarrier<PIPE_V>();
  AddRelu(result[2 * kTile], w, m, kTile);
  // Copies within the unified buffer: 32-byte blocks.
  DataCopy(result, w, 2 * kTile);
  DataCopy(result[3 * kTile], s, kTile);
  queue_out.EnQue(result);
  queue_in.FreeTensor(all);
  result = queue_out.DeQue<float>();
  DataCopy(to, result, 4 * kTile);
  queue_out.FreeTensor(result);
}

int main() {
  example::Session acl;
  const std::vector<float> in = example::numbers(4 * kTile, -2, 2);
  example::Buffer<float> din(in), dout(4 * kTile);
  step<<<1, nullptr, acl.stream>>>(din, dout);
  acl.wait();
  const auto golden = [&](size_t i) {
    const size_t k = i % kTile;
    const double m = 0.75 * in[kTile + k] + in[2 * kTile + k], w = in[k] - 0.125 * m;
    const double all[] = {w, m, std::fmax(w + m, 0.0), in[3 * kTile + k] + m * m};
    return all[i / kTile];
  };
  return example::compare("vector/fused", dout.read(), golden, 1e-6);
}
