// SPDX-License-Identifier: Apache-2.0
// finds: hazard.raw, kernel multiply, line 44, line 40
// FixPipe stores a product that the cube may still be computing: the flag M_FIX is missing.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint16_t kSide = 16;
constexpr uint32_t kCount = kSide * kSide;

extern "C" __global__ __cube__ void multiply(GM_ADDR a, GM_ADDR b, GM_ADDR c) {
  using namespace AscendC;
  GlobalTensor<half> ga, gb;
  GlobalTensor<float> gc;
  ga.SetGlobalBuffer((__gm__ half*)a, kCount);
  gb.SetGlobalBuffer((__gm__ half*)b, kCount);
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

  DataCopy(l1, ga, kCount);
  DataCopy(l1[kCount], gb, kCount);
  SetFlag<HardEvent::MTE2_MTE1>(EVENT_ID0);
  WaitFlag<HardEvent::MTE2_MTE1>(EVENT_ID0);
  const LoadData2DParams fractal(0, 1, 1, 0, 0, false, 0), turned(0, 1, 1, 0, 0, true, 0);
  LoadData(l0a, l1, fractal);
  LoadData(l0b, l1[kCount], turned);
  SetFlag<HardEvent::MTE1_M>(EVENT_ID0);
  WaitFlag<HardEvent::MTE1_M>(EVENT_ID0);
  MmadParams mm;
  mm.m = mm.n = mm.k = kSide;
  Mmad(l0c, l0a, l0b, mm);
  FixpipeParamsV220 fix;
  fix.mSize = fix.nSize = fix.srcStride = kSide;
  fix.dstStride = kSide;
  Fixpipe(gc, l0c, fix);
}

int main() {
  example::Session acl;
  const std::vector<aclFloat16> ones = example::to_half(std::vector<float>(kCount, 1.0f));
  example::Buffer<aclFloat16> da(ones), db(ones);
  example::Buffer<float> dc(kCount);
  multiply<<<1, nullptr, acl.stream>>>(da, db, dc);
  acl.wait();
}
