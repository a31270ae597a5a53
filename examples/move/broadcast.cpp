// SPDX-License-Identifier: Apache-2.0
// Each row of a matrix times a number of its own. Brcb spreads eight numbers over eight blocks of 32 bytes,
// and a stride of 0 from block to block makes Mul read one of them again and again.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kRows = 64, kColumns = 64, kCount = kRows * kColumns;  // a row is a repeat

extern "C" __global__ __vector__ void scale_rows(GM_ADDR x, GM_ADDR factors, GM_ADDR y) {
  using namespace AscendC;
  GlobalTensor<float> from, by, to;
  from.SetGlobalBuffer((__gm__ float*)x, kCount);
  by.SetGlobalBuffer((__gm__ float*)factors, kRows);
  to.SetGlobalBuffer((__gm__ float*)y, kCount);
  TPipe pipe;
  TQue<TPosition::VECIN, 1> in, in_factors;
  TQue<TPosition::VECOUT, 1> out;
  TBuf<TPosition::VECCALC> spread_buffer;
  pipe.InitBuffer(in, 1, kCount * sizeof(float));
  pipe.InitBuffer(in_factors, 1, kRows * sizeof(float));
  pipe.InitBuffer(out, 1, kCount * sizeof(float));
  pipe.InitBuffer(spread_buffer, kRows * 32);

  LocalTensor<float> a = in.AllocTensor<float>(), f = in_factors.AllocTensor<float>();
  DataCopy(a, from, kCount);
  DataCopy(f, by, kRows);
  in.EnQue(a);
  in_factors.EnQue(f);
  a = in.DeQue<float>();
  f = in_factors.DeQue<float>();
  LocalTensor<float> spread = spread_buffer.Get<float>(), b = out.AllocTensor<float>();
  Brcb(spread, f, kRows / 8, BrcbRepeatParams(1, 8));
  PipeBarrier<PIPE_V>();
  BinaryRepeatParams rows;
  rows.src1BlkStride = 0;  // all eight blocks of a row take the same factor block,
  rows.src1RepStride = 1;  // the next row takes the next
  Mul(b, a, spread, uint64_t(kColumns), kRows, rows);
  out.EnQue(b);
  in.FreeTensor(a);
  in_factors.FreeTensor(f);
  b = out.DeQue<float>();
  DataCopy(to, b, kCount);
  out.FreeTensor(b);
}

int main() {
  example::Session acl;
  const std::vector<float> x = example::numbers(kCount, -1, 1, 1), f = example::numbers(kRows, 0, 4, 2);
  example::Buffer<float> dx(x), df(f), dy(kCount);
  scale_rows<<<1, nullptr, acl.stream>>>(dx, df, dy);
  acl.wait();
  return example::compare(
      "move/broadcast", dy.read(), [&](size_t i) { return double(x[i]) * f[i / kColumns]; }, 1e-7);
}
