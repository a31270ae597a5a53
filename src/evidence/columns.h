// SPDX-License-Identifier: Apache-2.0
#pragma once

// Cells of one CSV row by column name; what is wrong with them is collected, with file, line and column name,
// so that a reader hears of everything at once.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/csv.h"

namespace etalon::evidence {

class Cells {
 public:
  Cells(const CsvTable& table, const CsvRow& row, std::vector<Error>& problems)
      : table_(table), row_(row), problems_(problems) {}

  bool has(std::string_view column) const;                                 // present and not empty
  std::string text(std::string_view column) const;                         // trimmed; empty if absent
  std::string required(std::string_view column);                           // evidence.value if empty
  std::int64_t count(std::string_view column);                             // a whole number in [1, 10^12]
  std::int64_t count_or(std::string_view column, std::int64_t otherwise);  // empty: otherwise
  double positive(std::string_view column);                                // a finite number above 0
  bool flag(std::string_view column);                                      // 0 or 1
  // One of `words`; evidence.value with the nearest word otherwise.
  std::string word(std::string_view column, const std::vector<std::string>& words);
  void problem(std::string code, std::string_view column, std::string message, std::string fix);

 private:
  const CsvTable& table_;
  const CsvRow& row_;
  std::vector<Error>& problems_;
};

}  // namespace etalon::evidence
