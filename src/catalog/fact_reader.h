// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads the fact tables of one file against the schema, collecting problems instead of stopping.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/schema.h"
#include "catalog/toml.h"

namespace etalon::catalog {

class FactReader {
 public:
  using Part = std::map<std::string, SchemaEntry, std::less<>>;
  FactReader(const Part& schema, const std::map<std::string, Source>& sources, std::string file)
      : schema_(schema), sources_(sources), file_(std::move(file)) {}

  // All facts below `table`, whose path so far is `prefix`.
  void read(const TomlValue& table, const std::string& prefix, std::vector<Fact>& out);
  std::vector<Error>& problems() { return problems_; }
  void complain(const TomlValue& where, std::string code, std::string message, std::string fix = {});

 private:
  std::optional<Fact> read_fact(const TomlValue& table, const SchemaEntry& entry);
  bool read_numbers(const TomlValue& table, const SchemaEntry& entry, Fact& fact);
  bool within_limits(const TomlValue& where, const SchemaEntry& entry, const Fact& fact);
  std::optional<double> read_measure(const TomlValue& value, const SchemaEntry& entry);
  bool read_choices(const TomlValue& table, const SchemaEntry& entry, Fact& fact);
  bool read_basis(const TomlValue& table, Fact& fact);
  bool read_source(const TomlValue& table, Fact& fact);
  bool read_proof(const TomlValue& table, const SchemaEntry& entry, Fact& fact);  // formula, rows
  void check_keys(const TomlValue& table, const std::string& path);

  const Part& schema_;
  const std::map<std::string, Source>& sources_;
  std::string file_;
  std::vector<Error> problems_;
};

}  // namespace etalon::catalog
