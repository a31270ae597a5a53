// SPDX-License-Identifier: Apache-2.0
// finds: hazard.race, kernel rotate, line 25, line 28
// finds: hazard.race, kernel rotate, line 28, line 25
// Each block reads what its neighbour stores, without SyncAll between: sometimes the new value, sometimes the
// old one. Two findings, for either of the two may come first.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kBlocks = 4, kTile = 512, kCount = kBlocks * kTile;

extern "C" __global__ __vector__ void rotate(GM_ADDR x, GM_ADDR workspace, GM_ADDR y) {
  using namespace AscendC;
  const uint32_t me = GetBlockIdx(), next = (me + 1) % kBlocks;
  GlobalTensor<float> from, shared, to;
  from.SetGlobalBuffer((__gm__ float*)x + me * kTile, kTile);
  shared.SetGlobalBuffer((__gm__ float*)workspace, kCount);
  to.SetGlobalBuffer((__gm__ float*)y + me * kTile, kTile);
  TPipe pipe;
  TBuf<TPosition::VECCALC> buffer;
  pipe.InitBuffer(buffer, kTile * sizeof(float));
  const LocalTensor<float> a = buffer.Get<float>();
  DataCopy(a, from, kTile);
  SetFlag<HardEvent::MTE2_MTE3>(EVENT_ID0);
  WaitFlag<HardEvent::MTE2_MTE3>(EVENT_ID0);
  DataCopy(shared[me * kTile], a, kTile);
  SetFlag<HardEvent::MTE3_MTE2>(EVENT_ID0);
  WaitFlag<HardEvent::MTE3_MTE2>(EVENT_ID0);
  DataCopy(a, shared[next * kTile], kTile);
  SetFlag<HardEvent::MTE2_MTE3>(EVENT_ID0);
  WaitFlag<HardEvent::MTE2_MTE3>(EVENT_ID0);
  DataCopy(to, a, kTile);
}

int main() {
  example::Session acl;
  example::Buffer<float> dx(example::numbers(kCount, -1, 1)), workspace(kCount), dy(kCount);
  rotate<<<kBlocks, nullptr, acl.stream>>>(dx, workspace, dy);
  acl.wait();
}
