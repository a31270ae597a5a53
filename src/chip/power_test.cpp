// SPDX-License-Identifier: Apache-2.0
#include "chip/power.h"

#include <gtest/gtest.h>

namespace etalon::chip {
namespace {

PowerFacts facts() {
  PowerFacts p;
  p.budget = Watts{700};
  p.static_power = Watts{200};
  p.l2 = JoulesPerByte{10e-12};
  p.hbm = JoulesPerByte{45e-12};
  p.clock_max = Hertz{1.98e9};
  p.clock_min = Hertz{0.3e9};
  p.clock_reference = Hertz{1.755e9};
  p.headroom = 0.15;
  p.window = Seconds{0.05};
  return p;
}

// Work that takes `cycles` and burns `compute` at the reference clock.
auto time_of(double cycles) {
  return [cycles](Hertz f) { return Cycles{cycles} / f; };
}
constexpr double kSecondOfCycles = 1.755e9;

TEST(Power, LightWorkRunsAtTheHighestClock) {
  const Settled s = settle_clock(facts(), {Joules{100}, {}, {}}, time_of(kSecondOfCycles), 1, true);
  EXPECT_EQ(s.clock, facts().clock_max);
  EXPECT_FALSE(s.limited);
}

TEST(Power, HeavyWorkSettlesExactlyAtTheBudget) {
  const Activity heavy{Joules{800}, Bytes{1e12}, Bytes{1e12}};
  const Settled s = settle_clock(facts(), heavy, time_of(kSecondOfCycles), 1, true);
  EXPECT_TRUE(s.limited);
  EXPECT_NEAR(power_at(facts(), heavy, s.clock, s.time).value, 700, 0.5);
  EXPECT_NEAR(s.energy.value, 700 * s.time.value, 1);
}

TEST(Power, MoreEnergyPerOperationLowersTheClock) {
  const auto clock = [](double joules) {
    return settle_clock(facts(), {Joules{joules}, {}, {}}, time_of(kSecondOfCycles), 1, true).clock;
  };
  EXPECT_GT(clock(700), clock(800));
  EXPECT_GT(clock(800), clock(900));
}

TEST(Power, ShortBurstsRunFasterThanLongOnes) {
  const auto clock = [](double repeats) {
    return settle_clock(facts(), {Joules{0.8}, {}, {}}, time_of(kSecondOfCycles * 1e-3), repeats, false)
        .clock;
  };
  EXPECT_GT(clock(5), clock(50));
  EXPECT_GT(clock(50), clock(5000));
}

TEST(Power, NoClockFitsAnImpossibleBudgetAndTheLowestIsTaken) {
  PowerFacts p = facts();
  p.static_power = Watts{20000};
  const Settled s = settle_clock(p, {Joules{800}, {}, {}}, time_of(kSecondOfCycles), 1, true);
  EXPECT_NEAR(s.clock.value, p.clock_min.value, 1e3);
}

}  // namespace
}  // namespace etalon::chip
