// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which rows were used to fit constants: the ids listed in data/calibration/*.txt (one a line, '#' comments)
// and those that fitted facts of data/chips, data/nodes and data/software name themselves. A row counts as
// fitted wherever it is met: by its id, or by equal chip, operation, dtype, shape and source.

#include <filesystem>
#include <set>
#include <string>

#include "evidence/corpus.h"

namespace etalon::evidence {

class FittedRows {
 public:
  // From the data folder; absent parts list nothing. Errors: evidence.unreadable, those of reading TOML.
  static Result<FittedRows> load(const std::filesystem::path& data);
  void add_id(std::string id) { ids_.insert(std::move(id)); }
  // Makes known the keys of the listed rows found here, so that the same measurement under another id counts.
  void learn(const Corpus& corpus);
  bool holds(const Row& row) const { return ids_.contains(row.id) || keys_.contains(row.key()); }
  std::size_t size() const { return ids_.size(); }

 private:
  std::set<std::string> ids_, keys_;
};

}  // namespace etalon::evidence
