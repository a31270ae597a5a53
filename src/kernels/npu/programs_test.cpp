// SPDX-License-Identifier: Apache-2.0
#include "kernels/npu/programs.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <vector>

#include "catalog/catalog.h"

namespace etalon::kernels {
namespace {

catalog::Chip chip_named(const std::string& name) {
  auto chip = catalog::find_chip(name);
  if (!chip) throw std::runtime_error(chip.error().text());
  return *std::move(chip);
}

struct Row {
  std::string id, chip, program, params, metric;
  double value = 0;
};

std::vector<Row> shipped_rows() {
  std::ifstream in(std::string(ETALON_SOURCE_DIR) + "/data/evidence/program.csv");
  std::vector<Row> out;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#' || line.starts_with("id,")) continue;
    std::istringstream fields(line);
    Row r;
    std::string value;
    std::getline(fields, r.id, ',');
    std::getline(fields, r.chip, ',');
    std::getline(fields, r.program, ',');
    std::getline(fields, r.params, ',');
    std::getline(fields, r.metric, ',');
    std::getline(fields, value, ',');
    r.value = std::stod(value);
    out.push_back(r);
  }
  return out;
}

double error_of(const catalog::Chip& chip, const Row& r) {
  const auto params = parse_program_params(r.params);
  if (!params) throw std::runtime_error(params.error().text());
  const auto got = program_metric(chip, r.program, *params, r.metric);
  if (!got) throw std::runtime_error(r.id + ": " + got.error().text());
  return *got / r.value - 1;
}

bool is_step(const Row& r) { return r.id.starts_with("asc-mm8192-a2-c"); }

TEST(NpuPrograms, EachTuningStepOfTheMatmulTakesThePublishedTimeWithinTwelvePercent) {
  const auto chip = chip_named("ascend-910b1");
  double sum = 0, last = 0;
  int steps = 0;
  for (const Row& r : shipped_rows()) {
    if (!is_step(r)) continue;
    const double e = error_of(chip, r);
    fmt::print("{:32} {:12} measured {:10.1f} us, error {:+5.1f}%\n", r.id, r.metric, r.value, 100 * e);
    if (r.metric != "task_us") {
      EXPECT_LE(std::abs(e), 0.08) << r.id;
      continue;
    }
    EXPECT_LE(std::abs(e), 0.12) << r.id;
    sum += std::abs(e);
    ++steps;
    if (r.id.ends_with("c8")) last = e;
  }
  ASSERT_GE(steps, 5);
  EXPECT_LE(sum / steps, 0.05);
  EXPECT_LE(std::abs(last), 0.03);
}

TEST(NpuPrograms, ReadsAndElementWiseStepsTakeThePublishedTimes) {
  const auto chip = chip_named("ascend-910b1");
  std::vector<double> errors;
  for (const Row& r : shipped_rows()) {
    if (is_step(r) || r.program == "matmul" || r.metric != "task_us") continue;
    errors.push_back(std::abs(error_of(chip, r)));
    fmt::print("{:32} measured {:10.1f} us, error {:5.1f}%\n", r.id, r.value, 100 * errors.back());
  }
  ASSERT_GE(errors.size(), 5u);
  std::sort(errors.begin(), errors.end());
  EXPECT_LE(errors[errors.size() / 2], 0.04);
  EXPECT_LE(errors[errors.size() * 9 / 10], 0.12);
}

// Each mechanism switched off through its fact, and the steps that then go wrong.
TEST(NpuPrograms, SwitchingAMechanismOffMakesTheRowsItExplainsWorse) {
  const auto whole = chip_named("ascend-910b1");
  struct Case {
    const char* name;
    const char* fact;
    double off;
    std::vector<std::string> rows;  // whose mean error must grow
  };
  const double far = 1e15;
  const std::vector<Case> cases = {
      {"L2 in two partitions", "l2.partitions", 1, {"c1", "c2", "c3"}},
      {"miss latency", "transfer.miss_latency", 0, {"c1", "c2", "c3"}},
      {"row requests", "transfer.gm_l1_row", 0, {"c5", "c6", "c7", "c8"}},
      {"shared L2 rate", "l2.bandwidth", far, {"c4", "c6", "c7", "c8"}},
      {"lines touched by unaligned rows", "transfer.unaligned", 0, {"c2"}},
      {"latency of a transfer", "transfer.gm_l1_latency", 0, {"c1", "c3", "c4", "c8"}},
      {"flag latency", "sync.flag", 0, {"c1", "c2", "c3"}},
      {"scalar work before a transfer", "scalar.transfer", 0, {"c4", "c6"}}};
  const auto steps = shipped_rows();
  const auto mean_error = [&](const catalog::Chip& chip, const std::vector<std::string>& names) {
    double sum = 0;
    int n = 0;
    for (const Row& r : steps) {
      const auto known = [&](const std::string& c) { return r.id == "asc-mm8192-a2-" + c; };
      if (r.metric != "task_us" || std::none_of(names.begin(), names.end(), known)) continue;
      sum += std::abs(error_of(chip, r));
      ++n;
    }
    return n > 0 ? sum / n : -1;
  };
  for (const Case& c : cases) {
    catalog::Chip off = whole;
    static_cast<catalog::FactSheet&>(off) = whole.with(c.fact, c.off);
    const double before = mean_error(whole, c.rows), after = mean_error(off, c.rows);
    if (before < 0) continue;
    fmt::print("without {:34} mean error {:5.1f}% -> {:5.1f}%\n", c.name, 100 * before, 100 * after);
    EXPECT_GT(after, before) << c.name;
  }
}

TEST(NpuPrograms, ABadParameterOrMetricIsOneClearError) {
  const auto chip = chip_named("ascend-910b1");
  EXPECT_EQ(parse_program_params("m").error().code, "program.parameter");
  const auto params = *parse_program_params("m=0;n=8;k=8");
  EXPECT_EQ(program_metric(chip, "matmul", params, "task_us").error().code, "program.parameter");
  EXPECT_EQ(program_metric(chip, "sort", {}, "task_us").error().code, "program.unknown");
  const auto good = *parse_program_params("m=256;n=256;k=256;cores=1");
  EXPECT_EQ(program_metric(chip, "matmul", good, "joy").error().code, "program.metric");
  EXPECT_EQ(program_metric(chip_named("h100-sxm"), "matmul", good, "task_us").error().code, "program.chip");
}

TEST(NpuPrograms, TheLargerBinFollowsFromTheFactsOfTheReferenceChip) {
  const auto params =
      *parse_program_params("m=4096;n=4096;k=4096;cores=20;single_m=1024;single_n=820;l1_blocks=multi");
  const auto b1 = program_metric(chip_named("ascend-910b1"), "matmul", params, "core_us");
  const auto b3 = program_metric(chip_named("ascend-910b3"), "matmul", params, "core_us");
  ASSERT_TRUE(b1 && b3);
  EXPECT_NEAR(*b3 / *b1, 1.85 / 1.8, 0.05);
}

}  // namespace
}  // namespace etalon::kernels
