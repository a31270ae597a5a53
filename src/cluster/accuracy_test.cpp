// SPDX-License-Identifier: Apache-2.0
// How far from published measurements: limits may only tighten.
#include <gtest/gtest.h>

#include "base/published_rows_for_test.h"
#include "catalog/catalog.h"
#include "cluster/collectives.h"
#include "cluster/training_row.h"

namespace etalon::cluster {
namespace {

std::int64_t whole(const std::string& text) { return text.empty() ? 0 : std::stoll(text); }

TrainingRow row_of(test::PublishedRow& r) {
  TrainingRow t;
  t.task = r["task"], t.cluster = r["cluster"], t.model = r["model"], t.model_dims = r["model_dims"],
  t.zero = r["zero"];
  t.recompute = r["recompute"], t.dtype = r["dtype"], t.software = r["software"], t.metric = r["metric"];
  t.flop_convention = r["flop_convention"];
  t.chips = whole(r["chips"]), t.seq = whole(r["seq"]), t.global_batch = whole(r["global_batch"]);
  t.micro_batch = whole(r["micro_batch"]), t.tp = whole(r["tp"]), t.pp = whole(r["pp"]),
  t.vp = whole(r["vp"]);
  t.dp = whole(r["dp"]), t.cp = whole(r["cp"]), t.ep = whole(r["ep"]);
  if (!r["sp"].empty()) t.sp = r["sp"] == "1";
  return t;
}

// Half of the collectives were fitted on: those with bit 32 of the 64-bit FNV-1a hash of the id clear.
bool is_fitted(const std::string& id) {
  std::uint64_t h = 0xcbf29ce484222325ull;
  for (const char c : id) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  return ((h >> 32) & 1) == 0;
}

struct Limits {
  double median, p90;
};
void expect_within(const std::vector<double>& errors, Limits limits, const std::string& what) {
  const double median = test::quantile_of_absolute(errors, 0.5),
               p90 = test::quantile_of_absolute(errors, 0.9);
  std::printf("%s: %zu rows, median %.1f%%, 90th percentile %.1f%%\n", what.c_str(), errors.size(),
              100 * median, 100 * p90);
  EXPECT_LE(median, limits.median) << what;
  EXPECT_LE(p90, limits.p90) << what;
}

TEST(Accuracy, CollectivesOfEightGpus) {
  auto rows = test::published_rows("collective.csv");
  if (rows.empty()) GTEST_SKIP() << test::kNoEvidence;
  std::map<std::string, std::vector<double>> all, held;
  for (auto& r : rows) {
    const auto node = catalog::find_node(r["cluster"]);
    CollectiveOp op{};
    if (!node || !parse(r["op"], op)) continue;
    const auto chip = catalog::find_chip(node->chip);
    const auto cost = collective(*node, *chip, op, static_cast<int>(whole(r["ranks"])),
                                 Bytes{static_cast<double>(whole(r["bytes"]))});
    ASSERT_TRUE(cost.has_value()) << cost.error().text();
    const double error = cost->time.value * 1e6 / std::stod(r["time_us"]) - 1;
    all[r["cluster"]].push_back(error);
    if (!is_fitted(r["id"])) held[r["cluster"]].push_back(error);
  }
  for (const auto& [cluster, errors] : all) expect_within(errors, {0.05, 0.17}, cluster);
  for (const auto& [cluster, errors] : held) expect_within(errors, {0.05, 0.17}, cluster + ", not fitted on");
}

TEST(Accuracy, PeakMemoryOfOneNode) {
  auto rows = test::published_rows("training.csv");
  if (rows.empty()) GTEST_SKIP() << test::kNoEvidence;
  const TrainingPredictor predictor{{}};
  std::vector<double> errors;
  for (auto& r : rows) {
    if (r["metric"] != "peak_memory_gib" || whole(r["chips"]) > 8) continue;
    const auto p = predictor.predict(row_of(r));
    if (p) errors.push_back(p->value / std::stod(r["value"]) - 1);
  }
  expect_within(errors, {0.01, 0.02}, "peak memory");
}

TEST(Accuracy, StepTimesOfOneNodeByFormula) {
  auto rows = test::published_rows("training.csv");
  if (rows.empty()) GTEST_SKIP() << test::kNoEvidence;
  StepOptions options;
  options.fidelity = Fidelity::formula;
  const TrainingPredictor predictor{options};
  std::vector<double> errors;
  for (auto& r : rows) {
    if (r["metric"] == "peak_memory_gib" || r["chips"].empty() || whole(r["chips"]) > 8) continue;
    const auto p = predictor.predict(row_of(r));
    if (p) errors.push_back(p->value / std::stod(r["value"]) - 1);
  }
  EXPECT_GT(errors.size(), 80u);
  expect_within(errors, {0.05, 0.15}, "steps");
}

TEST(Accuracy, RowsWithoutAPublishedPlanAreSkippedWithTheReason) {
  const TrainingPredictor predictor{{}};
  TrainingRow row;
  row.cluster = "dgx-h100", row.chips = 8, row.model = "llama-3.1-8b", row.software = "torchtitan",
  row.dtype = "bf16";
  row.metric = "step_time_s", row.seq = 8192, row.global_batch = 8;
  EXPECT_EQ(predictor.predict(row).error().code, "row.plan");
  row.chips = 16;
  EXPECT_EQ(predictor.predict(row).error().code, "row.nodes");
  row.chips = 8, row.task = "lora";
  EXPECT_EQ(predictor.predict(row).error().code, "row.task");
  row.task = "", row.micro_batch = 1, row.dtype = "fp6";
  EXPECT_EQ(predictor.predict(row).error().code, "row.dtype");
  row.dtype = "bf16", row.tp = 3;
  EXPECT_EQ(predictor.predict(row).error().code, "row.inconsistent");
}

}  // namespace
}  // namespace etalon::cluster
