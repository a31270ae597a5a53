// SPDX-License-Identifier: Apache-2.0
#pragma once

// The time of one pass over a list of operations (a layer forward, say) on one device; private to the room.

#include <map>
#include <string>

#include "cluster/collectives.h"
#include "cluster/plan.h"
#include "cluster/software.h"
#include "cluster/step.h"

namespace etalon::cluster {

// Time, split by what it was spent on; every split adds up to the same total. Also the work behind it.
struct Spent {
  std::map<std::string, Seconds> by_operation, by_limit, by_mechanism;
  Seconds device;       // kernels and exposed collectives, in order
  Seconds host;         // to issue them
  Seconds collectives;  // all of them, exposed or not
  // For power: work of the matrix units at the reference clock, bytes.
  Joules compute;
  Bytes l2, hbm;
  Flops flops;
  Seconds low, high;    // of the kernels' own error
  Seconds closed_form;  // part of the kernels' time that was not simulated

  Seconds time() const { return device > host ? device : host; }
  void add(const Spent&, double times = 1);
  // Books a waiting time (host, bubble, exposed communication) under its name.
  void wait(const std::string& operation, const std::string& limit, const std::string& mechanism, Seconds);
  // Turns host time beyond device time into a waiting time, so that device time is the whole.
  void settle_host();
};

// What a pass needs to know about its surroundings.
struct PassContext {
  const Fabric& fabric;
  const catalog::Chip& chip;
  const SoftwareFacts& software;
  const ParallelPlan& plan;
  const CostFunction& cost;
  kernels::Harness harness;
  Findings* findings = nullptr;
  double clock_stretch =
      1;  // clock of the kernel costs over the step's: what follows the clock takes as long
  Fidelity fidelity = Fidelity::cycle;  // lowest met so far
};

Result<Spent> spend(PassContext&, const llm::GraphOps&);

// Ranks that a collective of the graph runs over.
Group tensor_group(const ParallelPlan&);
Group context_group(const ParallelPlan&);
Group expert_group(const ParallelPlan&);
Group data_group(const ParallelPlan&);         // over which dense parameters are the same: dp x cp
Group expert_data_group(const ParallelPlan&);  // the same of experts
Group pipeline_neighbours(const ParallelPlan&);

}  // namespace etalon::cluster
