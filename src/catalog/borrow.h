// SPDX-License-Identifier: Apache-2.0
#pragma once

// Facts that a chip has not published are assumed to be those of a sibling, and said to be assumed:
//   [borrow]
//   from = "ascend-910b1"
//   groups = ["transfer", "mmad"]   # without it, everything the file lacks
//   except = ["cube.int4"]
//   spread = 0.3
// (or several, as [[borrow]]). Every fact of those groups that the file lacks is taken from the sibling with
// basis `guess` and bounds widened to 1 - spread and 1 + spread of the value, within what the schema allows.

#include <string>
#include <vector>

#include "catalog/chip_facts.h"
#include "catalog/schema.h"

namespace etalon::catalog {

struct Borrowing {
  std::vector<std::string> groups;  // "mmad" is every mmad.*; empty means all
  std::vector<std::string> except;  // paths left out
  double spread = 0;
};

// The fact as an assumption about another chip: basis `guess`, no rows, the note says from where.
Fact assumed_from(const Fact& fact, const std::string& lender);

bool is_in_groups(const std::string& path, const std::vector<std::string>& groups);

std::vector<Fact> borrowed_facts(const FactSheet& borrower, const FactSheet& lender, const Borrowing& terms,
                                 const std::map<std::string, SchemaEntry, std::less<>>& schema);

}  // namespace etalon::catalog
