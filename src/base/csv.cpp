// SPDX-License-Identifier: Apache-2.0
#include "base/csv.h"

#include <fmt/format.h>

#include <fstream>
#include <sstream>

namespace etalon {
namespace {

Error at(const std::string& file, int line, std::string code, std::string message, std::string fix) {
  return Error{std::move(code), std::move(message), std::move(fix), file, line, 0, {}};
}

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const int tail = byte < 0x80         ? 0
                     : (byte >> 5) == 6  ? 1
                     : (byte >> 4) == 14 ? 2
                     : (byte >> 3) == 30 ? 3
                                         : -1;
    if (tail < 0 || i + tail >= text.size() + (tail == 0)) return false;
    for (int k = 1; k <= tail; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) >> 6) != 2) return false;
    }
    i += 1 + tail;
  }
  return true;
}

// Reads one record from `pos`; moves `pos` past it and `line` to the line after it.
Result<CsvRow> read_record(std::string_view text, std::size_t& pos, int& line, const std::string& file) {
  CsvRow row{.line = line, .cells = {}};
  std::string cell;
  bool quoted = false, was_quoted = false;
  for (; pos < text.size(); ++pos) {
    const char c = text[pos];
    if (quoted) {
      if (c == '\n') ++line;
      if (c != '"') {
        cell += c;
      } else if (pos + 1 < text.size() && text[pos + 1] == '"') {
        cell += '"', ++pos;
      } else {
        quoted = false;
      }
    } else if (c == '"' && cell.empty() && !was_quoted) {
      quoted = was_quoted = true;
    } else if (c == '"') {
      return fail(at(file, row.line, "csv.quote", "got a quote inside an unquoted cell",
                     "quote the whole cell and double the quotes inside it"));
    } else if (c == ',') {
      row.cells.push_back(std::move(cell));
      cell.clear();
      was_quoted = false;
    } else if (c == '\n') {
      break;
    } else if (c != '\r' || (pos + 1 < text.size() && text[pos + 1] != '\n')) {
      if (was_quoted) {
        return fail(at(file, row.line, "csv.quote", "got text after a closing quote",
                       "put a comma after the quoted cell, or double the quotes inside it"));
      }
      cell += c;
    }
  }
  if (quoted) {
    return fail(at(file, row.line, "csv.quote", "got the end of the file inside a quoted cell",
                   "close the quote that opens in this row"));
  }
  if (pos < text.size()) ++pos;
  ++line;
  row.cells.push_back(std::move(cell));
  return row;
}

}  // namespace

int CsvTable::index_of(std::string_view column) const {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i] == column) return static_cast<int>(i);
  }
  return -1;
}

Result<CsvTable> parse_csv(std::string_view text, const std::string& file) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (!is_utf8(text)) {
    return fail(at(file, 0, "csv.encoding", "got bytes that are not UTF-8", "save the file as UTF-8"));
  }
  CsvTable table{.file = file, .columns = {}, .rows = {}};
  int line = 1;
  for (std::size_t pos = 0; pos < text.size();) {
    if (text[pos] == '#' || text[pos] == '\n' || text.substr(pos, 2) == "\r\n") {
      const std::size_t end = text.find('\n', pos);
      pos = end == std::string_view::npos ? text.size() : end + 1;
      ++line;
      continue;
    }
    TRY(row, read_record(text, pos, line, file));
    if (table.columns.empty()) {
      table.columns = std::move(row.cells);
    } else if (row.cells.size() != table.columns.size()) {
      return fail(at(file, row.line, "csv.width",
                     fmt::format("got {} cells, expected {}", row.cells.size(), table.columns.size()),
                     "give every column of the header a cell; quote cells that hold commas"));
    } else {
      table.rows.push_back(std::move(row));
    }
  }
  if (table.columns.empty()) {
    return fail(at(file, 0, "csv.empty", "got a file without a header line",
                   "start with the column names of its kind (docs/reference/file-formats.md)"));
  }
  return table;
}

Result<CsvTable> read_csv(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) {
    // An empty file sets failbit on <<; it is readable, and parse_csv says what is missing.
    if (!in.is_open()) {
      return fail(at(file, 0, "csv.unreadable", "cannot read the file", "check the path and its rights"));
    }
  }
  return parse_csv(text.str(), file);
}

std::string csv_cell(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos && !text.starts_with('#'))
    return std::string(text);
  std::string out = "\"";
  for (char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

}  // namespace etalon
