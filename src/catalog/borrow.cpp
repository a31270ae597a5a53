// SPDX-License-Identifier: Apache-2.0
#include "catalog/borrow.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace etalon::catalog {

namespace {
bool contains(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}
}  // namespace

bool is_in_groups(const std::string& path, const std::vector<std::string>& groups) {
  return std::any_of(groups.begin(), groups.end(),
                     [&](const std::string& g) { return path.starts_with(g + "."); });
}

Fact assumed_from(const Fact& lent, const std::string& lender) {
  Fact fact = lent;
  fact.note =
      fmt::format("not published; assumed as on {}{}{}", lender, lent.note.empty() ? "" : ": ", lent.note);
  if (!fact.formula.empty()) return fact;  // stays derived and follows the borrower's own facts
  fact.basis = Basis::guess;
  fact.rows.clear();
  return fact;
}

std::vector<Fact> borrowed_facts(const FactSheet& borrower, const FactSheet& lender, const Borrowing& terms,
                                 const std::map<std::string, SchemaEntry, std::less<>>& schema) {
  std::vector<Fact> out;
  for (const auto& [path, lent] : lender.facts()) {
    if (borrower.facts().contains(path) || contains(terms.except, path)) continue;
    if (!terms.groups.empty() && !is_in_groups(path, terms.groups)) continue;
    Fact fact = assumed_from(lent, lender.name);
    const auto entry = schema.find(path);
    if (!fact.is_categorical() && fact.formula.empty() && entry != schema.end() && !entry->second.is_whole) {
      const double reach = terms.spread * std::abs(fact.si.value);
      fact.si.low =
          std::min(fact.si.low, std::max(fact.si.value - reach, entry->second.min.value_or(-HUGE_VAL)));
      fact.si.high =
          std::max(fact.si.high, std::min(fact.si.value + reach, entry->second.max.value_or(HUGE_VAL)));
    }
    out.push_back(std::move(fact));
  }
  return out;
}

}  // namespace etalon::catalog
