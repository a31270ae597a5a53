// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "catalog/catalog.h"
#include "family.h"
#include "rewrite.h"
#include "solve.h"

namespace etalon::fit {
namespace {

// Rows x of a law a + b x, "measured" with a = 2 and b = 0.5; the closed form knows it with a wrong factor.
Vector law(const Vector& v, double factor) {
  Vector out;
  for (const double x : {0.1, 1.0, 3.0, 10.0, 40.0})
    out.push_back(std::log(factor * (v[0] + v[1] * x) / (2 + 0.5 * x)));
  return out;
}

TEST(Solve, FindsTheConstantsOfALawThroughAClosedFormThatIsTwentyPercentOff) {
  SolveOptions weak;
  weak.prior = 3;
  const Solution s = solve(
      {1.5, 0.7}, [](const Vector& v) { return law(v, 1); }, [](const Vector& v) { return law(v, 1.2); },
      weak);
  EXPECT_NEAR(s.constants[0], 2, 0.01);
  EXPECT_NEAR(s.constants[1], 0.5, 0.0025);
  EXPECT_LT(s.after, 0.01);
  EXPECT_GT(s.before, 0.1);
}

TEST(Solve, AConstantThatNoRowDependsOnStaysAtItsStart) {
  const Model flat = [](const Vector& v) { return Vector{std::log(v[0])}; };
  EXPECT_DOUBLE_EQ(solve({1.2, 7}, flat, flat).constants[1], 7);
}

TEST(Rewrite, ChangesOneNumberAndLeavesEveryOtherByte) {
  const std::string text =
      "x = 1\n[a]\nrate = { value = \"3.4 B/cycle\", low = 1 }\n[b]\nrate = { value = 0.25, basis = "
      "\"fitted\" }\n";
  EXPECT_EQ(*with_value(text, "a.rate", 5.678),
            "x = 1\n[a]\nrate = { value = \"5.68 B/cycle\", low = 1 }\n[b]\nrate = { value = 0.25, basis = "
            "\"fitted\" }\n");
  EXPECT_EQ(*with_value(text, "b.rate", 0.5),
            "x = 1\n[a]\nrate = { value = \"3.4 B/cycle\", low = 1 }\n[b]\nrate = { value = 0.5, basis = "
            "\"fitted\" }\n");
  EXPECT_EQ(with_value(text, "a.none", 1).error().code, "fit.no-such-fact");
}

TEST(Family, EveryConstantIsAFittedFactOfItsChipAndBelongsToOneStage) {
  std::set<std::string> seen;
  for (const Family& family : families()) {
    const auto chip = catalog::find_chip(family.chip);
    ASSERT_TRUE(chip) << family.chip;
    for (const Stage& stage : family.stages)
      for (const Constant& c : stage.constants) {
        const auto fact = chip->facts().find(c.path);
        ASSERT_NE(fact, chip->facts().end()) << family.name << " " << c.path;
        EXPECT_EQ(fact->second.basis, catalog::Basis::fitted) << family.name << " " << c.path;
        EXPECT_TRUE(seen.insert(family.chip + " " + c.path).second) << "fitted twice: " << c.path;
      }
  }
}

TEST(Family, RowsAreChosenByGroupAndByTheHashOfTheirId) {
  evidence::Row row;
  row.kind = evidence::Kind::gemm;
  row.chip = "c";
  row.dtype = "bf16";
  row.source = "lab/x@1";
  row.measured = 5;
  row.shape = llm::Operation{llm::Matmul{}};
  const auto chosen = [&](Rows rows) {
    int count = 0;
    for (int i = 0; i < 1000; ++i) {
      row.id = "row-" + std::to_string(i);
      count += is_for(Stage{{rows}, {}}, "c", row);
    }
    return count;
  };
  EXPECT_EQ(chosen({evidence::Kind::gemm, "", "", "", 1}), 1000);
  EXPECT_NEAR(chosen({evidence::Kind::gemm, "bf16", "", "lab/", 4}), 250, 60);
  EXPECT_EQ(chosen({evidence::Kind::gemm, "fp8", "", "", 1}), 0);
  EXPECT_EQ(chosen({evidence::Kind::mla, "", "", "", 1}), 0);
  EXPECT_EQ(chosen({evidence::Kind::gemm, "", "", "shop/", 1}), 0);
  EXPECT_EQ(chosen({evidence::Kind::gemm, "", "forward", "", 1}), 0);
  EXPECT_EQ(chosen({evidence::Kind::gemm, "", "", "", 1, 6}), 0);
}

}  // namespace
}  // namespace etalon::fit
