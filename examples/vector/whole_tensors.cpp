// SPDX-License-Identifier: Apache-2.0
// Operators on whole tensors: c = a * b is Mul over as many elements as c has. Here the distance of two
// points in the plane, squared.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kTile = 512;

extern "C" __global__ __vector__ void distance(GM_ADDR x, GM_ADDR y, GM_ADDR d) {
  using namespace AscendC;
  GlobalTensor<float> gx, gy, gd;
  gx.SetGlobalBuffer((__gm__ float*)x, kTile);
  gy.SetGlobalBuffer((__gm__ float*)y, kTile);
  gd.SetGlobalBuffer((__gm__ float*)d, kTile);
  TPipe pipe;
  TQue<TPosition::VECIN, 1> in_x, in_y;
  TQue<TPosition::VECOUT, 1> out;
  pipe.InitBuffer(in_x, 1, kTile * sizeof(float));
  pipe.InitBuffer(in_y, 1, kTile * sizeof(float));
  pipe.InitBuffer(out, 1, kTile * sizeof(float));

  LocalTensor<float> a = in_x.AllocTensor<float>(), b = in_y.AllocTensor<float>();
  DataCopy(a, gx, kTile);
  DataCopy(b, gy, kTile);
  in_x.EnQue(a);
  in_y.EnQue(b);
  a = in_x.DeQue<float>();
  b = in_y.DeQue<float>();
  LocalTensor<float> c = out.AllocTensor<float>();
  a = a * a;
  b = b * b;
  PipeBarrier<PIPE_V>();
  c = a + b;
  out.EnQue(c);
  in_x.FreeTensor(a);
  in_y.FreeTensor(b);
  c = out.DeQue<float>();
  DataCopy(gd, c, kTile);
  out.FreeTensor(c);
}

int main() {
  example::Session acl;
  const std::vector<float> x = example::numbers(kTile, -3, 3, 1), y = example::numbers(kTile, -3, 3, 2);
  example::Buffer<float> dx(x), dy(y), dd(kTile);
  distance<<<1, nullptr, acl.stream>>>(dx, dy, dd);
  acl.wait();
  const auto golden = [&](size_t i) { return double(x[i]) * x[i] + double(y[i]) * y[i]; };
  return example::compare("vector/whole_tensors", dd.read(), golden, 1e-6);
}
