// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is said of a kernel that did not come to its end.

#include <optional>
#include <string>

#include "ascendc/acl/child.h"

namespace etalon::ascendc {

// Seconds after which a kernel is ended that does not compute but sleeps, for so many of processor time.
inline double wall_limit(double timeout) { return timeout * 5 + 2; }

// From what the child wrote down before it ended, else from its exit status. `status` is empty if it cannot
// be known.
Error failure_of(const ReportPage& page, std::optional<int> status, bool was_overdue, double timeout);
std::string core_text(const ReportPage& page);  // ", block 3, vector core"; empty if it is not known

}  // namespace etalon::ascendc
