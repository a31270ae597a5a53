// SPDX-License-Identifier: Apache-2.0
#pragma once

// The catalog as documents: what `etalon chips` and `etalon nodes` print.

#include "base/document.h"
#include "catalog/catalog.h"

namespace etalon::catalog {

Result<Document> list_chips();
Result<Document> list_nodes();

// Every fact a file may hold whose path begins with `prefix`: unit and meaning.
Result<Document> list_facts(const std::string& prefix);

// Every fact with value, range, basis, source and note; for a chip also the export-control metrics.
Document show_chip(const Chip& chip);
Document show_node(const Node& node);

// The same for programs: numbers in SI units with their bounds, one column for each property of a fact.
Document facts_in_si(const FactSheet& sheet);

// Two chips side by side with ratios both ways. A fact that only one has is listed with a dash.
Document diff_chips(const Chip& a, const Chip& b);

// "17 of 64 facts are vendor facts (12 reported, ...)".
std::string basis_summary(const FactSheet& sheet);

}  // namespace etalon::catalog
