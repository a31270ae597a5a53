// SPDX-License-Identifier: Apache-2.0
#pragma once

// A family fitted stage by stage from its start values: a pure function of the rows, the family's table and
// the model, so that repeating it gives the same digits.

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "evidence/corpus.h"
#include "evidence/harness.h"
#include "family.h"

namespace etalon::fit {

struct FittedStage {
  int rows = 0;
  double before = 0, after = 0;  // mean |ln(predicted / measured)|: at the start, and with what was found
};

struct Fitted {
  std::vector<FittedStage> stages;
  std::map<std::string, double> values;  // by path, in the unit of the file, to three digits
  std::vector<std::string> ids;          // rows used, in the order of the evidence
};

// Residuals are those of `etalon validate`, on `jobs` threads; the result does not depend on their number.
// Errors: those of the catalog, fit.no-such-fact, fit.no-rows, fit.no-prediction.
Result<Fitted> run(const Family& family, const evidence::Corpus& corpus,
                   const evidence::HarnessBook& harnesses, int jobs);

}  // namespace etalon::fit
