// SPDX-License-Identifier: Apache-2.0
#include "catalog/schema.h"

#include <fmt/format.h>

#include "catalog/toml.h"

namespace etalon::catalog {
namespace {

using Part = std::map<std::string, SchemaEntry, std::less<>>;

bool is_leaf(const TomlValue& table) {
  const TomlValue* unit = table.find("unit");
  const TomlValue* choices = table.find("choices");
  return (unit != nullptr && unit->type == TomlValue::Type::string) ||
         (choices != nullptr && choices->type == TomlValue::Type::array);
}

Error at(const TomlValue& v, const std::string& file, std::string code, std::string message) {
  return {std::move(code), std::move(message), "", file, v.line, v.column, {}};
}

Result<SchemaEntry> read_entry(const TomlValue& table, const std::string& path, const std::string& file) {
  SchemaEntry out;
  out.path = path;
  if (const TomlValue* means = table.find("means")) out.means = means->string;
  if (out.means.empty())
    return fail(at(table, file, "schema.no-meaning", fmt::format("'{}' has no 'means'", path)));
  if (const TomlValue* choices = table.find("choices")) {
    for (const TomlValue& c : choices->array) out.choices.push_back(c.string);
    if (out.choices.empty())
      return fail(at(table, file, "schema.choices", fmt::format("'{}' has no choices", path)));
    return out;
  }
  const TomlValue& unit = *table.find("unit");
  out.unit = unit.string;
  auto measure = parse_measure("1 " + unit.string);
  if (!measure) return fail(at(unit, file, measure.error().code, measure.error().message));
  out.dimension = measure->dimension;
  out.unit_scale = measure->si;
  if (const TomlValue* whole = table.find("whole")) out.is_whole = whole->boolean;
  for (const auto& [key, bound] : {std::pair{"min", &out.min}, std::pair{"max", &out.max}}) {
    if (const TomlValue* v = table.find(key)) {
      if (!v->is_number())
        return fail(
            at(*v, file, "schema.bound", fmt::format("'{}': {} is a number in {}", path, key, unit.string)));
      *bound = v->number * out.unit_scale;
    }
  }
  return out;
}

Result<std::monostate> read_part(const TomlValue& table, const std::string& prefix, const std::string& file,
                                 Part& out) {
  for (const auto& [key, value] : table.table) {
    const std::string path = prefix.empty() ? key : prefix + "." + key;
    if (value.type != TomlValue::Type::table) {
      return fail(at(value, file, "schema.entry",
                     fmt::format("'{}' is not a table with 'unit' or 'choices', and 'means'", path)));
    }
    if (!is_leaf(value)) {
      TRY_VOID(read_part(value, path, file, out));
      continue;
    }
    TRY(entry, read_entry(value, path, file));
    out.emplace(path, std::move(entry));
  }
  return std::monostate{};
}

}  // namespace

std::vector<std::string> Schema::paths(const Part& part) {
  std::vector<std::string> out;
  for (const auto& [path, entry] : part) out.push_back(path);
  return out;
}

Result<Schema> load_schema(const std::filesystem::path& file) {
  TRY(root, read_toml(file));
  Schema out;
  for (const auto& [name, part] : {std::pair{"chip", &out.chip}, std::pair{"node", &out.node}}) {
    const TomlValue* table = root.find(name);
    if (table == nullptr)
      return fail(at(root, file.string(), "schema.entry", fmt::format("the part [{}] is missing", name)));
    TRY_VOID(read_part(*table, "", file.string(), *part));
  }
  return out;
}

}  // namespace etalon::catalog
