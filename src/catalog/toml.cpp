// SPDX-License-Identifier: Apache-2.0
#include "catalog/toml.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>

// toml++ 3.3 asserts, or tells the optimiser to assume, that a key begins with a key character, and then
// handles the case that it does not. Neither is wanted: a hostile file is an error, found by fuzzing.
#undef NDEBUG
#define TOML_ASSERT(expr) static_assert(true)
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

namespace etalon::catalog {
namespace {

TomlValue convert(const toml::node& node) {
  TomlValue out;
  out.line = static_cast<int>(node.source().begin.line);
  out.column = static_cast<int>(node.source().begin.column);
  if (const auto* table = node.as_table()) {
    out.type = TomlValue::Type::table;
    for (const auto& [key, value] : *table) out.table.emplace(std::string(key.str()), convert(value));
  } else if (const auto* array = node.as_array()) {
    out.type = TomlValue::Type::array;
    for (const auto& value : *array) out.array.push_back(convert(value));
  } else if (const auto* text = node.as_string()) {
    out.type = TomlValue::Type::string;
    out.string = text->get();
  } else if (const auto* integer = node.as_integer()) {
    out.type = TomlValue::Type::integer;
    out.number = static_cast<double>(integer->get());
  } else if (const auto* real = node.as_floating_point()) {
    out.type = TomlValue::Type::real;
    out.number = real->get();
  } else if (const auto* flag = node.as_boolean()) {
    out.type = TomlValue::Type::boolean;
    out.boolean = flag->get();
  } else {
    out.type = TomlValue::Type::other;
  }
  return out;
}

}  // namespace

Result<TomlValue> parse_toml(std::string_view text, const std::string& file_name) {
  const toml::parse_result parsed = toml::parse(text, file_name);
  if (!parsed) {
    const toml::parse_error& e = parsed.error();
    Error error{"toml.syntax",
                fmt::format("not valid TOML: {}", e.description()),
                "",
                file_name,
                static_cast<int>(e.source().begin.line),
                static_cast<int>(e.source().begin.column),
                {}};
    return fail(std::move(error));
  }
  return convert(parsed.table());
}

Result<TomlValue> read_toml(const std::filesystem::path& file) {
  constexpr std::streamsize kMostBytes = 16 << 20;
  std::error_code ignored;
  std::ifstream in(file, std::ios::binary);
  if (!in || std::filesystem::is_directory(file, ignored)) {
    return fail(Error{"file.unreadable",
                      "cannot read the file",
                      "check that it exists and may be read",
                      file.string(),
                      0,
                      0,
                      {}});
  }
  std::string text;
  char buffer[65536];
  while (in.read(buffer, sizeof buffer), in.gcount() > 0) {
    text.append(buffer, static_cast<std::size_t>(in.gcount()));
    if (static_cast<std::streamsize>(text.size()) > kMostBytes) {
      return fail(Error{"file.too-large", "the file holds more than 16 MiB", "", file.string(), 0, 0, {}});
    }
  }
  return parse_toml(text, file.string());
}

}  // namespace etalon::catalog
