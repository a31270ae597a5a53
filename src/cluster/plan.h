// SPDX-License-Identifier: Apache-2.0
#pragma once

// How the work of one step is spread over the devices of a node. Ranks are counted in devices (a package may
// hold several). tp x cp x dp x pp = devices; tensor ranks are neighbours, then context, then data, then
// pipeline ranks. Experts are spread over ep ranks of one pipeline stage.

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "cluster/topology.h"
#include "llm/architecture.h"
#include "llm/graph.h"
#include "llm/memory.h"

namespace etalon::cluster {

struct ParallelPlan {
  std::int64_t dp = 1, tp = 1, pp = 1, vp = 1, cp = 1, ep = 1;
  bool sp = true;  // sequence parallel beside tp
  int zero = 1;    // 0: everything on each rank; 1: optimizer; 2: + gradients; 3: + weights (FSDP)
  std::int64_t micro_batch = 1;
  llm::Recompute recompute = llm::Recompute::none;
  llm::Dtype dtype = llm::Dtype::bf16;
  std::int64_t devices() const { return dp * tp * pp * cp; }
  bool operator==(const ParallelPlan&) const = default;
};
// "tp 2 pp 1 dp 4 ..., micro-batch 1, recompute none, bf16": degrees of 1 are left out.
std::string describe(const ParallelPlan&);

// What is trained.
struct Task {
  std::int64_t seq = 4096, global_batch = 8;
};

// Sequences of one data-parallel rank / micro_batch: micro-batches of a step. Checks the whole plan.
// Errors: plan.degree, plan.degrees, plan.heads, plan.layers, plan.batch, plan.experts, plan.sequence,
// plan.zero.
Result<std::int64_t> micro_batches(const ParallelPlan&, const llm::Architecture&, const Fabric&, const Task&);

// The same plan as the model room sees it.
llm::Shard shard_of(const ParallelPlan&, const Task&);

// Fixed choices of a search; unset: any.
struct PlanLimits {
  std::int64_t dp = 0, tp = 0, pp = 0, cp = 0, ep = 0, micro_batch = 0;
  int zero = -1;
  bool any_recompute = true;
  llm::Recompute recompute = llm::Recompute::none;
  llm::Dtype dtype = llm::Dtype::bf16;
};
// Every valid plan within the limits, in a fixed order.
std::vector<ParallelPlan> enumerate_plans(const PlanLimits&, const llm::Architecture&, const Fabric&,
                                          const Task&);

}  // namespace etalon::cluster
