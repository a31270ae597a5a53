// SPDX-License-Identifier: Apache-2.0
#include "study/run.h"

#include <fmt/format.h>

#include <filesystem>

#include "catalog/catalog.h"
#include "study/cache_file.h"

namespace etalon::study {
namespace {

std::string outcome_file(const Recipe& recipe) {
  const std::filesystem::path costs = cache_file();
  if (costs.empty()) return {};
  // One file for each comparison, so that each stays small to read.
  std::string what =
      fmt::format("{}|{}|{}|{}|{}|{}", recipe.job.model, recipe.job.seq, recipe.job.global_batch,
                  recipe.job.chips, recipe.job.dtype, recipe.job.software);
  for (const std::string& machine : recipe.machines) what += "|" + machine;
  return (costs.parent_path() / ("compare-" + catalog::sha256(what).substr(0, 16) + ".outcomes")).string();
}

}  // namespace

Result<Compared> run(const Recipe& recipe, const RunOptions& options,
                     const std::vector<std::string>& hashes) {
  if (recipe.machines.empty()) return fail("study.sides", "got no chip to compare", "name at least one chip");
  TRY_VOID(check_samples(recipe.samples));
  SideOptions side_options;
  side_options.fidelity = recipe.fidelity;
  if (options.use_cache) side_options.cache_file = cache_file();
  side_options.outcomes =
      std::make_shared<OutcomeStore>(options.use_cache ? outcome_file(recipe) : std::string());

  std::vector<PreparedSide> prepared;
  for (std::size_t i = 0; i < recipe.machines.size(); ++i) {
    TRY(machine, find_machine(recipe.machines[i], recipe.job));
    if (i < hashes.size() && hash_of(machine) != hashes[i]) {
      return fail("recipe.facts",
                  fmt::format("the facts of {} are not those of the recipe", recipe.machines[i]),
                  "take the data files of that time, or compare anew");
    }
    TRY(side, prepare(recipe.machines[i], std::move(machine), recipe.job, side_options));
    prepared.push_back(std::move(side));
  }
  CompareOptions compare_options;
  compare_options.samples = recipe.samples;
  compare_options.seed = recipe.seed;
  compare_options.check_samples = recipe.check_samples;
  compare_options.sensitivity = {recipe.full_facts, options.jobs, options.cancelled, options.progress};
  TRY(residuals, ResidualModel::load(catalog::data_directory() / "calibration" / "residuals.csv"));
  compare_options.residuals = std::move(residuals);
  std::vector<Side> sides;
  for (const PreparedSide& side : prepared) sides.push_back(side.side);
  auto comparison = compare(sides, compare_options);
  side_options.outcomes->save();  // what was done is kept even if the run was interrupted
  if (!comparison) return fail(std::move(comparison).error());

  Compared out;
  out.document = document_of(recipe, prepared, *comparison);
  out.json = to_json(recipe, prepared, *comparison);
  // About this machine's cache, not about the answer: shown, but no part of the recipe's bytes.
  for (Finding& f : side_options.outcomes->findings()) out.document.findings.push_back(std::move(f));
  out.comparison = *std::move(comparison);
  return out;
}

}  // namespace etalon::study
