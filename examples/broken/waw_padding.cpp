// SPDX-License-Identifier: Apache-2.0
// finds: hazard.waw, kernel pad, line 22, line 21
// The tail of a tile is cleared by the vector unit while MTE2 may still be writing there: which of the two
// comes last is left to chance.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kTile = 512, kCount = 500;

extern "C" __global__ __vector__ void pad(GM_ADDR x, GM_ADDR y) {
  using namespace AscendC;
  GlobalTensor<float> from, to;
  from.SetGlobalBuffer((__gm__ float*)x + GetBlockIdx() * kCount, kCount);
  to.SetGlobalBuffer((__gm__ float*)y + GetBlockIdx() * kCount, kCount);
  TPipe pipe;
  TBuf<TPosition::VECCALC> in;
  pipe.InitBuffer(in, kTile * sizeof(float));
  const LocalTensor<float> a = in.Get<float>();

  const DataCopyExtParams bytes(1, kCount * sizeof(float), 0, 0, 0);
  DataCopyPad(a, from, bytes, DataCopyPadExtParams<float>());
  Duplicate(a[kTile - 16], 0.0f, 16);
  PipeBarrier<PIPE_ALL>();
  DataCopyPad(to, a, bytes);
}

int main() {
  example::Session acl;
  example::Buffer<float> dx(example::numbers(kCount, -1, 1)), dy(kCount);
  pad<<<1, nullptr, acl.stream>>>(dx, dy);
  acl.wait();
}
