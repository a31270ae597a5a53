// SPDX-License-Identifier: Apache-2.0
#pragma once

// Constants that kernels use without declaring them, as the vendor's headers happen to have them: PI, TWO,
// B32_BYTE_SIZE and the like. Others declare the same names themselves, so they are there only for sources
// that do not.

#include <string>

#include "ascendc/compiler/token_walk.h"

namespace etalon::ascendc::compiler {

// One line of definitions, or nothing: of those names that the text uses and nowhere declares.
std::string usual_names(const TokenWalk& text);

}  // namespace etalon::ascendc::compiler
