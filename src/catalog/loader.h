// SPDX-License-Identifier: Apache-2.0
#pragma once

// From TOML files to checked facts. A loader reports all problems of a file at once, each with its place.
//
// Errors: file.*, toml.syntax, header.missing, header.unknown, header.kind, base.unknown, base.cycle,
// fact.unknown, fact.not-a-table, fact.key, fact.no-value, fact.no-unit, fact.dimension, fact.no-source,
// fact.unknown-source, fact.no-basis, fact.outside-range, fact.no-formula, fact.no-rows, fact.choice,
// fact.limits, alternative.entry, borrow.entry, source.incomplete, unit.*, formula.*.

#include <filesystem>
#include <map>
#include <string>

#include "catalog/catalog.h"
#include "catalog/schema.h"
#include "catalog/toml.h"

namespace etalon::catalog {

// What a loader needs to know besides the file itself.
struct LoadContext {
  std::filesystem::path data;  // the folder with chips/, nodes/, sources/
  Schema schema;
  std::map<std::string, Source> sources;
};
Result<LoadContext> load_context(const std::filesystem::path& data);

Result<std::map<std::string, Source>> load_sources(const std::filesystem::path& folder);
Result<Chip> load_chip(const std::filesystem::path& file, const LoadContext& context);
Result<Node> load_node(const std::filesystem::path& file, const LoadContext& context);

// The same from text, for tests and fuzzing; `base` is looked up as for a file in the current folder.
Result<Chip> parse_chip(std::string_view toml, const std::string& file_name, const LoadContext& context);

}  // namespace etalon::catalog
