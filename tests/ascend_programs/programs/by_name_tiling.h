// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

struct ScaleTiling {
  uint32_t count;
  float factor;
};
