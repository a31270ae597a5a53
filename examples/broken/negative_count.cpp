// SPDX-License-Identifier: Apache-2.0
// finds: ascendc.range, kernel total, line 14
// A length that came out below 0, as of a block behind the last tile.
#include "../common.h"
#include "kernel_operator.h"

extern "C" __global__ __vector__ void total(int32_t elements) {
  using namespace AscendC;
  LocalTensor<float> all(TPosition::VECCALC, 0, 512), sum(TPosition::VECCALC, 2048, 8),
      work(TPosition::VECCALC, 4096, 64);
  const int32_t rest = elements - static_cast<int32_t>(GetBlockIdx()) * 512;
  Duplicate(all, 1.0f, 512);
  PipeBarrier<PIPE_V>();
  ReduceSum(sum, all, work, rest);
}

int main() {
  example::Session acl;
  total<<<4, nullptr, acl.stream>>>(1000);
  acl.wait();
}
