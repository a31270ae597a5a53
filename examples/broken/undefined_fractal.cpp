// SPDX-License-Identifier: Apache-2.0
// finds: hazard.undefined, kernel multiply, line 45, line 33
// Only half of a fractal of L1 was loaded, all of it is multiplied: rows 8 to 15 of the result are anything.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint16_t kSide = 16;
constexpr uint32_t kCount = kSide * kSide;

extern "C" __global__ __cube__ void multiply(GM_ADDR a, GM_ADDR c) {
  using namespace AscendC;
  GlobalTensor<half> ga;
  GlobalTensor<float> gc;
  ga.SetGlobalBuffer((__gm__ half*)a, kCount);
  gc.SetGlobalBuffer((__gm__ float*)c, kCount);
  TPipe pipe;
  TBuf<TPosition::A1> in;
  TBuf<TPosition::A2> left;
  TBuf<TPosition::B2> right;
  TBuf<TPosition::CO1> out;
  pipe.InitBuffer(in, 2 * kCount * sizeof(half));
  pipe.InitBuffer(left, kCount * sizeof(half));
  pipe.InitBuffer(right, kCount * sizeof(half));
  pipe.InitBuffer(out, kCount * sizeof(float));
  const LocalTensor<half> l1 = in.Get<half>(), l0a = left.Get<half>(), l0b = right.Get<half>();
  const LocalTensor<float> l0c = out.Get<float>();

  DataCopy(l1, ga, kCount / 2);
  DataCopy(l1[kCount], ga, kCount);
  SetFlag<HardEvent::MTE2_MTE1>(EVENT_ID0);
  WaitFlag<HardEvent::MTE2_MTE1>(EVENT_ID0);
  const LoadData2DParams fractal(0, 1, 1, 0, 0, false, 0);
  LoadData(l0a, l1, fractal);
  LoadData(l0b, l1[kCount], fractal);
  SetFlag<HardEvent::MTE1_M>(EVENT_ID0);
  WaitFlag<HardEvent::MTE1_M>(EVENT_ID0);
  MmadParams mm;
  mm.m = mm.n = mm.k = kSide;
  Mmad(l0c, l0a, l0b, mm);
  SetFlag<HardEvent::M_FIX>(EVENT_ID0);
  WaitFlag<HardEvent::M_FIX>(EVENT_ID0);
  FixpipeParamsV220 fix;
  fix.mSize = fix.nSize = fix.srcStride = kSide;
  fix.dstStride = kSide;
  Fixpipe(gc, l0c, fix);
}

int main() {
  example::Session acl;
  example::Buffer<aclFloat16> da(example::to_half(std::vector<float>(kCount, 1.0f)));
  example::Buffer<float> dc(kCount);
  multiply<<<1, nullptr, acl.stream>>>(da, dc);
  acl.wait();
}
