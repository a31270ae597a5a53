// SPDX-License-Identifier: Apache-2.0
// finds: run.stack, kernel table, line 19
// A local array of a megabyte: a core's stack has 256 KiB, and arrays belong into the unified buffer.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kEntries = 1 << 18;

extern "C" __global__ __vector__ void table(GM_ADDR x) {
  using namespace AscendC;
  volatile uint32_t entries[kEntries];
  for (uint32_t i = 0; i < kEntries; ++i) entries[kEntries - 1 - i] = i;
  *reinterpret_cast<__gm__ uint32_t*>(x) = entries[7];
}

int main() {
  example::Session acl;
  example::Buffer<uint32_t> dx(8);
  table<<<1, nullptr, acl.stream>>>(dx);
  acl.wait();
}
