// SPDX-License-Identifier: Apache-2.0
#include "templates.h"

bool more(aclrtStream stream);

namespace {
__global__ __vector__ void hidden(GM_ADDR, int) {}  // a name of this file only
}  // namespace

int main() {
  const aclrtStream stream = start();
  bool right = Launcher<float>{stream}.run(2048) && Launcher<int32_t>{stream}.run(1024) && more(stream);
  hidden<<<1, nullptr, stream>>>(nullptr, 1);
  MUST(aclrtSynchronizeStream(stream));
  return finish(right);
}
