// SPDX-License-Identifier: Apache-2.0
// etalon run [--chip C] [--timeout S] PROGRAM ARGUMENTS...: a compiled Ascend C program on another chip of
// the same core architecture.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>

#include "apps/cli/commands.h"
#include "apps/cli/run_program.h"
#include "catalog/catalog.h"

namespace etalon::cli {

void add_program_options(CLI::App& command, ProgramOptions& o) {
  command.add_option("--chip", o.chip, "a name of the catalog or a TOML file");
  command.add_option("--timeout", o.timeout, "seconds of processor time a kernel may take; 0: no limit")
      ->check(CLI::Range(0.0, 1e9));
  command.add_option("--hazards", o.hazards, "check kernels for hazards: on or off")
      ->check(CLI::IsMember({"on", "off"}));
  command.prefix_command();
}

Result<std::vector<std::string>> program_line(const CLI::App& command) {
  std::vector<std::string> line = command.remaining();
  if (!line.empty() && line.front() == "--") line.erase(line.begin());
  if (line.empty())
    return fail("usage.wrong", "no program was given", "for example etalon run ./add --size 1024");
  return line;
}

Result<catalog::Chip> chip_of(const ProgramOptions& o) {
  const char* set = std::getenv("ETALON_CHIP");
  const std::string name = !o.chip.empty() ? o.chip : set != nullptr && *set != '\0' ? set : kProgramChip;
  TRY(chip, catalog::find_chip(name));
  if (chip.kind != catalog::CoreKind::npu) {
    return fail("acl.chip", fmt::format("{} is no Ascend chip", chip.name),
                "name one that begins with ascend");
  }
  return chip;
}

void set_environment(const ProgramOptions& o) {
  const auto set = [](const char* name, const std::string& value) {
    if (!value.empty()) setenv(name, value.c_str(), 1);
  };
  // A file is named from the root: the program may change its folder.
  const bool is_file = o.chip.find('/') != std::string::npos || o.chip.ends_with(".toml");
  set("ETALON_CHIP", is_file ? std::filesystem::absolute(o.chip).string() : o.chip);
  set("ETALON_HAZARDS", o.hazards);
  if (o.timeout >= 0) set("ETALON_TIMEOUT", fmt::format("{}", o.timeout));
}

Result<int> run_program(const std::vector<std::string>& line) {
  const pid_t child = fork();
  if (child < 0) return fail("run.program", "the host lends no further process", "end others");
  if (child == 0) {
    std::vector<char*> arguments;
    for (const std::string& word : line) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    execvp(arguments.front(), arguments.data());
    _exit(errno == ENOENT ? 127 : 126);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  if (WIFEXITED(status) && (code == 126 || code == 127)) {
    return fail("run.program", fmt::format("{} cannot be started", line.front()),
                "name a program that `etalon cc` made, with its path");
  }
  return code;
}

void add_run(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("run", "run a compiled Ascend C program on a chip");
  auto options = std::make_shared<ProgramOptions>();
  add_program_options(*command, *options);
  command->callback([=, &context] {
    context.run = [=, &context] {
      const auto line = program_line(*command);
      if (!line) return context.fail(line.error());
      if (const auto chip = chip_of(*options); !chip) return context.fail(chip.error());
      set_environment(*options);
      const auto code = run_program(*line);
      return code ? *code : context.fail(code.error());
    };
  });
}

}  // namespace etalon::cli
