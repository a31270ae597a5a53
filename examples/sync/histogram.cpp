// SPDX-License-Identifier: Apache-2.0
// A histogram: counting is work of the scalar unit. Every core counts its part in the unified buffer and adds
// its 64 counts to device memory with one atomic store.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kBlocks = 6, kTile = 1024, kCount = kBlocks * kTile, kBins = 64;

extern "C" __global__ __vector__ void histogram(GM_ADDR x, GM_ADDR counts) {
  using namespace AscendC;
  GlobalTensor<int32_t> from, to;
  from.SetGlobalBuffer((__gm__ int32_t*)x + GetBlockIdx() * kTile, kTile);
  to.SetGlobalBuffer((__gm__ int32_t*)counts, kBins);
  TPipe pipe;
  TBuf<TPosition::VECCALC> in, out;
  pipe.InitBuffer(in, kTile * sizeof(int32_t));
  pipe.InitBuffer(out, kBins * sizeof(int32_t));
  const LocalTensor<int32_t> a = in.Get<int32_t>(), bins = out.Get<int32_t>();

  DataCopy(a, from, kTile);
  Duplicate(bins, int32_t(0), kBins);
  SetFlag<HardEvent::MTE2_S>(EVENT_ID0);  // the values are there
  SetFlag<HardEvent::V_S>(EVENT_ID0);     // and the bins are empty
  WaitFlag<HardEvent::MTE2_S>(EVENT_ID0);
  WaitFlag<HardEvent::V_S>(EVENT_ID0);
  for (uint32_t i = 0; i < kTile; ++i) {
    const uint32_t bin = a.GetValue(i);
    bins.SetValue(bin, bins.GetValue(bin) + 1);
  }
  SetFlag<HardEvent::S_MTE3>(EVENT_ID0);
  WaitFlag<HardEvent::S_MTE3>(EVENT_ID0);
  SetAtomicAdd<int32_t>();
  DataCopy(to, bins, kBins);
  SetAtomicNone();
}

int main() {
  example::Session acl;
  const std::vector<int32_t> x = example::integers<int32_t>(kCount, 0, kBins);
  example::Buffer<int32_t> dx(x), counts(kBins);
  histogram<<<kBlocks, nullptr, acl.stream>>>(dx, counts);
  acl.wait();
  std::vector<double> golden(kBins);
  for (const int32_t v : x) golden[v] += 1;
  return example::compare("sync/histogram", counts.read(), [&](size_t i) { return golden[i]; }, 0);
}
