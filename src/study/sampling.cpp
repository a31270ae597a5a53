// SPDX-License-Identifier: Apache-2.0
#include "study/sampling.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/rng.h"

namespace etalon::study {

double uniform(const Interval& b, double u) { return b.low + u * (b.high - b.low); }

double triangle(const Interval& b, double u) {
  const double width = b.high - b.low;
  if (width <= 0) return b.value;
  const double mode = (b.value - b.low) / width;  // cumulative probability at the mode
  if (u < mode) return b.low + std::sqrt(u * width * (b.value - b.low));
  return b.high - std::sqrt((1 - u) * width * (b.high - b.value));
}

double value_at(const catalog::Fact& fact, double u) {
  const bool is_vague = fact.basis == catalog::Basis::rumour || fact.basis == catalog::Basis::guess;
  const double value = is_vague ? uniform(fact.si, u) : triangle(fact.si, u);
  return fact.is_whole ? std::round(value) : value;
}

const std::string& choice_at(const catalog::Fact& fact, double u) {
  double total = 0, reached = 0;
  for (const auto& [choice, probability] : fact.choices) total += probability;
  for (const auto& [choice, probability] : fact.choices) {
    reached += probability / total;
    if (u < reached) return choice;
  }
  return fact.choices.rbegin()->first;
}

std::vector<double> stratified(std::uint64_t seed, std::string_view name, int n) {
  Rng rng(seed, name);
  std::vector<int> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[rng.below(i)]);
  std::vector<double> draws;
  draws.reserve(order.size());
  for (int stratum : order) draws.push_back((stratum + rng.uniform()) / n);
  return draws;
}

double quantile_of(std::vector<double> values, double p) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const double at = p * static_cast<double>(values.size() - 1);
  const auto low = static_cast<std::size_t>(at);
  const std::size_t high = std::min(low + 1, values.size() - 1);
  return values[low] + (at - static_cast<double>(low)) * (values[high] - values[low]);
}

Interval interval_of(const std::vector<double>& values) {
  return {quantile_of(values, 0.05), quantile_of(values, 0.5), quantile_of(values, 0.95)};
}

}  // namespace etalon::study
