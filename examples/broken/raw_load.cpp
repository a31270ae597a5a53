// SPDX-License-Identifier: Apache-2.0
// finds: hazard.raw, kernel scale, line 21, line 20
// The vector unit reads a tile while MTE2 may still be bringing it in: the flag MTE2_V is missing.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kBlocks = 4, kTile = 512, kCount = kTile;

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
  Muls(b, a, 2.0f, kTile);
  SetFlag<HardEvent::V_MTE3>(EVENT_ID0);
  WaitFlag<HardEvent::V_MTE3>(EVENT_ID0);
  DataCopy(to, b, kTile);
}

int main() {
  example::Session acl;
  example::Buffer<float> dx(example::numbers(kBlocks * kCount, -1, 1)), dy(kBlocks * kCount);
  scale<<<kBlocks, nullptr, acl.stream>>>(dx, dy);
  acl.wait();
}
