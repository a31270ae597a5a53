// SPDX-License-Identifier: Apache-2.0
#include "catalog/fact_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "base/text.h"

namespace etalon::catalog {
namespace {

constexpr Basis kBases[] = {Basis::vendor,  Basis::measured, Basis::reported, Basis::rumour,
                            Basis::derived, Basis::fitted,   Basis::guess};

const std::vector<std::string> kKeys = {"value", "low",  "high",    "basis",  "source",
                                        "note",  "rows", "formula", "choices"};

// "3.35 TB/s" -> "TB/s"
std::string unit_of(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && (std::isdigit(static_cast<unsigned char>(text[at])) || text[at] == '.' ||
                              text[at] == '+' || text[at] == '-' ||
                              ((text[at] == 'e' || text[at] == 'E') && at + 1 < text.size() &&
                               (std::isdigit(static_cast<unsigned char>(text[at + 1])) ||
                                text[at + 1] == '-' || text[at + 1] == '+')))) {
    ++at;
  }
  return std::string(trim(text.substr(at)));
}

bool looks_like_a_fact(const TomlValue& table) {
  return std::any_of(kKeys.begin(), kKeys.end(), [&](const std::string& key) {
    const TomlValue* v = table.find(key);
    return v != nullptr && v->type != TomlValue::Type::table;
  });
}

}  // namespace

void FactReader::complain(const TomlValue& where, std::string code, std::string message, std::string fix) {
  problems_.push_back(
      {std::move(code), std::move(message), std::move(fix), file_, where.line, where.column, {}});
}

void FactReader::read(const TomlValue& table, const std::string& prefix, std::vector<Fact>& out) {
  for (const auto& [key, value] : table.table) {
    const std::string path = prefix.empty() ? key : prefix + "." + key;
    const auto entry = schema_.find(path);
    if (value.type != TomlValue::Type::table) {
      complain(value, entry == schema_.end() ? "fact.unknown" : "fact.not-a-table",
               fmt::format("'{}' is not a fact", path),
               entry == schema_.end()
                   ? did_you_mean(path, Schema::paths(schema_))
                   : fmt::format("write {} = {{ value = \"... {}\", basis = \"...\", source = \"...\" }}",
                                 path, entry->second.unit));
    } else if (entry != schema_.end()) {
      if (auto fact = read_fact(value, entry->second)) out.push_back(std::move(*fact));
    } else if (looks_like_a_fact(value)) {
      complain(value, "fact.unknown", fmt::format("there is no fact '{}'", path),
               did_you_mean(path, Schema::paths(schema_)));
    } else {
      read(value, path, out);
    }
  }
}

std::optional<Fact> FactReader::read_fact(const TomlValue& table, const SchemaEntry& entry) {
  Fact fact;
  fact.path = entry.path;
  fact.dimension = entry.dimension;
  fact.unit = entry.unit;
  fact.unit_scale = entry.unit_scale;
  fact.is_whole = entry.is_whole;
  fact.file = file_;
  fact.line = table.line;
  if (const TomlValue* note = table.find("note")) fact.note = note->string;
  check_keys(table, entry.path);
  bool good = read_basis(table, fact);
  good = read_source(table, fact) && good;
  good = good && read_proof(table, entry, fact);
  if (entry.is_categorical())
    good = read_choices(table, entry, fact) && good;
  else if (fact.formula.empty())
    good = read_numbers(table, entry, fact) && good;
  return good ? std::optional(std::move(fact)) : std::nullopt;
}

void FactReader::check_keys(const TomlValue& table, const std::string& path) {
  for (const auto& [key, value] : table.table) {
    if (std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end()) continue;
    complain(value, "fact.key", fmt::format("fact '{}': unknown key '{}'", path, key),
             did_you_mean(key, kKeys));
  }
}

std::optional<double> FactReader::read_measure(const TomlValue& value, const SchemaEntry& entry) {
  Measure m{value.number, {}};
  std::string unit;
  if (value.type == TomlValue::Type::string) {
    auto parsed = parse_measure(value.string);
    if (!parsed) {
      complain(value, parsed.error().code, fmt::format("fact '{}': {}", entry.path, parsed.error().message),
               parsed.error().fix);
      return std::nullopt;
    }
    m = *parsed;
    unit = unit_of(trim(value.string));
  } else if (!value.is_number() || !std::isfinite(value.number)) {
    complain(value, "fact.no-value", fmt::format("fact '{}': expected a number with unit", entry.path));
    return std::nullopt;
  }
  if (m.dimension == entry.dimension) return m.si;
  const bool bare = unit.empty();
  complain(value, bare ? "fact.no-unit" : "fact.dimension",
           bare ? fmt::format("fact '{}' has no unit, expected one like {}", entry.path, entry.unit)
                : fmt::format("fact '{}' is in {}, expected a unit like {}", entry.path, unit,
                              entry.unit.empty() || entry.unit == "1" ? "none" : entry.unit),
           fmt::format("this fact means: {}", entry.means));
  return std::nullopt;
}

bool FactReader::read_numbers(const TomlValue& table, const SchemaEntry& entry, Fact& fact) {
  const TomlValue* value = table.find("value");
  if (value == nullptr) {
    complain(table, "fact.no-value", fmt::format("fact '{}' has no value", entry.path));
    return false;
  }
  const auto nominal = read_measure(*value, entry);
  if (!nominal) return false;
  fact.si = Interval::exact(*nominal);
  for (const auto& [key, bound] : {std::pair{"low", &fact.si.low}, std::pair{"high", &fact.si.high}}) {
    const TomlValue* given = table.find(key);
    if (given == nullptr) continue;
    const auto si = read_measure(*given, entry);
    if (!si) return false;
    *bound = *si;
  }
  if (value->type == TomlValue::Type::string) {
    fact.unit = unit_of(trim(value->string));
    if (auto one = parse_measure("1 " + fact.unit)) fact.unit_scale = one->si;
  } else {
    fact.unit.clear();
    fact.unit_scale = 1;
  }
  return within_limits(*value, entry, fact);
}

