// SPDX-License-Identifier: Apache-2.0
// arch: dav-3510
// finds: hazard.raw, kernel twice, line 18, line 33
// A vector function that does not wait for the copy it loads from: the vector pipe knows of MTE2 only by a
// flag.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kCount = 256;

__simd_vf__ inline void Twice(__ubuf__ float* y, __ubuf__ float* x, uint32_t count) {
  using namespace AscendC::Reg;
  RegTensor<float> v;
  const uint16_t times = static_cast<uint16_t>((count + 63) / 64);
  for (uint16_t i = 0; i < times; ++i) {
    MaskReg mask = UpdateMask<float>(count);
    LoadAlign(v, x + i * 64);
    Muls(v, v, 2.0f, mask);  // what of a load is used is read here
    StoreAlign(y + i * 64, v, mask);
  }
}

__global__ __vector__ void twice(GM_ADDR x, GM_ADDR y) {
  using namespace AscendC;
  TPipe pipe;
  TBuf<TPosition::VECCALC> in, out;
  pipe.InitBuffer(in, kCount * sizeof(float));
  pipe.InitBuffer(out, kCount * sizeof(float));
  GlobalTensor<float> gx, gy;
  gx.SetGlobalBuffer((__gm__ float*)x, kCount);
  gy.SetGlobalBuffer((__gm__ float*)y, kCount);
  const LocalTensor<float> a = in.Get<float>(), b = out.Get<float>();
  DataCopy(a, gx, kCount);
  asc_vf_call<Twice>((__ubuf__ float*)b.GetPhyAddr(), (__ubuf__ float*)a.GetPhyAddr(), kCount);
  SetFlag<HardEvent::V_MTE3>(EVENT_ID0);
  WaitFlag<HardEvent::V_MTE3>(EVENT_ID0);
  DataCopy(gy, b, kCount);
}

int main() {
  example::Session acl;
  example::Buffer<float> dx(example::numbers(kCount, -1, 1)), dy(kCount);
  twice<<<1, nullptr, acl.stream>>>(dx, dy);
  acl.wait();
}
