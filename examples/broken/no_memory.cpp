// SPDX-License-Identifier: Apache-2.0
// finds: ascendc.out-of-range, kernel careless, line 12
// The result goes to a tensor that was declared, but never given memory: it has no place on the chip.
#include "../common.h"
#include "kernel_operator.h"

extern "C" __global__ __vector__ void careless() {
  using namespace AscendC;
  LocalTensor<float> one(TPosition::VECCALC, 0, 64), sum;
  Duplicate(one, 1.0f, 64);
  PipeBarrier<PIPE_V>();
  Add(sum, one, one, 64);
}

int main() {
  example::Session acl;
  careless<<<1, nullptr, acl.stream>>>();
  acl.wait();
}
