// SPDX-License-Identifier: Apache-2.0
#pragma once

// From a row of evidence to our number for it, from facts alone: nothing here reads a measured value, and no
// evidence time is ever interpolated.

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "catalog/chip_facts.h"
#include "cluster/training_row.h"
#include "evidence/harness.h"
#include "study/residual.h"

namespace etalon::evidence {

// A prediction in the unit of its row. `skipped` says why there is none: chip or model not in the catalog,
// plan unpublished, row inconsistent in itself, more than one node. Being hard is no reason.
struct Prediction {
  double value = 0, low = 0, high = 0;
  Fidelity fidelity = Fidelity::formula;
  std::string mechanism;  // band of the residual model
  Seconds time;           // what was simulated, whatever the unit of the row
  std::string skipped;
  Findings findings;
  static Prediction skip(std::string why) {
    Prediction p;
    p.skipped = std::move(why);
    return p;
  }
};

// A row of kind training as `cluster` takes it.
cluster::TrainingRow as_training_row(const Row& row);

struct PredictOptions {
  Fidelity fidelity = Fidelity::cycle;
  std::string cache_file;  // of kernel costs; empty: memory only
  // Taken instead of the catalog's chips of the same names, for rows of single operations: how a fit or a
  // what-if sees its changed facts through the same predictions as everybody.
  std::vector<catalog::Chip> chips;
};

// Thread-safe.
class Predictor {
 public:
  Predictor(HarnessBook harnesses, study::ResidualModel residuals, PredictOptions options);
  ~Predictor();
  Prediction predict(const Row& row) const;
  // Errors of the catalog other than unknown names (a broken chip file), met on the way.
  Findings findings() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace etalon::evidence
