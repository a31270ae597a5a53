// SPDX-License-Identifier: Apache-2.0
// etalon validate [DIR] [--kind K] [--chip C] [--fidelity F] [--csv FILE] [--limit N] [--jobs N]
#include "evidence/validate.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "apps/cli/commands.h"
#include "apps/cli/progress.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "catalog/catalog.h"
#include "evidence/accuracy.h"
#include "report/report.h"
#include "study/cache_file.h"

namespace etalon::cli {
namespace {

using namespace etalon::evidence;

struct Flags {
  std::string directory, kind, chip, fidelity = "cycle", csv, residuals, accuracy;
  int limit = 0, jobs = 2;
  bool no_cache = false;
};

Result<ValidateOptions> options_of(const Flags& flags) {
  ValidateOptions options;
  if (!flags.kind.empty()) {
    options.kind = parse_kind(flags.kind);
    if (!options.kind) {
      return fail("validate.kind", fmt::format("got the kind \"{}\"", flags.kind),
                  fmt::format("use one of {}", fmt::join(kind_names(), ", ")));
    }
  }
  options.chip = flags.chip;
  options.limit_per_kind = flags.limit;
  options.jobs = flags.jobs;
  options.cancelled = &interrupt_flag();
  return options;
}

struct Outcome {
  Document document;
  std::string csv, residuals, accuracy;
};

Result<Outcome> run_validate(const Flags& flags) {
  TRY(options, options_of(flags));
  const auto data = catalog::data_directory();
  const std::string shipped = (data / "evidence").string();
  const std::string directory = flags.directory.empty() ? shipped : flags.directory;
  TRY(corpus, load_corpus(directory));
  TRY(harnesses, HarnessBook::load(data / "harness.toml"));
  TRY(fitted, FittedRows::load(data));
  TRY(residuals, study::ResidualModel::load(data / "calibration" / "residuals.csv"));
  // The shipped rows tell which measurements the listed ids are, under whatever id they come here.
  if (auto known = load_corpus(shipped)) fitted.learn(*known);
  fitted.learn(corpus);

  const Fidelity fidelity = flags.fidelity == "formula" ? Fidelity::formula : Fidelity::cycle;
  const Predictor predictor(std::move(harnesses), std::move(residuals),
                            {fidelity, flags.no_cache ? std::string() : study::cache_file()});
  Progress progress("validate");
  options.progress = [&](std::size_t done, std::size_t total) { progress(done, total); };
  const Validation validation = validate(corpus, fitted, predictor, options);
  progress.clear();
  if (validation.rows.empty()) {
    return fail("validate.no-rows", fmt::format("no row of {} is of this kind and chip", directory),
                "leave out --kind or --chip");
  }
  Outcome outcome{evidence::report(corpus, validation), csv_of(validation), residuals_of(validation).text(),
                  accuracy_of(validation)};
  for (Finding& f : predictor.findings()) outcome.document.findings.push_back(std::move(f));
  return outcome;
}

int show(const Flags& flags, const Context& context) {
  const auto outcome = run_validate(flags);
  if (!outcome) return context.fail(outcome.error());
  const std::pair<const std::string&, const std::string&> files[] = {
      {flags.csv, outcome->csv}, {flags.residuals, outcome->residuals}, {flags.accuracy, outcome->accuracy}};
  for (const auto& [file, text] : files) {
    if (file.empty()) continue;
    if (auto done = report::write_file(file, text); !done) return context.fail(done.error());
  }
  return context.show(outcome->document);
}

}  // namespace

void add_validate(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("validate", "predict published measurements and state the errors");
  auto flags = std::make_shared<Flags>();
  command->add_option("directory", flags->directory,
                      "a folder of evidence files, or one of them; default: the shipped ones");
  command->add_option("--kind", flags->kind, "only this kind: gemm, attention, ...");
  command->add_option("--chip", flags->chip, "only this chip or cluster");
  command->add_option("--fidelity", flags->fidelity, "cycle or formula")
      ->check(CLI::IsMember({"cycle", "formula"}));
  command->add_option("--csv", flags->csv, "write every row with its prediction to FILE")->type_name("FILE");
  command->add_option("--limit", flags->limit, "a fixed spread of at most N rows of each kind")
      ->check(CLI::Range(1, 1'000'000));
  command->add_option("--jobs", flags->jobs, "threads")->check(CLI::Range(1, 256));
  command->add_option("--write-residuals", flags->residuals, "write the residuals of the fitted rows to FILE")
      ->type_name("FILE");
  command->add_option("--write-accuracy", flags->accuracy, "write the error of each kind and chip to FILE")
      ->type_name("FILE");
  command->add_flag("--no-cache", flags->no_cache, "compute everything afresh");
  command->callback([=, &context] { context.run = [=, &context] { return show(*flags, context); }; });
}

}  // namespace etalon::cli
