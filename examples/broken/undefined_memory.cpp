// SPDX-License-Identifier: Apache-2.0
// finds: hazard.undefined, kernel copy, line 22, line 19
// Device memory from aclrtMalloc holds anything: this input was never copied there.
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

  DataCopy(a, from, kTile);
  SetFlag<HardEvent::MTE2_MTE3>(EVENT_ID0);
  WaitFlag<HardEvent::MTE2_MTE3>(EVENT_ID0);
  DataCopy(to, a, kTile);
}

int main() {
  example::Session acl;
  void* input = nullptr;
  MUST(aclrtMalloc(&input, kCount * sizeof(float), ACL_MEM_MALLOC_HUGE_FIRST));
  example::Buffer<float> dy(kCount);
  copy<<<1, nullptr, acl.stream>>>((uint8_t*)input, dy);
  acl.wait();
}
