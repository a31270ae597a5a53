// SPDX-License-Identifier: Apache-2.0
// finds: run.timeout, kernel search, line 31
// A search that never finds what it looks for. (Run it with a short --timeout.)
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kTile = 512, kCount = kTile;

extern "C" __global__ __vector__ void search(GM_ADDR x, GM_ADDR y) {
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
  SetFlag<HardEvent::MTE2_S>(EVENT_ID0);
  WaitFlag<HardEvent::MTE2_S>(EVENT_ID0);
  uint32_t at = 0;
  while (a.GetValue(at) < 2.0f) at = (at + 1) % kTile;
  b.SetValue(0, a.GetValue(at));
}

int main() {
  example::Session acl;
  example::Buffer<float> dx(example::numbers(kCount, -1, 1)), dy(kCount);
  search<<<1, nullptr, acl.stream>>>(dx, dy);
  acl.wait();
}
