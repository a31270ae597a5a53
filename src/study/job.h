// SPDX-License-Identifier: Apache-2.0
#pragma once

// The work that machines are compared by, and a machine of the catalog made ready to do it.

#include <cstdint>
#include <memory>
#include <string>

#include "cluster/plan.h"
#include "study/compare.h"
#include "study/outcome_store.h"

namespace etalon::study {

struct Job {
  std::string model;
  std::int64_t seq = 4096, global_batch = 8;
  int chips = 0;  // packages; 0: all of the node
  std::string dtype = "bf16", software = "attained";
  std::string plan;  // settings that a plan must have: "tp=2,pp=1,zero=1,recompute=none"; empty: any
  bool operator==(const Job&) const = default;
};

struct SideOptions {
  Fidelity fidelity = Fidelity::cycle;     // of the full evaluation; the quick one is always by formula
  std::string cache_file;                  // of kernel costs; empty: memory only
  std::shared_ptr<OutcomeStore> outcomes;  // null: nothing is remembered between runs
};

// A side, with the plan it will follow throughout: the best found at nominal facts.
struct PreparedSide {
  Side side;
  cluster::ParallelPlan plan;
};

// The facts of a chip or node by name or file. Errors: those of the catalog, plan.chips, software.unknown.
Result<Machine> find_machine(const std::string& name, const Job& job);

// Searches the plan and makes the evaluations. What fits in no plan gets the plan that needs least memory;
// its outcome then says that it does not fit. Errors: plan.*, model.*, kernel.none.
Result<PreparedSide> prepare(const std::string& name, Machine machine, const Job& job,
                             const SideOptions& options);

// "tp=2,pp=1" -> limits of the search. Errors: plan.syntax, plan.dtype.
Result<cluster::PlanLimits> limits_of(const Job& job);

}  // namespace etalon::study
