// SPDX-License-Identifier: Apache-2.0
#pragma once

// A published training run as a plan, and our number for it. Fields that were not published are left empty (0
// or
// ""): those a recipe always has are taken as its defaults, the rest makes the row one to skip.

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "cluster/step.h"

namespace etalon::cluster {

struct TrainingRow {
  std::string task, cluster, model, model_dims, schedule, zero, recompute, dtype, software, metric,
      flop_convention;
  std::int64_t chips = 0, seq = 0, global_batch = 0, micro_batch = 0;
  std::int64_t tp = 0, pp = 0, vp = 0, dp = 0, cp = 0, ep = 0;
  std::optional<bool> sp;
};

struct TrainingPrediction {
  double value = 0;                  // in the unit of the metric
  StepReport report;                 // empty time for peak_memory_gib
  std::vector<std::string> assumed;  // "recompute none: not published"
};

// Predicts rows, keeping nodes and models between them. Thread-safe.
// Errors whose code begins with "row." mean: skip this row, for the reason in the message (row.task,
// row.nodes, row.plan, row.metric, row.dtype, row.inconsistent); node.unknown, model.unknown and
// software.unknown likewise.
class TrainingPredictor {
 public:
  explicit TrainingPredictor(StepOptions options) : options_(std::move(options)) {}
  Result<TrainingPrediction> predict(const TrainingRow&) const;

 private:
  Result<std::shared_ptr<const StepModel>> model_for(const TrainingRow&) const;
  StepOptions options_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, std::shared_ptr<const StepModel>> models_;
};

// The plan of a row, with what had to be assumed.
Result<ParallelPlan> plan_of_row(const TrainingRow&, int devices_per_package,
                                 std::vector<std::string>& assumed);

}  // namespace etalon::cluster
