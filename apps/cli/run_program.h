// SPDX-License-Identifier: Apache-2.0
#pragma once

// Starting a compiled Ascend C program: shared by `etalon run` and `etalon profile`.

#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/chip_facts.h"

namespace CLI {
class App;
}

namespace etalon::cli {

inline constexpr const char* kProgramChip = "ascend-910b1";  // what a program runs on if nobody says

struct ProgramOptions {
  std::string chip, hazards;
  double timeout = -1;  // not given: as the environment says
};

void add_program_options(CLI::App& command, ProgramOptions& options);
// The words after the options. Error: usage.wrong if there are none.
Result<std::vector<std::string>> program_line(const CLI::App& command);
// Errors: those of the catalog, acl.chip.
Result<catalog::Chip> chip_of(const ProgramOptions& options);
void set_environment(const ProgramOptions& options);
// Its exit code; 128 and more: the signal that ended it. Error: run.program.
Result<int> run_program(const std::vector<std::string>& line);

}  // namespace etalon::cli
