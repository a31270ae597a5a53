// SPDX-License-Identifier: Apache-2.0
#pragma once

// A parsed TOML file as plain values with their places. toml++ itself is included in toml.cpp alone, because
// it costs seconds of compile time.

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace etalon::catalog {

struct TomlValue {
  enum class Type { table, array, string, integer, real, boolean, other };
  Type type = Type::table;
  std::string string;
  double number = 0;  // integer and real
  bool boolean = false;
  std::vector<TomlValue> array;
  std::map<std::string, TomlValue, std::less<>> table;
  int line = 0, column = 0;

  bool is_number() const { return type == Type::integer || type == Type::real; }
  const TomlValue* find(std::string_view key) const {  // of a table; null if absent
    const auto it = table.find(key);
    return it == table.end() ? nullptr : &it->second;
  }
};

// Errors: file.unreadable, file.too-large (16 MiB), toml.syntax.
Result<TomlValue> parse_toml(std::string_view text, const std::string& file_name);
Result<TomlValue> read_toml(const std::filesystem::path& file);

}  // namespace etalon::catalog
