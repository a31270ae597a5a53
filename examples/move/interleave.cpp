// SPDX-License-Identifier: Apache-2.0
// Copy within the unified buffer, with strides: the rows of two matrices (eight floats each, 32 bytes) become
// one, a row of the first, a row of the second, and so on.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kRows = 64, kColumns = 8, kCount = kRows * kColumns;

extern "C" __global__ __vector__ void interleave(GM_ADDR x, GM_ADDR y, GM_ADDR z) {
  using namespace AscendC;
  GlobalTensor<float> gx, gy, gz;
  gx.SetGlobalBuffer((__gm__ float*)x, kCount);
  gy.SetGlobalBuffer((__gm__ float*)y, kCount);
  gz.SetGlobalBuffer((__gm__ float*)z, 2 * kCount);
  TPipe pipe;
  TQue<TPosition::VECIN, 2> in;  // depth 2: both are in the queue at a time
  TQue<TPosition::VECOUT, 1> out;
  pipe.InitBuffer(in, 2, kCount * sizeof(float));
  pipe.InitBuffer(out, 1, 2 * kCount * sizeof(float));

  LocalTensor<float> a = in.AllocTensor<float>();
  DataCopy(a, gx, kCount);
  in.EnQue(a);
  LocalTensor<float> b = in.AllocTensor<float>();
  DataCopy(b, gy, kCount);
  in.EnQue(b);
  a = in.DeQue<float>();  // first in, first out
  b = in.DeQue<float>();
  LocalTensor<float> c = out.AllocTensor<float>();
  CopyRepeatParams spread;
  spread.dstStride = 2;       // blocks within a repeat: every second one,
  spread.srcStride = 1;       // from contiguous ones
  spread.dstRepeatSize = 16;  // repeat to repeat
  spread.srcRepeatSize = 8;
  Copy(c, a, 64, kRows / 8, spread);
  Copy(c[kColumns], b, 64, kRows / 8, spread);
  out.EnQue(c);
  in.FreeTensor(a);
  in.FreeTensor(b);
  c = out.DeQue<float>();
  DataCopy(gz, c, 2 * kCount);
  out.FreeTensor(c);
}

int main() {
  example::Session acl;
  const std::vector<float> x = example::numbers(kCount, 0, 1, 1), y = example::numbers(kCount, 0, 1, 2);
  example::Buffer<float> dx(x), dy(y), dz(2 * kCount);
  interleave<<<1, nullptr, acl.stream>>>(dx, dy, dz);
  acl.wait();
  const auto golden = [&](size_t i) {
    const size_t row = i / kColumns, at = row / 2 * kColumns + i % kColumns;
    return double(row % 2 == 0 ? x[at] : y[at]);
  };
  return example::compare("move/interleave", dz.read(), golden, 0);
}
