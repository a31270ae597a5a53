// SPDX-License-Identifier: Apache-2.0
// finds: run.exception, kernel careless, line 14
// Device code knows no exceptions. (The vendor's compiler does not even take it.)
#include "../common.h"
#include "kernel_operator.h"

extern "C" __global__ __vector__ void careless() {
  using namespace AscendC;
  if (GetBlockIdx() == 2) throw 42;
}

int main() {
  example::Session acl;
  careless<<<4, nullptr, acl.stream>>>();
  acl.wait();
}
