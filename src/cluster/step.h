// SPDX-License-Identifier: Apache-2.0
#pragma once

// One training step on one node: the operations of each pipeline stage at the cost of their kernels, the
// collectives between them, what hides what, host time, memory, power.
//
// Modelled: per layer, device time and host time run in parallel, the longer counts; tensor, context and
// expert collectives stand beside the operations that need them and are exposed by the share the software
// leaves open; FSDP gathers and scatters run beside each layer; gradients and parameters move beside the last
// backward and the first forward; the pipeline is simulated task by task; the clock is that of the mean power
// of the step. Left out: stragglers, data loading, checkpoints, evaluation, compute slowed by a collective on
// its SMs.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/document.h"
#include "base/finding.h"
#include "base/interval.h"
#include "base/result.h"
#include "base/units.h"
#include "catalog/chip_facts.h"
#include "cluster/plan.h"
#include "cluster/software.h"
#include "cluster/topology.h"
#include "kernels/cost.h"
#include "llm/architecture.h"
#include "llm/memory.h"

namespace etalon::cluster {

// How long an operation takes: kernels::CostModel::cost, or a stand-in in tests.
using CostFunction =
    std::function<Result<kernels::KernelCost>(const llm::Operation&, const kernels::Harness&)>;

struct StepReport {
  ParallelPlan plan;
  Task task;
  std::string node, chip, model, software;
  std::int64_t micro_batches = 0;
  int packages = 0, devices = 0;

  Seconds time;
  double tokens_per_second_per_chip = 0;  // per package
  // Model FLOPs by the causal convention (llm/flops.h) per package, and against the matrix-unit peak.
  FlopsPerSecond rate_per_chip, peak_per_chip;
  double mfu = 0;
  std::string convention;

  // Where the time of the slowest stage goes; each adds up to `time`.
  std::map<std::string, Seconds>
      by_operation;  // "attention core", "tensor communication", "pipeline bubble", ...
  std::map<std::string, Seconds> by_limit;  // names of kernels::Limit; "pipeline"
  std::map<std::string, Seconds>
      by_mechanism;  // bands of the residual model: "gemm.compute", "collective", ...

  llm::StageMemory memory;  // of the stage that needs most, per device
  Bytes memory_capacity;
  bool fits() const { return memory.total() <= memory_capacity; }

  Watts power;    // mean of one package
  Joules energy;  // of the whole step, all packages
  double joules_per_token = 0;
  Hertz clock;  // 0: the kernels' own
  bool power_limited = false;

  Fidelity fidelity = Fidelity::formula;  // the lowest of its kernels
  Seconds closed_form;                    // part of the time whose kernels were not simulated
  std::int64_t distinct_operations = 0;
  Timeline pipeline;
  Findings findings;
};

Document document_of(const StepReport&);

struct StepOptions {
  Fidelity fidelity = Fidelity::cycle;
  std::string cache_file;
  bool want_timeline = false;
};

// A node ready to be asked: facts read, kernel costs remembered. Thread-safe.
class StepModel {
 public:
  // Errors: node.chip, node.collective.
  static Result<StepModel> make(catalog::Node, catalog::Chip, Software, StepOptions = {});
  // With stand-ins for the kernels: `exact` at the fidelity asked, `quick` to rank plans and settle the
  // clock.
  static Result<StepModel> make(catalog::Node, catalog::Chip, Software, StepOptions, CostFunction exact,
                                CostFunction quick);
  ~StepModel();
  StepModel(StepModel&&) noexcept;
  StepModel& operator=(StepModel&&) noexcept;

  // Errors: those of plan.h, model.shard, and of the kernels (an operation the chip cannot do).
  Result<StepReport> step(const llm::Architecture&, const ParallelPlan&, const Task&) const;
  // The same with formula-fidelity kernels.
  Result<StepReport> quick_step(const llm::Architecture&, const ParallelPlan&, const Task&) const;
  // Memory alone. Errors: those of plan.h.
  Result<llm::StageMemory> memory(const llm::Architecture&, const ParallelPlan&, const Task&) const;

  // Plans that fit, fastest first by quick_step; the best `most`. Error: plan.none (with the least memory
  // seen).
  Result<std::vector<ParallelPlan>> search(const llm::Architecture&, const Task&, const PlanLimits&,
                                           std::size_t most = 3) const;
  // The fastest of the best few of search(), simulated. `tried` of them at the fidelity asked.
  Result<StepReport> best_step(const llm::Architecture&, const Task&, const PlanLimits&,
                               std::size_t tried = 2) const;

  const Fabric& fabric() const;
  const catalog::Chip& chip() const;

 private:
  struct Impl;
  explicit StepModel(std::unique_ptr<Impl>);
  std::unique_ptr<Impl> impl_;
};

// Dense matrix-unit peak of one package for this dtype, the denominator of MFU: on GPUs the advertised rate,
// on NPUs cube cores x rate x highest clock. Zero if the chip lacks the format.
FlopsPerSecond matrix_peak(const catalog::Chip&, llm::Dtype);

}  // namespace etalon::cluster
