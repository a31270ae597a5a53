// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a study writes for machines: outcomes for the cache, and whole comparisons with their recipe, from
// which `etalon rerun` gets the same bytes. All numbers with all digits, keys sorted.

#include <optional>
#include <string>
#include <vector>

#include "study/job.h"

namespace etalon::study {

std::string to_json(const Outcome& outcome);  // one line
std::optional<Outcome> outcome_from_json(const std::string& text);

// Everything that decides a comparison. Facts are written out in full with their hash; a rerun takes them
// from the catalog and refuses if they are no longer those.
struct Recipe {
  Job job;
  std::vector<std::string> machines;  // names of chips or nodes, or files
  Fidelity fidelity = Fidelity::cycle;
  int samples = 4000, check_samples = 2, full_facts = 6;
  std::uint64_t seed = 1;
};

// The recipe and the result. Ends with a line break.
std::string to_json(const Recipe& recipe, const std::vector<PreparedSide>& sides,
                    const Comparison& comparison);

struct SavedRecipe {
  Recipe recipe;
  std::string version;
  std::vector<std::string> hashes;  // of the facts of each machine
};
// Errors: recipe.unreadable, recipe.syntax, recipe.version.
Result<SavedRecipe> read_recipe(const std::string& file);

// SHA-256 of every fact of a machine: path, bounds, basis, source, choice.
std::string hash_of(const Machine& machine);

}  // namespace etalon::study
