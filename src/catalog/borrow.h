// SPDX-License-Identifier: Apache-2.0
#pragma once

// Facts that a chip has not published are assumed to be those of a sibling, and said to be assumed:
//   [borrow]
//   from = "ascend-910b1"
//   groups = ["transfer", "mmad"]
//   spread = 0.3
// Every fact of those groups that the file lacks is taken from the sibling with basis `guess` and bounds
// widened to 1 - spread and 1 + spread of the value, within what the schema allows.

#include <string>
#include <vector>

#include "catalog/chip_facts.h"
#include "catalog/schema.h"

namespace etalon::catalog {

struct Borrowing {
  std::vector<std::string> groups;
  double spread = 0;
};

bool is_in_groups(const std::string& path, const std::vector<std::string>& groups);

std::vector<Fact> borrowed_facts(const FactSheet& borrower, const FactSheet& lender, const Borrowing& terms,
                                 const std::map<std::string, SchemaEntry, std::less<>>& schema);

}  // namespace etalon::catalog
