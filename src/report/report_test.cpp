// SPDX-License-Identifier: Apache-2.0
#include "report/report.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace etalon::report {
namespace {

Document sample() {
  Document d;
  d.title = "Sample";
  d.heading(2, "Part").text("some words");
  d.table({"rates",
           {{"what", ""}, {"rate", "TB/s", 3}, {"n", ""}},
           {{std::string("hbm"), 3.35, std::int64_t{5}}, {std::string("a|b"), Interval{1, 2, 3}, {}}}});
  d.blocks.push_back(Series{"curve", "size", "B", "time", "us", {1, 2}, {3, NAN}});
  d.blocks.push_back(Timeline{"trace", {{"cube", "mmad", 0, 1.5}, {"mte2", "load", 0.5, 2}}});
  d.findings = {{Severity::warning, "memory.tight", "little is left", "device 0"}};
  return d;
}

TEST(Text, shows_tables_aligned_with_units_and_every_finding) {
  const std::string text = as_text(sample());
  EXPECT_NE(text.find("Sample\n======\n"), std::string::npos);
  EXPECT_NE(text.find("\nwhat        rate [TB/s]  n\n"), std::string::npos) << text;
  EXPECT_NE(text.find("2.00 [1.00, 3.00]"), std::string::npos) << text;
  EXPECT_NE(text.find("warning [memory.tight] little is left (device 0)"), std::string::npos);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(Text, is_coloured_only_when_asked) {
  EXPECT_NE(as_text(sample(), {100, true}).find("\x1b["), std::string::npos);
}

TEST(Text, wraps_wide_cells_to_the_terminal_without_losing_words) {
  Document d;
  std::string words;
  for (int i = 0; i < 60; ++i) words += "word" + std::to_string(i) + " ";
  d.table({"", {{"name", ""}, {"note", ""}}, {{std::string("x"), words}}});
  const std::string text = as_text(d, {60, false});
  std::size_t start = 0;
  for (std::size_t end; (end = text.find('\n', start)) != std::string::npos; start = end + 1)
    EXPECT_LE(end - start, 60u);
  for (int i = 0; i < 60; ++i) EXPECT_NE(text.find("word" + std::to_string(i)), std::string::npos);
}

TEST(Text, counts_characters_and_not_bytes_when_it_aligns) {
  Document d;
  d.table(
      {"", {{"name", ""}, {"x", ""}}, {{std::string("\xC3\xA9t\xC3\xA9"), 1.0}, {std::string("abc"), 1.0}}});
  const std::string text = as_text(d);
  EXPECT_NE(text.find("\xC3\xA9t\xC3\xA9   1.000\nabc   1.000\n"), std::string::npos) << text;
}

TEST(Text, says_when_a_table_is_empty_and_takes_short_rows) {
  Document d;
  d.table({"t", {{"a", ""}, {"b", ""}}, {}});
  EXPECT_NE(as_text(d).find("(no rows)"), std::string::npos);
  Document short_rows;
  short_rows.table({"t", {{"a", ""}, {"b", ""}}, {{1.0}}});
  EXPECT_FALSE(as_text(short_rows).empty());
  EXPECT_FALSE(as_markdown(short_rows).empty());
}

TEST(Json, keeps_all_digits_and_reads_back) {
  const auto j = nlohmann::json::parse(as_json(sample()));
  EXPECT_EQ(j["title"], "Sample");
  EXPECT_EQ(j["blocks"][2]["rows"][0][1].get<double>(), 3.35);
  EXPECT_EQ(j["blocks"][2]["rows"][1][1]["high"].get<double>(), 3);
  EXPECT_TRUE(j["blocks"][2]["rows"][1][2].is_null());
  EXPECT_TRUE(j["blocks"][3]["y"]["values"][1].is_null());
  EXPECT_EQ(j["findings"][0]["code"], "memory.tight");
  Document third;
  third.table({"", {{"x", ""}}, {{1.0 / 3}}});
  EXPECT_EQ(nlohmann::json::parse(as_json(third))["blocks"][0]["rows"][0][0].get<double>(), 1.0 / 3);
}

TEST(Json, of_the_same_document_is_the_same_bytes) { EXPECT_EQ(as_json(sample()), as_json(sample())); }

TEST(Json, survives_text_that_is_not_utf8) {
  Document d;
  d.text("\xff\xfe");
  EXPECT_TRUE(nlohmann::json::accept(as_json(d)));
}

TEST(Markdown, escapes_bars_and_lists_findings) {
  const std::string text = as_markdown(sample());
  EXPECT_NE(text.find("| a\\|b |"), std::string::npos) << text;
  EXPECT_NE(text.find("|---|---:|---:|"), std::string::npos) << text;
  EXPECT_NE(text.find("`memory.tight`"), std::string::npos);
}

TEST(ChromeTrace, has_one_thread_per_lane_and_one_event_per_span) {
  const auto j = nlohmann::json::parse(as_chrome_trace(std::get<Timeline>(sample().blocks[4])));
  ASSERT_EQ(j["traceEvents"].size(), 4u);
  EXPECT_EQ(j["traceEvents"][0]["args"]["name"], "cube");
  EXPECT_EQ(j["traceEvents"][3]["tid"], 1);
  EXPECT_EQ(j["traceEvents"][3]["dur"].get<double>(), 2);
}

TEST(File, that_cannot_be_written_is_an_error) {
  const auto done = write_file("/nonexistent/folder/x", "y");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, "file.unwritable");
}

}  // namespace
}  // namespace etalon::report
