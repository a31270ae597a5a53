// SPDX-License-Identifier: Apache-2.0
#include "study/surface.h"

#include <algorithm>
#include <cmath>

namespace etalon::study {

Surface::Surface(Outputs nominal) : nominal_(std::move(nominal)), is_linear_(nominal_.size(), false) {
  for (std::size_t j = 0; j < nominal_.size(); ++j) is_linear_[j] = !(nominal_[j] > 0);
}

// An output that vanishes at some point cannot be a product of effects: what is known of it is restated as
// sums.
void Surface::make_linear(const Outputs& y) {
  for (std::size_t j = 0; j < nominal_.size(); ++j) {
    if (is_linear_[j] || y[j] > 0) continue;
    is_linear_[j] = true;
    for (Variable& variable : variables_) {
      for (Outputs& effect : variable.effects) effect[j] = nominal_[j] * std::expm1(effect[j]);
    }
  }
}

Surface::Outputs Surface::effect_of(const Outputs& y) const {
  Outputs effect(nominal_.size());
  for (std::size_t j = 0; j < nominal_.size(); ++j) {
    effect[j] = is_linear_[j] ? y[j] - nominal_[j] : std::log(y[j] / nominal_[j]);
  }
  return effect;
}

int Surface::add(std::vector<Point> points, double nominal_x) {
  Variable variable;
  const bool has_nominal =
      std::any_of(points.begin(), points.end(), [&](const Point& p) { return p.x == nominal_x; });
  if (!has_nominal) points.push_back({nominal_x, nominal_});
  std::sort(points.begin(), points.end(), [](const Point& a, const Point& b) { return a.x < b.x; });
  variable.is_log = points.front().x > 0;
  for (const Point& point : points) make_linear(point.y);
  for (const Point& point : points) {
    variable.x.push_back(variable.is_log ? std::log(point.x) : point.x);
    variable.effects.push_back(effect_of(point.y));
  }
  variables_.push_back(std::move(variable));
  return variables() - 1;
}

int Surface::add_choices(const std::vector<Outputs>& by_choice) {
  Variable variable;
  variable.is_choice = true;
  for (const Outputs& y : by_choice) make_linear(y);
  for (const Outputs& y : by_choice) variable.effects.push_back(effect_of(y));
  variables_.push_back(std::move(variable));
  return variables() - 1;
}

Surface::Outputs Surface::effects_at(const Variable& v, double x) const {
  if (v.is_choice) {
    const auto last = static_cast<double>(v.effects.size()) - 1;
    return v.effects[static_cast<std::size_t>(std::clamp(x, 0.0, last))];
  }
  const double at = v.is_log ? std::log(std::max(x, 1e-300)) : x;
  if (at <= v.x.front()) return v.effects.front();
  if (at >= v.x.back()) return v.effects.back();
  const auto high = static_cast<std::size_t>(std::upper_bound(v.x.begin(), v.x.end(), at) - v.x.begin());
  const double share = (at - v.x[high - 1]) / (v.x[high] - v.x[high - 1]);
  Outputs out(nominal_.size());
  for (std::size_t j = 0; j < out.size(); ++j) {
    out[j] = v.effects[high - 1][j] + share * (v.effects[high][j] - v.effects[high - 1][j]);
  }
  return out;
}

double Surface::effect(int variable, double x, int output) const {
  return effects_at(variables_[static_cast<std::size_t>(variable)], x)[static_cast<std::size_t>(output)];
}

Surface::Outputs Surface::at(const std::vector<double>& x) const {
  Outputs sum(nominal_.size(), 0.0);
  for (std::size_t i = 0; i < std::min(x.size(), variables_.size()); ++i) {
    const Outputs effect = effects_at(variables_[i], x[i]);
    for (std::size_t j = 0; j < sum.size(); ++j) sum[j] += effect[j];
  }
  for (std::size_t j = 0; j < sum.size(); ++j) {
    sum[j] = is_linear_[j] ? nominal_[j] + sum[j] : nominal_[j] * std::exp(sum[j]);
  }
  return sum;
}

}  // namespace etalon::study
