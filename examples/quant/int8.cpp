// SPDX-License-Identifier: Apache-2.0
// Quantisation of the library: AscendQuant rounds x * scale + offset to int8. Each row of activations gets a
// scale of its own, 127 over its largest magnitude, as it is done before a product of int8 (cube/int8.cpp).
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kRows = 8, kColumns = 512, kCount = kRows * kColumns;

extern "C" __global__ __vector__ void quantise(GM_ADDR x, GM_ADDR q, GM_ADDR scales) {
  using namespace AscendC;
  const uint32_t row = GetBlockIdx();
  GlobalTensor<float> from, scale_out;
  GlobalTensor<int8_t> to;
  from.SetGlobalBuffer((__gm__ float*)x + row * kColumns, kColumns);
  to.SetGlobalBuffer((__gm__ int8_t*)q + row * kColumns, kColumns);
  scale_out.SetGlobalBuffer((__gm__ float*)scales + row * 8, 8);
  TPipe pipe;
  TQue<TPosition::VECIN, 1> in;
  TQue<TPosition::VECOUT, 1> out, out_scale;
  TBuf<TPosition::VECCALC> magnitude_buffer, work_buffer;
  pipe.InitBuffer(in, 1, kColumns * sizeof(float));
  pipe.InitBuffer(out, 1, kColumns);
  pipe.InitBuffer(out_scale, 1, 32);
  pipe.InitBuffer(magnitude_buffer, kColumns * sizeof(float));
  pipe.InitBuffer(work_buffer, 256);
  const LocalTensor<float> magnitude = magnitude_buffer.Get<float>();

  LocalTensor<float> a = in.AllocTensor<float>();
  DataCopy(a, from, kColumns);
  in.EnQue(a);
  a = in.DeQue<float>();
  Abs(magnitude, a, kColumns);
  PipeBarrier<PIPE_V>();
  ReduceMax(magnitude, magnitude, work_buffer.Get<float>(), kColumns);
  const event_t reduced = static_cast<event_t>(pipe.FetchEventID(HardEvent::V_S));
  SetFlag<HardEvent::V_S>(reduced);
  WaitFlag<HardEvent::V_S>(reduced);
  const float scale = 127.0f / magnitude.GetValue(0);
  LocalTensor<int8_t> b = out.AllocTensor<int8_t>();
  LocalTensor<float> s = out_scale.AllocTensor<float>();
  AscendQuant(b, a, scale, 0.0f, kColumns);
  Duplicate(s, 1.0f / scale, 8);  // what to multiply by to get back
  out.EnQue(b);
  out_scale.EnQue(s);
  in.FreeTensor(a);
  b = out.DeQue<int8_t>();
  s = out_scale.DeQue<float>();
  DataCopy(to, b, kColumns);
  DataCopy(scale_out, s, 8);
  out.FreeTensor(b);
  out_scale.FreeTensor(s);
}

int main() {
  example::Session acl;
  const std::vector<float> x = example::numbers(kCount, -3, 5);
  example::Buffer<float> dx(x), scales(kRows * 8);
  example::Buffer<int8_t> dq(kCount);
  quantise<<<kRows, nullptr, acl.stream>>>(dx, dq, scales);
  acl.wait();
  const std::vector<int8_t> q = dq.read();
  const std::vector<float> back = scales.read();
  std::vector<float> restored(kCount);
  for (size_t i = 0; i < kCount; ++i) restored[i] = static_cast<float>(q[i]) * back[i / kColumns * 8];
  // Within half a step of a scale: at most 5 / 127 / 2, and a little for what halves round on the way.
  return example::compare("quant/int8", restored, [&](size_t i) { return double(x[i]); }, 0.0205);
}
