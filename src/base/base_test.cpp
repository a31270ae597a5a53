// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/document.h"
#include "base/result.h"
#include "base/rng.h"
#include "base/text.h"
#include "base/units.h"

namespace etalon {
namespace {

TEST(Units, DimensionsCancelAsPhysicsSays) {
  const Seconds t = Bytes{3.35e12} / BytesPerSecond{3.35e12};
  EXPECT_DOUBLE_EQ(t.value, 1.0);
  const double ratio = Bytes{10} / Bytes{4};
  EXPECT_DOUBLE_EQ(ratio, 2.5);
  const Seconds one = Cycles{1.85e9} / Hertz{1.85e9};
  EXPECT_DOUBLE_EQ(one.value, 1.0);
}
TEST(Units, DurationsRoundUp) {
  EXPECT_EQ(ceil_picoseconds(Seconds{1e-12}), 1);
  EXPECT_EQ(ceil_picoseconds(Seconds{1.5e-12}), 2);
  EXPECT_EQ(ceil_picoseconds(Seconds{0}), 0);
}
TEST(Text, NearestOffersTheTypo) {
  const auto near = nearest("h10-sxm", {"h100-sxm", "a100-80g-sxm", "b200"});
  ASSERT_FALSE(near.empty());
  EXPECT_EQ(near[0], "h100-sxm");
}
TEST(Text, SignificantKeepsDigits) {
  EXPECT_EQ(significant(1234.56), "1235");
  EXPECT_EQ(significant(0.0123456), "0.01235");
  EXPECT_EQ(significant(0), "0");
}
TEST(Rng, StreamsAreIndependentOfEachOther) {
  Rng a(1, "x"), b(1, "y"), a2(1, "x");
  EXPECT_EQ(a.bits(), a2.bits());
  EXPECT_NE(a.bits(), b.bits());
  double sum = 0;
  for (int i = 0; i < 10000; ++i) sum += a.uniform();
  EXPECT_NEAR(sum / 10000, 0.5, 0.02);
}
Result<int> twice(Result<int> x) {
  TRY(value, x);
  return 2 * value;
}
TEST(Result, TryPassesTheErrorOn) {
  EXPECT_EQ(*twice(21), 42);
  const auto r = twice(fail("test.code", "broken", "mend it"));
  ASSERT_FALSE(r);
  EXPECT_NE(r.error().text().find("broken"), std::string::npos);
}

}  // namespace
}  // namespace etalon
