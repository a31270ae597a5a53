// SPDX-License-Identifier: Apache-2.0
// finds: run.output, kernel chatter
// A million lines from one kernel: the first megabyte is shown, then a warning instead of the rest.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kLines = 1000000;

extern "C" __global__ __vector__ void chatter() {
  using namespace AscendC;
  for (uint32_t line = 0; line < kLines; ++line) AscendC::printf("this is line %u of the block\n", line);
}

int main() {
  example::Session acl;
  chatter<<<1, nullptr, acl.stream>>>();
  acl.wait();
}
