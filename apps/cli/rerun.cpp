// SPDX-License-Identifier: Apache-2.0
// etalon rerun FILE [--json OUT]: a saved comparison once more, to the byte.
#include <CLI/CLI.hpp>
#include <memory>

#include "apps/cli/commands.h"
#include "apps/cli/run_study.h"

namespace etalon::cli {

void add_rerun(CLI::App& app, Context& context) {
  auto* command =
      app.add_subcommand("rerun", "carry out the recipe of a saved comparison: the same bytes again");
  auto file = std::make_shared<std::string>();
  auto flags = std::make_shared<StudyFlags>();
  command->add_option("file", *file, "what etalon compare --json wrote")->required();
  command->add_option("--jobs", flags->jobs, "threads")->check(CLI::Range(1, 256));
  command->add_flag("--no-cache", flags->no_cache, "compute everything afresh");
  command->callback([=, &context] {
    context.run = [=, &context] {
      const auto saved = study::read_recipe(*file);
      if (!saved) return context.fail(saved.error());
      return run_study(saved->recipe, *flags, saved->hashes, context);
    };
  });
}

}  // namespace etalon::cli
