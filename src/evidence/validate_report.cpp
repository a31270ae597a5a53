// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <map>

#include "evidence/validate.h"

namespace etalon::evidence {
namespace {

using Rows = std::vector<const Checked*>;

std::vector<Cell> error_cells(const Rows& rows) {
  const ErrorStatistics s = statistics_of(rows);
  if (s.rows == 0) return {std::int64_t{0}, {}, {}, {}, {}, {}, std::string()};
  return {std::int64_t{s.rows},      100 * s.median, 100 * s.p90, 100 * s.worst, 100 * s.bias,
          100.0 * s.inside / s.rows, s.worst_id};
}

const std::vector<Column> kErrorColumns = {{"rows", "", 4},     {"median", "%", 3}, {"p90", "%", 3},
                                           {"worst", "%", 3},   {"bias", "%", 3},   {"inside", "%", 3},
                                           {"worst row", "", 4}};

Table kinds_table(const std::map<std::pair<Kind, bool>, Rows>& groups) {
  Table table{"Relative error by kind", {{"kind", "", 4}, {"used for", "", 4}}, {}};
  table.columns.insert(table.columns.end(), kErrorColumns.begin(), kErrorColumns.end());
  for (const auto& [key, rows] : groups) {
    std::vector<Cell> cells = {std::string(name_of(key.first)),
                               std::string(key.second ? "fitting" : "checking")};
    for (Cell& cell : error_cells(rows)) cells.push_back(std::move(cell));
    table.rows.push_back(std::move(cells));
  }
  return table;
}

Table groups_table(const std::map<GroupKey, Rows>& groups) {
  Table table{"Relative error by group",
              {{"kind", "", 4},
               {"chip", "", 4},
               {"dtype", "", 4},
               {"what", "", 4},
               {"source", "", 4},
               {"used for", "", 4}},
              {}};
  table.columns.insert(table.columns.end(), kErrorColumns.begin(), kErrorColumns.end());
  for (const auto& [key, rows] : groups) {
    std::vector<Cell> cells = {std::string(name_of(key.kind)),
                               key.chip,
                               key.dtype,
                               key.metric,
                               key.source,
                               std::string(key.fitted ? "fitting" : "checking")};
    for (Cell& cell : error_cells(rows)) cells.push_back(std::move(cell));
    table.rows.push_back(std::move(cells));
  }
  return table;
}

Table skipped_table(const std::map<std::pair<Kind, std::string>, Rows>& skipped) {
  Table table{
      "Rows not predicted", {{"kind", "", 4}, {"rows", "", 4}, {"why", "", 4}, {"for example", "", 4}}, {}};
  for (const auto& [key, rows] : skipped) {
    table.rows.push_back({std::string(name_of(key.first)), static_cast<std::int64_t>(rows.size()), key.second,
                          rows.front()->row->id});
  }
  return table;
}

}  // namespace

Document report(const Corpus& corpus, const Validation& validation) {
  std::map<std::pair<Kind, bool>, Rows> kinds;
  std::map<GroupKey, Rows> groups;
  std::map<std::pair<Kind, std::string>, Rows> skipped;
  std::size_t predicted = 0, fitted = 0;
  for (const Checked& c : validation.rows) {
    if (!c.prediction.skipped.empty()) {
      skipped[{c.row->kind, c.prediction.skipped}].push_back(&c);
      continue;
    }
    ++predicted;
    fitted += c.fitted;
    kinds[{c.row->kind, c.fitted}].push_back(&c);
    groups[group_of(c)].push_back(&c);
  }
  Document document;
  document.title = "Predictions against published measurements";
  document.text(fmt::format("{} rows predicted ({} of them were used to fit constants), {} not predicted.",
                            predicted, fitted, validation.rows.size() - predicted));
  document.text(
      "Error is (predicted - measured) / measured; median, p90 and worst are of its absolute value. "
      "Inside: share of measured values in our 90% interval.");
  if (!groups.empty()) document.table(groups_table(groups)).table(kinds_table(kinds));
  if (!skipped.empty()) document.table(skipped_table(skipped));
  document.findings = corpus.findings;
  if (validation.cancelled) {
    document.findings.push_back(
        {Severity::warning, "validate.interrupted", "stopped before all rows were done", ""});
  }
  return document;
}

}  // namespace etalon::evidence
