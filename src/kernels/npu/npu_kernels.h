// SPDX-License-Identifier: Apache-2.0
#pragma once

// The kernels of Ascend cores: matmul, grouped matmul, attention, streaming vector operations. builtin.cpp
// lists them; each times its Ascend C kernel on chip::Machine with the facts of the chip.

#include <vector>

#include "kernels/cost.h"

namespace etalon::kernels {

const std::vector<Kernel>& npu_kernels();

}  // namespace etalon::kernels
