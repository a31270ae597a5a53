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

// The bars of one side's facts. `sign` is +1 for the first side (its step is the numerator) and -1 for the
// other.
void add_bars(const SideResult& side, double nominal_ratio, int sign, std::vector<TornadoBar>& bars) {
  const Sensitivity& s = side.sensitivity;
  for (std::size_t v = 0; v < s.variables.size(); ++v) {
    const catalog::Fact& fact = s.variables[v].fact;
    TornadoBar bar{side.name, s.variables[v].name(), fact.unit, {}, {}, 1, 1, catalog::name_of(fact.basis)};
    const auto ratio = [&](double x) {
      return nominal_ratio * std::exp(sign * s.surface.effect(static_cast<int>(v), x, kStep));
    };
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
    bars.push_back(std::move(bar));
  }
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

void add_break_even(const SideResult& side, double nominal_ratio, int sign, std::vector<BreakEven>& out) {
  const Sensitivity& s = side.sensitivity;
  for (std::size_t v = 0; v < s.variables.size(); ++v) {
    const catalog::Fact& fact = s.variables[v].fact;
    if (fact.is_categorical()) continue;
    const auto f = [&](double x) {
      return std::log(nominal_ratio) + sign * s.surface.effect(static_cast<int>(v), x, kStep);
    };
    BreakEven b{side.name,
                s.variables[v].name(),
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
    out.push_back(std::move(b));
  }
}

}  // namespace

Pair pair_of(const SideResult& first, const SideResult& second) {
  Pair pair;
  pair.first = first.name;
  pair.second = second.name;
  std::vector<double> speed;
  int wins = 0;
  for (std::size_t i = 0; i < first.steps.size(); ++i) {
    speed.push_back(second.steps[i] / first.steps[i]);
    wins += first.steps[i] < second.steps[i];
  }
  pair.probability = static_cast<double>(wins) / static_cast<double>(first.steps.size());
  pair.speed = interval_of(speed);
  const double ratio = first.sensitivity.nominal.step.value / second.sensitivity.nominal.step.value;
  add_bars(first, ratio, +1, pair.tornado);
  add_bars(second, ratio, -1, pair.tornado);
  std::stable_sort(pair.tornado.begin(), pair.tornado.end(),
                   [](const TornadoBar& a, const TornadoBar& b) { return a.span() > b.span(); });
  add_break_even(first, ratio, +1, pair.break_even);
  add_break_even(second, ratio, -1, pair.break_even);
  std::stable_sort(
      pair.break_even.begin(), pair.break_even.end(), [&](const BreakEven& a, const BreakEven& b) {
        const auto place = [&](const BreakEven& e) {
          return std::find_if(
                     pair.tornado.begin(), pair.tornado.end(),
                     [&](const TornadoBar& bar) { return bar.side == e.side && bar.fact == e.fact; }) -
                 pair.tornado.begin();
        };
        return place(a) < place(b);
      });
  return pair;
}

}  // namespace etalon::study
