// SPDX-License-Identifier: Apache-2.0
// Every model and every dimension string of the published training rows, where the evidence is at hand.
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <string>

#include "base/published_rows_for_test.h"
#include "llm/models.h"

namespace etalon::llm {
namespace {

TEST(TrainingRows, NameModelsThatAreKnownOrGiveDimensionsThatAgreeWithTheirParameters) {
  setenv("ETALON_DATA", ETALON_SOURCE_DIR "/data", 0);
  const auto rows = test::published_rows("training.csv");
  if (rows.empty()) GTEST_SKIP() << test::kNoEvidence;
  // Mixtures of state-space and attention layers, and models whose dimensions nobody published.
  const std::set<std::string> not_modelled{"nemotron-22b",         "nemotron-8b",
                                           "nemotron-3-nano",      "nemotron-3-super",
                                           "nemotron-v3-nano-30b", "nemotron-v3-super-120b"};
  int known = 0, dimensioned = 0;
  for (const auto& row : rows) {
    const std::string &name = row.at("model"), &dims = row.at("model_dims");
    const std::int64_t s = std::atoll(row.at("seq").c_str());
    const auto m = model_of_row(name, dims, s > 0 ? s : 4096);
    EXPECT_EQ(!m, not_modelled.contains(name)) << name << ": " << (m ? "" : m.error().text());
    known += m.has_value();
    if (dims.empty() || dims.find("dense_layers") != std::string::npos) continue;
    ++dimensioned;
    const auto d = architecture_from_dims(dims, name, s > 0 ? s : 4096);
    ASSERT_TRUE(d) << name << " " << dims << ": " << d.error().text();
    const double same = m ? parameters(*m).total() : parameters(*d).total();
    EXPECT_NEAR(parameters(*d).total() / same, 1, 1e-3) << name << " " << dims;
  }
  EXPECT_GT(known, 0);
  EXPECT_GT(dimensioned, 0);
}

}  // namespace
}  // namespace etalon::llm
