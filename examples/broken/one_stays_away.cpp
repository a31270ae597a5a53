// SPDX-License-Identifier: Apache-2.0
// finds: hazard.deadlock, kernel meet, line 22
// One block returns early, because it has no work, and never comes to the meeting: the others wait for ever.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kSlot = 8, kBlocks = 8, kCount = kSlot * kBlocks;

extern "C" __global__ __vector__ void meet(GM_ADDR y) {
  using namespace AscendC;
  if (GetBlockIdx() == 5) return;
  GlobalTensor<float> all;
  all.SetGlobalBuffer((__gm__ float*)y, GetBlockNum() * kSlot);
  TPipe pipe;
  TBuf<TPosition::VECCALC> buffer;
  pipe.InitBuffer(buffer, kSlot * sizeof(float));
  const LocalTensor<float> mine = buffer.Get<float>();
  Duplicate(mine, 1.0f, kSlot);
  SetFlag<HardEvent::V_MTE3>(EVENT_ID0);
  WaitFlag<HardEvent::V_MTE3>(EVENT_ID0);
  DataCopy(all[GetBlockIdx() * kSlot], mine, kSlot);
  SyncAll();
}

int main() {
  example::Session acl;
  example::Buffer<float> dy(kCount);
  meet<<<kBlocks, nullptr, acl.stream>>>(dy);
  acl.wait();
}
