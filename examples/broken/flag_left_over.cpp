// SPDX-License-Identifier: Apache-2.0
// finds: hazard.set-without-wait, kernel scale, line 26
// A flag that is set in every round but waited for in all except the last: it is still up when the kernel
// ends.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kTile = 512, kTiles = 4, kCount = kTile * kTiles;

extern "C" __global__ __vector__ void scale(GM_ADDR x, GM_ADDR y) {
  using namespace AscendC;
  GlobalTensor<float> from, to;
  from.SetGlobalBuffer((__gm__ float*)x + GetBlockIdx() * kCount, kCount);
  to.SetGlobalBuffer((__gm__ float*)y + GetBlockIdx() * kCount, kCount);
  TPipe pipe;
  TBuf<TPosition::VECCALC> in;
  pipe.InitBuffer(in, kTile * sizeof(float));
  const LocalTensor<float> a = in.Get<float>();

  for (uint32_t tile = 0; tile < kTiles; ++tile) {
    if (tile > 0) WaitFlag<HardEvent::MTE3_MTE2>(EVENT_ID0);
    DataCopy(a, from[tile * kTile], kTile);
    SetFlag<HardEvent::MTE2_MTE3>(EVENT_ID0);
    WaitFlag<HardEvent::MTE2_MTE3>(EVENT_ID0);
    DataCopy(to[tile * kTile], a, kTile);
    SetFlag<HardEvent::MTE3_MTE2>(EVENT_ID0);
  }
}

int main() {
  example::Session acl;
  example::Buffer<float> dx(example::numbers(kCount, -1, 1)), dy(kCount);
  scale<<<1, nullptr, acl.stream>>>(dx, dy);
  acl.wait();
}
