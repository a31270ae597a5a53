// SPDX-License-Identifier: Apache-2.0
// Runs the kernel of operator/, compiled for the types that -DTYPE names.
#include "aclrtlaunch_blend_custom.h"
#include "device_memory.h"
#include "operator/op_host/blend_custom_tiling.h"

int main() {
  const aclrtStream stream = start();
  const std::vector<TYPE> x(4 * 64, static_cast<TYPE>(3.0f)), y(4 * 64, static_cast<TYPE>(8.0f));
  uint8_t *dx = to_device(x), *dy = to_device(y), *dz = to_device(x);
  optiling::BlendTilingData tiling;
  tiling.part.set_count(64);
  tiling.set_weight(0.25f);
  std::vector<uint8_t> bytes(tiling.GetDataSize());
  tiling.SaveToBuffer(bytes.data(), bytes.size());
  ACLRT_LAUNCH_KERNEL(blend_custom)(4, stream, dx, dy, dz, nullptr, to_device(bytes));
  MUST(aclrtSynchronizeStream(stream));
  bool right = true;
  for (const TYPE v : from_device<TYPE>(dz, x.size())) right = right && static_cast<float>(v) == 5.0f;
  return finish(right);
}
