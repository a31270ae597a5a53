// SPDX-License-Identifier: Apache-2.0
// Transposes a 64 x 48 matrix of halves, in squares of 16 x 16: each is fetched with one strided copy, turned
// by Transpose and stored with another strided copy where it belongs.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kRows = 64, kColumns = 48, kSide = 16,
                   kUnit = 32 / sizeof(uint16_t);  // a row of a square is 32 bytes

extern "C" __global__ __vector__ void transpose(GM_ADDR x, GM_ADDR y) {
  using namespace AscendC;
  GlobalTensor<half> from, to;
  from.SetGlobalBuffer((__gm__ half*)x, kRows * kColumns);
  to.SetGlobalBuffer((__gm__ half*)y, kRows * kColumns);
  TPipe pipe;
  TQue<TPosition::VECIN, 2> in;
  TQue<TPosition::VECOUT, 2> out;
  pipe.InitBuffer(in, 2, kSide * kSide * sizeof(half));
  pipe.InitBuffer(out, 2, kSide * kSide * sizeof(half));
  for (uint32_t row = 0; row < kRows; row += kSide) {
    for (uint32_t column = 0; column < kColumns; column += kSide) {
      LocalTensor<half> a = in.AllocTensor<half>();
      DataCopy(a, from[row * kColumns + column], DataCopyParams(kSide, 1, kColumns / kUnit - 1, 0));
      in.EnQue(a);
      a = in.DeQue<half>();
      LocalTensor<half> b = out.AllocTensor<half>();
      Transpose(b, a);
      out.EnQue(b);
      in.FreeTensor(a);
      b = out.DeQue<half>();
      DataCopy(to[column * kRows + row], b, DataCopyParams(kSide, 1, 0, kRows / kUnit - 1));
      out.FreeTensor(b);
    }
  }
}

int main() {
  example::Session acl;
  const std::vector<float> x = example::halved(example::numbers(kRows * kColumns, -1, 1));
  example::Buffer<aclFloat16> dx(example::to_half(x)), dy(kRows * kColumns);
  transpose<<<1, nullptr, acl.stream>>>(dx, dy);
  acl.wait();
  const auto golden = [&](size_t i) { return double(x[i % kRows * kColumns + i / kRows]); };
  return example::compare("move/transpose", example::from_half(dy.read()), golden, 0);
}
