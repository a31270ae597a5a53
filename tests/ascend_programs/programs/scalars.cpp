// SPDX-License-Identifier: Apache-2.0
// Scalar helpers beside the standard library's of the same names, and headers under their other names.
#include <algorithm>

#include "device_memory.h"
#include "kernel_operator_intf.h"
#include "lib/matrix/matmul/tiling.h"

using namespace AscendC;
using namespace std;

extern "C" __global__ __vector__ void scalars(__gm__ int64_t* out, int32_t n) {
  GlobalTensor<int64_t> results;
  results.SetGlobalBuffer(out);
  const uint32_t size = sizeof(TCubeTiling) / sizeof(int32_t);
  const float32_t half_way = min(1.5f, static_cast<float32_t>(n));
  int64_t x = min(n, 3) + 10 * max(static_cast<int64_t>(n), 2) + 100 * Ceil(static_cast<uint32_t>(n), 4);
  if (likely(size > 40) && !unlikely(half_way != 1.5f)) x += 1000 * std::max(n, 1);
  results.SetValue(0, x);
  results.SetValue(
      1, min(x + 1, static_cast<int64_t>(n)) + max(x, x * n));  // of one type, neither name qualified
}

int main() {
  const aclrtStream stream = start();
  uint8_t* out = to_device(std::vector<int64_t>(4));
  scalars<<<1, nullptr, stream>>>(reinterpret_cast<int64_t*>(out), 5);
  MUST(aclrtSynchronizeStream(stream));
  return finish(from_device<int64_t>(out, 2) == std::vector<int64_t>{5253, 5 + 5 * 5253});
}
