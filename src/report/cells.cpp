// SPDX-License-Identifier: Apache-2.0
#include "report/cells.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"

namespace etalon::report {

std::string cell_text(const Cell& cell, const Column& column) {
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  if (const auto* number = std::get_if<double>(&cell)) return significant(*number, column.digits);
  if (const auto* whole = std::get_if<std::int64_t>(&cell)) return fmt::format("{}", *whole);
  if (const auto* range = std::get_if<Interval>(&cell)) {
    const std::string value = significant(range->value, column.digits);
    if (range->low == range->high) return value;
    return fmt::format("{} [{}, {}]", value, significant(range->low, column.digits),
                       significant(range->high, column.digits));
  }
  return "-";
}

bool is_numeric(const Table& table, std::size_t column) {
  bool any = false;
  for (const auto& row : table.rows) {
    if (column >= row.size() || std::holds_alternative<std::monostate>(row[column])) continue;
    if (std::holds_alternative<std::string>(row[column])) return false;
    any = true;
  }
  return any;
}

std::string column_title(const Column& column) {
  return column.unit.empty() ? column.name : fmt::format("{} [{}]", column.name, column.unit);
}

const char* severity_name(Severity severity) {
  switch (severity) {
    case Severity::note:
      return "note";
    case Severity::warning:
      return "warning";
    case Severity::failure:
      return "failure";
  }
  return "?";
}

Table as_table(const Series& series) {
  constexpr std::size_t kMostPoints = 24;
  const std::size_t points = std::min(series.x.size(), series.y.size());
  Table out;
  out.title = points > kMostPoints ? fmt::format("{} ({} of {} points)", series.title, kMostPoints, points)
                                   : series.title;
  out.columns = {{series.x_name, series.x_unit}, {series.y_name, series.y_unit}};
  const std::size_t shown = std::min(points, kMostPoints);
  for (std::size_t i = 0; i < shown; ++i) {
    const std::size_t at = shown < 2 ? i : i * (points - 1) / (shown - 1);
    out.rows.push_back({series.x[at], series.y[at]});
  }
  return out;
}

Table as_table(const Timeline& timeline) {
  std::map<std::string, std::pair<std::int64_t, double>> lanes;
  for (const Span& span : timeline.spans) {
    auto& [count, busy] = lanes[span.lane];
    ++count;
    busy += span.duration_us;
  }
  Table out;
  out.title = timeline.title;
  out.columns = {{"lane", ""}, {"spans", ""}, {"busy", "us"}};
  for (const auto& [lane, sum] : lanes) out.rows.push_back({lane, sum.first, sum.second});
  return out;
}

}  // namespace etalon::report
