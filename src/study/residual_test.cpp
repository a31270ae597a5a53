// SPDX-License-Identifier: Apache-2.0
#include "study/residual.h"

#include <gtest/gtest.h>

#include <cmath>

namespace etalon::study {
namespace {

std::vector<ResidualModel::Sample> spread(const std::string& mechanism, double us, int n, double width) {
  std::vector<ResidualModel::Sample> samples;
  for (int i = 0; i < n; ++i) {
    samples.push_back({mechanism, us * kMicrosecond, width * (2.0 * i / (n - 1) - 1)});
  }
  return samples;
}

TEST(Residuals, TheIntervalHoldsNineTenthsOfTheSamples) {
  const auto samples = spread("gemm.compute", 50, 401, 0.2);
  const Interval f = ResidualModel::from(samples).factors("gemm.compute", 50 * kMicrosecond);
  int inside = 0;
  for (const auto& s : samples) inside += f.holds(std::exp(s.log_ratio));
  EXPECT_NEAR(inside / 401.0, 0.93, 0.04);
}

TEST(Residuals, FewRowsFallBackToTheMechanismThenTheFamilyThenAll) {
  auto samples = spread("gemm.compute", 50, 40, 0.1);
  const auto more = spread("gemm.memory", 5, 3, 0.4);
  samples.insert(samples.end(), more.begin(), more.end());
  const ResidualModel model = ResidualModel::from(samples);
  EXPECT_EQ(model.of("gemm.compute", 50 * kMicrosecond).rows, 40);
  EXPECT_EQ(model.of("gemm.compute", 5e3 * kMicrosecond).rows, 40) << "band without rows";
  EXPECT_EQ(model.of("gemm.memory", 5 * kMicrosecond).rows, 43) << "three rows of its own";
  EXPECT_EQ(model.of("attention.decode", 5 * kMicrosecond).rows, 43);
}

TEST(Residuals, TheFileSaysWhatTheModelHolds) {
  const ResidualModel model = ResidualModel::from(spread("a.b", 50, 40, 0.1));
  auto read = ResidualModel::parse(model.text(), "r.csv");
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->text(), model.text());
}

TEST(Residuals, TheInverseDistributionMeetsItsQuantilesAndRises) {
  const Residuals r{100, -0.2, -0.05, 0.01, 0.06, 0.3};
  EXPECT_NEAR(r.at(0.05), -0.2, 1e-12);
  EXPECT_NEAR(r.at(0.5), 0.01, 1e-12);
  EXPECT_NEAR(r.at(0.95), 0.3, 1e-12);
  for (double u = 0.01; u < 0.99; u += 0.01) EXPECT_LE(r.at(u), r.at(u + 0.01));
}

TEST(Residuals, AnAbsentFileIsAnEmptyModelAndABrokenOneAnError) {
  auto none = ResidualModel::load("/nonexistent/residuals.csv");
  ASSERT_TRUE(none.has_value());
  EXPECT_TRUE(none->is_empty());
  EXPECT_EQ(none->factors("gemm.compute", kMicrosecond), Interval::exact(1));
  EXPECT_EQ(ResidualModel::parse("a.b,0,5,0.2,0.1,0,0,0\n", "f").error().code, "residuals.syntax");
  EXPECT_EQ(ResidualModel::parse("a.b,0,5,x\n", "f").error().code, "residuals.syntax");
}

}  // namespace
}  // namespace etalon::study
