// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which harness a row was measured with, from data/harness.toml. The order of the file decides.

#include <filesystem>
#include <string>
#include <vector>

#include "evidence/corpus.h"
#include "kernels/cost.h"

namespace etalon::evidence {

struct HarnessRule {
  std::string name, source, note, why;
  std::vector<Kind> kinds;
  kernels::Harness harness;
  bool framework_call = false;
  Seconds host{0};  // of each timed call, beside what the device does: the source waits for every call
};

class HarnessBook {
 public:
  // Errors: harness.key, harness.value, harness.no-default, and those of reading TOML.
  static Result<HarnessBook> load(const std::filesystem::path& file);
  static Result<HarnessBook> parse(std::string_view toml, const std::string& file);

  const HarnessRule& of(const Row& row) const;  // never fails: the last rule takes all
  // The row's harness, with its own l2_state on top.
  kernels::Harness harness_of(const Row& row) const;
  const std::vector<HarnessRule>& rules() const { return rules_; }

 private:
  std::vector<HarnessRule> rules_;
};

}  // namespace etalon::evidence
