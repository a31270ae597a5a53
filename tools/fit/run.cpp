// SPDX-License-Identifier: Apache-2.0
#include "run.h"

#include <fmt/format.h>

#include <atomic>
#include <cmath>
#include <thread>

#include "catalog/catalog.h"
#include "evidence/predict.h"
#include "solve.h"

namespace etalon::fit {
namespace {

using RowList = std::vector<const evidence::Row*>;

Result<catalog::Chip> with(catalog::Chip chip, const std::vector<Constant>& constants, const Vector& values) {
  for (std::size_t i = 0; i < constants.size(); ++i) {
    const auto fact = chip.facts().find(constants[i].path);
    if (fact == chip.facts().end())
      return fail("fit.no-such-fact", fmt::format("{} has no fact {}", chip.name, constants[i].path),
                  "name it in tools/fit/family.cpp as the chip file does");
    chip = chip.with(constants[i].path, values[i] * fact->second.unit_scale);
  }
  return chip;
}

Vector starts(const Stage& stage) {
  Vector out;
  for (const Constant& c : stage.constants) out.push_back(c.start);
  return out;
}

// ln(predicted / measured) of each row. A row that cannot be predicted is an error of the family's table.
Result<Vector> residuals(const catalog::Chip& chip, const RowList& rows, const evidence::HarnessBook& book,
                         Fidelity fidelity, int jobs) {
  evidence::PredictOptions options;
  options.fidelity = fidelity;
  options.chips = {chip};
  const evidence::Predictor predictor(book, {}, options);
  Vector out(rows.size());
  std::vector<std::string> skipped(rows.size());
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < rows.size(); i = next++) {
      const evidence::Prediction p = predictor.predict(*rows[i]);
      skipped[i] = p.skipped;
      out[i] = std::log(p.value / rows[i]->measured);
    }
  };
  std::vector<std::jthread> helpers;
  for (int i = 1; i < jobs; ++i) helpers.emplace_back(work);
  work();
  helpers.clear();  // joins
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (!skipped[i].empty())
      return fail("fit.no-prediction", fmt::format("{} is not predicted: {}", rows[i]->id, skipped[i]),
                  "leave such rows out of the stage");
  return out;
}

RowList rows_of(const evidence::Corpus& corpus, const std::string& chip, const Stage& stage) {
  RowList out;
  for (const evidence::Row& row : corpus.rows)
    if (is_for(stage, chip, row)) out.push_back(&row);
  return out;
}

}  // namespace

Result<Fitted> run(const Family& family, const evidence::Corpus& corpus, const evidence::HarnessBook& book,
                   int jobs) {
  TRY(chip, catalog::find_chip(family.chip));
  // What the data hold of this family's constants must not decide what is found.
  for (const Stage& stage : family.stages) {
    TRY(started, with(chip, stage.constants, starts(stage)));
    chip = started;
  }
  Fitted out;
  for (const Stage& stage : family.stages) {
    const RowList rows = rows_of(corpus, family.chip, stage);
    if (rows.empty())
      return fail("fit.no-rows", fmt::format("no row of the evidence is for a stage of {}", family.name),
                  "give the folder of evidence with --evidence");
    for (const evidence::Row* row : rows) out.ids.push_back(row->id);
    std::optional<Error> problem;
    const auto model = [&](Fidelity fidelity) {
      return [&, fidelity](const Vector& values) {
        auto changed = with(chip, stage.constants, values);
        auto found = residuals(*changed, rows, book, fidelity, jobs);
        if (found) return *std::move(found);
        problem = found.error();
        return Vector(rows.size(), 0.0);
      };
    };
    Solution s = solve(starts(stage), model(Fidelity::cycle), model(Fidelity::formula));
    if (problem) return std::unexpected(*problem);
    for (std::size_t i = 0; i < stage.constants.size(); ++i) {
      s.constants[i] = std::stod(fmt::format("{:.3g}", s.constants[i]));
      out.values[stage.constants[i].path] = s.constants[i];
    }
    TRY(next, with(chip, stage.constants, s.constants));
    chip = next;
    out.stages.push_back({static_cast<int>(rows.size()), s.before, s.after});
  }
  return out;
}

}  // namespace etalon::fit
