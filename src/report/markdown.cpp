// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "report/cells.h"
#include "report/report.h"

namespace etalon::report {
namespace {

std::string escaped(const std::string& s) {
  std::string out;
  for (const char c : s) {
    if (c == '|')
      out += "\\|";
    else if (c == '\n')
      out += "<br>";
    else
      out += c;
  }
  return out;
}

std::string shown(const Table& t) {
  std::string out = t.title.empty() ? "" : fmt::format("**{}**\n\n", t.title);
  std::string rule;
  for (std::size_t i = 0; i < t.columns.size(); ++i) {
    out += "| " + escaped(column_title(t.columns[i])) + " ";
    rule += is_numeric(t, i) ? "|---:" : "|---";
  }
  out += "|\n" + rule + "|\n";
  for (const auto& row : t.rows) {
    for (std::size_t i = 0; i < t.columns.size(); ++i) {
      out += "| " + (i < row.size() ? escaped(cell_text(row[i], t.columns[i])) : "") + " ";
    }
    out += "|\n";
  }
  return out;
}
std::string shown(const Heading& h) {
  return std::string(static_cast<std::size_t>(h.level), '#') + " " + h.text + "\n";
}
std::string shown(const Text& t) { return t.text + "\n"; }
std::string shown(const Series& s) { return shown(as_table(s)); }
std::string shown(const Timeline& t) { return shown(as_table(t)); }

}  // namespace

std::string as_markdown(const Document& document) {
  std::string out = document.title.empty() ? "" : "# " + document.title + "\n";
  for (const Block& block : document.blocks) {
    out += (out.empty() ? "" : "\n") + std::visit([](const auto& b) { return shown(b); }, block);
  }
  if (document.findings.empty()) return out;
  out += "\n## Findings\n\n";
  for (const Finding& f : document.findings) {
    out += fmt::format("- {} `{}` {}{}\n", severity_name(f.severity), f.code, f.text,
                       f.where.empty() ? "" : fmt::format(" ({})", f.where));
  }
  return out;
}

}  // namespace etalon::report
