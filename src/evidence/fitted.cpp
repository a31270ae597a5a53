// SPDX-License-Identifier: Apache-2.0
#include "evidence/fitted.h"

#include <fstream>
#include <vector>

#include "base/text.h"
#include "catalog/toml.h"

namespace etalon::evidence {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_of(const fs::path& folder, const char* extension) {
  std::vector<fs::path> files;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().extension() == extension) files.push_back(entry.path());
  }
  return files;
}

// The ids in every `rows = [...]` below `value`; "file:..." names a list that is read anyway.
void add_rows(const catalog::TomlValue& value, std::set<std::string>& ids) {
  for (const auto& [key, inner] : value.table) {
    if (key == "rows") {
      for (const catalog::TomlValue& row : inner.array) {
        if (!row.string.starts_with("file:")) ids.insert(row.string);
      }
    }
    add_rows(inner, ids);
  }
}

}  // namespace

Result<FittedRows> FittedRows::load(const fs::path& data) {
  FittedRows rows;
  for (const fs::path& file : files_of(data / "calibration", ".txt")) {
    std::ifstream in(file);
    if (!in) {
      return fail(Error{"evidence.unreadable",
                        "cannot read the list of fitted rows",
                        "check its rights",
                        file.string(),
                        0,
                        0,
                        {}});
    }
    for (std::string line; std::getline(in, line);) {
      const std::string id(trim(line.substr(0, line.find('#'))));
      if (!id.empty()) rows.ids_.insert(id);
    }
  }
  for (const char* part : {"chips", "nodes", "software"}) {
    for (const fs::path& file : files_of(data / part, ".toml")) {
      TRY(root, catalog::read_toml(file));
      add_rows(root, rows.ids_);
    }
  }
  return rows;
}

void FittedRows::learn(const Corpus& corpus) {
  for (const Row& row : corpus.rows) {
    if (ids_.contains(row.id)) keys_.insert(row.key());
  }
}

}  // namespace etalon::evidence
