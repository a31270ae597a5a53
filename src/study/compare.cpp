// SPDX-License-Identifier: Apache-2.0
#include "study/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "study/pair.h"
#include "study/sampling.h"

namespace etalon::study {
namespace {

// Time multiplies by sum over mechanisms of share * exp(residual): drawn once per sample and mechanism, so
// that two sides that share a mechanism share its error.
class ModelError {
 public:
  ModelError(const ResidualModel& model, std::uint64_t seed, int samples)
      : model_(model), seed_(seed), n_(samples) {}

  std::vector<double> factors(const Outcome& nominal) {
    std::vector<double> out(static_cast<std::size_t>(n_), 0.0);
    double total = 0;
    for (const auto& [mechanism, time] : nominal.by_mechanism) {
      const std::vector<double>& log = logs(mechanism);
      for (std::size_t i = 0; i < out.size(); ++i) out[i] += time.value * std::exp(log[i]);
      total += time.value;
    }
    for (double& factor : out) factor = total > 0 ? factor / total : 1;
    return out;
  }

 private:
  const std::vector<double>& logs(const std::string& mechanism) {
    const auto [known, is_new] = logs_.try_emplace(mechanism);
    if (is_new) {
      const Residuals& residuals = model_.over_all_sizes(mechanism);
      for (double u : stratified(seed_, "error/" + mechanism, n_)) known->second.push_back(residuals.at(u));
    }
    return known->second;
  }
  const ResidualModel& model_;
  std::uint64_t seed_;
  int n_;
  std::map<std::string, std::vector<double>> logs_;
};

struct MetricKind {
  const char *name, *unit;
  double (*of)(const Outcome&);
};
// In the order of the report. Peak, memory and energy of an Outcome may be zero where they are not modelled.
const std::vector<MetricKind> kMetrics = {
    {"step time", "s", [](const Outcome& o) { return o.step.value; }},
    {"tokens/s per chip", "tokens/s", [](const Outcome& o) { return o.tokens_per_second_per_chip(); }},
    {"MFU", "%", [](const Outcome& o) { return 100 * o.mfu(); }},
    {"memory per device", "GiB", [](const Outcome& o) { return o.memory / kGiB; }},
    {"power per chip", "W", [](const Outcome& o) { return o.power_per_chip().value; }},
    {"energy per token", "J", [](const Outcome& o) { return o.joules_per_token(); }}};

// The outcome at one sample of the surface; `error` multiplies all times, and energy with them.
Outcome outcome_at(const Outcome& nominal, const Surface::Outputs& y, double error) {
  Outcome o;
  o.step = Seconds{y[OutputNames::kStep] * error};
  o.energy = Joules{y[OutputNames::kEnergy] * error};
  o.memory = Bytes{y[OutputNames::kMemory]};
  o.peak = FlopsPerSecond{y[OutputNames::kPeak]};
  o.model_flops = nominal.model_flops;
  o.tokens = nominal.tokens;
  o.chips = nominal.chips;
  return o;
}

Result<SideResult> run_side(const Side& side, const CompareOptions& options, ModelError& error) {
  SideResult r;
  r.name = side.name;
  TRY(s, sensitivity(side.machine, side.quick, side.full, options.sensitivity));
  const auto x = draw(s, options.seed, options.samples);
  const std::vector<double> factors = error.factors(s.nominal);
  for (const auto& [mechanism, time] : s.nominal.by_mechanism) r.mechanisms.push_back(mechanism);

  const std::size_t parts = s.names.operations.size() + s.names.limits.size();
  std::vector<std::vector<double>> metrics(kMetrics.size()), seconds(parts);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Surface::Outputs y = s.surface.at(x[i]);
    const Outcome o = outcome_at(s.nominal, y, factors[i]);
    r.steps.push_back(o.step.value);
    for (std::size_t m = 0; m < kMetrics.size(); ++m) metrics[m].push_back(kMetrics[m].of(o));
    for (std::size_t p = 0; p < parts; ++p) seconds[p].push_back(y[OutputNames::kFirst + p] * factors[i]);
  }
  for (std::size_t m = 0; m < kMetrics.size(); ++m) {
    r.metrics.push_back(
        {kMetrics[m].name, kMetrics[m].unit, interval_of(metrics[m]), kMetrics[m].of(s.nominal)});
  }
  const Surface::Outputs& at_nominal = s.surface.nominal();
  for (std::size_t p = 0; p < parts; ++p) {
    const bool is_operation = p < s.names.operations.size();
    const std::string& name =
        is_operation ? s.names.operations[p] : s.names.limits[p - s.names.operations.size()];
    (is_operation ? r.by_operation : r.by_limit)
        .push_back({name, "s", interval_of(seconds[p]), at_nominal[OutputNames::kFirst + p]});
  }
  for (int i = 0; i < std::min<int>(options.check_samples, options.samples); ++i) {
    const auto& at = x[static_cast<std::size_t>(i)];
    const auto run = side.full(machine_at(side.machine, s, at));
    if (!run) continue;
    const double surface = s.surface.at(at)[OutputNames::kStep];
    r.surface_error = std::max(r.surface_error, std::abs(surface / run->step.value - 1));
    ++r.checked;
  }
  for (const catalog::FactSheet* sheet : std::initializer_list<const catalog::FactSheet*>{
           &side.machine.chip, &side.machine.node, &side.machine.software}) {
    for (const auto& [path, fact] : sheet->facts()) ++r.facts_by_basis[catalog::name_of(fact.basis)];
  }
  for (const auto& [path, fact] : side.machine.chip.facts()) {
    ++r.chip_facts;
    r.chip_vendor_facts += fact.basis == catalog::Basis::vendor;
  }
  r.sensitivity = std::move(s);
  return r;
}

}  // namespace

Result<std::monostate> check_samples(int samples) {
  if (samples >= 20 && samples <= 1'000'000) return std::monostate{};
  return fail("study.samples", fmt::format("got {} samples, expected 20 to 1000000", samples),
              "a few thousand give stable intervals");
}

Result<Comparison> compare(const std::vector<Side>& sides, const CompareOptions& options) {
  if (sides.empty()) return fail("study.sides", "got no chip to compare", "name at least one chip");
  TRY_VOID(check_samples(options.samples));
  Comparison c;
  c.samples = options.samples;
  c.seed = options.seed;
  ModelError error(options.residuals, options.seed, options.samples);
  for (const Side& side : sides) {
    TRY(result, run_side(side, options, error));
    for (const Finding& f : result.sensitivity.nominal.findings) c.findings.push_back(f);
    for (const Finding& f : result.sensitivity.findings) c.findings.push_back(f);
    c.sides.push_back(std::move(result));
  }
  for (std::size_t i = 1; i < c.sides.size(); ++i) c.pairs.push_back(pair_of(c.sides[0], c.sides[i]));
  if (options.residuals.is_empty()) {
    c.findings.push_back(
        {Severity::note, "study.no-residuals",
         "the intervals hold the uncertainty of the facts alone: no residuals of the model are known",
         "data/calibration/residuals.csv"});
  }
  return c;
}

}  // namespace etalon::study
