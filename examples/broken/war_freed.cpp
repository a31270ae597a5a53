// SPDX-License-Identifier: Apache-2.0
// finds: hazard.war, kernel scale, line 23, line 28
// The input is given back to its queue before the instruction that reads it: the next tile may overwrite it.
// FreeTensor belongs behind the last use.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kTile = 512, kTiles = 4, kCount = kTile * kTiles;

extern "C" __global__ __vector__ void scale(GM_ADDR x, GM_ADDR y) {
  using namespace AscendC;
  GlobalTensor<float> from, to;
  from.SetGlobalBuffer((__gm__ float*)x, kCount);
  to.SetGlobalBuffer((__gm__ float*)y, kCount);
  TPipe pipe;
  TQue<TPosition::VECIN, 1> in;
  TQue<TPosition::VECOUT, 1> out;
  pipe.InitBuffer(in, 1, kTile * sizeof(float));
  pipe.InitBuffer(out, 1, kTile * sizeof(float));

  for (uint32_t tile = 0; tile < kTiles; ++tile) {
    LocalTensor<float> a = in.AllocTensor<float>();
    DataCopy(a, from[tile * kTile], kTile);
    in.EnQue(a);
    a = in.DeQue<float>();
    in.FreeTensor(a);
    LocalTensor<float> b = out.AllocTensor<float>();
    Muls(b, a, 2.0f, kTile);
    out.EnQue(b);
    b = out.DeQue<float>();
    DataCopy(to[tile * kTile], b, kTile);
    out.FreeTensor(b);
  }
}

int main() {
  example::Session acl;
  example::Buffer<float> dx(example::numbers(kCount, -1, 1)), dy(kCount);
  scale<<<1, nullptr, acl.stream>>>(dx, dy);
  acl.wait();
}
