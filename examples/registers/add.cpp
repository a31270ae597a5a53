// SPDX-License-Identifier: Apache-2.0
// arch: dav-3510
// Vector code of the 950 works on registers of 256 bytes: load from UB, compute, store. A mask register says
// which elements count; UpdateMask takes a register's worth off the number that is left. z = relu(x + y), any
// length.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kCount = 3000, kPerRegister = 64;

__simd_vf__ inline void AddThenRelu(__ubuf__ float* z, __ubuf__ float* x, __ubuf__ float* y, uint32_t count,
                                    uint16_t times) {
  using namespace AscendC::Reg;
  RegTensor<float> a, b, sum;
  for (uint16_t i = 0; i < times; ++i) {
    MaskReg mask = UpdateMask<float>(count);
    LoadAlign(a, x + i * kPerRegister);
    LoadAlign(b, y + i * kPerRegister);
    Add(sum, a, b, mask);
    Relu(sum, sum, mask);
    StoreAlign(z + i * kPerRegister, sum, mask);
  }
}

__global__ __vector__ void add_relu(GM_ADDR x, GM_ADDR y, GM_ADDR z) {
  using namespace AscendC;
  TPipe pipe;
  TQue<TPosition::VECIN, 2> in;
  TQue<TPosition::VECOUT, 1> out;
  pipe.InitBuffer(in, 2, kCount * sizeof(float));
  pipe.InitBuffer(out, 1, kCount * sizeof(float));
  GlobalTensor<float> gx, gy, gz;
  gx.SetGlobalBuffer((__gm__ float*)x, kCount);
  gy.SetGlobalBuffer((__gm__ float*)y, kCount);
  gz.SetGlobalBuffer((__gm__ float*)z, kCount);
  for (const auto& g : {gx, gy}) {
    LocalTensor<float> t = in.AllocTensor<float>();
    DataCopy(t, g, kCount);
    in.EnQue(t);
  }
  LocalTensor<float> a = in.DeQue<float>(), b = in.DeQue<float>(), c = out.AllocTensor<float>();
  asc_vf_call<AddThenRelu>((__ubuf__ float*)c.GetPhyAddr(), (__ubuf__ float*)a.GetPhyAddr(),
                           (__ubuf__ float*)b.GetPhyAddr(), kCount,
                           static_cast<uint16_t>((kCount + kPerRegister - 1) / kPerRegister));
  out.EnQue(c);
  in.FreeTensor(a);
  in.FreeTensor(b);
  c = out.DeQue<float>();
  DataCopy(gz, c, kCount);
  out.FreeTensor(c);
}

int main() {
  example::Session acl;
  const std::vector<float> x = example::numbers(kCount, -2, 2, 1), y = example::numbers(kCount, -2, 2, 2);
  example::Buffer<float> dx(x), dy(y), dz(kCount);
  add_relu<<<1, nullptr, acl.stream>>>(dx, dy, dz);
  acl.wait();
  return example::compare(
      "registers/add", dz.read(), [&](size_t i) { return std::fmax(0.0, double(x[i]) + y[i]); }, 1e-6);
}
