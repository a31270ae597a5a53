// SPDX-License-Identifier: Apache-2.0
#pragma once

// What one device does for one micro-batch of its pipeline stage, and once a step; private to the room.

#include <vector>

#include "cluster/pass.h"
#include "cluster/schedule.h"

namespace etalon::cluster {

struct StageWork {
  Spent forward, backward;
};

// One device of the slowest kind, for the whole step.
struct StepWork {
  std::vector<std::vector<StageWork>> chunks;  // [rank][chunk]
  Seconds transfer;                            // between neighbouring stages
  Spent once;                                  // gradients, parameters, optimizer, host
};

struct StepInput {
  const llm::Architecture& model;
  const Task& task;
  std::int64_t micro_batches;
  llm::MemoryPlan memory;
};

Result<StepWork> work_of_step(PassContext&, const StepInput&);

// All operations that work_of_step will cost, each once, to be costed ahead on several threads.
Result<std::vector<llm::Operation>> distinct_operations(const StepInput&);

struct StepSum {
  Seconds time;
  Spent spent;  // of the busiest device, waiting included: device time equals `time`
  PipelineRun pipeline;
};
StepSum sum_of(const StepWork&, std::int64_t micro_batches, bool want_timeline);

}  // namespace etalon::cluster
