// SPDX-License-Identifier: Apache-2.0
// z = x > y ? x : -1, by Compare and Select: the first packs one bit per element, the second chooses by these
// bits.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kBlocks = 2, kTile = 1024, kCount = kBlocks * kTile;

extern "C" __global__ __vector__ void where(GM_ADDR x, GM_ADDR y, GM_ADDR z) {
  using namespace AscendC;
  GlobalTensor<float> gx, gy, gz;
  gx.SetGlobalBuffer((__gm__ float*)x + GetBlockIdx() * kTile, kTile);
  gy.SetGlobalBuffer((__gm__ float*)y + GetBlockIdx() * kTile, kTile);
  gz.SetGlobalBuffer((__gm__ float*)z + GetBlockIdx() * kTile, kTile);
  TPipe pipe;
  TQue<TPosition::VECIN, 1> in_x, in_y;
  TQue<TPosition::VECOUT, 1> out;
  TBuf<TPosition::VECCALC> bits;
  pipe.InitBuffer(in_x, 1, kTile * sizeof(float));
  pipe.InitBuffer(in_y, 1, kTile * sizeof(float));
  pipe.InitBuffer(out, 1, kTile * sizeof(float));
  pipe.InitBuffer(bits, kTile / 8);

  LocalTensor<float> a = in_x.AllocTensor<float>(), b = in_y.AllocTensor<float>();
  DataCopy(a, gx, kTile);
  DataCopy(b, gy, kTile);
  in_x.EnQue(a);
  in_y.EnQue(b);
  a = in_x.DeQue<float>();
  b = in_y.DeQue<float>();
  LocalTensor<float> c = out.AllocTensor<float>();
  LocalTensor<uint8_t> greater = bits.Get<uint8_t>();
  Compare(greater, a, b, CMPMODE::GT, kTile);
  PipeBarrier<PIPE_V>();
  Select(c, greater, a, -1.0f, SELMODE::VSEL_TENSOR_SCALAR_MODE, kTile);
  out.EnQue(c);
  in_x.FreeTensor(a);
  in_y.FreeTensor(b);
  c = out.DeQue<float>();
  DataCopy(gz, c, kTile);
  out.FreeTensor(c);
}

int main() {
  example::Session acl;
  const std::vector<float> x = example::integers<float>(kCount, 0, 9, 1),
                           y = example::integers<float>(kCount, 0, 9, 2);
  example::Buffer<float> dx(x), dy(y), dz(kCount);
  where<<<kBlocks, nullptr, acl.stream>>>(dx, dy, dz);
  acl.wait();
  return example::compare(
      "vector/where", dz.read(), [&](size_t i) { return x[i] > y[i] ? double(x[i]) : -1.0; }, 0);
}
