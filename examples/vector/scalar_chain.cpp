// SPDX-License-Identifier: Apache-2.0
// y = clamp(leaky_relu(3 x + 1), -1, 6): instructions with one tensor and one scalar, one after another in
// place.
//
// Each instruction reads what the one before it wrote. They are of one pipe, which starts them in order;
// PipeBarrier makes it also wait until the one before has written everything.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kBlocks = 4, kTile = 2048, kCount = kBlocks * kTile;

extern "C" __global__ __vector__ void scalar_chain(GM_ADDR x, GM_ADDR y) {
  using namespace AscendC;
  GlobalTensor<float> from, to;
  from.SetGlobalBuffer((__gm__ float*)x + GetBlockIdx() * kTile, kTile);
  to.SetGlobalBuffer((__gm__ float*)y + GetBlockIdx() * kTile, kTile);
  TPipe pipe;
  TQue<TPosition::VECIN, 1> in;
  TQue<TPosition::VECOUT, 1> out;
  pipe.InitBuffer(in, 1, kTile * sizeof(float));
  pipe.InitBuffer(out, 1, kTile * sizeof(float));

  LocalTensor<float> a = in.AllocTensor<float>();
  DataCopy(a, from, kTile);
  in.EnQue(a);
  a = in.DeQue<float>();
  LocalTensor<float> b = out.AllocTensor<float>();
  Muls(b, a, 3.0f, kTile);
  PipeBarrier<PIPE_V>();
  Adds(b, b, 1.0f, kTile);
  PipeBarrier<PIPE_V>();
  LeakyRelu(b, b, 0.125f, kTile);  // b < 0 ? 0.125 b : b
  PipeBarrier<PIPE_V>();
  Maxs(b, b, -1.0f, kTile);
  PipeBarrier<PIPE_V>();
  Mins(b, b, 6.0f, kTile);
  out.EnQue(b);
  in.FreeTensor(a);
  b = out.DeQue<float>();
  DataCopy(to, b, kTile);
  out.FreeTensor(b);
}

int main() {
  example::Session acl;
  const std::vector<float> x = example::numbers(kCount, -8, 8);
  example::Buffer<float> dx(x), dy(kCount);
  scalar_chain<<<kBlocks, nullptr, acl.stream>>>(dx, dy);
  acl.wait();
  const auto golden = [&](size_t i) {
    const double linear = 3.0 * x[i] + 1.0, leaky = linear < 0 ? 0.125 * linear : linear;
    return std::fmin(std::fmax(leaky, -1.0), 6.0);
  };
  return example::compare("vector/scalar_chain", dy.read(), golden, 1e-6);
}
