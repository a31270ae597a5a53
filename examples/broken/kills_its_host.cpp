// SPDX-License-Identifier: Apache-2.0
// finds: run.signal, kernel ungrateful, line 11
// Host code that slipped into a kernel. Whatever it asks of the host's system, the program goes on.
#include <signal.h>
#include <unistd.h>

#include "../common.h"
#include "kernel_operator.h"

extern "C" __global__ __vector__ void ungrateful() {
  if (AscendC::GetBlockIdx() == 1) kill(getppid(), SIGKILL);
}

int main() {
  example::Session acl;
  ungrateful<<<2, nullptr, acl.stream>>>();
  acl.wait();
}
