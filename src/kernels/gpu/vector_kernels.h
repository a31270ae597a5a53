// SPDX-License-Identifier: Apache-2.0
#pragma once

// Streaming kernels on GPUs: one pass over rows x cols at the rate of memory or L2, forward and backward.
// Harness::software beginning with "vidur" or "framework" takes the element-wise kernels of serving
// frameworks of 2023, which reach about half of the memory's rate; otherwise kernels are tuned.

#include <vector>

#include "kernels/cost.h"

namespace etalon::kernels {

const std::vector<Kernel>& vector_kernels();

}  // namespace etalon::kernels
