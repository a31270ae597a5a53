// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads published rows for the accuracy tests of this room. Rows come from the folder named by the
// environment variable ETALON_EVIDENCE, else from beside the source tree; tests say so and skip where there
// is none.

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace etalon::cluster::test {

using CsvRow = std::map<std::string, std::string>;

inline std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> out(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"')
      quoted = !quoted;
    else if (c == ',' && !quoted)
      out.emplace_back();
    else if (c != '\r')
      out.back() += c;
  }
  return out;
}

inline std::vector<CsvRow> rows_of(const std::string& file) {
  const char* folder = std::getenv("ETALON_EVIDENCE");
  const std::filesystem::path path =
      (folder != nullptr ? std::filesystem::path(folder)
                         : std::filesystem::path(ETALON_SOURCE_DIR) / "../shared/evidence/open") /
      file;
  std::ifstream in(path);
  std::vector<CsvRow> out;
  std::string line;
  std::vector<std::string> names;
  while (std::getline(in, line)) {
    if (line.empty() || line[0] == '#') continue;
    const auto fields = fields_of(line);
    if (names.empty()) {
      names = fields;
      continue;
    }
    CsvRow row;
    for (std::size_t i = 0; i < std::min(names.size(), fields.size()); ++i) row[names[i]] = fields[i];
    out.push_back(std::move(row));
  }
  return out;
}

// Half of the rows are fitted on, the other half checks: one bit of the FNV-1a hash of the id. Collectives
// take bit 32; training rows, whose ids differ in the last digits only, bit 0.
inline bool is_fitted(const std::string& id, int bit) {
  std::uint64_t h = 0xcbf29ce484222325ull;
  for (const char c : id) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  return ((h >> bit) & 1) == 0;
}

// The value below which a share of the absolute errors lies.
inline double quantile(std::vector<double> errors, double share) {
  for (double& e : errors) e = std::abs(e);
  std::sort(errors.begin(), errors.end());
  return errors.empty()
             ? 0
             : errors[std::min(errors.size() - 1,
                               static_cast<std::size_t>(share * static_cast<double>(errors.size())))];
}

}  // namespace etalon::cluster::test
