// SPDX-License-Identifier: Apache-2.0
// finds: ascendc.printf, kernel talkative, line 9
// The text asks for three values and gets two.
#include "../common.h"
#include "kernel_operator.h"

extern "C" __global__ __vector__ void talkative(uint32_t tiles) {
  using namespace AscendC;
  AscendC::printf("block %d has %u tiles of %d\n", static_cast<int>(GetBlockIdx()), tiles);
}

int main() {
  example::Session acl;
  talkative<<<2, nullptr, acl.stream>>>(7);
  acl.wait();
}
