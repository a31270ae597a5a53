// SPDX-License-Identifier: Apache-2.0
#include "study/compare.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>

#include "study/sampling.h"

namespace etalon::study {
namespace {

catalog::Fact fact(const std::string& path, double low, double value, double high, catalog::Basis basis) {
  catalog::Fact f;
  f.path = path;
  f.si = {low, value, high};
  f.basis = basis;
  f.unit = "1";
  f.source = "test";
  return f;
}

Machine machine(const std::string& name, double low, double value, double high) {
  Machine m;
  m.chip.name = name;
  EXPECT_TRUE(m.chip.insert(fact("speed", low, value, high, catalog::Basis::vendor)));
  EXPECT_TRUE(m.chip.insert(fact("colour", 1, 2, 3, catalog::Basis::guess)));
  return m;
}

// A job of 100 units of work; `colour` does not matter.
Result<Outcome> job(const Machine& m) {
  Outcome o;
  o.step = Seconds{100 / m.chip.get<double>("speed")};
  o.energy = Joules{50};
  o.memory = Bytes{1e9};
  o.peak = FlopsPerSecond{1e3};
  o.model_flops = Flops{1e2};
  o.tokens = 1000;
  o.by_operation["work"] = o.step;
  o.by_limit["matrix"] = o.step;
  o.by_mechanism["gemm.compute"] = o.step;
  return o;
}

Side side(const Machine& m) { return {m.chip.name, m, job, job}; }

TEST(Compare, TheIntervalIsThatOfTheTriangle) {
  auto c = compare({side(machine("a", 8, 10, 16))}, {});
  ASSERT_TRUE(c.has_value());
  const Interval step = c->sides[0].metrics[0].value;
  const Interval b{8, 10, 16};
  EXPECT_NEAR(step.low, 100 / triangle(b, 0.95), 0.02);
  EXPECT_NEAR(step.value, 100 / triangle(b, 0.5), 0.02);
  EXPECT_NEAR(step.high, 100 / triangle(b, 0.05), 0.02);
  EXPECT_LT(c->sides[0].surface_error, 1e-9);
}

TEST(Compare, AFactThatMovesNothingIsLeftOut) {
  auto c = compare({side(machine("a", 8, 10, 16))}, {});
  ASSERT_TRUE(c.has_value());
  EXPECT_EQ(c->sides[0].sensitivity.variables.size(), 1u);
  EXPECT_EQ(c->sides[0].sensitivity.still, 1);
}

TEST(Compare, TheProbabilityIsThatOfTwoIndependentTriangles) {
  // X uniform-like comparison with a known answer: a in 8..12 around 10 against exactly 11.
  auto c = compare({side(machine("a", 8, 10, 12)), side(machine("b", 11, 11, 11))}, {});
  ASSERT_TRUE(c.has_value());
  EXPECT_NEAR(c->pairs[0].probability, 0.125, 0.002);  // upper tail of a symmetric triangle: (1/2)^2 / 2
}

TEST(Compare, TheBreakEvenValueMakesBothSidesEqual) {
  auto c = compare({side(machine("a", 8, 10, 12)), side(machine("b", 11, 11, 11))}, {});
  ASSERT_TRUE(c.has_value());
  const BreakEven& b = c->pairs[0].break_even.at(0);
  ASSERT_TRUE(b.value.has_value());
  EXPECT_TRUE(b.is_inside);
  EXPECT_TRUE(b.more_helps_first);
  EXPECT_NEAR(*b.value, 11, 1e-6);
}

TEST(Compare, ABreakEvenValueBeyondTheRangeIsCarriedOnAndSaidToBe) {
  auto c = compare({side(machine("a", 8, 10, 12)), side(machine("b", 24, 24, 24))}, {});
  ASSERT_TRUE(c.has_value());
  const BreakEven& b = c->pairs[0].break_even.at(0);
  ASSERT_TRUE(b.value.has_value());
  EXPECT_FALSE(b.is_inside);
  EXPECT_NEAR(*b.value, 24, 1e-3);
}

TEST(Compare, TheTornadoOrdersFactsByTheirSpan) {
  auto c = compare({side(machine("a", 9, 10, 11)), side(machine("b", 5, 10, 20))}, {});
  ASSERT_TRUE(c.has_value());
  ASSERT_EQ(c->pairs[0].tornado.size(), 2u);
  EXPECT_EQ(c->pairs[0].tornado[0].side, "b");
  EXPECT_NEAR(c->pairs[0].tornado[0].span(), 4, 1e-9);
}

TEST(Compare, AnErrorThatBothSidesShareCancelsInTheirRatio) {
  CompareOptions options;
  std::vector<ResidualModel::Sample> samples;
  for (int i = 0; i < 200; ++i) samples.push_back({"gemm.compute", Seconds{1e-4}, 0.004 * (i - 100)});
  options.residuals = ResidualModel::from(samples);
  auto c = compare({side(machine("a", 10, 10, 10)), side(machine("b", 11, 11, 11))}, options);
  ASSERT_TRUE(c.has_value());
  const Interval step = c->sides[0].metrics[0].value;
  EXPECT_GT(step.high / step.low, 1.5) << "alone, the model's error shows";
  EXPECT_NEAR(c->pairs[0].speed.low, 10.0 / 11, 1e-9) << "in the ratio it cancels";
  EXPECT_NEAR(c->pairs[0].speed.high, 10.0 / 11, 1e-9);
}

TEST(Compare, WhatBothSidesTakeFromOnePlaceIsOneUnknown) {
  Machine a = machine("a", 8, 10, 12), b = machine("b", 8, 10, 12);
  for (Machine* m : {&a, &b}) {
    catalog::Fact shared = m->chip.facts().at("speed");
    shared.file = "data/chips/base.toml";
    ASSERT_TRUE(m->chip.insert(shared));
  }
  auto c = compare({side(a), side(b)}, {});
  ASSERT_TRUE(c.has_value());
  EXPECT_EQ(c->sides[0].steps, c->sides[1].steps);
  EXPECT_EQ(c->pairs[0].tornado.size(), 1u);
  EXPECT_EQ(c->pairs[0].tornado[0].side, "both");
  EXPECT_NEAR(c->pairs[0].tornado[0].span(), 1, 1e-9);
}

TEST(Compare, ACategoricalFactIsSampledAndMovesTheResult) {
  Machine m = machine("a", 10, 10, 10);
  catalog::Fact core = fact("core.architecture", 0, 0, 0, catalog::Basis::guess);
  core.choices = {{"new", 0.5}, {"old", 0.5}};
  core.choice = "old";
  ASSERT_TRUE(m.chip.insert(core));
  const Evaluate run = [](const Machine& at) {
    auto o = job(at);
    if (at.chip.choice("core.architecture") == "new") o->step = o->step * 0.5;
    return o;
  };
  auto c = compare({Side{"a", m, run, run}}, {});
  ASSERT_TRUE(c.has_value());
  EXPECT_NEAR(c->sides[0].metrics[0].value.low, 5, 1e-9);
  EXPECT_NEAR(c->sides[0].metrics[0].value.high, 10, 1e-9);
}

TEST(Compare, FullRunsAreKeptForTheFactsThatMatterMost) {
  Machine m;
  m.chip.name = "a";
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(m.chip.insert(fact("f" + std::to_string(i), 1, 1.5, 2, catalog::Basis::guess)));
  }
  std::atomic<int> full_runs = 0;
  const Evaluate quick = [](const Machine& at) {
    Outcome o;
    o.tokens = 1;
    double t = 0;
    for (int i = 0; i < 10; ++i) t += (i + 1) * at.chip.get<double>("f" + std::to_string(i));
    o.step = Seconds{t};
    return Result<Outcome>(o);
  };
  const Evaluate full = [&](const Machine& at) {
    ++full_runs;
    return quick(at);
  };
  CompareOptions options;
  options.check_samples = 0;
  options.sensitivity.full_facts = 3;
  auto c = compare({Side{"a", m, quick, full}}, options);
  ASSERT_TRUE(c.has_value());
  EXPECT_EQ(full_runs, 1 + 3 * 2);
  EXPECT_EQ(c->sides[0].sensitivity.variables[0].name(), "f9");
  EXPECT_TRUE(c->sides[0].sensitivity.variables[2].is_full);
  EXPECT_FALSE(c->sides[0].sensitivity.variables[3].is_full);
}

TEST(Compare, TheSameSeedGivesTheSameAnswerWithAnyNumberOfThreads) {
  CompareOptions one, two;
  one.sensitivity.jobs = 1;
  two.sensitivity.jobs = 2;
  const std::vector<Side> sides = {side(machine("a", 8, 10, 16)), side(machine("b", 9, 11, 12))};
  auto a = compare(sides, one), b = compare(sides, two);
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->sides[0].steps, b->sides[0].steps);
  EXPECT_EQ(a->pairs[0].probability, b->pairs[0].probability);
}

TEST(Compare, NoChipAndFewSamplesAreErrors) {
  EXPECT_EQ(compare({}, {}).error().code, "study.sides");
  CompareOptions few;
  few.samples = 3;
  EXPECT_EQ(compare({side(machine("a", 8, 10, 16))}, few).error().code, "study.samples");
  std::atomic<bool> stop = true;
  CompareOptions stopped;
  stopped.sensitivity.cancelled = &stop;
  EXPECT_EQ(compare({side(machine("a", 8, 10, 16))}, stopped).error().code, "study.cancelled");
}

}  // namespace
}  // namespace etalon::study
