// SPDX-License-Identifier: Apache-2.0
// finds: hazard.raw, kernel scale, line 22, line 21
// The vector unit reads a tile while MTE2 is still bringing it in: SetFlag and WaitFlag<MTE2_V> are missing.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kBlocks = 4, kTile = 512, kCount = kBlocks * kTile;

extern "C" __global__ __vector__ void scale(GM_ADDR x, GM_ADDR y) {
  using namespace AscendC;
  GlobalTensor<float> from, to;
  from.SetGlobalBuffer((__gm__ float*)x + GetBlockIdx() * kTile, kTile);
  to.SetGlobalBuffer((__gm__ float*)y + GetBlockIdx() * kTile, kTile);
  TPipe pipe;
  TBuf<TPosition::VECCALC> in, out;
  pipe.InitBuffer(in, kTile * sizeof(float));
  pipe.InitBuffer(out, kTile * sizeof(float));
  LocalTensor<float> a = in.Get<float>(), b = out.Get<float>();

  DataCopy(a, from, kTile);
  Muls(b, a, 2.0f, kTile);
  SetFlag<HardEvent::V_MTE3>(EVENT_ID0);
  WaitFlag<HardEvent::V_MTE3>(EVENT_ID0);
  DataCopy(to, b, kTile);
}

int main() {
  example::Session acl;
  example::Buffer<float> dx(example::numbers(kCount, -1, 1)), dy(kCount);
  scale<<<kBlocks, nullptr, acl.stream>>>(dx, dy);
  acl.wait();
}
