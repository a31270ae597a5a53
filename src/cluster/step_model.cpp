// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>
#include <thread>

#include "chip/power.h"
#include "cluster/stage.h"
#include "cluster/step.h"
#include "llm/flops.h"

namespace etalon::cluster {
namespace {

// A board sets its clock in coarse steps and alternates between two: the mean is fine. Rounded a little, so
// that steps of nearly the same power share kernel costs; coarser, the rounding itself would look like an
// effect of a fact.
constexpr double kClockStep = 1e6;

// Remembers what each distinct operation costs. Values do not depend on who asks first.
class Memory {
 public:
  explicit Memory(CostFunction cost) : cost_(std::move(cost)) {}

  Result<kernels::KernelCost> operator()(const llm::Operation& op, const kernels::Harness& h) const {
    const std::string key = fmt::format("{}|{}", h.clock ? h.clock->value : 0.0, llm::describe(op));
    {
      const std::lock_guard lock(mutex_);
      if (const auto it = known_.find(key); it != known_.end()) return it->second;
    }
    auto cost = cost_(op, h);
    const std::lock_guard lock(mutex_);
    return known_.emplace(key, std::move(cost)).first->second;
  }

 private:
  CostFunction cost_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, Result<kernels::KernelCost>> known_;
};

kernels::Harness harness_of_step(std::optional<Hertz> clock) {
  kernels::Harness h;
  h.launch = kernels::Harness::Launch::graph;  // host time is booked apart
  h.warm = false;                              // other operations ran in between
  h.sustained = true;
  h.replays = 1;
  h.clock = clock;
  return h;
}

bool has_power_facts(const catalog::Chip& chip) {
  for (const char* path :
       {"package.power", "power.static", "energy.l2", "energy.hbm", "power.reference_clock",
        "power.minimum_clock", "power.static_exponent", "power.dynamic_exponent", "power.headroom",
        "power.window", "energy.matrix_fp16", "clock.max"}) {
    if (!chip.has(path)) return false;
  }
  return true;
}

}  // namespace

struct StepModel::Impl {
  catalog::Node node;
  catalog::Chip chip;
  Software software;
  SoftwareFacts facts;
  StepOptions options;
  Fabric fabric;
  std::optional<chip::PowerFacts> power;
  std::optional<kernels::CostModel> exact_model, quick_model;
  std::unique_ptr<Memory> exact, quick;

  struct Composed {
    StepSum sum;
    Fidelity fidelity = Fidelity::cycle;
    Findings findings;
    std::int64_t distinct = 0;
  };

  Result<StepInput> input(const llm::Architecture& model, const ParallelPlan& plan, const Task& task) const {
    TRY(count, micro_batches(plan, model, fabric, task));
    StepInput in{model, task, count, {}};
    in.memory.shard = shard_of(plan, task);
    in.memory.shard.attention = facts.attention;
    in.memory.shard.context = facts.context;
    in.memory.shard.fp32_gradients = facts.fp32_gradients;
    in.memory.shard.logits_fp32 = facts.logits_fp32;
    in.memory.dp = plan.dp;
    in.memory.pp = plan.pp;
    in.memory.vp = plan.vp;
    in.memory.zero = plan.zero;
    in.memory.micro_batches = count;
    in.memory.workspace = facts.workspace;
    return in;
  }

  // Costs all operations ahead, one thread per host core.
  void warm_up(const std::vector<llm::Operation>& ops, const Memory& cost, const kernels::Harness& h) const {
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
      for (std::size_t i = next++; i < ops.size(); i = next++) (void)cost(ops[i], h);
    };
    const std::size_t threads =
        std::min<std::size_t>(std::max(1U, std::thread::hardware_concurrency()), ops.size());
    std::vector<std::jthread> pool;
    for (std::size_t t = 1; t < threads; ++t) pool.emplace_back(work);
    work();
  }

  // Kernels are costed at `clock`; at a lower one their clocked parts take `stretch` times as long.
  Result<Composed> compose(const StepInput& in, const ParallelPlan& plan, const Memory& cost,
                           std::optional<Hertz> clock, bool threads, double stretch = 1) const {
    const CostFunction function = [&](const llm::Operation& op, const kernels::Harness& h) {
      return cost(op, h);
    };
    Composed out;
    PassContext context{fabric,        chip,    facts,          plan, function, harness_of_step(clock),
                        &out.findings, stretch, Fidelity::cycle};
    if (threads) {
      TRY(ops, distinct_operations(in));
      out.distinct = static_cast<std::int64_t>(ops.size());
      warm_up(ops, cost, context.harness);
    }
    TRY(work, work_of_step(context, in));
    out.sum = sum_of(work, in.micro_batches, options.want_timeline);
    out.fidelity = context.fidelity;
    return out;
  }

  chip::Activity activity(const Spent& s) const { return {s.compute, s.l2, s.hbm}; }

