// SPDX-License-Identifier: Apache-2.0
#pragma once

// Outcomes already evaluated, kept in one file: a comparison asked again needs no evaluation at all. Keys are
// hashes of everything an outcome depends on, the program itself among it. A file that cannot be read or
// written is done without, with a finding.

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "study/outcome.h"

namespace etalon::study {

class OutcomeStore {
 public:
  explicit OutcomeStore(std::string file);  // empty: nothing is kept
  std::optional<Outcome> find(const std::string& key) const;
  std::optional<std::string> find_text(const std::string& key) const;
  void put(const std::string& key, const Outcome& outcome);
  void put_text(const std::string& key, const std::string& text);  // one line
  void save();                                                     // if anything was put
  Findings findings() const;

 private:
  std::string file_;
  mutable std::mutex mutex_;
  std::map<std::string, std::string> entries_;
  bool is_changed_ = false;
  Findings findings_;
};

}  // namespace etalon::study
