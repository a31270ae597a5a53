// SPDX-License-Identifier: Apache-2.0
#include "evidence/predict.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "catalog/catalog.h"
#include "cluster/collectives.h"
#include "cluster/training_row.h"
#include "kernels/cost.h"
#include "kernels/npu/programs.h"

namespace etalon::evidence {
namespace {

// A chip of the catalog with its cost model, or why there is none.
struct Device {
  std::optional<kernels::CostModel> model;
  std::string skipped;
};

// Streams of the kind a copy, read or write benchmark makes.
std::optional<llm::Operation> stream_of(const MemoryShape& shape) {
  llm::Vector op;
  op.dtype = op.out_dtype = llm::Dtype::fp32;
  op.cols = 4096;
  double bytes = static_cast<double>(shape.bytes);
  if (shape.pattern == "read") {
    op.op = llm::VectorOp::norm;
  } else if (shape.pattern == "write") {
    op.op = llm::VectorOp::zero;
  } else if (shape.pattern == "copy") {
    op.op = llm::VectorOp::cast;
    bytes /= 2;  // as much is written as is read
  } else {
    return std::nullopt;
  }
  op.rows = std::max<std::int64_t>(1, static_cast<std::int64_t>(bytes / 4 / 4096));
  return op;
}

// Kernels that a chip does not have are one reason, not one per shape.
std::string reason(const Error& error, const std::string& chip) {
  if (error.code == "kernel.none") return fmt::format("{} has no kernel for it", chip);
  return fmt::format("{}: {}", error.code, error.message);
}

}  // namespace

struct Predictor::Impl {
  HarnessBook harnesses;
  study::ResidualModel residuals;
  PredictOptions options;
  cluster::TrainingPredictor training_rows;
  mutable std::mutex mutex;
  mutable std::map<std::string, std::shared_ptr<const Device>> devices;
  mutable Findings findings;

  Impl(HarnessBook h, study::ResidualModel r, PredictOptions o)
      : harnesses(std::move(h)),
        residuals(std::move(r)),
        options(std::move(o)),
        training_rows(cluster::StepOptions{options.fidelity, options.cache_file, false}) {}

  std::shared_ptr<const Device> device(const std::string& name) const {
    const std::lock_guard lock(mutex);
    auto& known = devices[name];
    if (known) return known;
    auto made = std::make_shared<Device>();
    const auto given = std::find_if(options.chips.begin(), options.chips.end(),
                                    [&](const catalog::Chip& c) { return c.name == name; });
    if (auto chip = given != options.chips.end() ? Result<catalog::Chip>(*given) : catalog::find_chip(name)) {
      made->model.emplace(*std::move(chip),
                          kernels::CostOptions{options.fidelity, options.cache_file, false});
    } else if (chip.error().code == "chip.unknown") {
      made->skipped = fmt::format("chip {} is not in the catalog", name);
    } else {
      made->skipped = fmt::format("chip {} cannot be read: {}", name, chip.error().message);
      findings.push_back({Severity::warning, chip.error().code, chip.error().text(), name});
    }
    return known = std::move(made);
  }

  // A time in seconds with its interval: that of the kernel if it has one, else that of the residuals.
  Prediction timed(Seconds time, const std::string& mechanism, Fidelity fidelity, double scale) const {
    Prediction p;
    const Interval factors = residuals.factors(mechanism, time);
    p.value = time.value * scale;
    p.low = p.value * factors.low;
    p.high = p.value * factors.high;
    p.time = time;
    p.mechanism = mechanism;
    p.fidelity = fidelity;
    return p;
  }

  Prediction operation(const Row& row, llm::Operation op, double scale = 1e6) const {
    const auto device = this->device(row.chip);
    if (!device->model) return Prediction::skip(device->skipped);
    if (auto* attention = std::get_if<llm::Attention>(&op)) {
      attention->framework_call = harnesses.of(row).framework_call;
    }
    const auto cost = device->model->cost(op, harnesses.harness_of(row));
    if (!cost) return Prediction::skip(reason(cost.error(), row.chip));
    const std::string mechanism = cost->mechanism.empty() ? std::string(name_of(row.kind)) : cost->mechanism;
    Prediction p = timed(cost->time + harnesses.of(row).host, mechanism, cost->fidelity, scale);
    p.findings = cost->findings;
    return p;
  }

  Prediction memory(const Row& row, const MemoryShape& shape) const {
    if (shape.level != "hbm" && shape.level != "l2") {
      return Prediction::skip(fmt::format("memory level {} is not one of hbm, l2", shape.level));
    }
    const auto op = stream_of(shape);
    if (!op)
      return Prediction::skip(fmt::format("pattern {} is not one of read, write, copy", shape.pattern));
    Prediction p = operation(row, *op, 1);
    if (!p.skipped.empty()) return p;
    // From a time to a rate: the bounds change places.
    const double gigabytes = static_cast<double>(shape.bytes) * 1e-9;
    const double slow = gigabytes / p.high, fast = gigabytes / p.low;
    p.value = gigabytes / p.value, p.low = slow, p.high = fast;
    p.mechanism = "memory";
    return p;
  }

