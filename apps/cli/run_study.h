// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "apps/cli/commands.h"
#include "study/run.h"

namespace etalon::cli {

struct StudyFlags {
  int jobs = 2;
  bool no_cache = false;
};

// Carries out a recipe with a progress bar and shows the answer; what compare and rerun share. `hashes`: what
// the facts have to be; empty: whatever the catalog says. Returns the exit code.
int run_study(const study::Recipe& recipe, const StudyFlags& flags, const std::vector<std::string>& hashes,
              const Context& context);

}  // namespace etalon::cli
