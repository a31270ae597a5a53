// SPDX-License-Identifier: Apache-2.0
#include "catalog/fact.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

namespace etalon::catalog {
namespace {

Dimension dimension(int byte, int flop, int second, int joule, int cycle, int area = 0, int dollar = 0) {
  return {{static_cast<std::int8_t>(byte), static_cast<std::int8_t>(flop), static_cast<std::int8_t>(second),
           static_cast<std::int8_t>(joule), static_cast<std::int8_t>(cycle), static_cast<std::int8_t>(area),
           static_cast<std::int8_t>(dollar)}};
}

void expect_measure(std::string_view text, double si, Dimension d) {
  const auto m = parse_measure(text);
  ASSERT_TRUE(m) << text << ": " << m.error().text();
  EXPECT_DOUBLE_EQ(m->si, si) << text;
  EXPECT_EQ(m->dimension, d) << text;
}

TEST(Measure, units_of_the_field_have_their_si_value_and_dimension) {
  expect_measure("24", 24, {});
  expect_measure("1.6 TB/s", 1.6e12, dimension(1, 0, -1, 0, 0));
  expect_measure("64 GiB", 64 * 0x1p30, dimension(1, 0, 0, 0, 0));
  expect_measure("400 Gbit/s", 50e9, dimension(1, 0, -1, 0, 0));
  expect_measure("1.85 GHz", 1.85e9, dimension(0, 0, -1, 0, 1));
  expect_measure("989.4 TFLOP/s", 989.4e12, dimension(0, 1, -1, 0, 0));
  expect_measure("8192 FLOP/cycle", 8192, dimension(0, 1, 0, 0, -1));
  expect_measure("256 B/cycle", 256, dimension(1, 0, 0, 0, -1));
  expect_measure("0.72 pJ/FLOP", 0.72e-12, dimension(0, -1, 0, 1, 0));
  expect_measure("45 pJ/B", 45e-12, dimension(-1, 0, 0, 1, 0));
  expect_measure("2.5 us", 2.5e-6, dimension(0, 0, 1, 0, 0));
  expect_measure("60 cycles", 60, dimension(0, 0, 0, 0, 1));
  expect_measure("700 W", 700, dimension(0, 0, -1, 1, 0));
  expect_measure("1 kWh", 3.6e6, dimension(0, 0, 0, 1, 0));
  expect_measure("814 mm^2", 814e-6, dimension(0, 0, 0, 0, 0, 1));
  expect_measure("3 GB/s/mm^2", 3e15, dimension(1, 0, -1, 0, 0, -1));
  expect_measure("30000 USD", 30000, dimension(0, 0, 0, 0, 0, 0, 1));
  expect_measure("12 %", 0.12, {});
  expect_measure("-1e-3 ms", -1e-6, dimension(0, 0, 1, 0, 0));
}

TEST(Measure, a_clock_times_a_rate_per_cycle_is_a_rate) {
  const auto clock = parse_measure("1.83 GHz"), rate = parse_measure("4096 FLOP/cycle");
  const FlopsPerSecond product = Hertz{clock->si} * FlopsPerCycle{rate->si};
  EXPECT_DOUBLE_EQ(product.value, 1.83e9 * 4096);
}

TEST(Measure, what_is_no_measure_is_refused_with_its_reason) {
  for (const char* text : {"", "fast", "nan GB", "inf GB", "GB 5"}) {
    const auto m = parse_measure(text);
    ASSERT_FALSE(m) << text;
    EXPECT_EQ(m.error().code, "unit.no-number") << text;
  }
  for (const char* text :
       {"5 parsecs", "5 GB/", "5 /s", "5 B^9", "5 B^x", "5 mm", "5 s/m", "1e300 TB*TB", "5 GB GB"}) {
    const auto m = parse_measure(text);
    ASSERT_FALSE(m) << text;
    EXPECT_EQ(m.error().code, "unit.unknown") << text;
  }
}

RC_GTEST_PROP(Measure, a_written_measure_reads_back_as_written, ()) {
  struct Unit {
    const char* text;
    double scale;
    Dimension d;
  };
  const auto unit = *rc::gen::element(
      Unit{"B", 1, dimension(1, 0, 0, 0, 0)}, Unit{"GiB", 0x1p30, dimension(1, 0, 0, 0, 0)},
      Unit{"TB/s", 1e12, dimension(1, 0, -1, 0, 0)}, Unit{"pJ/FLOP", 1e-12, dimension(0, -1, 0, 1, 0)},
      Unit{"mm^2", 1e-6, dimension(0, 0, 0, 0, 0, 1)}, Unit{"us", 1e-6, dimension(0, 0, 1, 0, 0)});
  const double number = *rc::gen::map(rc::gen::inRange<std::int64_t>(-1'000'000'000, 1'000'000'000),
                                      [](std::int64_t n) { return static_cast<double>(n) / 1024; });
  const auto m = parse_measure(fmt::format("{} {}", number, unit.text));
  RC_ASSERT(m.has_value());
  RC_ASSERT(m->dimension == unit.d);
  RC_ASSERT(std::abs(m->si - number * unit.scale) <= 1e-15 * std::abs(m->si));
  // And back: the SI value printed in the unit gives the number again.
  const auto again = parse_measure(fmt::format("{} {}", m->si / unit.scale, unit.text));
  RC_ASSERT(again.has_value());
  RC_ASSERT(std::abs(again->si - m->si) <= 1e-15 * std::abs(m->si));
}

RC_GTEST_PROP(Measure, no_text_makes_it_crash, (const std::string& text)) {
  const auto m = parse_measure(text);
  RC_ASSERT(!m || std::isfinite(m->si));
}

}  // namespace
}  // namespace etalon::catalog
