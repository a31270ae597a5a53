// SPDX-License-Identifier: Apache-2.0
// The same meeting with bare flags between cores: CrossCoreSetFlag of mode 0 reaches all cores of a kind. It
// is set on the pipe that stored the data (MTE3), so it fires after the store; the wait stops the core until
// all have set theirs. Four cores, three rounds: each passes what it holds to the next, as in a ring
// all-gather.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kBlocks = 4, kTile = 256;

extern "C" __global__ __vector__ void ring(GM_ADDR x, GM_ADDR mail, GM_ADDR y) {
  using namespace AscendC;
  const uint32_t me = GetBlockIdx(), from = (me + kBlocks - 1) % kBlocks;
  GlobalTensor<float> own, box, out;
  own.SetGlobalBuffer((__gm__ float*)x + me * kTile, kTile);
  box.SetGlobalBuffer((__gm__ float*)mail, (kBlocks - 1) * kBlocks * kTile);
  out.SetGlobalBuffer((__gm__ float*)y + me * kTile, kTile);
  TPipe pipe;
  TBuf<TPosition::VECCALC> held_buffer, sum_buffer;
  pipe.InitBuffer(held_buffer, kTile * sizeof(float));
  pipe.InitBuffer(sum_buffer, kTile * sizeof(float));
  const LocalTensor<float> held = held_buffer.Get<float>(), sum = sum_buffer.Get<float>();

  Duplicate(sum, 0.0f, kTile);
  PipeBarrier<PIPE_V>();
  DataCopy(held, own, kTile);
  for (uint32_t round = 0; round < kBlocks; ++round) {
    SetFlag<HardEvent::MTE2_V>(EVENT_ID0);
    WaitFlag<HardEvent::MTE2_V>(EVENT_ID0);
    Add(sum, sum, held, kTile);
    PipeBarrier<PIPE_V>();
    if (round + 1 == kBlocks) break;
    SetFlag<HardEvent::MTE2_MTE3>(EVENT_ID0);
    WaitFlag<HardEvent::MTE2_MTE3>(EVENT_ID0);
    DataCopy(box[(round * kBlocks + me) * kTile], held,
             kTile);  // a box of its own for each round: nobody overtakes
    CrossCoreSetFlag<0, PIPE_MTE3>(1);
    CrossCoreWaitFlag(1);
    SetFlag<HardEvent::V_MTE2>(EVENT_ID0);  // before `held` is overwritten: it was added,
    WaitFlag<HardEvent::V_MTE2>(EVENT_ID0);
    SetFlag<HardEvent::MTE3_MTE2>(EVENT_ID0);  // and it was sent
    WaitFlag<HardEvent::MTE3_MTE2>(EVENT_ID0);
    DataCopy(held, box[(round * kBlocks + from) * kTile], kTile);
  }
  SetFlag<HardEvent::V_MTE3>(EVENT_ID0);
  WaitFlag<HardEvent::V_MTE3>(EVENT_ID0);
  DataCopy(out, sum, kTile);
}

int main() {
  example::Session acl;
  const std::vector<float> x = example::integers<float>(kBlocks * kTile, -9, 9);
  example::Buffer<float> dx(x), mail((kBlocks - 1) * kBlocks * kTile), dy(kBlocks * kTile);
  ring<<<kBlocks, nullptr, acl.stream>>>(dx, mail, dy);
  acl.wait();
  const auto golden = [&](size_t i) {
    double s = 0;
    for (size_t block = 0; block < kBlocks; ++block) s += x[block * kTile + i % kTile];
    return s;
  };
  return example::compare("sync/ring", dy.read(), golden, 0);
}
