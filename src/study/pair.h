// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "study/compare.h"

namespace etalon::study {

// Probability, ratio, tornado and break-even values of two sides with equally many samples.
Pair pair_of(const SideResult& first, const SideResult& second);

}  // namespace etalon::study
