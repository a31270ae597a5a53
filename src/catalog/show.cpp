// SPDX-License-Identifier: Apache-2.0
#include "catalog/show.h"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <set>

#include "base/text.h"
#include "catalog/export_control.h"
#include "catalog/schema.h"

namespace etalon::catalog {
namespace {

constexpr int kDigits = 5;

std::string in_unit(const Fact& fact, double si) {
  std::string out = significant(si / fact.unit_scale, kDigits);
  if (out.find('.') != std::string::npos && out.find('e') == std::string::npos) {
    out.erase(out.find_last_not_of('0') + 1);
    if (out.ends_with('.')) out.pop_back();
  }
  return out;
}

bool is_absent(const Fact& fact) { return !fact.is_categorical() && std::isnan(fact.si.value); }

std::string unit_text(const Fact& fact) {
  return fact.unit.empty() || fact.unit == "1" ? "" : " " + fact.unit;
}

std::string value_text(const Fact& fact) {
  if (fact.is_categorical()) return fact.choice;
  if (is_absent(fact)) return "none";
  return in_unit(fact, fact.si.value) + unit_text(fact);
}

std::string range_text(const Fact& fact) {
  if (fact.is_categorical()) {
    if (fact.choices.size() < 2) return "";
    std::string out;
    for (const auto& [choice, probability] : fact.choices) {
      out += fmt::format("{}{} {}%", out.empty() ? "" : ", ", choice, significant(100 * probability, 3));
    }
    return out;
  }
  if (is_absent(fact) || fact.si.low == fact.si.high) return "";
  return fmt::format("{} .. {}", in_unit(fact, fact.si.low), in_unit(fact, fact.si.high));
}

std::string note_text(const Fact& fact) {
  std::string out = fact.note;
  const auto add = [&out](const std::string& more) { out += (out.empty() ? "" : "; ") + more; };
  if (!fact.formula.empty()) add("= " + fact.formula);
  if (!fact.rows.empty()) add(fmt::format("fitted on {}", fmt::join(fact.rows, ", ")));
  return out;
}

Table facts_table(const FactSheet& sheet) {
  Table out;
  out.columns = {{"fact", ""}, {"value", ""}, {"range", ""}, {"basis", ""}, {"source: note", ""}};
  for (const auto& [path, fact] : sheet.facts()) {
    const std::string note = note_text(fact);
    out.rows.push_back({path, value_text(fact), range_text(fact), std::string(name_of(fact.basis)),
                        fact.source + (note.empty() ? "" : ": " + note)});
  }
  return out;
}

std::string interval_text(const Interval& v) {
  if (v.low == v.high) return significant(v.value, 4);
  return fmt::format("{} [{} .. {}]", significant(v.value, 4), significant(v.low, 4), significant(v.high, 4));
}

std::string class_text(const ExportControl& e) {
  if (e.least == e.most) return name_of(e.nominal);
  return fmt::format("{} (from {} to {} over the ranges)", name_of(e.nominal), name_of(e.least),
                     name_of(e.most));
}

Table export_table(const std::vector<const Chip*>& chips) {
  Table out;
  out.title = "Export control, rules of October 2023 (advertised rates, whole package)";
  out.columns = {{"metric", ""}};
  std::vector<std::vector<std::string>> rows = {{"TPP"}, {"set by"}, {"performance density"}, {"class"}};
  for (const Chip* chip : chips) {
    out.columns.push_back({chip->name, ""});
    const ExportControl e = export_control(*chip);
    rows[0].push_back(e.is_known ? interval_text(e.tpp) : "unknown");
    rows[1].push_back(e.is_known ? e.format : "-");
    rows[2].push_back(e.has_density ? interval_text(e.density) : "unknown");
    rows[3].push_back(e.is_known ? class_text(e) : "unknown");
  }
  for (auto& row : rows) out.rows.emplace_back(row.begin(), row.end());
  return out;
}

Cell number_cell(const FactSheet& sheet, std::string_view path, double scale, bool per_package = false) {
  const auto it = sheet.facts().find(path);
  if (it == sheet.facts().end() || is_absent(it->second)) return {};
  double si = it->second.si.value;
  const auto devices = sheet.facts().find("package.devices");
  if (per_package && devices != sheet.facts().end()) si *= devices->second.si.value;
  return si / scale;
}

Cell whole(const Cell& cell) {
  const auto* number = std::get_if<double>(&cell);
  if (number == nullptr) return {};
  return static_cast<std::int64_t>(*number);
}

// Cores of one device, whatever they are called.
Cell core_count(const Chip& chip) {
  return number_cell(chip, chip.kind == CoreKind::gpu ? "sm.count" : "cube.count", 1);
}

Cell ratio(const Fact& a, const Fact& b) {
  if (a.is_categorical() || b.is_categorical()) return {};
  const double r = a.si.value / b.si.value;
  if (!std::isfinite(r)) return {};
  return r;
}

std::string ranged_text(const Fact& fact) {
  const std::string range = range_text(fact);
  return value_text(fact) + (range.empty() ? "" : " [" + range + "]");
}

Table only_in(const Chip& has, const Chip& lacks) {
  Table out;
  out.title = fmt::format("Facts of {} alone", has.name);
  out.columns = {{"fact", ""}, {"value", ""}, {"basis", ""}};
  for (const auto& [path, fact] : has.facts()) {
    if (!lacks.facts().contains(path))
      out.rows.push_back({path, ranged_text(fact), std::string(name_of(fact.basis))});
  }
  return out;
}

}  // namespace

std::string basis_summary(const FactSheet& sheet) {
  std::map<Basis, int> count;
  for (const auto& [path, fact] : sheet.facts()) ++count[fact.basis];
  std::string others;
  for (const auto& [basis, n] : count) {
    if (basis != Basis::vendor)
      others += fmt::format("{}{} {}", others.empty() ? "" : ", ", n, name_of(basis));
  }
  return fmt::format("{} of {} facts are vendor facts{}", count[Basis::vendor], sheet.facts().size(),
                     others.empty() ? "" : fmt::format(" ({})", others));
}

Result<Document> list_chips() {
  Table table{"",
              {{"chip", ""},
               {"family", ""},
               {"devices", ""},
               {"cores/device", ""},
               {"FP16", "TFLOP/s", 4},
               {"FP8", "TFLOP/s", 4},
               {"memory", "GB", 4},
               {"memory", "TB/s", 3},
               {"link", "GB/s", 4},
               {"power", "W", 4},
               {"rumour, guess", ""}},
              {}};
  for (const std::string& name : chip_names()) {
    TRY(chip, find_chip(name));
    std::int64_t other = 0;
    for (const auto& [path, fact] : chip.facts())
      other += fact.basis == Basis::rumour || fact.basis == Basis::guess;
    table.rows.push_back(
        {name, chip.family, whole(number_cell(chip, "package.devices", 1)), whole(core_count(chip)),
         number_cell(chip, "marketed.fp16", 1e12), number_cell(chip, "marketed.fp8", 1e12),
         number_cell(chip, "hbm.capacity", 1e9, true), number_cell(chip, "hbm.bandwidth", 1e12, true),
         number_cell(chip, "link.bandwidth", 1e9, true), number_cell(chip, "package.power", 1),
         fmt::format("{}/{}", other, chip.facts().size())});
  }
  Document out;
  out.title = "Chips";
  out.table(std::move(table));
  out.text(
      "Whole packages, advertised dense rates, nominal values; link is one direction. `etalon chips show "
      "NAME` "
      "gives every fact with its range and source.");
  return out;
}

Result<Document> list_nodes() {
  Table table{"",
              {{"node", ""},
               {"chip", ""},
               {"packages", ""},
               {"topology", ""},
               {"link", "GB/s"},
               {"network", "GB/s"},
               {"what", ""}},
              {}};
  for (const std::string& name : node_names()) {
    TRY(node, find_node(name));
    const auto topology = node.facts().find("link.topology");
    table.rows.push_back({name, node.chip, static_cast<std::int64_t>(node.packages),
                          topology == node.facts().end() ? "-" : topology->second.choice,
                          number_cell(node, "link.bandwidth", 1e9),
                          number_cell(node, "network.bandwidth", 1e9), node.title});
  }
  Document out;
  out.title = "Nodes";
  out.table(std::move(table));
  out.text("Bandwidth of one device, one direction.");
  return out;
}

Result<Document> list_facts(const std::string& prefix) {
  TRY(schema, load_schema(data_directory() / "schema.toml"));
  Document out;
  out.title = "Facts";
  for (const auto& [word, part] : {std::pair{"chip", &schema.chip}, std::pair{"node", &schema.node}}) {
    Table table;
    table.title = fmt::format("Of a {}", word);
    table.columns = {{"fact", ""}, {"unit", ""}, {"meaning", ""}};
    for (const auto& [path, entry] : *part) {
      if (!path.starts_with(prefix)) continue;
      const std::string unit = entry.is_categorical() ? fmt::format("{}", fmt::join(entry.choices, ", "))
                               : entry.unit == "1"    ? ""
                                                      : entry.unit;
      table.rows.push_back({path, unit, entry.means});
    }
    if (!table.rows.empty()) out.table(std::move(table));
  }
  if (!out.blocks.empty()) return out;
  std::set<std::string> near;  // whole paths and their groups
  for (const auto* part : {&schema.chip, &schema.node}) {
    for (const auto& [path, entry] : *part) near.insert({path, path.substr(0, path.find('.'))});
  }
  return fail("fact.unknown", fmt::format("no fact begins with '{}'", prefix),
              did_you_mean(prefix, {near.begin(), near.end()}));
}

Document show_chip(const Chip& chip) {
  Document out;
  out.title = fmt::format("{}: {}", chip.name, chip.title);
  out.text(fmt::format("{} of the family {}; {}.{}", chip.kind == CoreKind::npu ? "NPU" : "GPU", chip.family,
                       basis_summary(chip),
                       chip.bases.empty() ? "" : fmt::format(" Builds on {}.", fmt::join(chip.bases, ", "))));
  out.text("Values are per device unless the path begins with package or marketed.");
  out.table(facts_table(chip));
  out.table(export_table({&chip}));
  return out;
}

Document facts_in_si(const FactSheet& sheet) {
  Document out;
  out.title = sheet.name;
  Table table;
  table.title = "facts";
  for (const char* name : {"path", "si", "choice", "unit", "basis", "source", "formula", "note"})
    table.columns.push_back({name, ""});
  for (const auto& [path, fact] : sheet.facts()) {
    table.rows.push_back({path, fact.si, fact.choice, fact.unit, std::string(name_of(fact.basis)),
                          fact.source, fact.formula, fact.note});
    if (fact.is_categorical()) table.rows.back()[1] = std::monostate{};
  }
  return out.table(std::move(table));
}

Document show_node(const Node& node) {
  Document out;
  out.title = fmt::format("{}: {}", node.name, node.title);
  out.text(fmt::format("{} packages of {}; {}.", node.packages, node.chip, basis_summary(node)));
  out.table(facts_table(node));
  return out;
}

Document diff_chips(const Chip& a, const Chip& b) {
  Document out;
  out.title = fmt::format("{} and {}", a.name, b.name);
  out.text(fmt::format("{}: {}. {}: {}.", a.name, basis_summary(a), b.name, basis_summary(b)));
  Table both;
  both.title = "Facts of both";
  both.columns = {
      {"fact", ""}, {a.name, ""}, {b.name, ""}, {"first / second", "", 3}, {"second / first", "", 3},
      {"basis", ""}};
  for (const auto& [path, left] : a.facts()) {
    const auto it = b.facts().find(path);
    if (it == b.facts().end()) continue;
    const Fact& right = it->second;
    const std::string basis = left.basis == right.basis
                                  ? std::string(name_of(left.basis))
                                  : fmt::format("{} / {}", name_of(left.basis), name_of(right.basis));
    both.rows.push_back(
        {path, ranged_text(left), ranged_text(right), ratio(left, right), ratio(right, left), basis});
  }
  out.table(std::move(both));
  out.table(export_table({&a, &b}));
  out.table(only_in(a, b));
  out.table(only_in(b, a));
  return out;
}

}  // namespace etalon::catalog
