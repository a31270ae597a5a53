// SPDX-License-Identifier: Apache-2.0
// The scalar unit among the pipes: a running sum, which no vector instruction can do. GetValue waits for
// nobody by itself, so the data that MTE2 brings needs a flag to S, and what SetValue writes needs one from S
// to MTE3.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kTile = 256;

extern "C" __global__ __vector__ void running_sum(GM_ADDR x, GM_ADDR y) {
  using namespace AscendC;
  GlobalTensor<int32_t> from, to;
  from.SetGlobalBuffer((__gm__ int32_t*)x, kTile);
  to.SetGlobalBuffer((__gm__ int32_t*)y, kTile);
  TPipe pipe;
  TBuf<TPosition::VECCALC> in, out;
  pipe.InitBuffer(in, kTile * sizeof(int32_t));
  pipe.InitBuffer(out, kTile * sizeof(int32_t));
  const LocalTensor<int32_t> a = in.Get<int32_t>(), b = out.Get<int32_t>();

  DataCopy(a, from, kTile);
  const event_t loaded = static_cast<event_t>(pipe.AllocEventID<HardEvent::MTE2_S>());
  SetFlag<HardEvent::MTE2_S>(loaded);
  WaitFlag<HardEvent::MTE2_S>(loaded);
  pipe.ReleaseEventID<HardEvent::MTE2_S>(loaded);
  int32_t sum = 0;
  for (uint32_t i = 0; i < kTile; ++i) {
    sum += a.GetValue(i);
    b.SetValue(i, sum);
  }
  const event_t written = static_cast<event_t>(pipe.AllocEventID<HardEvent::S_MTE3>());
  SetFlag<HardEvent::S_MTE3>(written);
  WaitFlag<HardEvent::S_MTE3>(written);
  pipe.ReleaseEventID<HardEvent::S_MTE3>(written);
  DataCopy(to, b, kTile);
}

int main() {
  example::Session acl;
  const std::vector<int32_t> x = example::integers<int32_t>(kTile, -100, 100);
  example::Buffer<int32_t> dx(x), dy(kTile);
  running_sum<<<1, nullptr, acl.stream>>>(dx, dy);
  acl.wait();
  std::vector<double> golden(kTile);
  double sum = 0;
  for (size_t i = 0; i < kTile; ++i) golden[i] = sum += x[i];
  return example::compare("sync/scalar", dy.read(), [&](size_t i) { return golden[i]; }, 0);
}
