// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "base/text.h"
#include "catalog/catalog.h"
#include "study/run.h"

namespace etalon::study {
namespace {

constexpr std::size_t kTornadoBars = 5;
constexpr double kMatters =
    1.005;  // a fact whose range moves the ratio by less is left out of the break-even table

std::vector<Column> side_columns(const Comparison& c, const char* first, const std::string& unit) {
  std::vector<Column> columns = {{first, "", 4}};
  for (const SideResult& side : c.sides) columns.push_back({side.name, unit, 3});
  return columns;
}

Table metrics_table(const Comparison& c) {
  Table t{"Side by side: median and 90% interval", side_columns(c, "what", ""), {}};
  t.columns.insert(t.columns.begin() + 1, Column{"unit", "", 4});
  for (std::size_t m = 0; m < c.sides[0].metrics.size(); ++m) {
    std::vector<Cell> row = {c.sides[0].metrics[m].name, c.sides[0].metrics[m].unit};
    for (const SideResult& side : c.sides) row.emplace_back(side.metrics[m].value);
    t.rows.push_back(std::move(row));
  }
  return t;
}

Table parts_table(const Comparison& c, const std::string& title, const char* first,
                  std::vector<Metric> SideResult::* parts) {
  Table t{title, side_columns(c, first, "ms"), {}};
  std::vector<std::pair<double, std::string>> names;  // largest on any side first
  for (const SideResult& side : c.sides) {
    for (const Metric& part : side.*parts) {
      const auto known =
          std::find_if(names.begin(), names.end(), [&](const auto& n) { return n.second == part.name; });
      if (known == names.end()) {
        names.emplace_back(part.value.value, part.name);
      } else {
        known->first = std::max(known->first, part.value.value);
      }
    }
  }
  std::stable_sort(names.begin(), names.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  for (const auto& [largest, name] : names) {
    if (largest <= 0) continue;
    std::vector<Cell> row = {name};
    for (const SideResult& side : c.sides) {
      Cell cell;
      for (const Metric& part : side.*parts) {
        if (part.name == name) cell = part.value.scaled(1e3);
      }
      row.push_back(std::move(cell));
    }
    t.rows.push_back(std::move(row));
  }
  return t;
}

Table tornado_table(const Pair& p) {
  Table t{fmt::format("What matters most: {} against {}, step time over step time when one fact is moved",
                      p.first, p.second),
          {{"side", "", 4},
           {"fact", "", 4},
           {"basis", "", 4},
           {"from", "", 4},
           {"to", "", 4},
           {"unit", "", 4},
           {"ratio at from", "", 4},
           {"ratio at to", "", 4}},
          {}};
  for (std::size_t i = 0; i < std::min(kTornadoBars, p.tornado.size()); ++i) {
    const TornadoBar& b = p.tornado[i];
    t.rows.push_back({b.side, b.fact, b.basis, b.low_text, b.high_text, b.unit, b.ratio_low, b.ratio_high});
  }
  return t;
}

std::string verdict(const BreakEven& b) {
  return fmt::format("{} {}{}", b.more_helps_first ? ">=" : "<=", significant(*b.value, 3),
                     b.is_inside ? "" : " (outside its range)");
}

// Facts whose value can decide the comparison; how many cannot is said below the table.
void add_break_even(const Pair& p, Document& d) {
  Table t{fmt::format("Break-even: {} equals {} when, all else at nominal,", p.first, p.second),
          {{"side", "", 4},
           {"fact", "", 4},
           {"basis", "", 4},
           {"nominal and range", "", 4},
           {"is", "", 4},
           {"unit", "", 4}},
          {}};
  int never = 0;
  for (const BreakEven& b : p.break_even) {
    const auto bar = std::find_if(p.tornado.begin(), p.tornado.end(),
                                  [&](const TornadoBar& x) { return x.side == b.side && x.fact == b.fact; });
    if (!b.value || (bar->span() < kMatters && !b.is_inside)) {
      ++never;
    } else {
      t.rows.push_back({b.side, b.fact, bar->basis, b.range, verdict(b), b.unit});
    }
  }
  if (!t.rows.empty()) d.table(std::move(t));
  if (never > 0) {
    d.text(fmt::format(
        "{} further uncertain facts cannot make them equal, each alone, within ten times their range.",
        never));
  }
}

Table basis_table(const Comparison& c) {
  Table t{"What the facts rest on (chip, node, software)", side_columns(c, "basis", ""), {}};
  std::vector<std::int64_t> total(c.sides.size());
  for (const char* basis : {"vendor", "measured", "reported", "rumour", "derived", "fitted", "guess"}) {
    std::vector<Cell> row = {std::string(basis)};
    for (std::size_t i = 0; i < c.sides.size(); ++i) {
      const auto count = c.sides[i].facts_by_basis.find(basis);
      const std::int64_t n = count == c.sides[i].facts_by_basis.end() ? 0 : count->second;
      total[i] += n;
      row.emplace_back(n);
    }
    t.rows.push_back(std::move(row));
  }
  std::vector<Cell> last = {std::string("all")};
  for (std::int64_t n : total) last.emplace_back(n);
  t.rows.push_back(std::move(last));
  return t;
}

// Kind of core of a chip or node by name; none if the catalog does not know it.
std::optional<catalog::CoreKind> kind_of(const std::string& name) {
  if (const auto chip = catalog::find_chip(name)) return chip->kind;
  const auto node = catalog::find_node(name);
  if (!node) return std::nullopt;
  const auto chip = catalog::find_chip(node->chip);
  if (!chip) return std::nullopt;
  return chip->kind;
}

// What of the model was checked, from the table that validation writes: rows of chips with the same kind of
// core.
Table validation_table(const std::vector<PreparedSide>& sides) {
  Table t{"How far predictions were off where they could be checked",
          {{"kind", "", 4},
           {"measured on", "", 4},
           {"bears on", "", 4},
           {"rows", "", 4},
           {"median", "%", 2},
           {"p90", "%", 2}},
          {}};
  std::ifstream in(catalog::data_directory() / "calibration" / "accuracy.csv");
  for (std::string line; std::getline(in, line);) {
    const std::vector<std::string> cells = split(line, ',');
    if (line.starts_with('#') || cells.size() != 6 || cells[0] == "kind") continue;
    const auto kind = kind_of(cells[1]);
    std::string bears;
    for (const PreparedSide& side : sides) {
      const Machine& m = side.side.machine;
      if (!kind || m.chip.kind != *kind) continue;
      const bool is_itself = m.chip.name == cells[1] || m.node.name == cells[1];
      bears += (bears.empty() ? "" : ", ") + side.side.name + (is_itself ? "" : " (its kind of core)");
    }
    if (bears.empty()) continue;
    t.rows.push_back({cells[0], cells[1], bears, std::int64_t{std::atoi(cells[2].c_str())},
                      100 * std::atof(cells[3].c_str()), 100 * std::atof(cells[4].c_str())});
  }
  return t;
}

std::string seconds(const Interval& i) {
  return fmt::format("{} s ({} to {})", significant(i.value, 3), significant(i.low, 3),
                     significant(i.high, 3));
}

// Samples cannot tell certainty from near certainty.
std::string percent(double probability) {
  if (probability > 0.995) return "above 99%";
  if (probability < 0.005) return "below 1%";
  return fmt::format("{:.0f}%", 100 * probability);
}

void add_answer(const std::vector<PreparedSide>& sides, const Comparison& c, Document& d) {
  for (const SideResult& side : c.sides) {
    d.text(fmt::format("{}: {} a step; plan {}.", side.name, seconds(side.metrics[0].value),
                       side.sensitivity.nominal.plan));
  }
  for (std::size_t i = 0; i < sides.size(); ++i) {
    const SideResult& side = c.sides[i];
    d.text(fmt::format("{} of the {} facts of {} are not vendor facts.",
                       side.chip_facts - side.chip_vendor_facts, side.chip_facts,
                       sides[i].side.machine.chip.name));
  }
  for (const Pair& p : c.pairs) {
    d.text(fmt::format("{} is faster than {} with probability {}; it is {} times as fast ({} to {}).",
                       p.first, p.second, percent(p.probability), significant(p.speed.value, 3),
                       significant(p.speed.low, 3), significant(p.speed.high, 3)));
  }
}

void add_method(const Recipe& recipe, const Comparison& c, Document& d) {
  d.text(fmt::format(
      "MFU: model FLOPs with causal attention counted half, against the dense matrix-unit rate of {}. "
      "Software: {}. A chip is a package.",
      recipe.job.dtype, recipe.job.software));
  for (const SideResult& side : c.sides) {
    const Sensitivity& s = side.sensitivity;
    std::string check = side.checked > 0
                            ? fmt::format(
                                  " Against {} samples run in full the response surface is off by "
                                  "at most {:.1f}%.",
                                  side.checked, 100 * side.surface_error)
                            : "";
    d.text(fmt::format("{}: {} uncertain facts move the result, {} do not; {} runs by formula, {} by {}.{}",
                       side.name, s.variables.size(), s.still, s.runs, s.full_runs,
                       name_of(s.nominal.fidelity), check));
  }
  d.text(fmt::format(
      "{} samples, seed {}. Intervals hold the facts' ranges and the model's own error on the rows it "
      "was fitted on.",
      c.samples, c.seed));
}

}  // namespace

Document document_of(const Recipe& recipe, const std::vector<PreparedSide>& sides, const Comparison& c) {
  Document d;
  std::string names = recipe.machines[0];
  for (std::size_t i = 1; i < recipe.machines.size(); ++i)
    names += (i == 1 ? " against " : ", ") + recipe.machines[i];
  d.title = fmt::format("{}: {}, sequences of {}, global batch {}, {} chips, {}", names, recipe.job.model,
                        recipe.job.seq, recipe.job.global_batch, sides[0].side.machine.node.packages,
                        recipe.job.dtype);
  add_answer(sides, c, d);
  d.table(metrics_table(c));
  d.table(parts_table(c, "Where the time goes, by operation", "operation", &SideResult::by_operation));
  d.table(parts_table(c, "Where the time goes, by limit", "limit", &SideResult::by_limit));
  for (const Pair& p : c.pairs) {
    if (!p.tornado.empty()) d.table(tornado_table(p));
    add_break_even(p, d);
  }
  d.table(basis_table(c));
  Table checked = validation_table(sides);
  if (!checked.rows.empty()) d.table(std::move(checked));
  add_method(recipe, c, d);
  d.findings = c.findings;
  return d;
}

}  // namespace etalon::study
