// SPDX-License-Identifier: Apache-2.0
#pragma once

// data/schema.toml: every fact path that a chip or node file may hold, with its unit and meaning.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "catalog/fact.h"

namespace etalon::catalog {

struct SchemaEntry {
  std::string path;
  std::string unit;  // preferred for printing; its dimension is the one every value must have
  Dimension dimension;
  double unit_scale = 1;  // si = printed number * unit_scale
  std::string means;
  std::vector<std::string> choices;  // categorical fact: the words allowed
  std::optional<double> min, max;    // SI; outside is an error whatever the source says
  bool is_whole = false;             // counts: only whole numbers of the unit
  bool is_categorical() const { return !choices.empty(); }
};

struct Schema {
  std::map<std::string, SchemaEntry, std::less<>> chip, node;
  static std::vector<std::string> paths(const std::map<std::string, SchemaEntry, std::less<>>& part);
};

// Errors: schema.*, file.*, toml.syntax.
Result<Schema> load_schema(const std::filesystem::path& file);

}  // namespace etalon::catalog
