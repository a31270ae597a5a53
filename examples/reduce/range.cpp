// SPDX-License-Identifier: Apache-2.0
// Scales a vector to [0, 1]: y = (x - min) / (max - min). ReduceMin and ReduceMax leave one value in the
// unified buffer; to use it as the scalar of another instruction it has to go through the scalar unit, which
// must wait for the vector unit.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kTile = 2048;

extern "C" __global__ __vector__ void to_unit_range(GM_ADDR x, GM_ADDR y) {
  using namespace AscendC;
  GlobalTensor<float> from, to;
  from.SetGlobalBuffer((__gm__ float*)x, kTile);
  to.SetGlobalBuffer((__gm__ float*)y, kTile);
  TPipe pipe;
  TQue<TPosition::VECIN, 1> in;
  TQue<TPosition::VECOUT, 1> out;
  TBuf<TPosition::VECCALC> work_buffer, result_buffer;
  pipe.InitBuffer(in, 1, kTile * sizeof(float));
  pipe.InitBuffer(out, 1, kTile * sizeof(float));
  pipe.InitBuffer(work_buffer, kTile / 8 * sizeof(float));
  pipe.InitBuffer(result_buffer, 64);

  LocalTensor<float> a = in.AllocTensor<float>();
  DataCopy(a, from, kTile);
  in.EnQue(a);
  a = in.DeQue<float>();
  LocalTensor<float> low = result_buffer.Get<float>(8), high = result_buffer.GetWithOffset<float>(8, 32);
  LocalTensor<float> work = work_buffer.Get<float>();
  ReduceMin(low, a, work, kTile);
  PipeBarrier<PIPE_V>();  // the second reduction uses the work buffer again
  ReduceMax(high, a, work, kTile);
  const event_t reduced = static_cast<event_t>(pipe.FetchEventID(HardEvent::V_S));
  SetFlag<HardEvent::V_S>(reduced);
  WaitFlag<HardEvent::V_S>(reduced);
  const float from_here = low.GetValue(0), width = high.GetValue(0) - from_here;
  LocalTensor<float> b = out.AllocTensor<float>();
  Adds(b, a, -from_here, kTile);
  PipeBarrier<PIPE_V>();
  Muls(b, b, 1.0f / width, kTile);
  out.EnQue(b);
  in.FreeTensor(a);
  b = out.DeQue<float>();
  DataCopy(to, b, kTile);
  out.FreeTensor(b);
}

int main() {
  example::Session acl;
  const std::vector<float> x = example::numbers(kTile, -7, 3);
  double low = x[0], high = x[0];
  for (const float v : x) low = std::fmin(low, v), high = std::fmax(high, v);
  example::Buffer<float> dx(x), dy(kTile);
  to_unit_range<<<1, nullptr, acl.stream>>>(dx, dy);
  acl.wait();
  return example::compare(
      "reduce/range", dy.read(), [&](size_t i) { return (x[i] - low) / (high - low); }, 1e-6);
}