  // The clock at which the mean power of the whole step fits the budget.
  std::optional<chip::Settled> settle(const Spent& spent, Seconds total, Hertz at) const {
    if (!power) return std::nullopt;
    Seconds scaling{};
    for (const char* limit : {"matrix", "vector", "l2"}) {
      if (const auto it = spent.by_limit.find(limit); it != spent.by_limit.end()) scaling += it->second;
    }
    const auto time_at = [&](Hertz f) { return total + scaling * (at.value / f.value - 1); };
    return chip::settle_clock(*power, activity(spent), time_at, 1, true);
  }

  Result<Composed> settled(const StepInput& in, const ParallelPlan& plan, const Memory& cost, bool threads,
                           StepReport& report) const {
    if (!power) return compose(in, plan, cost, std::nullopt, threads);
    TRY(first, compose(in, plan, *quick, power->clock_max, false));
    const auto guessed = settle(first.sum.spent, first.sum.time, power->clock_max);
    const Hertz near{std::max(kClockStep, std::floor(guessed->clock.value / kClockStep + 1e-6) * kClockStep)};
    const Hertz simulated = guessed->limited ? near : power->clock_max;
    if (!guessed->limited && &cost == quick.get()) {
      report.clock = simulated;
      return first;
    }
    // What the kernels spend at that clock decides the clock, which then moves by a few MHz.
    TRY(second, compose(in, plan, cost, simulated, threads));
    const auto s = settle(second.sum.spent, second.sum.time, simulated);
    report.clock = s->clock;
    report.power_limited = s->limited;
    if (s->clock == simulated) return second;
    const auto distinct = second.distinct;
    TRY(third, compose(in, plan, cost, simulated, false, simulated / s->clock));
    third.distinct = distinct;
    return third;
  }

  void fill_power(const Spent& spent, StepReport& r) const {
    const double packages = r.packages, per_package = fabric.devices_per_package;
    if (power) {
      r.power = chip::power_at(*power, activity(spent), r.clock, r.time) * per_package;
    } else {
      r.power = chip.get<Watts>("package.power");
      r.findings.push_back({Severity::note, "power.unknown",
                            "the chip file has no energies: its declared power is taken as the mean",
                            chip.name});
    }
    r.energy = r.power * r.time * packages;
    r.joules_per_token =
        r.energy.value / (static_cast<double>(r.task.seq) * static_cast<double>(r.task.global_batch));
  }

  void judge_memory(StepReport& r) const {
    const double used = r.memory.total().value / kGiB.value, room = r.memory_capacity.value / kGiB.value;
    if (used > room) {
      r.findings.push_back({Severity::failure, "memory.does-not-fit",
                            fmt::format("a device needs {:.1f} GiB and has {:.1f}", used, room),
                            fmt::format("stage {}", r.memory.stage)});
    } else if (used > 0.97 * room) {
      r.findings.push_back(
          {Severity::warning, "memory.tight",
           fmt::format("a device needs {:.1f} of {:.1f} GiB: allocators retry and slow down", used, room),
           fmt::format("stage {}", r.memory.stage)});
    }
  }

  Result<StepReport> report(const llm::Architecture& model, const ParallelPlan& plan, const Task& task,
                            bool is_quick) const {
    TRY(in, input(model, plan, task));
    StepReport r;
    r.plan = plan;
    r.task = task;
    r.node = node.name;
    r.chip = chip.name;
    r.model = model.name;
    r.software = software.name;
    r.micro_batches = in.micro_batches;
    r.packages = fabric.packages;
    r.devices = fabric.devices();
    TRY(memory, llm::peak_memory(model, in.memory));
    r.memory = std::move(memory);
    r.memory_capacity = chip.get<Bytes>("hbm.capacity");
    TRY(composed, settled(in, plan, is_quick ? *quick : *exact, !is_quick, r));
    r.findings = std::move(composed.findings);
    r.time = composed.sum.time;
    r.by_operation = composed.sum.spent.by_operation;
    r.by_limit = composed.sum.spent.by_limit;
    r.by_mechanism = composed.sum.spent.by_mechanism;
    r.pipeline = std::move(composed.sum.pipeline.timeline);
    r.fidelity = composed.fidelity;
    r.closed_form = composed.sum.spent.closed_form;
    r.distinct_operations = composed.distinct;
    judge_memory(r);
    fill_power(composed.sum.spent, r);
    fill_rates(model, r);
    return r;
  }

  void fill_rates(const llm::Architecture& model, StepReport& r) const {
    const double tokens = static_cast<double>(r.task.seq) * static_cast<double>(r.task.global_batch);
    r.tokens_per_second_per_chip = tokens / r.time.value / r.packages;
    r.convention = llm::name_of(llm::FlopConvention::causal);
    const Flops per_token = llm::train_flops_per_token(model, static_cast<double>(r.task.seq));
    r.rate_per_chip = FlopsPerSecond{per_token.value * r.tokens_per_second_per_chip};
    r.peak_per_chip = matrix_peak(chip, r.plan.dtype);
    r.mfu = r.peak_per_chip.value > 0 ? r.rate_per_chip / r.peak_per_chip : 0;
  }
};

