// SPDX-License-Identifier: Apache-2.0
#include "study/uncertainty.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "study/sampling.h"

namespace etalon::study {
namespace {

// A change of the step below this says nothing; it is left out of the surface.
constexpr double kStill = 1e-9;

// One run of the screen: variable, and the point of it.
struct Run {
  std::size_t variable;
  double x = 0;        // value, or index of the choice
  std::string choice;  // categorical
  std::optional<Outcome> outcome;
  std::string error;
};

std::vector<Run> runs_of(const std::vector<Variable>& variables, std::size_t v) {
  const catalog::Fact& fact = variables[v].fact;
  std::vector<Run> runs;
  if (fact.is_categorical()) {
    double index = 0;
    for (const auto& [choice, probability] : fact.choices) runs.push_back({v, index++, choice, {}, {}});
  } else {
    for (double x : {fact.si.low, fact.si.high}) {
      if (x != fact.si.value) runs.push_back({v, x, {}, {}, {}});
    }
  }
  return runs;
}

void evaluate(const Machine& machine, const std::vector<Variable>& variables, const Evaluate& run,
              std::vector<Run>& runs, const SensitivityOptions& options, const std::function<void()>& tick) {
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < runs.size(); i = next++) {
      if (options.cancelled && options.cancelled->load()) return;
      const Variable& variable = variables[runs[i].variable];
      auto outcome = run(runs[i].choice.empty() ? with(machine, variable, runs[i].x)
                                                : with_choice(machine, variable, runs[i].choice));
      if (outcome) {
        runs[i].outcome = *std::move(outcome);
      } else {
        runs[i].error = outcome.error().message;
      }
      tick();
    }
  };
  std::vector<std::jthread> helpers;
  for (int i = 1; i < options.jobs; ++i) helpers.emplace_back(work);
  work();
}

double log_ratio(const Outcome& a, const Outcome& b) {
  const double step = std::log(a.step.value / b.step.value);
  const double energy =
      a.energy.value > 0 && b.energy.value > 0 ? std::log(a.energy.value / b.energy.value) : 0;
  const double peak = a.peak.value > 0 && b.peak.value > 0 ? std::log(a.peak.value / b.peak.value) : 0;
  for (double effect : {step, energy, peak}) {
    if (std::abs(effect) > kStill) return step != 0 ? step : kStill;  // moves something else than the step
  }
  return 0;
}

// Full outputs at an end, from the quick run there and what both evaluations say at the nominal point.
Surface::Outputs carried_over(const OutputNames& names, const Outcome& quick_end,
                              const Outcome& quick_nominal, const Outcome& full_nominal) {
  const Surface::Outputs end = names.outputs(quick_end), at = names.outputs(quick_nominal);
  Surface::Outputs out = names.outputs(full_nominal);
  for (std::size_t j = 0; j < out.size(); ++j) {
    out[j] = at[j] > 0 && end[j] > 0 ? out[j] * end[j] / at[j] : std::max(0.0, out[j] + end[j] - at[j]);
  }
  return out;
}

void add_to_surface(Sensitivity& s, const Variable& variable, const std::vector<Run>& runs,
                    const std::function<Surface::Outputs(const Outcome&)>& outputs) {
  if (variable.fact.is_categorical()) {
    std::vector<Surface::Outputs> by_choice;
    for (const Run& run : runs) {
      by_choice.push_back(run.outcome ? outputs(*run.outcome) : s.surface.nominal());
    }
    s.surface.add_choices(by_choice);
  } else {
    std::vector<Surface::Point> points;
    for (const Run& run : runs) {
      if (run.outcome) points.push_back({run.x, outputs(*run.outcome)});
    }
    s.surface.add(std::move(points), variable.fact.si.value);
  }
  s.variables.push_back(variable);
}

}  // namespace

namespace {

catalog::FactSheet& sheet_of(Machine& machine, Sheet sheet) {
  if (sheet == Sheet::chip) return machine.chip;
  if (sheet == Sheet::node) return machine.node;
  return machine.software;
}

}  // namespace

namespace {

// The name of the file without its folder: the same wherever the data lie.
std::string origin_of(const catalog::Fact& fact, const catalog::FactSheet& sheet) {
  if (fact.file.empty()) return sheet.name;
  return fact.file.substr(fact.file.find_last_of('/') + 1);
}

}  // namespace

std::string Variable::name() const {
  if (sheet == Sheet::chip) return fact.path;
  return (sheet == Sheet::node ? "node." : "software.") + fact.path;
}

Machine with(const Machine& machine, const Variable& variable, double si) {
  Machine changed = machine;
  catalog::FactSheet& sheet = sheet_of(changed, variable.sheet);
  sheet = sheet.with(variable.fact.path, si);
  return changed;
}

Machine with_choice(const Machine& machine, const Variable& variable, const std::string& choice) {
  Machine changed = machine;
  catalog::FactSheet& sheet = sheet_of(changed, variable.sheet);
  sheet = sheet.with_choice(variable.fact.path, choice);
  return changed;
}

std::vector<Variable> variables_of(const Machine& machine) {
  std::vector<Variable> variables;
  Machine copy = machine;
  for (const Sheet sheet : {Sheet::chip, Sheet::node, Sheet::software}) {
    const catalog::FactSheet& facts = sheet_of(copy, sheet);
    for (const auto& [path, fact] : facts.facts()) {
      if (fact.is_uncertain() && fact.basis != catalog::Basis::derived) {
        variables.push_back({sheet, fact, origin_of(fact, facts), 0, false});
      }
    }
  }
  return variables;
}

OutputNames OutputNames::of(const Outcome& nominal) {
  OutputNames names;
  for (const auto& [name, time] : nominal.by_operation) names.operations.push_back(name);
  for (const auto& [name, time] : nominal.by_limit) names.limits.push_back(name);
  return names;
}

