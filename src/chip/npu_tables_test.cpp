// SPDX-License-Identifier: Apache-2.0
#include "chip/npu_tables.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "catalog/catalog.h"

namespace etalon::chip {
namespace {

catalog::Chip reference() {
  auto chip = catalog::find_chip("ascend-910b1");
  if (!chip) throw std::runtime_error(chip.error().text());
  return *std::move(chip);
}

// Bounds of the median: 10% where blocks and bursts of unknown order matter, else 5%.
double bound_of(const CoreTable& t) {
  return t.name.find("L0C_TO_GM") != std::string::npos || t.name.find("_TRANS") != std::string::npos ? 0.10
                                                                                                     : 0.05;
}

TEST(NpuTables, TheShippedPointsAreReproduced) {
  auto points = read_core_points(std::filesystem::path(ETALON_SOURCE_DIR) / "data/evidence/core.csv");
  ASSERT_TRUE(points) << points.error().text();
  std::vector<std::string> skipped;
  for (const auto& t : core_table_errors(reference(), *points, &skipped)) {
    fmt::print("{:45} {:4} points, median {:5.1f}%, p90 {:5.1f}%\n", t.name, t.rows, 100 * t.median,
               100 * t.p90);
    EXPECT_LE(t.median, bound_of(t)) << t.name;
  }
  EXPECT_TRUE(skipped.empty()) << skipped.front();
}

TEST(NpuTables, TheWholePublishedTablesAreReproducedWhereTheyAreAtHand) {
  const char* given = std::getenv("ETALON_CORE_TABLES");
  const std::filesystem::path file =
      given ? std::filesystem::path(given)
            : std::filesystem::path(ETALON_SOURCE_DIR) / "../shared/reference/ascend-core-measured.csv";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "no file of core tables: set ETALON_CORE_TABLES";
  auto points = read_core_points(file);
  ASSERT_TRUE(points) << points.error().text();
  // 910B3 repeats or contradicts 910B1 but for the isolated matrix instructions; 910_95 is one point each.
  std::erase_if(*points, [](const CorePoint& p) {
    return p.chip == "91095" || (p.chip == "910b3" && p.group != "mmad");
  });
  int within = 0, tables = 0;
  for (const auto& t : core_table_errors(reference(), *points)) {
    fmt::print("{:45} {:4} points, median {:5.1f}%, p90 {:5.1f}%{}\n", t.name, t.rows, 100 * t.median,
               100 * t.p90, t.median <= bound_of(t) ? "" : "  *");
    ++tables;
    within += t.median <= bound_of(t) ? 1 : 0;
    if (t.name.starts_with("move") || t.name.starts_with("mmad")) {
      EXPECT_LE(t.median, bound_of(t)) << t.name;
    }
  }
  EXPECT_GE(within, tables * 99 / 100) << "of " << tables;
}

TEST(NpuTables, AnOperationWithoutAModelIsAnErrorAndNotAZero) {
  CorePoint p;
  p.group = "move";
  p.op = "UB_TO_NOWHERE";
  const auto cycles = core_point_cycles(reference(), p);
  ASSERT_FALSE(cycles);
  EXPECT_EQ(cycles.error().code, "core.op");
}

TEST(NpuTables, AMissingFileOrColumnIsNamed) {
  EXPECT_EQ(read_core_points("/nowhere.csv").error().code, "core.file");
  EXPECT_EQ(read_core_points(std::filesystem::path(ETALON_SOURCE_DIR) / "LICENSE").error().code,
            "core.columns");
}

}  // namespace
}  // namespace etalon::chip
