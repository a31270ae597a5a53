// SPDX-License-Identifier: Apache-2.0
// DataCopyPad can put values of one's own beside each row: a 20 x 13 matrix becomes one of 20 x 16, with a
// column of -1 on the left and two on the right.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kRows = 20, kColumns = 13, kLeft = 1, kRight = 2, kPadded = kLeft + kColumns + kRight;

extern "C" __global__ __vector__ void pad(GM_ADDR x, GM_ADDR y) {
  using namespace AscendC;
  GlobalTensor<float> from, to;
  from.SetGlobalBuffer((__gm__ float*)x, kRows * kColumns);
  to.SetGlobalBuffer((__gm__ float*)y, kRows * kPadded);
  TPipe pipe;
  TQueBind<TPosition::VECIN, TPosition::VECOUT, 1> queue;
  pipe.InitBuffer(queue, 1, kRows * kPadded * sizeof(float));

  LocalTensor<float> a = queue.AllocTensor<float>();
  DataCopyExtParams rows;
  rows.blockCount = kRows;
  rows.blockLen = kColumns * sizeof(float);
  rows.srcStride = 0;  // bytes from the end of a row to the next
  rows.dstStride = 0;  // blocks of 32 bytes; a padded row is 64 bytes
  DataCopyPadExtParams<float> border;
  border.isPad = true;
  border.leftPadding = kLeft;  // elements
  border.rightPadding = kRight;
  border.paddingValue = -1.0f;
  DataCopyPad(a, from, rows, border);
  queue.EnQue(a);
  a = queue.DeQue<float>();
  DataCopy(to, a, kRows * kPadded);
  queue.FreeTensor(a);
}

int main() {
  example::Session acl;
  const std::vector<float> x = example::numbers(kRows * kColumns, 0, 10);
  example::Buffer<float> dx(x), dy(kRows * kPadded);
  pad<<<1, nullptr, acl.stream>>>(dx, dy);
  acl.wait();
  const auto golden = [&](size_t i) {
    const size_t row = i / kPadded, column = i % kPadded;
    return column < kLeft || column >= kLeft + kColumns ? -1.0 : double(x[row * kColumns + column - kLeft]);
  };
  return example::compare("move/pad", dy.read(), golden, 0);
}
