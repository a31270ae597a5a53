// SPDX-License-Identifier: Apache-2.0
// finds: hazard.undefined, kernel sum, line 22
// Atomic additions onto memory that nobody cleared: the sum starts from anything.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kBlocks = 4, kTile = 512, kCount = kTile;

extern "C" __global__ __vector__ void sum(GM_ADDR x, GM_ADDR total) {
  using namespace AscendC;
  GlobalTensor<float> from, to;
  from.SetGlobalBuffer((__gm__ float*)x + GetBlockIdx() * kTile, kTile);
  to.SetGlobalBuffer((__gm__ float*)total, kTile);
  TPipe pipe;
  TQueBind<TPosition::VECIN, TPosition::VECOUT, 1> queue;
  pipe.InitBuffer(queue, 1, kTile * sizeof(float));
  LocalTensor<float> a = queue.AllocTensor<float>();
  DataCopy(a, from, kTile);
  queue.EnQue(a);
  a = queue.DeQue<float>();
  SetAtomicAdd<float>();
  DataCopy(to, a, kTile);
  SetAtomicNone();
  queue.FreeTensor(a);
}

int main() {
  example::Session acl;
  example::Buffer<float> dx(example::numbers(kBlocks * kTile, -1, 1));
  void* total = nullptr;
  MUST(aclrtMalloc(&total, kTile * sizeof(float), ACL_MEM_MALLOC_HUGE_FIRST));
  sum<<<kBlocks, nullptr, acl.stream>>>(dx, (uint8_t*)total);
  acl.wait();
}
