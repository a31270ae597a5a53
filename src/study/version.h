// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace etalon::study {

// Of results and recipes: they can be rerun by the same version.
std::string version();
// SHA-256 of the running program, to key what depends on all of its code.
const std::string& program_hash();

}  // namespace etalon::study
