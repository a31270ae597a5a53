// SPDX-License-Identifier: Apache-2.0
#pragma once

// The small kernels a framework launches around a large one: writing keys into a cache, tables of a
// scheduler, routing, permuting, second passes. Each is a launch, a chain of dependent latencies and a
// stream, run on the same simulated chip as the large one.

#include <string>
#include <vector>

#include "kernels/gpu/vector_program.h"

namespace etalon::kernels::gpu {

struct SmallKernel {
  const char* name = "";
  StreamShape shape;
  double ratio = 1;   // share of the declared memory rate it reaches
  double kept = 0;    // share of its bytes found in L2
  double serial = 0;  // cycles of one SM while nothing streams: scans of tables, second passes
};

// Seconds of the kernels' bodies, without launches.
double small_formula(const DeviceFacts& device, const std::vector<SmallKernel>& kernels);
double simulate_small(const catalog::Chip& chip, const DeviceFacts& device,
                      const std::vector<SmallKernel>& kernels);

}  // namespace etalon::kernels::gpu
