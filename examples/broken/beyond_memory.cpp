// SPDX-License-Identifier: Apache-2.0
// finds: ascendc.out-of-range, kernel copy, line 19
// The last tile of the last block lies half beyond the end of the input.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kTile = 512, kCount = 3 * kTile + kTile / 2;

extern "C" __global__ __vector__ void copy(GM_ADDR x, GM_ADDR y) {
  using namespace AscendC;
  GlobalTensor<float> from, to;
  from.SetGlobalBuffer((__gm__ float*)x, kCount);
  to.SetGlobalBuffer((__gm__ float*)y, kCount);
  TPipe pipe;
  TQueBind<TPosition::VECIN, TPosition::VECOUT, 2> queue;
  pipe.InitBuffer(queue, 2, kTile * sizeof(float));
  for (uint32_t at = 0; at < kCount; at += kTile) {
    LocalTensor<float> a = queue.AllocTensor<float>();
    DataCopy(a, from[at], kTile);
    queue.EnQue(a);
    a = queue.DeQue<float>();
    DataCopy(to[at], a, kTile);
    queue.FreeTensor(a);
  }
}

int main() {
  example::Session acl;
  example::Buffer<float> dx(example::numbers(kCount, -1, 1)), dy(kCount);
  copy<<<1, nullptr, acl.stream>>>(dx, dy);
  acl.wait();
}
