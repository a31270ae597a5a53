// SPDX-License-Identifier: Apache-2.0
// finds: run.crash, kernel divide, line 12
// Tiling data that nobody filled in: the number of tiles is a division by zero.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kTile = 512, kCount = kTile;

extern "C" __global__ __vector__ void divide(GM_ADDR tiling) {
  using namespace AscendC;
  const uint32_t tile = *reinterpret_cast<__gm__ uint32_t*>(tiling);
  const uint32_t tiles = kCount / tile;
  if (tiles > 1) AscendC::printf("%u tiles\n", tiles);
}

int main() {
  example::Session acl;
  example::Buffer<uint32_t> tiling(8);
  divide<<<1, nullptr, acl.stream>>>(tiling);
  acl.wait();
}
