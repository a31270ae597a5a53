// SPDX-License-Identifier: Apache-2.0
#pragma once

// An arrow of a timeline: what began at one place of it because of what ended at another.

#include <string>

namespace etalon {

struct Flow {
  std::string from_lane;  // as Span::lane
  double from_us = 0;
  std::string to_lane;
  double to_us = 0;
};

}  // namespace etalon
