// SPDX-License-Identifier: Apache-2.0
// finds: hazard.deadlock, kernel square, line 58
// The vector core waits for a flag that the cube core never sets.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint16_t kSide = 16, kProductDone = 3;
constexpr uint32_t kCount = kSide * kSide;

__aicore__ inline void Product(GM_ADDR a, GM_ADDR c) {
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
  pipe.InitBuffer(in, kCount * sizeof(half));
  pipe.InitBuffer(left, kCount * sizeof(half));
  pipe.InitBuffer(right, kCount * sizeof(half));
  pipe.InitBuffer(out, kCount * sizeof(float));
  const LocalTensor<half> l1 = in.Get<half>(), l0a = left.Get<half>(), l0b = right.Get<half>();
  const LocalTensor<float> l0c = out.Get<float>();
  DataCopy(l1, ga, kCount);
  SetFlag<HardEvent::MTE2_MTE1>(EVENT_ID0);
  WaitFlag<HardEvent::MTE2_MTE1>(EVENT_ID0);
  const LoadData2DParams fractal(0, 1, 1, 0, 0, false, 0), turned(0, 1, 1, 0, 0, true, 0);
  LoadData(l0a, l1, fractal);
  LoadData(l0b, l1, turned);
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

extern "C" __global__ __mix__(1, 1) void square(GM_ADDR a, GM_ADDR c, GM_ADDR d) {
  using namespace AscendC;
  if ASCEND_IS_AIC {
    Product(a, c);
  }
  if ASCEND_IS_AIV {
    GlobalTensor<float> from, to;
    from.SetGlobalBuffer((__gm__ float*)c, kCount);
    to.SetGlobalBuffer((__gm__ float*)d, kCount);
    TPipe pipe;
    TQueBind<TPosition::VECIN, TPosition::VECOUT, 1> queue;
    pipe.InitBuffer(queue, 1, kCount * sizeof(float));
    CrossCoreWaitFlag(kProductDone);
    LocalTensor<float> x = queue.AllocTensor<float>();
    DataCopy(x, from, kCount);
    queue.EnQue(x);
    x = queue.DeQue<float>();
    DataCopy(to, x, kCount);
    queue.FreeTensor(x);
  }
}

int main() {
  example::Session acl;
  example::Buffer<aclFloat16> da(example::to_half(std::vector<float>(kCount, 1.0f)));
  example::Buffer<float> dc(kCount), dd(kCount);
  square<<<1, nullptr, acl.stream>>>(da, dc, dd);
  acl.wait();
}
