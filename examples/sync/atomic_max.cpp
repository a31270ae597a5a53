// SPDX-License-Identifier: Apache-2.0
// Atomic stores of another kind: the element-wise maximum of many rows, each core one row, into one row of
// device memory. The order in which cores come does not matter to a maximum.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kRows = 24, kTile = 512;

extern "C" __global__ __vector__ void maximum(GM_ADDR x, GM_ADDR largest) {
  using namespace AscendC;
  GlobalTensor<float> from, to;
  from.SetGlobalBuffer((__gm__ float*)x + GetBlockIdx() * kTile, kTile);
  to.SetGlobalBuffer((__gm__ float*)largest, kTile);
  TPipe pipe;
  TQueBind<TPosition::VECIN, TPosition::VECOUT, 1> queue;
  pipe.InitBuffer(queue, 1, kTile * sizeof(float));
  LocalTensor<float> a = queue.AllocTensor<float>();
  DataCopy(a, from, kTile);
  queue.EnQue(a);
  a = queue.DeQue<float>();
  SetAtomicMax<float>();
  DataCopy(to, a, kTile);
  SetAtomicNone();
  queue.FreeTensor(a);
}

int main() {
  example::Session acl;
  const std::vector<float> x = example::numbers(kRows * kTile, -5, 5);
  example::Buffer<float> dx(x), largest(std::vector<float>(kTile, -1e30f));  // below everything
  maximum<<<kRows, nullptr, acl.stream>>>(dx, largest);
  acl.wait();
  const auto golden = [&](size_t i) {
    double best = x[i];
    for (size_t row = 1; row < kRows; ++row) best = std::fmax(best, x[row * kTile + i]);
    return best;
  };
  return example::compare("sync/atomic_max", largest.read(), golden, 0);
}
