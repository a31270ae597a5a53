// SPDX-License-Identifier: Apache-2.0
// finds: ascendc.assert, kernel halve, line 11
// An assumption that does not hold, and says so.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kTile = 512, kCount = kTile;

extern "C" __global__ __vector__ void halve(uint32_t count) {
  using namespace AscendC;
  ascendc_assert(count % 16 == 0);
}

int main() {
  example::Session acl;
  halve<<<1, nullptr, acl.stream>>>(kCount + 1);
  acl.wait();
}
