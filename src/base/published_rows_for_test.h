// SPDX-License-Identifier: Apache-2.0
#pragma once

// Published measurements for the tests of every room: from the folder that the environment variable
// ETALON_EVIDENCE names, else from beside the source tree. Where there is none, a test skips and says
// kNoEvidence.

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/csv.h"

namespace etalon::test {

inline constexpr const char* kNoEvidence = "no folder of evidence: set ETALON_EVIDENCE";

inline std::optional<std::string> evidence_folder() {
  const char* chosen = std::getenv("ETALON_EVIDENCE");
  const std::filesystem::path folder =
      chosen != nullptr ? chosen : ETALON_SOURCE_DIR "/../shared/evidence/open";
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder, ignored)) return std::nullopt;
  return folder.string();
}

// A row by column. `file` is "gemm.csv" and so on; empty if there is no such file.
using PublishedRow = std::map<std::string, std::string>;
inline std::vector<PublishedRow> published_rows(const std::string& file) {
  std::vector<PublishedRow> out;
  const auto folder = evidence_folder();
  const auto table = folder ? read_csv(*folder + "/" + file) : Result<CsvTable>(CsvTable{});
  if (!table) return out;
  for (const CsvRow& row : table->rows) {
    PublishedRow& named = out.emplace_back();
    for (std::size_t i = 0; i < row.cells.size(); ++i) named[table->columns[i]] = row.cells[i];
  }
  return out;
}

// The value below which a share of the absolute errors lies.
inline double quantile_of_absolute(std::vector<double> errors, double share) {
  if (errors.empty()) return 0;
  for (double& e : errors) e = std::abs(e);
  std::sort(errors.begin(), errors.end());
  return errors[std::min(errors.size() - 1,
                         static_cast<std::size_t>(share * static_cast<double>(errors.size())))];
}

}  // namespace etalon::test
