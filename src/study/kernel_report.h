// SPDX-License-Identifier: Apache-2.0
#pragma once

// One operation on one device, for people: time, rates, fractions of each peak, what the pipes did, what held
// them up, the tiling chosen. A sweep gives the same in one line per shape.

#include <string>
#include <vector>

#include "base/document.h"
#include "catalog/chip_facts.h"
#include "kernels/cost.h"

namespace etalon::study {

struct KernelRun {
  llm::Operation operation;
  kernels::KernelCost cost;
};
llm::Dtype dtype_of(const llm::Operation& operation);

Document kernel_report(const catalog::Chip& chip, const KernelRun& run);
// `variable` is what was swept, its values beside the runs.
Document sweep_report(const catalog::Chip& chip, const std::string& variable,
                      const std::vector<std::int64_t>& values, const std::vector<KernelRun>& runs);

}  // namespace etalon::study
