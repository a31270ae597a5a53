// SPDX-License-Identifier: Apache-2.0
#pragma once

// Comma-separated tables as RFC 4180 has them: quoted fields may hold commas, line breaks and doubled quotes;
// UTF-8, an optional byte order mark, LF or CRLF. Lines whose first character is '#' (outside quotes) and
// empty lines are comments. The first other line names the columns.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace etalon {

struct CsvRow {
  int line = 0;  // where the row starts, from 1
  std::vector<std::string> cells;
};

struct CsvTable {
  std::string file;
  std::vector<std::string> columns;
  std::vector<CsvRow> rows;
  int index_of(std::string_view column) const;  // -1 if absent
};

// Errors: csv.quote (unbalanced quote), csv.width (cells against columns),
// csv.empty (no header line), csv.encoding (not UTF-8).
Result<CsvTable> parse_csv(std::string_view text, const std::string& file);
Result<CsvTable> read_csv(const std::string& file);  // also csv.unreadable

// A cell as a CSV file has to write it.
std::string csv_cell(std::string_view text);

}  // namespace etalon
