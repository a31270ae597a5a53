// SPDX-License-Identifier: Apache-2.0
// Looking inside: printf and DumpTensor write to the program's output, ascendc_assert ends a kernel whose
// assumption does not hold. All three cost time on hardware and are for debugging only.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kTile = 64;

extern "C" __global__ __vector__ void square(GM_ADDR x, GM_ADDR y, uint32_t count) {
  using namespace AscendC;
  ascendc_assert(count % 8 == 0);  // whole blocks of 32 bytes
  GlobalTensor<float> from, to;
  from.SetGlobalBuffer((__gm__ float*)x, count);
  to.SetGlobalBuffer((__gm__ float*)y, count);
  TPipe pipe;
  TQue<TPosition::VECIN, 1> in;
  TQue<TPosition::VECOUT, 1> out;
  pipe.InitBuffer(in, 1, count * sizeof(float));
  pipe.InitBuffer(out, 1, count * sizeof(float));
  LocalTensor<float> a = in.AllocTensor<float>();
  DataCopy(a, from, count);
  in.EnQue(a);
  a = in.DeQue<float>();
  LocalTensor<float> b = out.AllocTensor<float>();
  Mul(b, a, a, count);
  PipeBarrier<PIPE_ALL>();  // whoever looks has to wait, too
  if (GetBlockIdx() == 0) {
    AscendC::printf("block %d of %d squares %u numbers, the first is %f\n", int(GetBlockIdx()),
                    int(GetBlockNum()), count, b.GetValue(0));
    DumpTensor(b, 5, 8);  // a number to find it by, and how many elements
  }
  out.EnQue(b);
  in.FreeTensor(a);
  b = out.DeQue<float>();
  DataCopy(to, b, count);
  out.FreeTensor(b);
}

int main() {
  example::Session acl;
  const std::vector<float> x = example::numbers(kTile, 1, 3);
  example::Buffer<float> dx(x), dy(kTile);
  square<<<1, nullptr, acl.stream>>>(dx, dy, kTile);
  acl.wait();
  return example::compare("debug/print", dy.read(), [&](size_t i) { return double(x[i]) * x[i]; }, 1e-6);
}
