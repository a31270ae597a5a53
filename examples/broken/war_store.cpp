// SPDX-License-Identifier: Apache-2.0
// finds: hazard.war, kernel scale, line 27, line 31
// The vector unit computes the next result over the one that MTE3 may still be storing: the flag MTE3_V is
// missing.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kTile = 512, kTiles = 4, kCount = kTile * kTiles;

extern "C" __global__ __vector__ void scale(GM_ADDR x, GM_ADDR y) {
  using namespace AscendC;
  GlobalTensor<float> from, to;
  from.SetGlobalBuffer((__gm__ float*)x + GetBlockIdx() * kCount, kCount);
  to.SetGlobalBuffer((__gm__ float*)y + GetBlockIdx() * kCount, kCount);
  TPipe pipe;
  TBuf<TPosition::VECCALC> in, out;
  pipe.InitBuffer(in, kTile * sizeof(float));
  pipe.InitBuffer(out, kTile * sizeof(float));
  const LocalTensor<float> a = in.Get<float>(), b = out.Get<float>();

  SetFlag<HardEvent::V_MTE2>(EVENT_ID0);
  for (uint32_t tile = 0; tile < kTiles; ++tile) {
    WaitFlag<HardEvent::V_MTE2>(EVENT_ID0);
    DataCopy(a, from[tile * kTile], kTile);
    SetFlag<HardEvent::MTE2_V>(EVENT_ID0);
    WaitFlag<HardEvent::MTE2_V>(EVENT_ID0);
    Muls(b, a, 2.0f, kTile);
    SetFlag<HardEvent::V_MTE2>(EVENT_ID0);
    SetFlag<HardEvent::V_MTE3>(EVENT_ID0);
    WaitFlag<HardEvent::V_MTE3>(EVENT_ID0);
    DataCopy(to[tile * kTile], b, kTile);
  }
  WaitFlag<HardEvent::V_MTE2>(EVENT_ID0);
}

int main() {
  example::Session acl;
  example::Buffer<float> dx(example::numbers(kCount, -1, 1)), dy(kCount);
  scale<<<1, nullptr, acl.stream>>>(dx, dy);
  acl.wait();
}
