// SPDX-License-Identifier: Apache-2.0
// The same instances once more: one copy of them is linked.
#include "templates.h"

namespace {
__global__ __vector__ void hidden(GM_ADDR, int) {}
}  // namespace

bool more(aclrtStream stream) {
  hidden<<<1, nullptr, stream>>>(nullptr, 1);
  return Launcher<float>{stream}.run(512) && Launcher<half>{stream}.run(512);
}
