// SPDX-License-Identifier: Apache-2.0
#include "study/surface.h"

#include <gtest/gtest.h>

#include <cmath>

namespace etalon::study {
namespace {

TEST(Surface, APowerLawIsReproducedBetweenItsPoints) {
  const auto f = [](double x, double y) { return 7 * std::pow(x, -0.5) * std::pow(y, 2); };
  Surface s({f(4, 3)});
  s.add({{1, {f(1, 3)}}, {9, {f(9, 3)}}}, 4);
  s.add({{2, {f(4, 2)}}, {5, {f(4, 5)}}}, 3);
  for (double x : {1.0, 2.5, 4.0, 8.0}) {
    for (double y : {2.0, 3.0, 4.4}) EXPECT_NEAR(s.at({x, y})[0], f(x, y), 1e-9 * f(x, y));
  }
}

TEST(Surface, EveryPointGivenIsMet) {
  Surface s({10, 1});
  s.add({{1, {20, 1}}, {3, {5, 2}}}, 2);
  EXPECT_NEAR(s.at({1})[0], 20, 1e-12);
  EXPECT_NEAR(s.at({2})[0], 10, 1e-12);
  EXPECT_NEAR(s.at({3})[1], 2, 1e-12);
  EXPECT_NEAR(s.at({99})[0], 5, 1e-12) << "clamped beyond the points";
}

TEST(Surface, AnOutputThatVanishesIsAddedUp) {
  Surface s({10});
  s.add({{1, {20}}, {3, {5}}}, 2);
  s.add({{1, {0}}, {3, {12}}}, 2);
  EXPECT_NEAR(s.at({1, 2})[0], 20, 1e-9);
  EXPECT_NEAR(s.at({2, 1})[0], 0, 1e-9);
  EXPECT_NEAR(s.at({1, 3})[0], 22, 1e-9);
}

TEST(Surface, ChoicesAreTakenByIndex) {
  Surface s({10});
  s.add_choices({{10}, {4}});
  EXPECT_NEAR(s.at({0})[0], 10, 1e-12);
  EXPECT_NEAR(s.at({1})[0], 4, 1e-12);
}

}  // namespace
}  // namespace etalon::study
