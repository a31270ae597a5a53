// SPDX-License-Identifier: Apache-2.0
// etalon compare A B [C...] --model M --seq S --global-batch G --chips N: which trains the model better.
#include <CLI/CLI.hpp>
#include <memory>

#include "apps/cli/commands.h"
#include "apps/cli/run_study.h"

namespace etalon::cli {

void add_compare(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand(
      "compare", "train a model on several chips: which is faster, how sure, what decides");
  auto recipe = std::make_shared<study::Recipe>();
  auto flags = std::make_shared<StudyFlags>();
  auto fidelity = std::make_shared<std::string>("cycle");
  command->add_option("chips", recipe->machines, "chips or nodes, by name or TOML file")->required();
  command->add_option("--model", recipe->job.model, "a model, by name or config.json; NAME:layers=4 cuts it")
      ->required();
  command->add_option("--seq", recipe->job.seq, "tokens of a sequence")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 30))
      ->capture_default_str();
  command->add_option("--global-batch", recipe->job.global_batch, "sequences of a step, over all chips")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 40))
      ->capture_default_str();
  command->add_option("--chips", recipe->job.chips, "packages of each side; 0: all of the node")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  command->add_option("--dtype", recipe->job.dtype, "of linear layers: bf16, fp16, fp8, fp8_block, mxfp8")
      ->capture_default_str();
  command->add_option("--software", recipe->job.software, "attained, ideal, or a name of data/software")
      ->capture_default_str();
  command->add_option("--plan", recipe->job.plan,
                      "what the plans must have: tp=2,pp=1,zero=1,recompute=none");
  command->add_option("--samples", recipe->samples, "draws of the uncertain facts")->capture_default_str();
  command->add_option("--seed", recipe->seed, "of the draws")->capture_default_str();
  command->add_option("--fidelity", *fidelity, "cycle or formula")
      ->check(CLI::IsMember({"cycle", "formula"}));
  command->add_option("--jobs", flags->jobs, "threads")->check(CLI::Range(1, 256));
  command->add_flag("--no-cache", flags->no_cache, "compute everything afresh");
  command->callback([=, &context] {
    context.run = [=, &context] {
      recipe->fidelity = *fidelity == "formula" ? Fidelity::formula : Fidelity::cycle;
      return run_study(*recipe, *flags, {}, context);
    };
  });
}

}  // namespace etalon::cli
