// SPDX-License-Identifier: Apache-2.0
// finds: hazard.wait-without-set, kernel scale, line 23
// A wait for a flag with another id than the one that was set: on hardware the vector unit stands still for
// ever.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kTile = 512, kCount = kTile;

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

  DataCopy(a, from, kTile);
  SetFlag<HardEvent::MTE2_V>(EVENT_ID0);
  WaitFlag<HardEvent::MTE2_V>(EVENT_ID1);
  Muls(b, a, 2.0f, kTile);
  SetFlag<HardEvent::V_MTE3>(EVENT_ID0);
  WaitFlag<HardEvent::V_MTE3>(EVENT_ID0);
  DataCopy(to, b, kTile);
}

int main() {
  example::Session acl;
  example::Buffer<float> dx(example::numbers(kCount, -1, 1)), dy(kCount);
  scale<<<1, nullptr, acl.stream>>>(dx, dy);
  acl.wait();
}
