// SPDX-License-Identifier: Apache-2.0
// Double buffering by hand: y = 2 x with flags instead of queues. What TQue does for you, spelled out.
//
// Two buffers in, two out. Four kinds of flags, each with one id per buffer:
//   MTE2_V  this tile is here          V_MTE2  this input buffer is free again
//   V_MTE3  this result is there       MTE3_V  this output buffer is free again
// The "free again" flags are set once before the loop, for nobody has used the buffers yet, and waited for
// once after it: every set flag needs its wait.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kBlocks = 4, kTile = 512, kTiles = 7, kPerBlock = kTile * kTiles,
                   kCount = kBlocks * kPerBlock;

extern "C" __global__ __vector__ void ping_pong(GM_ADDR x, GM_ADDR y) {
  using namespace AscendC;
  GlobalTensor<float> from, to;
  from.SetGlobalBuffer((__gm__ float*)x + GetBlockIdx() * kPerBlock, kPerBlock);
  to.SetGlobalBuffer((__gm__ float*)y + GetBlockIdx() * kPerBlock, kPerBlock);
  TPipe pipe;
  TBuf<TPosition::VECCALC> in_buffer, out_buffer;
  pipe.InitBuffer(in_buffer, 2 * kTile * sizeof(float));
  pipe.InitBuffer(out_buffer, 2 * kTile * sizeof(float));
  const LocalTensor<float> in = in_buffer.Get<float>(), out = out_buffer.Get<float>();

  for (int32_t id = 0; id < 2; ++id) {
    SetFlag<HardEvent::V_MTE2>(id);
    SetFlag<HardEvent::MTE3_V>(id);
  }
  for (uint32_t tile = 0; tile < kTiles; ++tile) {
    const int32_t id = tile % 2;
    const LocalTensor<float> a = in[id * kTile], b = out[id * kTile];
    WaitFlag<HardEvent::V_MTE2>(id);
    DataCopy(a, from[tile * kTile], kTile);
    SetFlag<HardEvent::MTE2_V>(id);

    WaitFlag<HardEvent::MTE2_V>(id);
    WaitFlag<HardEvent::MTE3_V>(id);
    Muls(b, a, 2.0f, kTile);
    SetFlag<HardEvent::V_MTE2>(id);
    SetFlag<HardEvent::V_MTE3>(id);

    WaitFlag<HardEvent::V_MTE3>(id);
    DataCopy(to[tile * kTile], b, kTile);
    SetFlag<HardEvent::MTE3_V>(id);
  }
  for (int32_t id = 0; id < 2; ++id) {
    WaitFlag<HardEvent::V_MTE2>(id);
    WaitFlag<HardEvent::MTE3_V>(id);
  }
}

int main() {
  example::Session acl;
  const std::vector<float> x = example::numbers(kCount, -1, 1);
  example::Buffer<float> dx(x), dy(kCount);
  ping_pong<<<kBlocks, nullptr, acl.stream>>>(dx, dy);
  acl.wait();
  return example::compare("sync/ping_pong", dy.read(), [&](size_t i) { return 2.0 * x[i]; }, 0);
}
