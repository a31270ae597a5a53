// SPDX-License-Identifier: Apache-2.0
// Largest element of each row and where it is: WholeReduceMax gives value and index, one pair per repeat. The
// index comes as the bits of an integer in the place of a float.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kRows = 64, kColumns = 64, kCount = kRows * kColumns;  // a row is a repeat

extern "C" __global__ __vector__ void argmax(GM_ADDR x, GM_ADDR best, GM_ADDR where) {
  using namespace AscendC;
  GlobalTensor<float> from, to;
  GlobalTensor<uint32_t> index;
  from.SetGlobalBuffer((__gm__ float*)x, kCount);
  to.SetGlobalBuffer((__gm__ float*)best, kRows);
  index.SetGlobalBuffer((__gm__ uint32_t*)where, kRows);
  TPipe pipe;
  TQue<TPosition::VECIN, 1> in;
  TQue<TPosition::VECOUT, 1> out;
  TBuf<TPosition::VECCALC> pair_buffer, offset_buffer;
  pipe.InitBuffer(in, 1, kCount * sizeof(float));
  pipe.InitBuffer(out, 1, 2 * kRows * sizeof(float));
  pipe.InitBuffer(pair_buffer, 2 * kRows * sizeof(float));
  pipe.InitBuffer(offset_buffer, 2 * kRows * sizeof(int32_t));

  LocalTensor<float> a = in.AllocTensor<float>();
  DataCopy(a, from, kCount);
  in.EnQue(a);
  a = in.DeQue<float>();
  LocalTensor<float> pairs = pair_buffer.Get<float>();
  WholeReduceMax(pairs, a, kColumns, kRows, 1, 1, 8);  // mask, repeats, strides of destination, block, repeat
  // Values lie at even, indices at odd places: gather apart, by byte offsets 0, 8, 16, ... and 4, 12, 20, ...
  LocalTensor<int32_t> offsets = offset_buffer.Get<int32_t>();
  CreateVecIndex(offsets, int32_t(0), kRows);
  PipeBarrier<PIPE_V>();
  Muls(offsets, offsets, int32_t(8), kRows);
  PipeBarrier<PIPE_V>();
  LocalTensor<float> split = out.AllocTensor<float>();
  const LocalTensor<uint32_t> bytes = offsets.ReinterpretCast<uint32_t>();
  Gather(split, pairs, bytes, 0, kRows);
  Gather(split[kRows], pairs, bytes, 4, kRows);
  out.EnQue(split);
  in.FreeTensor(a);
  split = out.DeQue<float>();
  DataCopy(to, split, kRows);
  DataCopy(index, split[kRows].ReinterpretCast<uint32_t>(), kRows);
  out.FreeTensor(split);
}

int main() {
  example::Session acl;
  const std::vector<float> x = example::numbers(kCount, -5, 5);
  example::Buffer<float> dx(x), best(kRows);
  example::Buffer<uint32_t> where(kRows);
  argmax<<<1, nullptr, acl.stream>>>(dx, best, where);
  acl.wait();
  const auto place = [&](size_t row) {
    size_t at = 0;
    for (size_t i = 1; i < kColumns; ++i) at = x[row * kColumns + i] > x[row * kColumns + at] ? i : at;
    return at;
  };
  const auto value = [&](size_t row) { return double(x[row * kColumns + place(row)]); };
  return example::compare("reduce/argmax value", best.read(), value, 0) |
         example::compare(
             "reduce/argmax index", where.read(), [&](size_t row) { return double(place(row)); }, 0);
}
