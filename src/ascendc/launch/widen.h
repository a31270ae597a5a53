// SPDX-License-Identifier: Apache-2.0
#pragma once

// Biases of half become float on their way into the bias table, where the cube reads words.

#include "ascendc/api/ascendc/abi.h"

namespace etalon::ascendc {

// Bytes written per byte read.
inline std::int64_t widening(const etalon_asc_move& m) {
  return m.src_space == kAscL1 && m.dst_space == kAscBt && m.type == kAscF16 ? 2 : 1;
}

}  // namespace etalon::ascendc
