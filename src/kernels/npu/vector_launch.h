// SPDX-License-Identifier: Apache-2.0
#pragma once

// Operations of the vector cores on a simulated Ascend device: operands in device memory, tiling to what UB
// holds, and the time of the Ascend C kernel.

#include <string>

#include "base/result.h"
#include "chip/machine.h"
#include "chip/npu_costs.h"
#include "llm/operation.h"

namespace etalon::kernels {

struct VectorRun {
  chip::RunStats stats;
  std::string tiling;  // in words
  int cores = 0;
};

// Runs the operation once on all vector cores that have work. Rows that an index names are taken in a fixed
// order without repetition, so that no line is hot; labels and indices are real, nothing else is. Of a gate
// over more than 512 choices the sorting by 512 is timed, not the last merges.
Result<VectorRun> run_vector(chip::Machine& machine, const chip::NpuCosts& costs, const llm::Vector& op);

}  // namespace etalon::kernels
