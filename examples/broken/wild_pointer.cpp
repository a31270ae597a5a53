// SPDX-License-Identifier: Apache-2.0
// finds: run.crash, kernel stray, line 10
// An index far below the buffer: an address that was never device memory.
#include "../common.h"
#include "kernel_operator.h"

extern "C" __global__ __vector__ void stray(GM_ADDR x) {
  using namespace AscendC;
  __gm__ uint32_t* words = reinterpret_cast<__gm__ uint32_t*>(x);
  words[-1000000000000] = 1;
}

int main() {
  example::Session acl;
  example::Buffer<uint32_t> dx(8);
  stray<<<1, nullptr, acl.stream>>>(dx);
  acl.wait();
}
