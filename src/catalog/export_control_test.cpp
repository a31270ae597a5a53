// SPDX-License-Identifier: Apache-2.0
#include "catalog/export_control.h"

#include <gtest/gtest.h>

#include "catalog/catalog.h"

namespace etalon::catalog {
namespace {

void expect_metrics(const char* name, double tpp, double density, ExportClass wanted) {
  const auto chip = find_chip(name);
  ASSERT_TRUE(chip) << chip.error().text();
  const ExportControl e = export_control(*chip);
  EXPECT_NEAR(e.tpp.value, tpp, 0.002 * tpp) << name;
  EXPECT_NEAR(e.density.value, density, 0.01 * density) << name;
  EXPECT_EQ(e.nominal, wanted) << name;
}

TEST(ExportControl, known_chips_have_their_published_metrics) {
  expect_metrics("a100-80g-sxm", 4992, 6.04, ExportClass::a);
  expect_metrics("h100-sxm", 15832, 19.4, ExportClass::a);
  expect_metrics("h20", 2368, 2.91, ExportClass::none);
  expect_metrics("b200", 36000, 22.5, ExportClass::a);
  expect_metrics("ascend-910b2", 6016, 9.05, ExportClass::a);
  expect_metrics("ascend-910b4", 4480, 6.74, ExportClass::a);  // by density
  expect_metrics("ascend-910c", 12032, 9.05, ExportClass::a);
}

TEST(ExportControl, classes_follow_the_thresholds_of_the_rule) {
  EXPECT_EQ(classify(4800, 0), ExportClass::a);
  EXPECT_EQ(classify(4799, 1.59), ExportClass::none);
  EXPECT_EQ(classify(4799, 1.6), ExportClass::b);
  EXPECT_EQ(classify(1600, 5.92), ExportClass::a);
  EXPECT_EQ(classify(1600, 5.91), ExportClass::b);
  EXPECT_EQ(classify(1600, 3.19), ExportClass::none);
  EXPECT_EQ(classify(2400, 1.6), ExportClass::b);
  EXPECT_EQ(classify(2399, 3.2), ExportClass::b);
  EXPECT_EQ(classify(1599, 100), ExportClass::none);
}

TEST(ExportControl, a_package_without_advertised_rates_has_no_metrics) {
  EXPECT_FALSE(export_control(Chip{}).is_known);
}

}  // namespace
}  // namespace etalon::catalog
