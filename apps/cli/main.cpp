// SPDX-License-Identifier: Apache-2.0
// The program `etalon`. Exit codes: 0; 1 a fault of the program itself; 2 wrong usage or data; 3 the
// simulated thing fails; 130 interrupted.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "apps/cli/commands.h"
#include "base/interrupt.h"
#include "base/text.h"

namespace etalon::cli {
namespace {

// The first Ctrl-C asks long runs to stop, the second ends the program at once.
void on_interrupt(int) {
  if (interrupt_flag().exchange(true)) std::_Exit(kInterrupted);
}

const CLI::App* deepest(const CLI::App* app) {
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  return app;
}

std::vector<std::string> option_names(const CLI::App* app) {
  std::vector<std::string> out;
  for (; app != nullptr; app = app->get_parent()) {
    for (const CLI::Option* option : app->get_options()) {
      for (const std::string& name : option->get_lnames()) out.push_back("--" + name);
    }
  }
  return out;
}

std::vector<std::string> command_names(const CLI::App* app) {
  std::vector<std::string> out;
  for (const CLI::App* command : app->get_subcommands([](const CLI::App*) { return true; }))
    out.push_back(command->get_name());
  return out;
}

// What to do about arguments that nothing took.
std::string fix_for_leftover(const CLI::App& app, const std::string& word) {
  const CLI::App* command = deepest(&app);
  const std::string name = word.substr(0, word.find('='));
  const auto candidates = name.starts_with("-") ? option_names(command) : command_names(command);
  std::string fix = did_you_mean(name, candidates);
  if (!fix.empty()) fix += " ";
  std::string path = command == &app ? "" : " " + command->get_name();
  for (const CLI::App* up = command->get_parent(); up != nullptr && up != &app; up = up->get_parent()) {
    path = " " + up->get_name() + path;
  }
  return fix + "`etalon" + path + " --help` lists what there is";
}

int complain(const CLI::App& app, const CLI::ParseError& error, const Context& context) {
  const auto left = app.remaining(true);
  if (!left.empty()) {
    const bool is_flag = left.front().starts_with("-");
    return context.fail(Error{is_flag ? "usage.unknown-flag" : "usage.unknown-word",
                              (is_flag ? "unknown flag '" : "unexpected '") + left.front() + "'",
                              fix_for_leftover(app, left.front()),
                              {},
                              0,
                              0,
                              {}});
  }
  return context.fail(Error{"usage.wrong", error.what(), fix_for_leftover(app, ""), {}, 0, 0, {}});
}

int run(int argc, char** argv) {
  CLI::App app{
      "Etalon: an open test bench for AI accelerators. It weighs what is declared of a chip against what can "
      "be shown, and says how sure it is.",
      "etalon"};
  Context context;
  context.arguments.assign(argv + 1, argv + argc);
  app.set_version_flag("--version", "etalon 0.1.0");
  app.add_option("--json", context.json_file, "also write the result to FILE, with all digits")
      ->type_name("FILE");
  app.fallthrough();
  app.require_subcommand(1);
  for (const auto add : kCommands) add(app, context);
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; }))
    command->fallthrough(!command->get_prefix_command());  // whose arguments are its own
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help, --version
    return app.exit(asked);
  } catch (const CLI::ParseError& error) {
    return complain(app, error, context);
  }
  if (!context.run)
    return context.fail(
        Error{"usage.wrong", "no command was given", "`etalon --help` lists them", {}, 0, 0, {}});
  const int code = context.run();
  return is_interrupted() ? kInterrupted : code;
}

}  // namespace
}  // namespace etalon::cli

int main(int argc, char** argv) {
  std::signal(SIGINT, etalon::cli::on_interrupt);
  try {
    return etalon::cli::run(argc, argv);
  } catch (const std::exception& fault) {
    std::fprintf(stderr, "etalon: a fault of the program: %s\n", fault.what());
    return 1;
  }
}
