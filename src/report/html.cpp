// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "report/cells.h"
#include "report/report.h"
#include "report/svg.h"

namespace etalon::report {
namespace {

std::string shown(const Table& t) {
  std::string out = "<table>\n";
  if (!t.title.empty()) out += fmt::format("<caption>{}</caption>\n", escaped_for_html(t.title));
  out += "<tr>";
  for (const Column& c : t.columns) out += fmt::format("<th>{}</th>", escaped_for_html(column_title(c)));
  out += "</tr>\n";
  for (const auto& row : t.rows) {
    out += "<tr>";
    for (std::size_t i = 0; i < t.columns.size(); ++i) {
      out += fmt::format("<td{}>{}</td>", is_numeric(t, i) ? " class=\"number\"" : "",
                         i < row.size() ? escaped_for_html(cell_text(row[i], t.columns[i])) : "");
    }
    out += "</tr>\n";
  }
  return out + "</table>\n";
}
std::string shown(const Heading& h) {
  return fmt::format("<h{0}>{1}</h{0}>\n", h.level, escaped_for_html(h.text));
}
std::string shown(const Text& t) { return fmt::format("<p>{}</p>\n", escaped_for_html(t.text)); }
std::string shown(const Series& s) { return shown(as_table(s)); }
std::string shown(const Timeline& t) { return as_svg(t); }

constexpr const char* kPageStyle = R"(
:root { color-scheme: light dark; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; }
caption { text-align: left; font-weight: 600; padding: .2rem 0; }
th, td { padding: .15rem .7rem .15rem 0; text-align: left; vertical-align: top; }
th { border-bottom: 1px solid; font-weight: 600; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
)";

}  // namespace

std::string as_html(const Document& document, const std::vector<std::string>& pictures) {
  std::string out = fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{0}</title>\n"
      "<style>{1}{2}</style>\n</head>\n<body>\n<h1>{0}</h1>\n",
      escaped_for_html(document.title), kPageStyle, kPictureStyle);
  if (!document.findings.empty()) {
    out += "<ul>\n";
    for (const Finding& f : document.findings) {
      out += fmt::format("<li>{} <code>{}</code> {}{}</li>\n", severity_name(f.severity), f.code,
                         escaped_for_html(f.text),
                         f.where.empty() ? "" : fmt::format(" ({})", escaped_for_html(f.where)));
    }
    out += "</ul>\n";
  }
  for (const std::string& picture : pictures) out += picture;
  for (const Block& block : document.blocks) out += std::visit([](const auto& b) { return shown(b); }, block);
  return out + "</body>\n</html>\n";
}

}  // namespace etalon::report
