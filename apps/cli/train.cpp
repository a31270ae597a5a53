// SPDX-License-Identifier: Apache-2.0
// etalon train CHIP|NODE --model M --seq S --global-batch B [--chips N] [plan]: one training step on one
// node.
#include <CLI/CLI.hpp>
#include <memory>
#include <optional>

#include "apps/cli/commands.h"
#include "base/text.h"
#include "cluster/step.h"
#include "llm/models.h"

namespace etalon::cli {
namespace {

struct TrainFlags {
  std::string machine, model, software = "attained", dtype = "bf16", recompute = "auto", fidelity = "cycle",
                              zero = "auto";
  std::int64_t seq = 4096, global_batch = 8, tp = 0, pp = 0, vp = 1, cp = 0, dp = 0, ep = 0, micro_batch = 0;
  int chips = 0;
  bool no_sp = false;
};

Result<cluster::PlanLimits> limits_of(const TrainFlags& f) {
  cluster::PlanLimits out;
  const std::pair<const char*, std::int64_t> degrees[] = {
      {"tp", f.tp}, {"pp", f.pp}, {"cp", f.cp}, {"dp", f.dp}, {"ep", f.ep}, {"micro-batch", f.micro_batch},
      {"vp", f.vp}};
  for (const auto& [name, value] : degrees) {
    if (value < 0)
      return fail("plan.degree",
                  std::string("--") + name + " is " + std::to_string(value) + ", expected 1 or more");
  }
  out.tp = f.tp, out.pp = f.pp, out.cp = f.cp, out.dp = f.dp, out.ep = f.ep, out.micro_batch = f.micro_batch;
  if (!llm::parse(f.dtype, out.dtype))
    return fail("plan.dtype", "unknown dtype '" + f.dtype + "'",
                did_you_mean(f.dtype, {"bf16", "fp16", "fp8", "fp8_block", "mxfp8"}));
  if (f.recompute != "auto") {
    out.any_recompute = false;
    if (!llm::parse(f.recompute, out.recompute))
      return fail("plan.recompute", "recompute '" + f.recompute + "' is none of none, selective, full, auto");
  }
  if (f.zero == "fsdp")
    out.zero = 3;
  else if (f.zero.size() == 1 && f.zero[0] >= '0' && f.zero[0] <= '3')
    out.zero = f.zero[0] - '0';
  else if (f.zero != "auto")
    return fail("plan.zero", "zero '" + f.zero + "' is none of 0, 1, 2, 3, fsdp, auto");
  return out;
}

// The plan written out in full, when every degree that matters was given.
std::optional<cluster::ParallelPlan> fixed_plan(const TrainFlags& f, const cluster::PlanLimits& l,
                                                int devices) {
  const bool is_fixed = f.tp + f.pp + f.cp + f.dp + f.ep > 0 && f.micro_batch > 0;
  if (!is_fixed && f.vp <= 1 && !f.no_sp) return std::nullopt;
  const auto or_one = [](std::int64_t v) { return v > 0 ? v : 1; };
  cluster::ParallelPlan p;
  p.tp = or_one(f.tp), p.pp = or_one(f.pp), p.cp = or_one(f.cp), p.ep = or_one(f.ep), p.vp = f.vp;
  p.dp = f.dp > 0 ? f.dp : or_one(devices / (p.tp * p.pp * p.cp));
  p.micro_batch = or_one(f.micro_batch);
  p.sp = !f.no_sp;
  p.zero = l.zero >= 0 ? l.zero : 1;
  p.recompute = l.recompute;
  p.dtype = l.dtype;
  return p;
}

Result<Document> train(const TrainFlags& f) {
  TRY(limits, limits_of(f));
  TRY(machine, cluster::find_node_and_chip(f.machine, f.chips));
  TRY(model, llm::find_model(f.model));
  TRY(software, cluster::find_software(f.software));
  cluster::StepOptions options;
  if (f.fidelity == "formula")
    options.fidelity = Fidelity::formula;
  else if (f.fidelity != "cycle")
    return fail("usage.fidelity", "fidelity '" + f.fidelity + "' is neither cycle nor formula");
  TRY(steps, cluster::StepModel::make(std::move(machine.node), std::move(machine.chip), std::move(software),
                                      options));
  const cluster::Task task{f.seq, f.global_batch};
  if (const auto plan = fixed_plan(f, limits, steps.fabric().devices())) {
    TRY(report, steps.step(model, *plan, task));
    return cluster::document_of(report);
  }
  TRY(report, steps.best_step(model, task, limits));
  return cluster::document_of(report);
}

}  // namespace

void add_train(CLI::App& app, Context& context) {
  auto* command =
      app.add_subcommand("train", "one training step on one node: time, memory, power, where it goes");
  auto f = std::make_shared<TrainFlags>();
  command->add_option("machine", f->machine, "a chip or a node, by name or TOML file")->required();
  command->add_option("--model", f->model, "a model, by name or config.json; NAME:layers=4 cuts it")
      ->required();
  command->add_option("--seq", f->seq, "tokens of a sequence")->capture_default_str();
  command->add_option("--global-batch", f->global_batch, "sequences of a step, over all chips")
      ->capture_default_str();
  command->add_option("--chips", f->chips, "packages used of the node; 0: all")->capture_default_str();
  command->add_option("--tp", f->tp, "tensor-parallel ranks; a rank is a device; 0: searched");
  command->add_option("--pp", f->pp, "pipeline stages; 0: searched");
  command->add_option("--vp", f->vp, "chunks of layers a stage holds (interleaved)");
  command->add_option("--cp", f->cp, "context-parallel ranks; 0: searched");
  command->add_option("--dp", f->dp, "data-parallel ranks; 0: what is left");
  command->add_option("--ep", f->ep, "expert-parallel ranks; 0: searched");
  command->add_option("--micro-batch", f->micro_batch, "sequences of a micro-batch; 0: searched");
  command->add_option("--zero", f->zero, "0, 1, 2, 3 or fsdp, auto")->capture_default_str();
  command->add_option("--recompute", f->recompute, "none, selective, full or auto")->capture_default_str();
  command->add_option("--dtype", f->dtype, "of linear layers: bf16, fp16, fp8, fp8_block, mxfp8")
      ->capture_default_str();
  command->add_option("--software", f->software, "attained, ideal, or a name of data/software")
      ->capture_default_str();
  command->add_option("--fidelity", f->fidelity, "cycle or formula")->capture_default_str();
  command->add_flag("--no-sp", f->no_sp, "no sequence parallelism beside --tp");
  command->callback([=, &context] {
    context.run = [=, &context] {
      const auto document = train(*f);
      return document ? context.show(*document) : context.fail(document.error());
    };
  });
}

}  // namespace etalon::cli