  Prediction training(const Row& row) const {
    const auto got = training_rows.predict(as_training_row(row));
    if (!got) {
      const Error& e = got.error();
      if (e.code == "node.unknown")
        return Prediction::skip(fmt::format("cluster {} is not in the catalog", row.chip));
      if (e.code == "model.unknown")
        return Prediction::skip(fmt::format("model {} is not in the catalog", std::get<TrainingShape>(row.shape).model));
      return Prediction::skip(e.code.starts_with("row.") ? e.message : reason(e, row.chip));
    }
    const bool is_memory = row.metric == "peak_memory_gib";
    const bool is_time = row.metric == "step_time_s";
    const std::string mechanism = is_memory ? "training_memory" : "training";
    // Memory has no time of its own: one second stands for it in the size bands of the residuals.
    Prediction p = timed(is_memory ? Seconds{1} : got->report.time, mechanism, got->report.fidelity, 1);
    const double down = p.low / p.value, up = p.high / p.value;
    p.value = got->value;
    p.low = p.value * (is_memory || is_time ? down : 1 / up);
    p.high = p.value * (is_memory || is_time ? up : 1 / down);
    p.findings = got->report.findings;
    return p;
  }

  Prediction program(const Row& row, const ProgramShape& shape) const {
    const auto device = this->device(row.chip);
    if (!device->model) return Prediction::skip(device->skipped);
    kernels::ProgramParams params;
    for (const auto& [key, value] : shape.params) params[key] = value;
    const auto value = kernels::program_metric(device->model->chip(), shape.program, params, row.metric);
    if (!value) return Prediction::skip(reason(value.error(), row.chip));
    // Simulated whatever fidelity is asked for: a program has no closed form.
    return timed(*value * kMicrosecond, fmt::format("program.{}", shape.program), Fidelity::cycle, 1e6);
  }

  Prediction collective(const Row& row, const CollectiveShape& shape) const {
    auto node = catalog::find_node(row.chip);
    if (!node) {
      return Prediction::skip(node.error().code == "node.unknown"
                                  ? fmt::format("cluster {} is not in the catalog", row.chip)
                                  : node.error().text());
    }
    auto chip = catalog::find_chip(node->chip);
    if (!chip) return Prediction::skip(chip.error().text());
    if (shape.ranks >
        static_cast<std::int64_t>(node->packages * chip->get_or<double>("package.devices", 1))) {
      return Prediction::skip("more than one node");
    }
    cluster::CollectiveOp op{};
    if (!cluster::parse(shape.op, op))
      return Prediction::skip(fmt::format("collective {} is not known", shape.op));
    const std::string software = harnesses.of(row).harness.software == "serving" ? "serving" : "";
    const auto cost = cluster::collective(*node, *chip, op, static_cast<int>(shape.ranks),
                                          Bytes{static_cast<double>(shape.bytes)}, software);
    if (!cost) return Prediction::skip(fmt::format("{}: {}", cost.error().code, cost.error().message));
    return timed(cost->time, "collective." + shape.op, Fidelity::formula, 1e6);
  }
};

Predictor::Predictor(HarnessBook harnesses, study::ResidualModel residuals, PredictOptions options)
    : impl_(std::make_unique<Impl>(std::move(harnesses), std::move(residuals), std::move(options))) {}
Predictor::~Predictor() = default;

Prediction Predictor::predict(const Row& row) const {
  if (const auto* op = std::get_if<llm::Operation>(&row.shape)) return impl_->operation(row, *op);
  if (const auto* shape = std::get_if<MemoryShape>(&row.shape)) return impl_->memory(row, *shape);
  if (const auto* shape = std::get_if<CollectiveShape>(&row.shape)) return impl_->collective(row, *shape);
  if (const auto* shape = std::get_if<ProgramShape>(&row.shape)) return impl_->program(row, *shape);
  return impl_->training(row);
}

Findings Predictor::findings() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->findings;
}

cluster::TrainingRow as_training_row(const Row& row) {
  const auto& s = std::get<TrainingShape>(row.shape);
  return {s.task,
          row.chip,
          s.model,
          s.model_dims,
          s.schedule,
          s.zero,
          s.recompute,
          s.dtype,
          s.software,
          row.metric,
          s.flop_convention,
          s.chips,
          s.seq,
          s.global_batch,
          s.micro_batch,
          s.tp,
          s.pp,
          s.vp,
          s.dp,
          s.cp,
          s.ep,
          s.sp};
}

}  // namespace etalon::evidence
