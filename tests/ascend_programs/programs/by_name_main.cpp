// SPDX-License-Identifier: Apache-2.0
#include "aclrtlaunch_newer_cores.h"
#include "aclrtlaunch_scale.h"
#include "by_name_tiling.h"
#include "device_memory.h"

int main() {
  const aclrtStream stream = start();
  const std::vector<float> x(4 * 64, 3.0f);
  uint8_t *dx = to_device(x), *dy = to_device(x), *dt = to_device(std::vector<ScaleTiling>{{64, 2.0f}});
  ScaleTiling by_value = {0, 0.25f};
  bool right = true;
  ACLRT_LAUNCH_KERNEL(scale)(4, stream, dx, dy, dt, 3, by_value);
  MUST(aclrtSynchronizeStream(stream));
  for (const float v : from_device<float>(dy, x.size())) right = right && v == 24.25f;
  ACLRT_LAUNCH_KERNEL(scale)(4, stream, dx, dy, dt, 1, &by_value);  // a pointer to the struct does as well
  MUST(aclrtSynchronizeStream(stream));
  for (const float v : from_device<float>(dy, x.size())) right = right && v == 6.25f;
  const std::vector<float> three = {1, 2, 3};
  uint8_t *d3 = to_device(three), *last = to_device(std::vector<float>(3));
  ACLRT_LAUNCH_KERNEL(newer_cores)(1, stream, d3, last, 3);
  MUST(aclrtSynchronizeStream(stream));
  return finish(right && from_device<float>(last, 3) == three);
}
