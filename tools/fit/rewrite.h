// SPDX-License-Identifier: Apache-2.0
#pragma once

// Puts fitted values into a chip file, leaving every other byte as it is.

#include <string>

#include "base/result.h"

namespace etalon::fit {

// `text` is the file; the fact's line must be "name = { value = ..., ..." in its table.
// Errors: fit.no-such-fact.
Result<std::string> with_value(const std::string& text, const std::string& path, double value);

}  // namespace etalon::fit
