// SPDX-License-Identifier: Apache-2.0
// Cuts a window out of a matrix: one DataCopy with a block count, a block length and gaps, all in units of 32
// bytes. A gap goes from the end of one block to the start of the next.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kWidth = 256, kHeight = 64, kWindow = 64, kRows = 32, kTop = 10, kLeft = 96;
constexpr uint32_t kUnit = 32 / sizeof(float);

extern "C" __global__ __vector__ void cut(GM_ADDR image, GM_ADDR window) {
  using namespace AscendC;
  GlobalTensor<float> from, to;
  from.SetGlobalBuffer((__gm__ float*)image, kWidth * kHeight);
  to.SetGlobalBuffer((__gm__ float*)window, kWindow * kRows);
  TPipe pipe;
  TQueBind<TPosition::VECIN, TPosition::VECOUT, 1> queue;  // in and out again, without the vector unit
  pipe.InitBuffer(queue, 1, kWindow * kRows * sizeof(float));

  LocalTensor<float> a = queue.AllocTensor<float>();
  DataCopyParams rows;
  rows.blockCount = kRows;
  rows.blockLen = kWindow / kUnit;
  rows.srcStride =
      (kWidth - kWindow) / kUnit;  // what lies between the end of a row of the window and the next
  rows.dstStride = 0;              // the window is packed
  DataCopy(a, from[kTop * kWidth + kLeft], rows);
  queue.EnQue(a);
  a = queue.DeQue<float>();
  DataCopy(to, a, kWindow * kRows);
  queue.FreeTensor(a);
}

int main() {
  example::Session acl;
  const std::vector<float> image = example::numbers(kWidth * kHeight, 0, 255);
  example::Buffer<float> from(image), to(kWindow * kRows);
  cut<<<1, nullptr, acl.stream>>>(from, to);
  acl.wait();
  const auto golden = [&](size_t i) {
    return double(image[(kTop + i / kWindow) * kWidth + kLeft + i % kWindow]);
  };
  return example::compare("move/window", to.read(), golden, 0);
}
