// SPDX-License-Identifier: Apache-2.0
#include "study/pair.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/text.h"
#include "study/sampling.h"

namespace etalon::study {
namespace {

constexpr int kStep = OutputNames::kStep;
// Beyond the ends of a fact a break-even value is carried on along the last slope, at most this many times
// over.
constexpr double kReach = 10;

double in_unit(const catalog::Fact& fact, double si) { return si / fact.unit_scale; }

// What one fact does to ln(first step / second step). A fact that both sides take from one place moves both.
struct Lever {
  std::string side;
  const Variable* variable;
  std::function<double(double)> effect;
};

std::vector<Lever> levers_of(const SideResult& first, const SideResult& second) {
  std::vector<Lever> levers;
  const auto effect_of = [](const SideResult& side, int v) {
    return [&surface = side.sensitivity.surface, v](double x) { return surface.effect(v, x, kStep); };
  };
  const auto in_other = [](const SideResult& other, const Variable& v) -> std::optional<int> {
    const auto i = other.sensitivity.index_of(v.name());
    const bool is_same = i && other.sensitivity.variables[static_cast<std::size_t>(*i)].origin == v.origin;
    return is_same ? i : std::nullopt;
  };
  for (std::size_t v = 0; v < first.sensitivity.variables.size(); ++v) {
    const Variable& variable = first.sensitivity.variables[v];
    const auto own = effect_of(first, static_cast<int>(v));
    if (const auto i = in_other(second, variable)) {
      const auto other = effect_of(second, *i);
      levers.push_back({"both", &variable, [=](double x) { return own(x) - other(x); }});
    } else {
      levers.push_back({first.name, &variable, own});
    }
  }
  for (std::size_t v = 0; v < second.sensitivity.variables.size(); ++v) {
    const Variable& variable = second.sensitivity.variables[v];
    if (in_other(first, variable)) continue;
    const auto own = effect_of(second, static_cast<int>(v));
    levers.push_back({second.name, &variable, [=](double x) { return -own(x); }});
  }
  return levers;
}

TornadoBar bar_of(const Lever& lever, double nominal_ratio) {
  const catalog::Fact& fact = lever.variable->fact;
  TornadoBar bar{lever.side, lever.variable->name(), fact.unit, {}, {}, 1, 1, catalog::name_of(fact.basis)};
  const auto ratio = [&](double x) { return nominal_ratio * std::exp(lever.effect(x)); };
  if (fact.is_categorical()) {
    std::vector<std::pair<double, std::string>> ratios;
    double index = 0;
    for (const auto& [choice, probability] : fact.choices) ratios.emplace_back(ratio(index++), choice);
    const auto [low, high] = std::minmax_element(ratios.begin(), ratios.end());
    bar.low_text = low->second, bar.ratio_low = low->first;
    bar.high_text = high->second, bar.ratio_high = high->first;
  } else {
    bar.low_text = significant(in_unit(fact, fact.si.low)), bar.ratio_low = ratio(fact.si.low);
    bar.high_text = significant(in_unit(fact, fact.si.high)), bar.ratio_high = ratio(fact.si.high);
  }
  return bar;
}

// x in [low, high] where f vanishes, f being monotone or nearly so; none if it keeps its sign.
std::optional<double> root(const std::function<double(double)>& f, double low, double high) {
  constexpr int kSteps = 64;
  const bool is_log = low > 0;
  const auto at = [&](double share) {
    return is_log ? low * std::pow(high / low, share) : low + share * (high - low);
  };
  for (int i = 0; i < kSteps; ++i) {
    double a = at(static_cast<double>(i) / kSteps), b = at(static_cast<double>(i + 1) / kSteps);
    if (f(a) == 0) return a;
    if ((f(a) < 0) == (f(b) < 0) && f(b) != 0) continue;
    for (int k = 0; k < 80; ++k) {
      const double mid = (a + b) / 2;
      ((f(mid) < 0) == (f(a) < 0) ? a : b) = mid;
    }
    return (a + b) / 2;
  }
  return std::nullopt;
}

// Past its end the effect of a fact goes on as it did in the outer tenth of its range: only that part of the
// range tells whether the fact still matters there.
std::optional<double> beyond(const std::function<double(double)>& f, const Interval& si, bool at_high) {
  if (si.low <= 0) return std::nullopt;
  const double end = at_high ? si.high : si.low;
  const double inner =
      at_high ? end / std::pow(si.high / si.low, 0.1) : end * std::pow(si.high / si.low, 0.1);
  const double slope = (f(end) - f(inner)) / std::log(end / inner);
  if (std::abs(slope) < 1e-3) return std::nullopt;
  const double distance = -f(end) / slope;  // in ln x
  if (std::abs(distance) > std::log(kReach) || (distance > 0) != at_high) return std::nullopt;
  return end * std::exp(distance);
}

BreakEven break_even_of(const Lever& lever, double nominal_ratio) {
  const catalog::Fact& fact = lever.variable->fact;
  const auto f = [&](double x) { return std::log(nominal_ratio) + lever.effect(x); };
  BreakEven b{lever.side,
              lever.variable->name(),
              fact.unit,
              {in_unit(fact, fact.si.low), in_unit(fact, fact.si.value), in_unit(fact, fact.si.high)},
              std::nullopt,
              false,
              f(fact.si.high) < f(fact.si.low)};
  if (const auto x = root(f, fact.si.low, fact.si.high)) {
    b.value = in_unit(fact, *x), b.is_inside = true;
  } else if (const auto above = beyond(f, fact.si, true)) {
    b.value = in_unit(fact, *above);
  } else if (const auto below = beyond(f, fact.si, false)) {
    b.value = in_unit(fact, *below);
  }
  return b;
}

}  // namespace

Pair pair_of(const SideResult& first, const SideResult& second) {
  Pair pair;
  pair.first = first.name;
  pair.second = second.name;
  std::vector<double> speed;
  double wins = 0;  // a tie is half a win
  for (std::size_t i = 0; i < first.steps.size(); ++i) {
    speed.push_back(second.steps[i] / first.steps[i]);
    wins += first.steps[i] < second.steps[i] ? 1 : first.steps[i] == second.steps[i] ? 0.5 : 0;
  }
  pair.probability = wins / static_cast<double>(first.steps.size());
  pair.speed = interval_of(speed);
  const double ratio = first.sensitivity.nominal.step.value / second.sensitivity.nominal.step.value;
  std::vector<Lever> levers = levers_of(first, second);
  const auto span = [&](const Lever& lever) { return bar_of(lever, ratio).span(); };
  std::stable_sort(levers.begin(), levers.end(),
                   [&](const Lever& a, const Lever& b) { return span(a) > span(b); });
  for (const Lever& lever : levers) {
    pair.tornado.push_back(bar_of(lever, ratio));
    if (!lever.variable->fact.is_categorical()) pair.break_even.push_back(break_even_of(lever, ratio));
  }
  return pair;
}

}  // namespace etalon::study