Surface::Outputs OutputNames::outputs(const Outcome& o) const {
  Surface::Outputs out = {o.step.value, o.energy.value, o.memory.value, o.peak.value};
  const auto seconds = [](const std::map<std::string, Seconds>& parts, const std::string& name) {
    const auto part = parts.find(name);
    return part == parts.end() ? 0.0 : part->second.value;
  };
  for (const std::string& name : operations) out.push_back(seconds(o.by_operation, name));
  for (const std::string& name : limits) out.push_back(seconds(o.by_limit, name));
  return out;
}

std::optional<int> Sensitivity::index_of(const std::string& name) const {
  for (std::size_t i = 0; i < variables.size(); ++i) {
    if (variables[i].name() == name) return static_cast<int>(i);
  }
  return std::nullopt;
}

Result<Sensitivity> sensitivity(const Machine& machine, const Evaluate& quick, const Evaluate& full,
                                const SensitivityOptions& options) {
  Sensitivity s;
  auto nominal = full(machine);
  if (!nominal) return fail(std::move(nominal).error());
  s.nominal = *std::move(nominal);
  auto quick_nominal = quick(machine);
  if (!quick_nominal) return fail(std::move(quick_nominal).error());
  s.names = OutputNames::of(s.nominal);
  s.surface = Surface(s.names.outputs(s.nominal));
  const std::vector<Variable> all = variables_of(machine);

  std::vector<Run> screen;
  for (std::size_t v = 0; v < all.size(); ++v) {
    for (Run& run : runs_of(all, v)) screen.push_back(std::move(run));
  }
  const int total = static_cast<int>(screen.size()) + 2 * options.full_facts;
  std::atomic<int> done = 0;
  const auto tick = [&] {
    const int now = ++done;
    if (options.progress) options.progress(std::min(now, total), total);
  };
  evaluate(machine, all, quick, screen, options, tick);

  std::vector<std::vector<Run>> by_variable(all.size());
  for (Run& run : screen) {
    if (!run.error.empty()) {
      s.findings.push_back({Severity::note, "study.end-failed",
                            fmt::format("{} at an end of its range: {}", all[run.variable].name(), run.error),
                            machine.chip.name});
    }
    by_variable[run.variable].push_back(std::move(run));
  }
  std::vector<std::size_t> moving;
  std::vector<Variable> ranked = all;
  for (std::size_t v = 0; v < all.size(); ++v) {
    for (const Run& run : by_variable[v]) {
      if (!run.outcome) continue;
      const double swing = log_ratio(*run.outcome, *quick_nominal);
      if (std::abs(swing) > std::abs(ranked[v].swing)) ranked[v].swing = swing;
    }
    if (ranked[v].moves()) moving.push_back(v);
  }
  s.still = static_cast<int>(all.size() - moving.size());
  std::stable_sort(moving.begin(), moving.end(), [&](std::size_t a, std::size_t b) {
    return std::abs(ranked[a].swing) > std::abs(ranked[b].swing);
  });

  std::vector<Run> ends;
  for (std::size_t i = 0; i < moving.size() && i < static_cast<std::size_t>(options.full_facts); ++i) {
    ranked[moving[i]].is_full = true;
    for (Run& run : runs_of(all, moving[i])) ends.push_back(std::move(run));
  }
  evaluate(machine, all, full, ends, options, tick);
  if (options.cancelled && options.cancelled->load()) return fail("study.cancelled", "interrupted");
  s.runs = static_cast<int>(screen.size()) + 1;
  s.full_runs = static_cast<int>(ends.size()) + 1;

  for (std::size_t v : moving) {
    std::vector<Run> own;
    for (const Run& run : ends) {
      if (run.variable == v) own.push_back(run);
    }
    if (ranked[v].is_full) {
      add_to_surface(s, ranked[v], own, [&](const Outcome& o) { return s.names.outputs(o); });
    } else {
      add_to_surface(s, ranked[v], by_variable[v],
                     [&](const Outcome& o) { return carried_over(s.names, o, *quick_nominal, s.nominal); });
    }
  }
  return s;
}

std::vector<std::vector<double>> draw(const Sensitivity& s, std::uint64_t seed, int samples) {
  std::vector<std::vector<double>> x(static_cast<std::size_t>(samples),
                                     std::vector<double>(s.variables.size()));
  for (std::size_t v = 0; v < s.variables.size(); ++v) {
    const catalog::Fact& fact = s.variables[v].fact;
    const std::string stream = s.variables[v].origin + "/" + s.variables[v].name();
    const std::vector<double> u = stratified(seed, stream, samples);
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (fact.is_categorical()) {
        const std::string& choice = choice_at(fact, u[i]);
        x[i][v] = static_cast<double>(std::distance(fact.choices.begin(), fact.choices.find(choice)));
      } else {
        x[i][v] = value_at(fact, u[i]);
      }
    }
  }
  return x;
}

Machine machine_at(const Machine& machine, const Sensitivity& s, const std::vector<double>& x) {
  Machine changed = machine;
  // Choices first: they put the facts that follow from them in place.
  for (const bool is_choice : {true, false}) {
    for (std::size_t v = 0; v < s.variables.size(); ++v) {
      const Variable& variable = s.variables[v];
      if (variable.fact.is_categorical() != is_choice) continue;
      if (is_choice) {
        const auto choice = std::next(variable.fact.choices.begin(), static_cast<std::ptrdiff_t>(x[v]));
        changed = with_choice(changed, variable, choice->first);
      } else {
        changed = with(changed, variable, x[v]);
      }
    }
  }
  return changed;
}

}  // namespace etalon::study
