// SPDX-License-Identifier: Apache-2.0
#pragma once

// The declared limits of one device, to state fractions of: what the facts say, not what kernels attain.

#include <optional>

#include "catalog/chip_facts.h"
#include "llm/operation.h"

namespace etalon::study {

struct Peaks {
  std::optional<FlopsPerSecond> matrix;  // at the highest clock; none: the units do not have the format
  BytesPerSecond hbm;
  std::optional<BytesPerSecond> l2;
};
Peaks peaks_of(const catalog::Chip& chip, llm::Dtype dtype);

}  // namespace etalon::study
