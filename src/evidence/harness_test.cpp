// SPDX-License-Identifier: Apache-2.0
#include "evidence/harness.h"

#include <gtest/gtest.h>

namespace etalon::evidence {
namespace {

const std::string kDefault = "[[harness]]\nname = \"rest\"\nwhy = \"x\"\nkinds = [\"gemm\"]\nsource = \"\"\n";

Row row(const std::string& source, Kind kind, const std::string& note = {}) {
  Row r;
  r.source = source;
  r.kind = kind;
  r.note = note;
  return r;
}

TEST(Harness, TheFirstEntryThatFitsSourceKindAndNoteApplies) {
  auto book = HarnessBook::parse(
      "[[harness]]\nname = \"a\"\nwhy = \"x\"\nsource = \"lab\"\nkinds = [\"gemm\"]\nnote = "
      "\"loop\"\nreplays = 7\n"
      "[[harness]]\nname = \"b\"\nwhy = \"x\"\nsource = \"lab\"\nkinds = [\"gemm\"]\nlaunch = \"eager\"\n" +
          kDefault,
      "h.toml");
  ASSERT_TRUE(book.has_value()) << book.error().text();
  EXPECT_EQ(book->of(row("lab/x", Kind::gemm, "a loop of calls")).harness.replays, 7);
  EXPECT_EQ(book->of(row("lab/x", Kind::gemm)).name, "b");
  EXPECT_EQ(book->of(row("lab/x", Kind::mla)).name, "rest");
  EXPECT_EQ(book->of(row("other", Kind::gemm)).name, "rest");
}

TEST(Harness, TheStateWrittenInARowOverridesThatOfItsSource) {
  auto book = HarnessBook::parse(kDefault, "h.toml");
  ASSERT_TRUE(book.has_value());
  Row cold = row("x", Kind::gemm);
  cold.l2_state = "cold";
  EXPECT_TRUE(book->harness_of(row("x", Kind::gemm)).warm);
  EXPECT_FALSE(book->harness_of(cold).warm);
}

TEST(Harness, TheHostsPartOfATimedCallIsReadAsATime) {
  auto book = HarnessBook::parse(
      "[[harness]]\nname = \"a\"\nwhy = \"x\"\nsource = \"lab\"\nkinds = [\"gemm\"]\nhost = \"21 us\"\n" +
          kDefault,
      "h");
  ASSERT_TRUE(book);
  EXPECT_DOUBLE_EQ(book->of(row("lab/x", Kind::gemm)).host.value, 21e-6);
  EXPECT_EQ(book->of(row("other", Kind::gemm)).host.value, 0);
}

TEST(Harness, SettingsThatCannotBeAreErrorsWithTheirLine) {
  const auto code = [](const std::string& line) {
    return HarnessBook::parse("[[harness]]\nname = \"a\"\nwhy = \"x\"\n" + line + "\n" + kDefault, "h")
        .error()
        .code;
  };
  EXPECT_EQ(code("colour = 1"), "harness.key");
  EXPECT_EQ(code("launch = \"fast\""), "harness.value");
  EXPECT_EQ(code("replays = 0"), "harness.value");
  EXPECT_EQ(code("warm = 1"), "harness.value");
  EXPECT_EQ(code("weight_rotation = \"5 s\""), "harness.value");
  EXPECT_EQ(code("host = \"5 MB\""), "harness.value");
  EXPECT_EQ(code("kinds = [\"gem\"]"), "harness.value");
  EXPECT_EQ(HarnessBook::parse("[[harness]]\nname = \"a\"\n", "h").error().code, "harness.value");
  EXPECT_EQ(HarnessBook::parse("x = 1\n", "h").error().code, "harness.no-default");
  EXPECT_EQ(
      HarnessBook::parse("[[harness]]\nname = \"a\"\nwhy = \"x\"\nsource = \"lab\"\n", "h").error().code,
      "harness.no-default");
}

TEST(Harness, TheShippedBookIsReadAndSaysWhyOfEverySource) {
  auto book = HarnessBook::load(ETALON_SOURCE_DIR "/data/harness.toml");
  ASSERT_TRUE(book.has_value()) << book.error().text();
  for (const HarnessRule& rule : book->rules()) EXPECT_FALSE(rule.why.empty()) << rule.name;
  EXPECT_TRUE(book->of(row("ai-dynamo/aiconfigurator@1", Kind::attention)).framework_call);
  EXPECT_EQ(book->of(row("ai-dynamo/aiconfigurator@1", Kind::gemm)).harness.weight_copies, 5);
}

}  // namespace
}  // namespace etalon::evidence
