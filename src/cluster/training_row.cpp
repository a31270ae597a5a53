// SPDX-License-Identifier: Apache-2.0
#include "cluster/training_row.h"

#include <fmt/format.h>

#include <algorithm>

#include "catalog/catalog.h"
#include "llm/flops.h"
#include "llm/models.h"

namespace etalon::cluster {
namespace {

Result<int> zero_of(const TrainingRow& row, std::vector<std::string>& assumed) {
  if (row.zero == "fsdp" || row.zero == "3") return 3;
  if (row.zero == "0" || row.zero == "1" || row.zero == "2") return row.zero.front() - '0';
  if (row.zero.empty()) {
    assumed.push_back("zero 1: not published");
    return 1;
  }
  return fail("row.plan", fmt::format("zero '{}' is none of 0, 1, 2, 3, fsdp", row.zero));
}

Result<llm::Dtype> dtype_of(const TrainingRow& row) {
  llm::Dtype out{};
  if (llm::parse(row.dtype, out)) return out;
  return fail("row.dtype", fmt::format("dtype '{}' is not modelled", row.dtype));
}

// Publishers count model FLOPs their own way; tokens and seconds are free of that.
llm::FlopConvention convention_of(const TrainingRow& row) {
  return row.flop_convention == "full-mask" ? llm::FlopConvention::full_mask : llm::FlopConvention::causal;
}

Result<double> metric_of(const TrainingRow& row, const llm::Architecture& model, const StepReport& r,
                         const catalog::Chip& chip) {
  if (row.metric == "step_time_s") return r.time.value;
  if (row.metric == "tokens_per_s_per_chip") return r.tokens_per_second_per_chip;
  const Flops per_token = llm::train_flops_per_token(model, static_cast<double>(row.seq), convention_of(row));
  const double rate = per_token.value * r.tokens_per_second_per_chip;
  if (row.metric == "tflops_per_chip") return rate * 1e-12;
  if (row.metric == "mfu_percent") return 100 * rate / matrix_peak(chip, r.plan.dtype).value;
  return fail("row.metric", fmt::format("metric '{}' is not modelled", row.metric));
}

}  // namespace

Result<ParallelPlan> plan_of_row(const TrainingRow& row, int devices_per_package,
                                 std::vector<std::string>& assumed) {
  if (row.seq < 1 || row.global_batch < 1) return fail("row.plan", "sequence or global batch not published");
  if (row.micro_batch < 1) return fail("row.plan", "micro-batch not published");
  ParallelPlan p;
  const auto or_one = [](std::int64_t v) { return v > 0 ? v : 1; };
  p.tp = or_one(row.tp), p.pp = or_one(row.pp), p.vp = or_one(row.vp), p.cp = or_one(row.cp),
  p.ep = or_one(row.ep);
  p.micro_batch = row.micro_batch;
  p.sp = row.sp.value_or(true);
  const std::int64_t devices = row.chips * devices_per_package;
  if (devices % (p.tp * p.pp * p.cp) != 0)
    return fail("row.inconsistent", fmt::format("tp x pp x cp does not divide {} devices", devices));
  p.dp = devices / (p.tp * p.pp * p.cp);
  // FSDP in two dimensions counts context ranks as data ranks too.
  if (row.dp > 0 && row.dp != p.dp && row.dp != p.dp * p.cp)
    return fail("row.inconsistent", fmt::format("dp {} published, {} follows from the chips", row.dp, p.dp));
  TRY(zero, zero_of(row, assumed));
  p.zero = zero;
  TRY(dtype, dtype_of(row));
  p.dtype = dtype;
  if (row.recompute.empty())
    assumed.push_back("recompute none: not published");
  else if (!llm::parse(row.recompute, p.recompute))
    return fail("row.plan", fmt::format("recompute '{}' is none of none, selective, full", row.recompute));
  return p;
}

Result<std::shared_ptr<const StepModel>> TrainingPredictor::model_for(const TrainingRow& row) const {
  const std::string key = row.cluster + "|" + std::to_string(row.chips) + "|" + row.software;
  {
    const std::lock_guard lock(mutex_);
    if (const auto it = models_.find(key); it != models_.end()) return it->second;
  }
  TRY(node, catalog::find_node(row.cluster));
  if (row.chips > node.packages) return fail("row.nodes", "more than one node");
  TRY(chip, catalog::find_chip(node.chip));
  node.packages = static_cast<int>(row.chips);
  TRY(software, software_of_row(row.software));
  TRY(made, StepModel::make(std::move(node), std::move(chip), std::move(software), options_));
  auto shared = std::make_shared<const StepModel>(std::move(made));
  const std::lock_guard lock(mutex_);
  return models_.emplace(key, std::move(shared)).first->second;
}

Result<TrainingPrediction> TrainingPredictor::predict(const TrainingRow& row) const {
  if (row.task != "pretrain" && !row.task.empty())
    return fail("row.task", fmt::format("task '{}' is not modelled: only all parameters training", row.task));
  if (row.chips < 1) return fail("row.plan", "chips not published");
  TRY(steps, model_for(row));
  TRY(model, llm::model_of_row(row.model, row.model_dims, row.seq));
  TrainingPrediction out;
  TRY(plan, plan_of_row(row, steps->fabric().devices_per_package, out.assumed));
  const Task task{row.seq, row.global_batch};
  if (row.metric == "peak_memory_gib") {
    TRY(memory, steps->memory(model, plan, task));
    out.value = memory.total().value / kGiB.value;
    out.report.memory = std::move(memory);
    return out;
  }
  TRY(report, steps->step(model, plan, task));
  TRY(value, metric_of(row, model, report, steps->chip()));
  out.value = value;
  out.report = std::move(report);
  return out;
}

}  // namespace etalon::cluster
