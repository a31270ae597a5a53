// SPDX-License-Identifier: Apache-2.0
#include "evidence/validate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "evidence/accuracy.h"
#include "base/csv.h"

namespace etalon::evidence {
namespace {

Corpus corpus() {
  return *parse_corpus(Kind::gemm,
                       "id,chip,dtype,m,n,k,time_us,source,note\n"
                       "a,h100-sxm,bf16,4096,4096,4096,190,s,\n"
                       "b,h100-sxm,bf16,1,8192,8192,57,s,\n"
                       "c,no-such-chip,bf16,1,8192,8192,57,s,\n"
                       "d,h100-sxm,bf16,4096,4096,4096,191,s,the same under another id\n"
                       "e,h100-sxm,bf16,128,4096,4096,20,s,\n",
                       "gemm.csv");
}

Predictor predictor(study::ResidualModel residuals = {}) {
  return Predictor(*HarnessBook::load(ETALON_SOURCE_DIR "/data/harness.toml"), std::move(residuals),
                   {Fidelity::formula, {}});
}

TEST(Validate, RowsArePredictedAndWhatIsNotKnownIsSkippedWithItsReason) {
  const Corpus rows = corpus();
  const Validation v = validate(rows, {}, predictor(), {});
  ASSERT_EQ(v.rows.size(), 5u);
  EXPECT_LT(std::abs(v.rows[0].relative_error()), 0.3);
  EXPECT_LT(std::abs(v.rows[1].relative_error()), 0.3);
  EXPECT_EQ(v.rows[2].prediction.skipped, "chip no-such-chip is not in the catalog");
}

TEST(Validate, TheMeasuredValueDoesNotChangeThePrediction) {
  const Corpus rows = corpus();
  const Validation v = validate(rows, {}, predictor(), {});
  EXPECT_EQ(v.rows[0].prediction.value, v.rows[3].prediction.value);
}

TEST(Validate, AFittedRowCountsAsFittedUnderAnyId) {
  const Corpus rows = corpus();
  FittedRows fitted;
  fitted.add_id("a");
  fitted.learn(rows);
  const Validation v = validate(rows, fitted, predictor(), {});
  EXPECT_TRUE(v.rows[0].fitted);
  EXPECT_FALSE(v.rows[1].fitted);
  EXPECT_TRUE(v.rows[3].fitted) << "same chip, operation, dtype, shape and source";
}

TEST(Validate, ThreadsDoNotChangeTheResult) {
  const Corpus rows = corpus();
  ValidateOptions one, four;
  one.jobs = 1, four.jobs = 4;
  EXPECT_EQ(csv_of(validate(rows, {}, predictor(), one)), csv_of(validate(rows, {}, predictor(), four)));
}

TEST(Validate, TheCsvHasTheDocumentedColumnsAndOneLineARow) {
  const Corpus rows = corpus();
  auto table = parse_csv(csv_of(validate(rows, {}, predictor(), {})), "out.csv");
  ASSERT_TRUE(table.has_value());
  EXPECT_EQ(table->columns,
            (std::vector<std::string>{"id", "kind", "chip", "measured", "predicted", "unit", "relative_error",
                                      "low", "high", "fidelity", "fitted", "skipped"}));
  EXPECT_EQ(table->rows.size(), 5u);
  EXPECT_EQ(table->rows[2].cells[4], "");
  EXPECT_NE(table->rows[2].cells[11], "");
}

TEST(Validate, KindChipAndLimitChooseRows) {
  const Corpus rows = corpus();
  ValidateOptions options;
  options.chip = "h100-sxm";
  EXPECT_EQ(select(rows, options).size(), 4u);
  options.limit_per_kind = 2;
  EXPECT_EQ(select(rows, options).size(), 2u);
  options.kind = Kind::mla;
  EXPECT_TRUE(select(rows, options).empty());
}

TEST(Validate, AnInterruptedRunSaysSo) {
  const Corpus rows = corpus();
  const std::atomic<bool> stop = true;
  ValidateOptions options;
  options.cancelled = &stop;
  const Validation v = validate(rows, {}, predictor(), options);
  EXPECT_TRUE(v.cancelled);
  for (const Checked& row : v.rows) EXPECT_EQ(row.prediction.skipped, "interrupted");
  EXPECT_EQ(report(rows, v).findings.back().code, "validate.interrupted");
}

TEST(Validate, StatisticsAreThoseOfTheAbsoluteErrors) {
  const Corpus rows = corpus();
  std::vector<Checked> checked(3);
  std::vector<const Checked*> pointers;
  const double errors[] = {-0.1, 0.2, 0.4};
  for (std::size_t i = 0; i < 3; ++i) {
    checked[i].row = &rows.rows[0];
    checked[i].prediction.value = rows.rows[0].measured * (1 + errors[i]);
    checked[i].prediction.low = 0;
    checked[i].prediction.high = i == 0 ? 1000 : 1;
    pointers.push_back(&checked[i]);
  }
  const ErrorStatistics s = statistics_of(pointers);
  EXPECT_NEAR(s.median, 0.2, 1e-12);
  EXPECT_NEAR(s.p90, 0.36, 1e-12);
  EXPECT_NEAR(s.worst, 0.4, 1e-12);
  EXPECT_NEAR(s.bias, 0.2, 1e-12);
  EXPECT_EQ(s.inside, 1);
}

TEST(Validate, ResidualsOfFittedRowsMakeIntervalsThatHoldThem) {
  const Corpus rows = corpus();
  FittedRows fitted;
  for (const char* id : {"a", "b", "e"}) fitted.add_id(id);
  const study::ResidualModel residuals = residuals_of(validate(rows, fitted, predictor(), {}));
  EXPECT_FALSE(residuals.is_empty());
  const Validation again = validate(rows, fitted, predictor(residuals), {});
  EXPECT_LT(again.rows[0].prediction.low, again.rows[0].prediction.high);
}

TEST(Ratchet, WorseMissingAndNewGroupsAreNamedAndBetterOnesPass) {
  const std::vector<GroupError> was = {{"a", 10, 0.05, 0.10}, {"b", 5, 0.05, 0.10}, {"gone", 5, 0.05, 0.10}};
  const std::vector<GroupError> now = {{"a", 10, 0.06, 0.10}, {"b", 5, 0.01, 0.101}, {"new", 1, 0, 0}};
  const auto worse = regressions(was, now);
  ASSERT_EQ(worse.size(), 3u);
  EXPECT_NE(worse[0].find("a: median 6.00%"), std::string::npos);
  EXPECT_NE(worse[1].find("gone"), std::string::npos);
  EXPECT_NE(worse[2].find("new"), std::string::npos);
}

TEST(Ratchet, TheTableIsReadAsItIsWritten) {
  const std::vector<GroupError> errors = {{"gemm h100-sxm bf16 time x/y", 10, 0.0512, 0.1034}};
  auto read = parse_group_errors(text_of(errors), "errors.txt");
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ((*read)[0].group, errors[0].group);
  EXPECT_NEAR((*read)[0].median, 0.0512, 1e-9);
  EXPECT_EQ(parse_group_errors("a | b\n", "errors.txt").error().code, "evidence.error-table");
}

TEST(Evidence, TheShippedRowsAreReadAndHaveSources) {
  auto shipped = load_corpus(ETALON_SOURCE_DIR "/data/evidence");
  ASSERT_TRUE(shipped.has_value()) << shipped.error().text();
  EXPECT_GE(shipped->rows.size(), 300u);
  for (const Row& row : shipped->rows) EXPECT_FALSE(row.source.empty()) << row.id;
}

}  // namespace
}  // namespace etalon::evidence
