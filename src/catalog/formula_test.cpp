// SPDX-License-Identifier: Apache-2.0
#include "catalog/formula.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

namespace etalon::catalog {
namespace {

const std::map<std::string, FormulaValue, std::less<>> kNumbers = {
    {"cube.count", {{20, 24, 24}, {}}},
    {"cube.fp16", {Interval::exact(8192), {{0, 1, 0, 0, -1, 0, 0}}}},
    {"clock.max", {{1.5e9, 1.8e9, 1.85e9}, {{0, 0, -1, 0, 1, 0, 0}}}},
    {"around.zero", {{-1, 0.5, 1}, {}}},
    {"not.there", {{}, {}, true}}};
const std::map<std::string, std::string, std::less<>> kChoices = {{"core.architecture", "dav-c220"}};

Result<FormulaValue> evaluate(std::string_view formula) {
  return evaluate_formula(formula, {[](std::string_view path) {
                                      const auto it = kNumbers.find(path);
                                      return it == kNumbers.end() ? nullptr : &it->second;
                                    },
                                    [](std::string_view path) {
                                      const auto it = kChoices.find(path);
                                      return it == kChoices.end() ? nullptr : &it->second;
                                    }});
}

double value(std::string_view formula) {
  const auto v = evaluate(formula);
  EXPECT_TRUE(v) << formula << ": " << (v ? "" : v.error().text());
  return v ? v->si.value : NAN;
}

TEST(Formula, operators_bind_as_in_arithmetic) {
  EXPECT_EQ(value("1 + 2 * 3"), 7);
  EXPECT_EQ(value("(1 + 2) * 3"), 9);
  EXPECT_EQ(value("2 * 3 ^ 2"), 18);
  EXPECT_EQ(value("8 / 4 / 2"), 1);
  EXPECT_EQ(value("-2 + 5 - 1"), 2);
  EXPECT_EQ(value("min(3, 2, 4) + max(1, 2)"), 4);
  EXPECT_EQ(value("1e3 * 2"), 2000);
}

TEST(Formula, ranges_and_dimensions_travel_with_the_value) {
  const auto v = evaluate("cube.count * cube.fp16 * clock.max");
  ASSERT_TRUE(v);
  EXPECT_DOUBLE_EQ(v->si.low, 20 * 8192 * 1.5e9);
  EXPECT_DOUBLE_EQ(v->si.value, 24 * 8192 * 1.8e9);
  EXPECT_DOUBLE_EQ(v->si.high, 24 * 8192 * 1.85e9);
  EXPECT_EQ(v->dimension, dimension_of(static_cast<FlopsPerSecond*>(nullptr)));
}

TEST(Formula, a_condition_follows_the_choice_and_none_makes_the_fact_absent) {
  EXPECT_EQ(value(R"(when(core.architecture == "dav-c220", 1, 2))"), 1);
  const auto absent = evaluate(R"(2 * when(core.architecture == "dav-3510", 1, none))");
  ASSERT_TRUE(absent);
  EXPECT_TRUE(absent->is_absent);
  EXPECT_TRUE(evaluate("1 + not.there")->is_absent);
}

TEST(Formula, quoted_texts_are_measures) {
  const auto v = evaluate(R"("2 KiB" + "1 B")");
  ASSERT_TRUE(v);
  EXPECT_EQ(v->si.value, 2049);
}

TEST(Formula, faults_have_their_code) {
  const std::pair<const char*, const char*> cases[] = {{"", "formula.syntax"},
                                                       {"1 +", "formula.syntax"},
                                                       {"(1", "formula.syntax"},
                                                       {"1 2", "formula.syntax"},
                                                       {"sqrt(2)", "formula.syntax"},
                                                       {"2 ^ 9", "formula.syntax"},
                                                       {"\"3 KiB", "formula.syntax"},
                                                       {"when(core.architecture, 1, 2)", "formula.syntax"},
                                                       {"nope * 2", "formula.unknown-fact"},
                                                       {"when(nope == \"x\", 1, 2)", "formula.unknown-fact"},
                                                       {"cube.count + clock.max", "formula.dimension"},
                                                       {"min(cube.count, clock.max)", "formula.dimension"},
                                                       {"1 / around.zero", "formula.range"},
                                                       {"1e308 * 1e308", "formula.range"}};
  for (const auto& [formula, code] : cases) {
    const auto v = evaluate(formula);
    ASSERT_FALSE(v) << formula;
    EXPECT_EQ(v.error().code, code) << formula;
  }
}

TEST(Formula, deep_nesting_is_an_error_and_not_a_crash) {
  const auto v = evaluate(std::string(100000, '('));
  ASSERT_FALSE(v);
  EXPECT_EQ(v.error().code, "formula.syntax");
  EXPECT_FALSE(evaluate(std::string(100000, '-') + "1"));
}

TEST(Formula, the_facts_it_names_are_found_without_evaluating_it) {
  EXPECT_EQ(
      facts_in_formula(R"(when(core.architecture == "dav-3510", 2e3 * cube.fp16, none) + min(a.b, "1 KiB"))"),
      (std::set<std::string>{"core.architecture", "cube.fp16", "a.b"}));
}

RC_GTEST_PROP(Formula, no_text_makes_it_crash, (const std::string& text)) {
  const auto v = evaluate(text);
  RC_ASSERT(!v || v->is_absent || std::isfinite(v->si.value));
}

RC_GTEST_PROP(Formula, the_value_lies_within_its_own_range, ()) {
  const auto a = *rc::gen::inRange(-50, 50), b = *rc::gen::inRange(1, 50);
  const auto v =
      evaluate(std::to_string(a) + " * cube.count - " + std::to_string(b) + " * around.zero / cube.count");
  RC_ASSERT(v.has_value());
  RC_ASSERT(v->si.low <= v->si.value && v->si.value <= v->si.high);
}

}  // namespace
}  // namespace etalon::catalog
