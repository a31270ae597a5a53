// SPDX-License-Identifier: Apache-2.0
#pragma once

// Formulas of derived facts, evaluated on values with range and dimension at once:
//   2 * cube.count * cube.fp16 * clock.max
//   when(core.architecture == "dav-3510", "248 KiB", "192 KiB")
// Operators + - * / ^ (whole exponent), min(a, b, ...), max(a, b, ...), sqrt-free on purpose; a quoted text
// is a measure; `none` makes the fact absent. Ranges follow interval arithmetic: each operand is taken at its
// own bounds, so a fact used twice widens the range more than it should.

#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "catalog/fact.h"

namespace etalon::catalog {

struct FormulaValue {
  Interval si;
  Dimension dimension;
  bool is_absent = false;
};

// What a formula may ask for. Both return null for an unknown path.
struct FormulaScope {
  std::function<const FormulaValue*(std::string_view path)> number;
  std::function<const std::string*(std::string_view path)> choice;
};

// Errors: formula.syntax, formula.unknown-fact, formula.dimension, formula.range.
Result<FormulaValue> evaluate_formula(std::string_view formula, const FormulaScope& scope);

// The fact paths a formula mentions, without evaluating it.
std::set<std::string> facts_in_formula(std::string_view formula);

}  // namespace etalon::catalog
