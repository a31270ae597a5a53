// SPDX-License-Identifier: Apache-2.0
// finds: ascendc.alignment, kernel copy, line 19
// DataCopy moves multiples of 32 bytes, 13 floats are 52: this needs DataCopyPad.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kTile = 512, kCount = kTile;

extern "C" __global__ __vector__ void copy(GM_ADDR x, GM_ADDR y) {
  using namespace AscendC;
  GlobalTensor<float> from, to;
  from.SetGlobalBuffer((__gm__ float*)x + GetBlockIdx() * kCount, kCount);
  to.SetGlobalBuffer((__gm__ float*)y + GetBlockIdx() * kCount, kCount);
  TPipe pipe;
  TBuf<TPosition::VECCALC> in;
  pipe.InitBuffer(in, kTile * sizeof(float));
  const LocalTensor<float> a = in.Get<float>();

  DataCopy(a, from, 13);
  SetFlag<HardEvent::MTE2_MTE3>(EVENT_ID0);
  WaitFlag<HardEvent::MTE2_MTE3>(EVENT_ID0);
  DataCopy(to, a, 13);
}

int main() {
  example::Session acl;
  example::Buffer<float> dx(example::numbers(kCount, -1, 1)), dy(kCount);
  copy<<<1, nullptr, acl.stream>>>(dx, dy);
  acl.wait();
}
