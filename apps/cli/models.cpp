// SPDX-License-Identifier: Apache-2.0
// etalon models; etalon models show NAME|FILE [--seq N].
#include <CLI/CLI.hpp>
#include <memory>

#include "apps/cli/commands.h"
#include "llm/models_document.h"

namespace etalon::cli {

void add_models(CLI::App& app, Context& context) {
  auto* models = app.add_subcommand("models", "list the language models; show one");
  auto name = std::make_shared<std::string>();
  auto seq = std::make_shared<std::int64_t>(0);
  auto* show = models->add_subcommand("show", "dimensions, parameters, FLOPs per token and cache of a model");
  show->add_option("model", *name, "a name of the catalog, NAME:layers=4, or a config.json")->required();
  show->add_option("--seq", *seq, "tokens of a sequence, for FLOPs per token")
      ->check(CLI::Range(1, 1000000000));
  models->require_subcommand(0, 1);
  models->callback([=, &context] {
    context.run = [=, &context] {
      if (!show->parsed()) return context.show(llm::models_document());
      const auto document = llm::model_document(*name, *seq);
      return document ? context.show(*document) : context.fail(document.error());
    };
  });
}

}  // namespace etalon::cli
