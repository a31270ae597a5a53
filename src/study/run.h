// SPDX-License-Identifier: Apache-2.0
#pragma once

// A recipe carried out: what `etalon compare` and `etalon rerun` share.

#include <atomic>
#include <functional>
#include <string>

#include "base/document.h"
#include "study/json.h"

namespace etalon::study {

struct RunOptions {
  bool use_cache = true;
  int jobs = 2;
  const std::atomic<bool>* cancelled = nullptr;
  std::function<void(int done, int total)> progress;
};

struct Compared {
  Document document;
  std::string json;  // with the recipe
  Comparison comparison;
};

// Errors: those of preparing (catalog, model, plan) and of compare(). `hashes`, if not empty, are what the
// facts of each machine have to be: recipe.facts.
Result<Compared> run(const Recipe& recipe, const RunOptions& options,
                     const std::vector<std::string>& hashes = {});

// The report for people.
Document document_of(const Recipe& recipe, const std::vector<PreparedSide>& sides,
                     const Comparison& comparison);

}  // namespace etalon::study
