// SPDX-License-Identifier: Apache-2.0
// A meeting of all cores: y = x / sum(x). Every core writes its partial sum to device memory, SyncAll, then
// every core reads all of them. All blocks must run at the same time: a meeting of more blocks than the chip
// has cores never ends, so the host asks the platform how many there are.
#include "../common.h"
#include "kernel_operator.h"
#include "tiling/platform/platform_ascendc.h"

constexpr uint32_t kTile = 1024, kSlot = 8;  // 32 bytes for each partial sum

extern "C" __global__ __vector__ void normalise(GM_ADDR x, GM_ADDR partial, GM_ADDR y) {
  using namespace AscendC;
  const uint32_t blocks = GetBlockNum();
  GlobalTensor<float> from, sums, to;
  from.SetGlobalBuffer((__gm__ float*)x + GetBlockIdx() * kTile, kTile);
  sums.SetGlobalBuffer((__gm__ float*)partial, blocks * kSlot);
  to.SetGlobalBuffer((__gm__ float*)y + GetBlockIdx() * kTile, kTile);
  TPipe pipe;
  TQue<TPosition::VECIN, 1> in, in_sums;
  TQue<TPosition::VECOUT, 1> out, out_sum;
  TBuf<TPosition::VECCALC> work_buffer, total_buffer;
  pipe.InitBuffer(in, 1, kTile * sizeof(float));
  pipe.InitBuffer(out, 1, kTile * sizeof(float));
  pipe.InitBuffer(in_sums, 1, blocks * kSlot * sizeof(float));
  pipe.InitBuffer(out_sum, 1, kSlot * sizeof(float));
  pipe.InitBuffer(work_buffer, 1024);
  pipe.InitBuffer(total_buffer, 32);
  const LocalTensor<float> work = work_buffer.Get<float>(), total = total_buffer.Get<float>();

  LocalTensor<float> a = in.AllocTensor<float>();
  DataCopy(a, from, kTile);
  in.EnQue(a);
  a = in.DeQue<float>();
  LocalTensor<float> mine = out_sum.AllocTensor<float>();
  Duplicate(mine, 0.0f, kSlot);  // one sum, seven zeros: adding up whole slots is then right
  PipeBarrier<PIPE_V>();
  ReduceSum(mine, a, work, kTile);
  out_sum.EnQue(mine);
  mine = out_sum.DeQue<float>();
  DataCopy(sums[GetBlockIdx() * kSlot], mine, kSlot);
  out_sum.FreeTensor(mine);

  SyncAll();  // whoever is past this line sees what all wrote before it

  LocalTensor<float> all = in_sums.AllocTensor<float>();
  DataCopy(all, sums, blocks * kSlot);
  in_sums.EnQue(all);
  all = in_sums.DeQue<float>();
  ReduceSum(total, all, work, blocks * kSlot);
  const event_t summed = static_cast<event_t>(pipe.FetchEventID(HardEvent::V_S));
  SetFlag<HardEvent::V_S>(summed);
  WaitFlag<HardEvent::V_S>(summed);
  LocalTensor<float> b = out.AllocTensor<float>();
  Muls(b, a, 1.0f / total.GetValue(0), kTile);
  out.EnQue(b);
  in.FreeTensor(a);
  in_sums.FreeTensor(all);
  b = out.DeQue<float>();
  DataCopy(to, b, kTile);
  out.FreeTensor(b);
}

int main() {
  example::Session acl;
  const uint32_t blocks = platform_ascendc::PlatformAscendCManager::GetInstance()->GetCoreNumAiv(),
                 count = blocks * kTile;
  const std::vector<float> x = example::numbers(count, 0, 1);
  double sum = 0;
  for (const float v : x) sum += v;
  example::Buffer<float> dx(x), partial(blocks * kSlot), dy(count);
  normalise<<<blocks, nullptr, acl.stream>>>(dx, partial, dy);
  acl.wait();
  std::vector<float> scaled = dy.read();
  for (float& v : scaled) v *= static_cast<float>(count);  // around 1, so that the tolerance means something
  return example::compare("sync/all_blocks", scaled, [&](size_t i) { return x[i] / sum * count; }, 1e-5);
}
