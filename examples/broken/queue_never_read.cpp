// SPDX-License-Identifier: Apache-2.0
// finds: hazard.queue, kernel prefetch, line 26
// One tile too many is put into the queue: nobody takes it out.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kTile = 512, kTiles = 4, kCount = kTile * kTiles;

extern "C" __global__ __vector__ void prefetch(GM_ADDR x, GM_ADDR y) {
  using namespace AscendC;
  GlobalTensor<float> from, to;
  from.SetGlobalBuffer((__gm__ float*)x, kCount);
  to.SetGlobalBuffer((__gm__ float*)y, kCount);
  TPipe pipe;
  TQue<TPosition::VECIN, 2> in;
  TQue<TPosition::VECOUT, 1> out;
  pipe.InitBuffer(in, 2, kTile * sizeof(float));
  pipe.InitBuffer(out, 1, kTile * sizeof(float));

  LocalTensor<float> a = in.AllocTensor<float>();
  DataCopy(a, from, kTile);
  in.EnQue(a);
  for (uint32_t tile = 0; tile < kTiles; ++tile) {
    a = in.AllocTensor<float>();
    DataCopy(a, from[(tile + 1) % kTiles * kTile], kTile);  // also behind the last tile
    in.EnQue(a);
    a = in.DeQue<float>();
    LocalTensor<float> b = out.AllocTensor<float>();
    Muls(b, a, 2.0f, kTile);
    out.EnQue(b);
    in.FreeTensor(a);
    b = out.DeQue<float>();
    DataCopy(to[tile * kTile], b, kTile);
    out.FreeTensor(b);
  }
}

int main() {
  example::Session acl;
  example::Buffer<float> dx(example::numbers(kCount, -1, 1)), dy(kCount);
  prefetch<<<1, nullptr, acl.stream>>>(dx, dy);
  acl.wait();
}
