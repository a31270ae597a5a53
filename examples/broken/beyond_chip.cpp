// SPDX-License-Identifier: Apache-2.0
// finds: ascendc.memory, kernel scale, line 15
// Buffers of 256 KiB: the unified buffer has 192.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kTile = 16384, kCount = kTile;

extern "C" __global__ __vector__ void scale(GM_ADDR x, GM_ADDR y) {
  using namespace AscendC;
  TPipe pipe;
  TQue<TPosition::VECIN, 2> in;
  TQue<TPosition::VECOUT, 2> out;
  pipe.InitBuffer(in, 2, kTile * sizeof(float));
  pipe.InitBuffer(out, 2, kTile * sizeof(float));
  LocalTensor<float> a = in.AllocTensor<float>();
  in.FreeTensor(a);
}

int main() {
  example::Session acl;
  example::Buffer<float> dx(example::numbers(kCount, -1, 1)), dy(kCount);
  scale<<<1, nullptr, acl.stream>>>(dx, dy);
  acl.wait();
}
