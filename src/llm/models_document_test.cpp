// SPDX-License-Identifier: Apache-2.0
#include "llm/models_document.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "llm/models.h"

namespace etalon::llm {
namespace {

class ModelsDocument : public testing::Test {
 protected:
  static void SetUpTestSuite() { setenv("ETALON_DATA", ETALON_SOURCE_DIR "/data", 0); }
};

const Table& table(const Document& d, const std::string& title) {
  for (const auto& block : d.blocks)
    if (const auto* t = std::get_if<Table>(&block); t != nullptr && t->title.starts_with(title)) return *t;
  static const Table kNone;
  ADD_FAILURE() << "no table " << title;
  return kNone;
}

TEST_F(ModelsDocument, ListsEveryModelOfTheCatalog) {
  const Document d = models_document();
  EXPECT_EQ(table(d, "").rows.size(), model_names().size());
  EXPECT_TRUE(d.findings.empty());
}

TEST_F(ModelsDocument, ShowsGroupsThatAddUpToTheTotal) {
  for (const auto& name : model_names()) {
    const auto d = model_document(name);
    ASSERT_TRUE(d) << d.error().text();
    double parts = 0, active = 0;
    for (const auto& row : table(*d, "parameters by tensor group").rows) {
      const auto& group = std::get<std::string>(row[0]);
      if (group == "total") {
        EXPECT_DOUBLE_EQ(std::get<double>(row[1]), parts) << name;
        EXPECT_NEAR(std::get<double>(row[3]) / active, 1, 1e-9) << name;
      }
      parts += std::get<double>(row[1]);
      active += std::get<double>(row[3]);
    }
    EXPECT_FALSE(table(*d, "training FLOPs").rows.empty());
  }
}

TEST_F(ModelsDocument, WarnsOfASequenceLongerThanTheModelKnows) {
  const auto d = model_document("gpt2-124m", 4096);
  ASSERT_TRUE(d);
  ASSERT_EQ(d->findings.size(), 1u);
  EXPECT_EQ(d->findings[0].code, "model.sequence");
  EXPECT_TRUE(model_document("gpt2-124m")->findings.empty());
  EXPECT_EQ(model_document("gpt2-124m", -1).error().code, "model.shard");
  EXPECT_EQ(model_document("gpt-2-124").error().code, "model.unknown");
}

TEST_F(ModelsDocument, TitlesACutModelAsCut) {
  EXPECT_EQ(model_document("llama-3.1-8b:layers=4")->title, "Llama 3.1 8B, as llama-3.1-8b:layers=4");
  EXPECT_EQ(model_document("llama-3.1-8b")->title, "Llama 3.1 8B");
}

TEST_F(ModelsDocument, SaysWhatAFileLeftOpen) {
  const auto d = model_document(ETALON_SOURCE_DIR "/tests/data/megatron-22b.json");
  ASSERT_TRUE(d) << d.error().text();
  ASSERT_EQ(d->findings.size(), 1u);
  EXPECT_EQ(d->findings[0].code, "model.assumption");
}

}  // namespace
}  // namespace etalon::llm
