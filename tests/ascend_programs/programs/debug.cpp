// SPDX-License-Identifier: Apache-2.0
// What kernels print, and what ends them: argument 1 asks for an assertion that fails, 2 for a trap, 3 for Trap, 4 for the library's own assertion.
// COVERS("printf", "PRINTF", "DumpTensor", "assert", "ascendc_assert", "ASSERT", "trap", "Trap")
#include <cassert>

#include "device_memory.h"
#include "kernel_operator.h"

__global__ __vector__ void told(GM_ADDR x, int32_t wrong) {
  using namespace AscendC;
  GlobalTensor<float> g;
  g.SetGlobalBuffer((__gm__ float*)x);
  LocalTensor<float> local(TPosition::VECCALC, 0, 8);
  DataCopy(local, g, 8);
  PipeBarrier<PIPE_ALL>();
  AscendC::printf("block %d of %d: %s %.2f\n", static_cast<int>(GetBlockIdx()), static_cast<int>(GetBlockNum()), "x is", 1.25);
  PRINTF("plain\n");
  if (GetBlockIdx() == 0) {
    DumpTensor(local, 7, 4);
    DumpTensor(g[4], 8, 2);
  }
  assert(wrong != 4);
  ascendc_assert(wrong != 1, "wrong is %d", wrong);
  ASSERT(wrong >= 0);
  if (wrong == 2) trap();
  if (wrong == 3) Trap();
  g.SetValue(0, 100.0f);
}

int main(int count, char**) {
  const aclrtStream stream = start();
  uint8_t* x = to_device(std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7});
  told<<<1, nullptr, stream>>>(x, count - 1);
  const bool ended = aclrtSynchronizeStream(stream) != 0;
  if (ended) {
    std::fprintf(stderr, "%s\n", aclGetRecentErrMsg());
    return 3;
  }
  return finish(from_device<float>(x, 1)[0] == 100.0f);
}
