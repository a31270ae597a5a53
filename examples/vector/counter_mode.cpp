// SPDX-License-Identifier: Apache-2.0
// Counter mode: the mask register holds how many elements an instruction takes, whatever the number of
// repeats. It saves the special case for a tail, and setting the register for every instruction: z = (x + y)
// * y over 1000 elements.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kCount = 1000, kPadded = 1024;

extern "C" __global__ __vector__ void counter_mode(GM_ADDR x, GM_ADDR y, GM_ADDR z) {
  using namespace AscendC;
  GlobalTensor<float> gx, gy, gz;
  gx.SetGlobalBuffer((__gm__ float*)x, kCount);
  gy.SetGlobalBuffer((__gm__ float*)y, kCount);
  gz.SetGlobalBuffer((__gm__ float*)z, kCount);
  TPipe pipe;
  TQue<TPosition::VECIN, 1> in_x, in_y;
  TQue<TPosition::VECOUT, 1> out;
  pipe.InitBuffer(in_x, 1, kPadded * sizeof(float));
  pipe.InitBuffer(in_y, 1, kPadded * sizeof(float));
  pipe.InitBuffer(out, 1, kPadded * sizeof(float));

  LocalTensor<float> a = in_x.AllocTensor<float>(), b = in_y.AllocTensor<float>();
  DataCopy(a, gx, kCount);
  DataCopy(b, gy, kCount);
  in_x.EnQue(a);
  in_y.EnQue(b);
  a = in_x.DeQue<float>();
  b = in_y.DeQue<float>();
  LocalTensor<float> c = out.AllocTensor<float>();
  SetMaskCount();
  SetVectorMask<float, MaskMode::COUNTER>(0, kCount);
  const BinaryRepeatParams dense(1, 1, 1, 8, 8, 8);
  // isSetMask = false: the register stays as it is, MASK_PLACEHOLDER stands where the mask would.
  Add<float, false>(c, a, b, MASK_PLACEHOLDER, 1, dense);
  PipeBarrier<PIPE_V>();
  Mul<float, false>(c, c, b, MASK_PLACEHOLDER, 1, dense);
  SetMaskNorm();  // leave the modes as others expect them
  ResetMask();
  out.EnQue(c);
  in_x.FreeTensor(a);
  in_y.FreeTensor(b);
  c = out.DeQue<float>();
  DataCopy(gz, c, kCount);
  out.FreeTensor(c);
}

int main() {
  example::Session acl;
  const std::vector<float> x = example::numbers(kCount, -2, 2, 1), y = example::numbers(kCount, -2, 2, 2);
  example::Buffer<float> dx(x), dy(y), dz(kCount);
  counter_mode<<<1, nullptr, acl.stream>>>(dx, dy, dz);
  acl.wait();
  return example::compare(
      "vector/counter_mode", dz.read(), [&](size_t i) { return (double(x[i]) + y[i]) * y[i]; }, 1e-6);
}
