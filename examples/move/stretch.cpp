// SPDX-License-Identifier: Apache-2.0
// Broadcast of the library: a column of 32 numbers becomes a matrix of 32 x 40, then a row of 40 does, and
// the two are added: an outer sum.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kRows = 32, kColumns = 40, kCount = kRows * kColumns;

extern "C" __global__ __vector__ void outer_sum(GM_ADDR column, GM_ADDR row, GM_ADDR y) {
  using namespace AscendC;
  GlobalTensor<float> gcolumn, grow, to;
  gcolumn.SetGlobalBuffer((__gm__ float*)column, kRows);
  grow.SetGlobalBuffer((__gm__ float*)row, kColumns);
  to.SetGlobalBuffer((__gm__ float*)y, kCount);
  TPipe pipe;
  TQue<TPosition::VECIN, 1> in_column, in_row;
  TQue<TPosition::VECOUT, 1> out;
  TBuf<TPosition::VECCALC> wide_buffer, temporary_buffer;
  pipe.InitBuffer(in_column, 1, kRows * sizeof(float));
  pipe.InitBuffer(in_row, 1, kColumns * sizeof(float));
  pipe.InitBuffer(out, 1, kCount * sizeof(float));
  pipe.InitBuffer(wide_buffer, kCount * sizeof(float));
  pipe.InitBuffer(temporary_buffer, 16 * 1024);

  LocalTensor<float> c = in_column.AllocTensor<float>(), r = in_row.AllocTensor<float>();
  DataCopy(c, gcolumn, kRows);
  DataCopy(r, grow, kColumns);
  in_column.EnQue(c);
  in_row.EnQue(r);
  c = in_column.DeQue<float>();
  r = in_row.DeQue<float>();
  const uint32_t matrix[] = {kRows, kColumns}, of_column[] = {kRows, 1}, of_row[] = {1, kColumns};
  LocalTensor<float> b = out.AllocTensor<float>(), wide = wide_buffer.Get<float>();
  LocalTensor<uint8_t> temporary = temporary_buffer.Get<uint8_t>();
  BroadCast<float, 2, 1>(b, c, matrix, of_column, temporary);  // along axis 1
  PipeBarrier<PIPE_V>();
  BroadCast<float, 2, 0>(wide, r, matrix, of_row, temporary);  // along axis 0
  PipeBarrier<PIPE_V>();
  Add(b, b, wide, kCount);
  out.EnQue(b);
  in_column.FreeTensor(c);
  in_row.FreeTensor(r);
  b = out.DeQue<float>();
  DataCopy(to, b, kCount);
  out.FreeTensor(b);
}

int main() {
  example::Session acl;
  const std::vector<float> c = example::integers<float>(kRows, 0, 50, 1),
                           r = example::integers<float>(kColumns, 0, 50, 2);
  example::Buffer<float> dc(c), dr(r), dy(kCount);
  outer_sum<<<1, nullptr, acl.stream>>>(dc, dr, dy);
  acl.wait();
  return example::compare(
      "move/stretch", dy.read(), [&](size_t i) { return double(c[i / kColumns]) + r[i % kColumns]; }, 0);
}
