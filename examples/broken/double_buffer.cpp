// SPDX-License-Identifier: Apache-2.0
// finds: hazard.war, kernel scale, line 25, line 29
// Two buffers, as in sync/ping_pong.cpp, but nobody tells MTE2 that the vector unit is done with one: every
// third tile overwrites the first.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kTile = 512, kTiles = 4, kCount = kTile * kTiles;

extern "C" __global__ __vector__ void scale(GM_ADDR x, GM_ADDR y) {
  using namespace AscendC;
  GlobalTensor<float> from, to;
  from.SetGlobalBuffer((__gm__ float*)x, kCount);
  to.SetGlobalBuffer((__gm__ float*)y, kCount);
  TPipe pipe;
  TBuf<TPosition::VECCALC> in, out;
  pipe.InitBuffer(in, 2 * kTile * sizeof(float));
  pipe.InitBuffer(out, 2 * kTile * sizeof(float));
  const LocalTensor<float> all_in = in.Get<float>(), all_out = out.Get<float>();

  for (int32_t id = 0; id < 2; ++id) SetFlag<HardEvent::MTE3_V>(id);
  for (uint32_t tile = 0; tile < kTiles; ++tile) {
    const int32_t id = tile % 2;
    const LocalTensor<float> a = all_in[id * kTile], b = all_out[id * kTile];
    DataCopy(a, from[tile * kTile], kTile);
    SetFlag<HardEvent::MTE2_V>(id);
    WaitFlag<HardEvent::MTE2_V>(id);
    WaitFlag<HardEvent::MTE3_V>(id);
    Muls(b, a, 2.0f, kTile);
    SetFlag<HardEvent::V_MTE3>(id);
    WaitFlag<HardEvent::V_MTE3>(id);
    DataCopy(to[tile * kTile], b, kTile);
    SetFlag<HardEvent::MTE3_V>(id);
  }
  for (int32_t id = 0; id < 2; ++id) WaitFlag<HardEvent::MTE3_V>(id);
}

int main() {
  example::Session acl;
  example::Buffer<float> dx(example::numbers(kCount, -1, 1)), dy(kCount);
  scale<<<1, nullptr, acl.stream>>>(dx, dy);
  acl.wait();
}
