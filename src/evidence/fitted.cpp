// SPDX-License-Identifier: Apache-2.0
#include "evidence/fitted.h"

#include <fmt/format.h>

#include <fstream>

#include "base/text.h"

namespace etalon::evidence {

Result<FittedRows> FittedRows::load(const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  FittedRows rows;
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) return rows;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().extension() != ".txt") continue;
    std::ifstream in(entry.path());
    if (!in) {
      return fail(Error{"evidence.unreadable",
                        "cannot read the list of fitted rows",
                        "check its rights",
                        entry.path().string(),
                        0,
                        0,
                        {}});
    }
    for (std::string line; std::getline(in, line);) {
      const std::string id(trim(line.substr(0, line.find('#'))));
      if (!id.empty()) rows.ids_.insert(id);
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
