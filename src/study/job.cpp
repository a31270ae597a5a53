// SPDX-License-Identifier: Apache-2.0
#include "study/job.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

#include "base/text.h"
#include "catalog/catalog.h"
#include "cluster/step.h"
#include "llm/flops.h"
#include "llm/models.h"
#include "study/json.h"
#include "study/version.h"

namespace etalon::study {
namespace {

const std::vector<std::string> kPlanKeys = {"dp", "tp", "pp", "cp", "ep", "zero", "micro_batch", "recompute"};
const std::vector<std::string> kDtypes = {"bf16", "fp16", "fp8", "fp8_block", "mxfp8"};

Outcome outcome_of(const cluster::StepReport& r) {
  Outcome o;
  o.step = r.time;
  o.energy = r.energy;
  o.memory = r.memory.total();
  o.capacity = r.memory_capacity;
  o.chips = r.packages;
  o.peak = r.peak_per_chip * o.chips;
  o.tokens = static_cast<double>(r.task.seq) * static_cast<double>(r.task.global_batch);
  o.model_flops = r.rate_per_chip * o.chips * r.time;
  o.by_operation = r.by_operation;
  o.by_limit = r.by_limit;
  o.by_mechanism = r.by_mechanism;
  o.plan = cluster::describe(r.plan);
  o.fidelity = r.fidelity;
  o.findings = r.findings;
  return o;
}

// What a plan and an outcome depend on besides the facts.
std::string scope_of(const Job& job, const llm::Architecture& model) {
  std::ifstream in(model.file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return fmt::format("{}|{}|{}|{}|{}|{}|{}|{}|{}", program_hash(), job.model, catalog::sha256(text.str()),
                     job.seq, job.global_batch, job.chips, job.dtype, job.software, job.plan);
}

struct Runner {
  std::shared_ptr<const llm::Architecture> model;
  cluster::Task task;
  cluster::ParallelPlan plan;
  std::string scope;
  SideOptions options;

  Result<Outcome> run(const Machine& machine, bool is_quick) const {
    const Fidelity fidelity = is_quick ? Fidelity::formula : options.fidelity;
    const std::string key =
        catalog::sha256(scope + cluster::describe(plan) + name_of(fidelity) + hash_of(machine));
    if (options.outcomes) {
      if (auto known = options.outcomes->find(key)) return *std::move(known);
    }
    TRY(steps,
        cluster::StepModel::make(machine.node, machine.chip, machine.software,
                                 {options.fidelity, is_quick ? std::string() : options.cache_file, false}));
    auto report = is_quick ? steps.quick_step(*model, plan, task) : steps.step(*model, plan, task);
    if (!report) return fail(std::move(report).error());
    Outcome outcome = outcome_of(*report);
    if (options.outcomes) options.outcomes->put(key, outcome);
    return outcome;
  }
};

// The plan that needs least memory, to show by how much the job does not fit.
Result<cluster::ParallelPlan> smallest(const cluster::StepModel& steps, const llm::Architecture& model,
                                       const cluster::Task& task, const cluster::PlanLimits& limits,
                                       Error refused) {
  std::optional<cluster::ParallelPlan> best;
  Bytes least{};
  for (const cluster::ParallelPlan& plan : cluster::enumerate_plans(limits, model, steps.fabric(), task)) {
    const auto memory = steps.memory(model, plan, task);
    if (memory && (!best || memory->total() < least)) best = plan, least = memory->total();
  }
  if (!best) return fail(std::move(refused));
  return *best;
}

// Searched once and then remembered by its place among all plans.
Result<cluster::ParallelPlan> choose_plan(const Machine& machine, const llm::Architecture& model,
                                          const cluster::Task& task, const cluster::PlanLimits& limits,
                                          const std::string& scope, const SideOptions& options) {
  TRY(steps, cluster::StepModel::make(machine.node, machine.chip, machine.software,
                                      {options.fidelity, options.cache_file, false}));
  const std::string key = catalog::sha256(scope + "plan" + name_of(options.fidelity) + hash_of(machine));
  if (options.outcomes) {
    if (const auto known = options.outcomes->find_text(key)) {
      for (const auto& plan : cluster::enumerate_plans(limits, model, steps.fabric(), task)) {
        if (cluster::describe(plan) == *known) return plan;
      }
    }
  }
  auto best = steps.best_step(model, task, limits);
  cluster::ParallelPlan plan;
  if (best) {
    plan = best->plan;
  } else if (best.error().code == "plan.none") {
    TRY(least, smallest(steps, model, task, limits, std::move(best).error()));
    plan = least;
  } else {
    return fail(std::move(best).error());
  }
  if (options.outcomes) options.outcomes->put_text(key, cluster::describe(plan));
  return plan;
}

}  // namespace

Result<cluster::PlanLimits> limits_of(const Job& job) {
  cluster::PlanLimits limits;
  const bool is_known = std::find(kDtypes.begin(), kDtypes.end(), job.dtype) != kDtypes.end();
  if (!is_known || !llm::parse(job.dtype, limits.dtype)) {
    return fail("plan.dtype", fmt::format("got the dtype \"{}\"", job.dtype),
                fmt::format("use one of {}", fmt::join(kDtypes, ", ")));
  }
  for (const std::string& setting : split(job.plan, ',')) {
    if (trim(setting).empty()) continue;
    const std::size_t equals = setting.find('=');
    const std::string key(trim(setting.substr(0, equals)));
    const std::string value =
        equals == std::string::npos ? "" : std::string(trim(setting.substr(equals + 1)));
    if (std::find(kPlanKeys.begin(), kPlanKeys.end(), key) == kPlanKeys.end()) {
      return fail("plan.syntax", fmt::format("got \"{}\" in the plan", setting),
                  fmt::format("settings are {}, as in tp=2,zero=1", fmt::join(kPlanKeys, ", ")));
    }
    if (key == "recompute") {
      if (!llm::parse(value, limits.recompute)) {
        return fail("plan.syntax", fmt::format("recompute is \"{}\"", value), "use none, selective or full");
      }
      limits.any_recompute = false;
      continue;
    }
    std::int64_t n = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), n);
    const bool is_zero = key == "zero";
    if (error != std::errc() || end != value.data() + value.size() || n < (is_zero ? 0 : 1) ||
        n > (is_zero ? 3 : 1'000'000)) {
      return fail("plan.syntax", fmt::format("{} is \"{}\"", key, value),
                  is_zero ? "zero is 0 to 3" : "degrees are whole numbers from 1");
    }
    if (is_zero) {
      limits.zero = static_cast<int>(n);
    } else {
      (key == "dp"   ? limits.dp
       : key == "tp" ? limits.tp
       : key == "pp" ? limits.pp
       : key == "cp" ? limits.cp
       : key == "ep" ? limits.ep
                     : limits.micro_batch) = n;
    }
  }
  return limits;
}

Result<Machine> find_machine(const std::string& name, const Job& job) {
  TRY(found, cluster::find_node_and_chip(name, job.chips));
  TRY(software, cluster::find_software(job.software));
  return Machine{std::move(found.chip), std::move(found.node), std::move(software)};
}

Result<PreparedSide> prepare(const std::string& name, Machine machine, const Job& job,
                             const SideOptions& options) {
  TRY(model, llm::find_model(job.model));
  TRY(limits, limits_of(job));
  const cluster::Task task{job.seq, job.global_batch};
  const std::string scope = scope_of(job, model);
  TRY(plan, choose_plan(machine, model, task, limits, scope, options));
  const auto runner = std::make_shared<const Runner>(
      Runner{std::make_shared<const llm::Architecture>(std::move(model)), task, plan, scope, options});
  return PreparedSide{
      Side{name, std::move(machine), [runner](const Machine& m) { return runner->run(m, true); },
           [runner](const Machine& m) { return runner->run(m, false); }},
      plan};
}

}  // namespace etalon::study