StepModel::StepModel(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StepModel::~StepModel() = default;
StepModel::StepModel(StepModel&&) noexcept = default;
StepModel& StepModel::operator=(StepModel&&) noexcept = default;
const Fabric& StepModel::fabric() const { return impl_->fabric; }
const catalog::Chip& StepModel::chip() const { return impl_->chip; }

Result<StepModel> StepModel::make(catalog::Node node, catalog::Chip chip, Software software,
                                  StepOptions options, CostFunction exact, CostFunction quick) {
  auto impl = std::make_unique<Impl>();
  TRY(fabric, read_fabric(node, chip));
  impl->fabric = std::move(fabric);
  impl->node = std::move(node);
  impl->chip = std::move(chip);
  impl->facts = read_software_facts(software);
  impl->software = std::move(software);
  impl->options = std::move(options);
  if (has_power_facts(impl->chip)) impl->power = chip::read_power_facts(impl->chip);
  impl->exact = std::make_unique<Memory>(std::move(exact));
  impl->quick = std::make_unique<Memory>(std::move(quick));
  return StepModel(std::move(impl));
}

Result<StepModel> StepModel::make(catalog::Node node, catalog::Chip chip, Software software,
                                  StepOptions options) {
  const auto exact = std::make_shared<kernels::CostModel>(
      chip, kernels::CostOptions{options.fidelity, options.cache_file, false});
  const auto quick =
      std::make_shared<kernels::CostModel>(chip, kernels::CostOptions{Fidelity::formula, {}, false});
  const auto ask = [](std::shared_ptr<kernels::CostModel> model) -> CostFunction {
    return [model](const llm::Operation& op, const kernels::Harness& h) { return model->cost(op, h); };
  };
  return make(std::move(node), std::move(chip), std::move(software), std::move(options), ask(exact),
              ask(quick));
}

Result<StepReport> StepModel::step(const llm::Architecture& model, const ParallelPlan& plan,
                                   const Task& task) const {
  return impl_->report(model, plan, task, false);
}
Result<StepReport> StepModel::quick_step(const llm::Architecture& model, const ParallelPlan& plan,
                                         const Task& task) const {
  return impl_->report(model, plan, task, true);
}
Result<llm::StageMemory> StepModel::memory(const llm::Architecture& model, const ParallelPlan& plan,
                                           const Task& task) const {
  TRY(in, impl_->input(model, plan, task));
  return llm::peak_memory(model, in.memory);
}

Result<std::vector<ParallelPlan>> StepModel::search(const llm::Architecture& model, const Task& task,
                                                    const PlanLimits& limits, std::size_t most) const {
  const auto plans = enumerate_plans(limits, model, impl_->fabric, task);
  const Bytes capacity = impl_->chip.get<Bytes>("hbm.capacity");
  std::vector<std::pair<double, ParallelPlan>> ranked;
  Bytes least{1e30};
  std::optional<Error> refused;
  for (const auto& plan : plans) {
    const auto need = memory(model, plan, task);
    if (!need) continue;
    least = std::min(least, need->total());
    if (need->total() > capacity * 0.97) continue;
    auto report = quick_step(model, plan, task);
    if (report)
      ranked.emplace_back(report->time.value, plan);
    else if (!refused)
      refused = std::move(report).error();
  }
  if (ranked.empty()) {
    if (refused) return fail(*std::move(refused));
    return fail("plan.none",
                plans.empty()
                    ? std::string("no plan within the limits divides the model and the batch")
                    : fmt::format("none of {} plans fits: the least needs {:.1f} GiB of {:.1f} a device",
                                  plans.size(), least.value / kGiB.value, capacity.value / kGiB.value),
                plans.empty() ? "loosen the fixed degrees or change the global batch"
                              : "use more chips or a smaller model");
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<ParallelPlan> out;
  for (std::size_t i = 0; i < std::min(most, ranked.size()); ++i) out.push_back(ranked[i].second);
  return out;
}

Result<StepReport> StepModel::best_step(const llm::Architecture& model, const Task& task,
                                        const PlanLimits& limits, std::size_t tried) const {
  TRY(plans, search(model, task, limits, std::max<std::size_t>(tried, 1)));
  std::optional<StepReport> best;
  for (const auto& plan : plans) {
    TRY(report, step(model, plan, task));
    if (!best || report.time < best->time) best = std::move(report);
  }
  return *std::move(best);
}

FlopsPerSecond matrix_peak(const catalog::Chip& chip, llm::Dtype dtype) {
  using llm::Dtype;
  const bool narrow =
      dtype == Dtype::fp8 || dtype == Dtype::fp8_block || dtype == Dtype::mxfp8 || dtype == Dtype::hif8;
  const std::string format = narrow ? "fp8" : name_of(dtype);
  if (chip.kind == catalog::CoreKind::gpu)
    return chip.get_or<FlopsPerSecond>("marketed." + format, FlopsPerSecond{0});
  const auto rate = chip.get_or<FlopsPerCycle>("cube." + format, FlopsPerCycle{0});
  return chip.get_or<double>("package.devices", 1.0) * chip.get<double>("cube.count") *
         (rate * chip.get<Hertz>("clock.max"));
}

}  // namespace etalon::cluster
