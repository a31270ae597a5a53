// SPDX-License-Identifier: Apache-2.0
// finds: hazard.overlap, kernel shift, line 23
// An instruction whose result lies eight elements behind its own source: it overwrites what it still has to
// read.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kTile = 512, kCount = kTile;

extern "C" __global__ __vector__ void shift(GM_ADDR x, GM_ADDR y) {
  using namespace AscendC;
  GlobalTensor<float> from, to;
  from.SetGlobalBuffer((__gm__ float*)x + GetBlockIdx() * kCount, kCount);
  to.SetGlobalBuffer((__gm__ float*)y + GetBlockIdx() * kCount, kCount);
  TPipe pipe;
  TBuf<TPosition::VECCALC> in;
  pipe.InitBuffer(in, 2 * kTile * sizeof(float));
  const LocalTensor<float> a = in.Get<float>();

  DataCopy(a, from, kTile);
  SetFlag<HardEvent::MTE2_V>(EVENT_ID0);
  WaitFlag<HardEvent::MTE2_V>(EVENT_ID0);
  Adds(a[8], a, 1.0f, kTile - 8);
  SetFlag<HardEvent::V_MTE3>(EVENT_ID0);
  WaitFlag<HardEvent::V_MTE3>(EVENT_ID0);
  DataCopy(to, a, kTile);
}

int main() {
  example::Session acl;
  example::Buffer<float> dx(example::numbers(kCount, -1, 1)), dy(kCount);
  shift<<<1, nullptr, acl.stream>>>(dx, dy);
  acl.wait();
}
