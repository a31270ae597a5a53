// SPDX-License-Identifier: Apache-2.0
#pragma once

// Draws from uncertain facts. `low` and `high` are hard bounds: a triangle with its mode at `value`; uniform
// for rumour and guess, where the nominal says little. Categorical facts by their probabilities.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/fact.h"

namespace etalon::study {

// Inverse distributions; u in [0, 1).
double triangle(const Interval& bounds, double u);
double uniform(const Interval& bounds, double u);
double value_at(const catalog::Fact& fact, double u);               // numeric facts, SI
const std::string& choice_at(const catalog::Fact& fact, double u);  // categorical facts

// One variable of a Latin hypercube of n samples: one draw in each of n equal strata, in random order.
// Depends on seed and name alone, so that adding a variable leaves the others' draws as they are.
std::vector<double> stratified(std::uint64_t seed, std::string_view name, int n);

// Quantile by linear interpolation; sorts a copy.
double quantile_of(std::vector<double> values, double p);
// 5%, 50% and 95%.
Interval interval_of(const std::vector<double>& values);

}  // namespace etalon::study
