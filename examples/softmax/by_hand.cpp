// SPDX-License-Identifier: Apache-2.0
// Softmax over rows of 64, from basic instructions: y = exp(x - max) / sum. The numbers of a row (its
// maximum, its sum) get back to all of its elements by Brcb and a block stride of 0, as in
// move/broadcast.cpp; no scalar unit is involved.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kRows = 64, kColumns = 64, kCount = kRows * kColumns;  // a row is a repeat

extern "C" __global__ __vector__ void softmax(GM_ADDR x, GM_ADDR y) {
  using namespace AscendC;
  GlobalTensor<float> from, to;
  from.SetGlobalBuffer((__gm__ float*)x + GetBlockIdx() * kCount, kCount);
  to.SetGlobalBuffer((__gm__ float*)y + GetBlockIdx() * kCount, kCount);
  TPipe pipe;
  TQue<TPosition::VECIN, 1> in;
  TQue<TPosition::VECOUT, 1> out;
  TBuf<TPosition::VECCALC> per_row_buffer, spread_buffer;
  pipe.InitBuffer(in, 1, kCount * sizeof(float));
  pipe.InitBuffer(out, 1, kCount * sizeof(float));
  pipe.InitBuffer(per_row_buffer, kRows * sizeof(float));
  pipe.InitBuffer(spread_buffer, kRows * 32);
  const LocalTensor<float> per_row = per_row_buffer.Get<float>(), spread = spread_buffer.Get<float>();
  const BrcbRepeatParams brcb(1, 8);
  BinaryRepeatParams with_row(1, 1, 0, 8, 8, 1);  // the second source: one block for a whole row

  LocalTensor<float> a = in.AllocTensor<float>();
  DataCopy(a, from, kCount);
  in.EnQue(a);
  a = in.DeQue<float>();
  LocalTensor<float> b = out.AllocTensor<float>();
  WholeReduceMax(per_row, a, kColumns, kRows, 1, 1, 8, ReduceOrder::ORDER_ONLY_VALUE);
  PipeBarrier<PIPE_V>();
  Brcb(spread, per_row, kRows / 8, brcb);
  PipeBarrier<PIPE_V>();
  Sub(b, a, spread, uint64_t(kColumns), kRows, with_row);  // now at most 0: Exp cannot overflow
  PipeBarrier<PIPE_V>();
  Exp(b, b, kCount);
  PipeBarrier<PIPE_V>();
  WholeReduceSum(per_row, b, kColumns, kRows, 1, 1, 8);
  PipeBarrier<PIPE_V>();
  Brcb(spread, per_row, kRows / 8, brcb);
  PipeBarrier<PIPE_V>();
  Div(b, b, spread, uint64_t(kColumns), kRows, with_row);
  out.EnQue(b);
  in.FreeTensor(a);
  b = out.DeQue<float>();
  DataCopy(to, b, kCount);
  out.FreeTensor(b);
}

int main() {
  example::Session acl;
  constexpr uint32_t blocks = 3;
  const std::vector<float> x = example::numbers(blocks * kCount, -20, 90);  // exp(90) alone would be infinite
  example::Buffer<float> dx(x), dy(blocks * kCount);
  softmax<<<blocks, nullptr, acl.stream>>>(dx, dy);
  acl.wait();
  const auto golden = [&](size_t i) {
    const float* row = &x[i / kColumns * kColumns];
    double largest = row[0], sum = 0;
    for (size_t k = 1; k < kColumns; ++k) largest = std::fmax(largest, row[k]);
    for (size_t k = 0; k < kColumns; ++k) sum += std::exp(row[k] - largest);
    return std::exp(x[i] - largest) / sum;
  };
  return example::compare("softmax/by_hand", dy.read(), golden, 1e-6);
}
