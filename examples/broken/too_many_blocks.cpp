// SPDX-License-Identifier: Apache-2.0
// finds: hazard.sync-grid, kernel meet, line 21
// A meeting of 200 blocks: the first of them wait for others that cannot begin before they have ended.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kSlot = 8, kBlocks = 200, kCount = kSlot * kBlocks;

extern "C" __global__ __vector__ void meet(GM_ADDR y) {
  using namespace AscendC;
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