bool FactReader::within_limits(const TomlValue& where, const SchemaEntry& entry, const Fact& fact) {
  for (const double si : {fact.si.low, fact.si.value, fact.si.high}) {
    const double written = si / entry.unit_scale;
    if (entry.is_whole && written != std::floor(written)) {
      complain(where, "fact.limits", fmt::format("fact '{}' is a count and must be whole", entry.path));
      return false;
    }
  }
  if ((entry.min && fact.si.low < *entry.min) || (entry.max && fact.si.high > *entry.max)) {
    complain(where, "fact.limits", fmt::format("fact '{}' lies outside what is possible at all", entry.path),
             fmt::format("this fact means: {}", entry.means));
    return false;
  }
  return true;
}

bool FactReader::read_choices(const TomlValue& table, const SchemaEntry& entry, Fact& fact) {
  const TomlValue* value = table.find("value");
  const auto known = [&](const TomlValue& where, const std::string& word) {
    if (std::find(entry.choices.begin(), entry.choices.end(), word) != entry.choices.end()) return true;
    complain(
        where, "fact.choice",
        fmt::format("fact '{}': '{}' is not one of {}", entry.path, word, fmt::join(entry.choices, ", ")),
        did_you_mean(word, entry.choices));
    return false;
  };
  if (value == nullptr || value->type != TomlValue::Type::string) {
    complain(table, "fact.no-value",
             fmt::format("fact '{}' has no value, expected one of {}", entry.path,
                         fmt::join(entry.choices, ", ")));
    return false;
  }
  if (!known(*value, value->string)) return false;
  fact.choice = value->string;
  const TomlValue* given = table.find("choices");
  if (given == nullptr) {
    fact.choices = {{fact.choice, 1.0}};
    return true;
  }
  double sum = 0;
  for (const auto& [word, probability] : given->table) {
    if (!known(probability, word)) return false;
    fact.choices[word] = probability.number;
    sum += probability.number;
    if (!probability.is_number() || !(probability.number >= 0)) sum = NAN;
  }
  if (!(std::abs(sum - 1) < 1e-9) || !fact.choices.contains(fact.choice)) {
    complain(
        *given, "fact.choice",
        fmt::format("fact '{}': the probabilities must be >= 0, sum to 1 and include the value", entry.path));
    return false;
  }
  return true;
}

bool FactReader::read_basis(const TomlValue& table, Fact& fact) {
  const TomlValue* basis = table.find("basis");
  std::vector<std::string> names;
  for (const Basis b : kBases) {
    names.emplace_back(name_of(b));
    if (basis == nullptr || basis->string != names.back()) continue;
    fact.basis = b;
    return true;
  }
  complain(basis == nullptr ? table : *basis, "fact.no-basis",
           basis == nullptr ? fmt::format("fact '{}' has no basis", fact.path)
                            : fmt::format("fact '{}': unknown basis '{}'", fact.path, basis->string),
           fmt::format("one of {}", fmt::join(names, ", ")));
  return false;
}

bool FactReader::read_source(const TomlValue& table, Fact& fact) {
  const TomlValue* source = table.find("source");
  if (source == nullptr || source->string.empty()) {
    complain(table, "fact.no-source", fmt::format("fact '{}' has no source", fact.path),
             "name a file of data/sources/ by its id, as source = \"ID#page or section\"");
    return false;
  }
  fact.source = source->string;
  const std::string id = source->string.substr(0, source->string.find('#'));
  if (sources_.contains(id)) return true;
  std::vector<std::string> ids;
  for (const auto& [known, unused] : sources_) ids.push_back(known);
  complain(*source, "fact.unknown-source", fmt::format("fact '{}': there is no source '{}'", fact.path, id),
           did_you_mean(id, ids));
  return false;
}

bool FactReader::read_proof(const TomlValue& table, const SchemaEntry& entry, Fact& fact) {
  if (const TomlValue* formula = table.find("formula")) fact.formula = formula->string;
  if (const TomlValue* rows = table.find("rows")) {
    for (const TomlValue& row : rows->array) fact.rows.push_back(row.string);
  }
  const bool needs_formula = fact.basis == Basis::derived && !entry.is_categorical();
  if (needs_formula && fact.formula.empty()) {
    complain(table, "fact.no-formula", fmt::format("fact '{}' is derived but gives no formula", fact.path),
             "write formula = \"...\" over other facts of the file, or choose another basis");
    return false;
  }
  if (!fact.formula.empty() && (fact.basis != Basis::derived || table.find("value") != nullptr)) {
    complain(table, "fact.no-formula",
             fmt::format("fact '{}' has a formula, so its basis is derived and it has no value of its own",
                         fact.path));
    return false;
  }
  if (fact.basis == Basis::fitted && fact.rows.empty()) {
    complain(table, "fact.no-rows",
             fmt::format("fact '{}' is fitted but does not name the rows it was fitted on", fact.path),
             "write rows = [\"id\", ...] or rows = [\"file:data/calibration/NAME.txt\"]");
    return false;
  }
  return true;
}

}  // namespace etalon::catalog
