// SPDX-License-Identifier: Apache-2.0
#pragma once

// Error tables as files: what `compare` quotes (how far each kind of prediction is off) and what the tests
// hold the shipped rows to (no group may get worse).

#include <map>
#include <string>
#include <vector>

#include "evidence/validate.h"

namespace etalon::evidence {

// kind,chip,rows,median,p90,inside: of check rows where there are any, else of all rows. Shares, not percent.
std::string accuracy_of(const Validation& validation);

// One line a group: what the ratchet compares.
struct GroupError {
  std::string group;  // "gemm h100-sxm bf16 time ai-dynamo/aiconfigurator"
  int rows = 0;
  double median = 0, p90 = 0;
};
std::vector<GroupError> group_errors(const Validation& validation);
std::string text_of(const std::vector<GroupError>& errors);
Result<std::vector<GroupError>> parse_group_errors(std::string_view text, const std::string& file);

// What got worse by more than a hair (0.2 percentage points), which groups lost or gained rows, in words.
std::vector<std::string> regressions(const std::vector<GroupError>& recorded,
                                     const std::vector<GroupError>& now);

}  // namespace etalon::evidence
