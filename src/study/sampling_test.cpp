// SPDX-License-Identifier: Apache-2.0
#include "study/sampling.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace etalon::study {
namespace {

double mean(const std::vector<double>& v) {
  return std::accumulate(v.begin(), v.end(), 0.0) / static_cast<double>(v.size());
}

TEST(Sampling, ATriangleHasItsMeanAndStaysInItsBounds) {
  const Interval b{1, 2, 6};
  std::vector<double> values;
  for (double u : stratified(1, "x", 4000)) values.push_back(triangle(b, u));
  EXPECT_NEAR(mean(values), (1 + 2 + 6) / 3.0, 0.01);
  EXPECT_GE(*std::min_element(values.begin(), values.end()), 1);
  EXPECT_LE(*std::max_element(values.begin(), values.end()), 6);
}

TEST(Sampling, ATriangleWithItsModeAtAnEndIsStillATriangle) {
  EXPECT_NEAR(triangle({0, 0, 1}, 0.75), 0.5, 1e-12);
  EXPECT_NEAR(triangle({0, 1, 1}, 0.25), 0.5, 1e-12);
  EXPECT_EQ(triangle({3, 3, 3}, 0.7), 3);
}

TEST(Sampling, RumourAndGuessAreUniformOtherBasesATriangle) {
  catalog::Fact fact;
  fact.si = {0, 0, 1};
  fact.basis = catalog::Basis::rumour;
  EXPECT_NEAR(value_at(fact, 0.75), 0.75, 1e-12);
  fact.basis = catalog::Basis::vendor;
  EXPECT_NEAR(value_at(fact, 0.75), 0.5, 1e-12);
}

TEST(Sampling, ChoicesComeByTheirProbability) {
  catalog::Fact fact;
  fact.choices = {{"a", 0.25}, {"b", 0.75}};
  int a = 0;
  for (double u : stratified(3, "c", 1000)) a += choice_at(fact, u) == "a";
  EXPECT_NEAR(a / 1000.0, 0.25, 0.002);
}

TEST(Sampling, EachStratumOfTheHypercubeIsHitOnce) {
  std::vector<double> draws = stratified(5, "y", 100);
  std::sort(draws.begin(), draws.end());
  for (int i = 0; i < 100; ++i) {
    EXPECT_GE(draws[static_cast<std::size_t>(i)], i / 100.0);
    EXPECT_LT(draws[static_cast<std::size_t>(i)], (i + 1) / 100.0);
  }
}

TEST(Sampling, SeedAndNameDecideTheDraws) {
  EXPECT_EQ(stratified(5, "y", 50), stratified(5, "y", 50));
  EXPECT_NE(stratified(5, "y", 50), stratified(6, "y", 50));
  EXPECT_NE(stratified(5, "y", 50), stratified(5, "z", 50));
}

}  // namespace
}  // namespace etalon::study
