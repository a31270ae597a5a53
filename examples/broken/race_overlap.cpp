// SPDX-License-Identifier: Apache-2.0
// finds: hazard.race, kernel scale, line 21, line 21
// The tiles are longer than the shares: blocks store into the first elements of the next block's share.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kBlocks = 4, kTile = 512, kShare = 496, kCount = kBlocks * kTile;

extern "C" __global__ __vector__ void scale(GM_ADDR x, GM_ADDR y) {
  using namespace AscendC;
  GlobalTensor<float> from, to;
  from.SetGlobalBuffer((__gm__ float*)x + GetBlockIdx() * kTile, kTile);
  to.SetGlobalBuffer((__gm__ float*)y + GetBlockIdx() * kShare, kTile);
  TPipe pipe;
  TQueBind<TPosition::VECIN, TPosition::VECOUT, 1> queue;
  pipe.InitBuffer(queue, 1, kTile * sizeof(float));
  LocalTensor<float> a = queue.AllocTensor<float>();
  DataCopy(a, from, kTile);
  queue.EnQue(a);
  a = queue.DeQue<float>();
  DataCopy(to, a, kTile);
  queue.FreeTensor(a);
}

int main() {
  example::Session acl;
  example::Buffer<float> dx(example::numbers(kCount, -1, 1)), dy(kCount);
  scale<<<kBlocks, nullptr, acl.stream>>>(dx, dy);
  acl.wait();
}
