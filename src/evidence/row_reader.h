// SPDX-License-Identifier: Apache-2.0
#pragma once

// From the cells of one line to a typed row, one function per kind.

#include <string>
#include <vector>

#include "evidence/columns.h"
#include "evidence/corpus.h"

namespace etalon::evidence {

const std::vector<std::string>& columns_of(Kind kind);  // in the order of DESIGN, without the optional ones
Row read_row(Kind kind, Cells& cells);                  // problems go where `cells` collects them

}  // namespace etalon::evidence
