// SPDX-License-Identifier: Apache-2.0
#pragma once

// A finding says that the *simulated* thing is wrong or less certain while the program is right: a hazard in
// a kernel, a model that does not fit, an extrapolation. Findings are data in a result, shown in every report.

#include <string>
#include <vector>

namespace etalon {

enum class Severity { note, warning, failure };  // failure: exit code 3

struct Finding {
  Severity severity = Severity::note;
  std::string code;   // stable, e.g. "memory.does-not-fit"
  std::string text;
  std::string where;  // instance path, operation or file:line
  bool operator==(const Finding&) const = default;
};
using Findings = std::vector<Finding>;

// How a number was obtained; travels with the number.
enum class Fidelity { cycle, formula, table };
inline const char* name_of(Fidelity f) {
  return f == Fidelity::cycle ? "cycle" : f == Fidelity::formula ? "formula" : "table";
}

}  // namespace etalon
