// SPDX-License-Identifier: Apache-2.0
#include "evidence/accuracy.h"

#include <fmt/format.h>

#include <cstdlib>

#include "base/text.h"

namespace etalon::evidence {
namespace {

constexpr double kHair = 0.002;

// Words of a group may hold blanks ("matmul task_us"); the file separates columns by '|'.
std::string name_of_group(const GroupKey& key) {
  return fmt::format("{} {} {} {} {}", name_of(key.kind), key.chip, key.dtype.empty() ? "-" : key.dtype,
                     key.metric, key.source);
}

}  // namespace

std::string accuracy_of(const Validation& validation) {
  std::map<std::pair<Kind, std::string>, std::vector<const Checked*>> checked, all;
  for (const Checked& c : validation.rows) {
    if (!c.prediction.skipped.empty()) continue;
    const std::pair key{c.row->kind, c.row->chip};
    all[key].push_back(&c);
    if (!c.fitted) checked[key].push_back(&c);
  }
  std::string out =
      "# Relative error of predictions against published rows, those not used for fitting where there are "
      "any.\n"
      "# Written by: etalon validate DIR --write-accuracy FILE\n"
      "kind,chip,rows,median,p90,inside\n";
  for (const auto& [key, rows] : all) {
    const auto held = checked.find(key);
    const ErrorStatistics s = statistics_of(held == checked.end() ? rows : held->second);
    out += fmt::format("{},{},{},{:.4f},{:.4f},{:.4f}\n", name_of(key.first), key.second, s.rows, s.median,
                       s.p90, static_cast<double>(s.inside) / s.rows);
  }
  return out;
}

std::vector<GroupError> group_errors(const Validation& validation) {
  std::map<std::string, std::vector<const Checked*>> groups;
  for (const Checked& c : validation.rows) {
    if (c.prediction.skipped.empty()) groups[name_of_group(group_of(c))].push_back(&c);
  }
  std::vector<GroupError> errors;
  for (const auto& [group, rows] : groups) {
    const ErrorStatistics s = statistics_of(rows);
    errors.push_back({group, s.rows, s.median, s.p90});
  }
  return errors;
}

std::string text_of(const std::vector<GroupError>& errors) {
  std::string out =
      "# Error of the shipped evidence by group: rows | median | 90th percentile (percent) | group.\n"
      "# It may only get better; tools/check/ratchet --update rewrites it, loosening needs a line in "
      "CHANGES.md.\n";
  for (const GroupError& e : errors) {
    out += fmt::format("{:4} | {:7.2f} | {:7.2f} | {}\n", e.rows, 100 * e.median, 100 * e.p90, e.group);
  }
  return out;
}

Result<std::vector<GroupError>> parse_group_errors(std::string_view text, const std::string& file) {
  std::vector<GroupError> errors;
  int number = 0;
  for (const std::string& line : split(text, '\n')) {
    ++number;
    if (trim(line).empty() || line.starts_with('#')) continue;
    const std::vector<std::string> cells = split(line, '|');
    if (cells.size() != 4 || std::atoi(cells[0].c_str()) < 1) {
      return fail(Error{"evidence.error-table",
                        "expected rows | median | p90 | group",
                        "rewrite the table with tools/check/ratchet --update",
                        file,
                        number,
                        0,
                        {}});
    }
    errors.push_back({std::string(trim(cells[3])), std::atoi(cells[0].c_str()),
                      std::atof(cells[1].c_str()) / 100, std::atof(cells[2].c_str()) / 100});
  }
  return errors;
}

std::vector<std::string> regressions(const std::vector<GroupError>& recorded,
                                     const std::vector<GroupError>& now) {
  std::map<std::string, const GroupError*> found;
  for (const GroupError& e : now) found[e.group] = &e;
  std::vector<std::string> out;
  for (const GroupError& was : recorded) {
    const auto is = found.find(was.group);
    if (is == found.end()) {
      out.push_back(fmt::format("{}: no longer predicted", was.group));
      continue;
    }
    const GroupError& e = *is->second;
    if (e.rows < was.rows) out.push_back(fmt::format("{}: {} rows, were {}", was.group, e.rows, was.rows));
    if (e.median > was.median + kHair) {
      out.push_back(
          fmt::format("{}: median {:.2f}%, was {:.2f}%", was.group, 100 * e.median, 100 * was.median));
    }
    if (e.p90 > was.p90 + kHair) {
      out.push_back(fmt::format("{}: p90 {:.2f}%, was {:.2f}%", was.group, 100 * e.p90, 100 * was.p90));
    }
    found.erase(is);
  }
  for (const auto& [group, e] : found) out.push_back(fmt::format("{}: not in the recorded table", group));
  return out;
}

}  // namespace etalon::evidence
