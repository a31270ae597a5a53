// SPDX-License-Identifier: Apache-2.0
#pragma once

// The commands of `etalon`. To add one: write apps/cli/NAME.cpp with `void add_NAME(CLI::App&, Context&)`,
// declare it below and put it into kCommands. Nothing else is edited.
//
//   void add_hello(CLI::App& app, Context& context) {
//     auto* command = app.add_subcommand("hello", "one line for --help");
//     auto name = std::make_shared<std::string>();
//     command->add_option("name", *name, "who")->required();
//     command->callback([=, &context] {
//       context.run = [=, &context] { return context.show(greeting(*name)); };
//     });
//   }
//
// Callbacks only set context.run; the work is done after the command line has been read as a whole.

#include <functional>
#include <string>
#include <vector>

#include "base/document.h"
#include "base/result.h"

namespace CLI {
class App;
}

namespace etalon::cli {

inline constexpr int kDone = 0, kWrongInput = 2, kSimulatedFailure = 3, kInterrupted = 130;

struct Context {
  std::function<int()> run;            // set by the chosen command; returns the exit code
  std::string json_file;               // --json FILE, empty if not given
  std::vector<std::string> arguments;  // the command line without the program's name, for recipes

  // Prints the document and, with --json, writes it. Exit code 0, 3 if a finding is a failure, 2 if the file
  // cannot be written. `json` replaces the plain rendering of the document where a command writes more
  // (recipes).
  int show(const Document& document, const std::string& json = {}) const;
  int fail(const Error& error) const;  // prints to standard error; returns 2
};

void add_chips(CLI::App& app, Context& context);
void add_nodes(CLI::App& app, Context& context);
void add_facts(CLI::App& app, Context& context);
void add_train(CLI::App& app, Context& context);
void add_kernel(CLI::App& app, Context& context);
void add_validate(CLI::App& app, Context& context);
void add_compare(CLI::App& app, Context& context);
void add_rerun(CLI::App& app, Context& context);
void add_models(CLI::App& app, Context& context);
void add_cc(CLI::App& app, Context& context);
void add_run(CLI::App& app, Context& context);
void add_profile(CLI::App& app, Context& context);

inline constexpr void (*kCommands[])(CLI::App&, Context&) = {
    add_chips,
    add_nodes,
    add_facts,
    add_train,
    add_kernel,
    add_compare,
    add_rerun,
    add_validate,
    add_models,
    add_cc,
    add_run,
    add_profile,
};

}  // namespace etalon::cli
