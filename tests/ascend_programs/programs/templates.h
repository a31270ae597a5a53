// SPDX-License-Identifier: Apache-2.0
#pragma once

// A kernel template launched from a header by a class template, through a macro and an overload set.

#include "add.h"
#include "device_memory.h"

namespace kernels {

template <class T, int kTile>
__global__ __aicore__ void sum(GM_ADDR x, GM_ADDR y, GM_ADDR z, uint32_t n) {
  Add<T> kernel;
  kernel.Init(x, y, z, n, kTile);
  kernel.Process();
}
// The same name with other arguments.
template <class T>
__aicore__ __global__ void sum(GM_ADDR x, GM_ADDR z, uint32_t n) {
  Add<T> kernel;
  kernel.Init(x, x, z, n, 256);
  kernel.Process();
}

}  // namespace kernels

#define LAUNCH(kernel, blocks, stream, ...) kernel<<<blocks, nullptr, stream>>>(__VA_ARGS__)

template <class T>
struct Launcher {
  aclrtStream stream;
  // z = x + y, then twice = z + z.
  bool run(uint32_t n) {
    std::vector<T> x(n), y(n);
    for (uint32_t i = 0; i < n; ++i) {
      x[i] = static_cast<T>(i % 50);
      y[i] = static_cast<T>(i % 7);
    }
    uint8_t *dx = to_device(x), *dy = to_device(y), *dz = to_device(x), *twice = to_device(x);
    kernels::sum<T, (128 > 64) ? 128 : 64><<<n / 512, 0, this->stream>>>(dx, dy, dz, n);
    LAUNCH(kernels::sum<T>, 2, stream, dz, twice, n);
    MUST(aclrtSynchronizeStream(stream));
    const std::vector<T> z = from_device<T>(twice, n);
    for (uint32_t i = 0; i < n; ++i) {
      if (static_cast<int>(z[i]) != static_cast<int>(2 * (i % 50 + i % 7))) return false;
    }
    return true;
  }
};
