// SPDX-License-Identifier: Apache-2.0
#include "report/report.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "report/svg.h"

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

TEST(ChromeTrace, flows_join_lanes_that_are_shown) {
  const Timeline t{"t", {{"a", "x", 0, 2}, {"b", "y", 2, 1}}};
  const auto j = nlohmann::json::parse(as_chrome_trace(t, {{"a", 2, "b", 2}, {"a", 2, "hidden", 3}}));
  std::vector<nlohmann::json> arrows;
  for (const auto& e : j["traceEvents"]) {
    if (e["ph"] == "s" || e["ph"] == "f") arrows.push_back(e);
  }
  ASSERT_EQ(arrows.size(), 2u);
  EXPECT_EQ(arrows[0]["id"], arrows[1]["id"]);
  EXPECT_LT(arrows[0]["ts"].get<double>(), 2);  // within the span it leaves
  EXPECT_EQ(arrows[1]["ts"].get<double>(), 2);
  EXPECT_NE(arrows[0]["tid"], arrows[1]["tid"]);
}

// Tags of the page, opened and closed in order.
void expect_balanced(const std::string& page) {
  std::vector<std::string> open;
  for (std::size_t at = page.find('<'); at != std::string::npos; at = page.find('<', at + 1)) {
    const std::size_t end = page.find('>', at);
    ASSERT_NE(end, std::string::npos);
    const std::string tag = page.substr(at + 1, page.find_first_of(" >/", at + 2) - at - 1);
    if (tag.starts_with('!') || tag == "meta" || page[end - 1] == '/') continue;
    if (!tag.starts_with('/')) {
      open.push_back(tag);
      continue;
    }
    ASSERT_FALSE(open.empty()) << tag;
    EXPECT_EQ("/" + open.back(), tag.substr(0, tag.find('>')));
    open.pop_back();
  }
  EXPECT_TRUE(open.empty());
}

TEST(Html, stands_alone_and_shows_everything) {
  Document d = sample();
  d.text("1 < 2 & \"so on\"");
  Roofline roofline{"roofline <of> a chip", "operations", {{"cube", 300e12}}, {{"HBM", 1.5e12}}, {}};
  roofline.points = {{"a kernel", 10, 5e12}, {"nothing", 0, 0}};
  const Occupancy occupancy{"pipes", 10, {"busy", "waits"}, {{"cube", {4, 5}}, {"mte2", {20, 1}}}};
  const std::string page = as_html(d, {as_svg(roofline), as_svg(occupancy)});
  expect_balanced(page);
  EXPECT_NE(page.find("1 &lt; 2 &amp; &quot;so on&quot;"), std::string::npos);
  EXPECT_NE(page.find("<code>memory.tight</code>"), std::string::npos);
  EXPECT_NE(page.find("a kernel: 5.00 T/s"), std::string::npos);
  EXPECT_EQ(page.find("nothing"), std::string::npos);                     // no place on logarithmic axes
  EXPECT_EQ(page.find("http"), page.find("http://www.w3.org/2000/svg"));  // loads nothing
  EXPECT_EQ(as_svg(Occupancy{}), "");
  EXPECT_EQ(as_svg(Roofline{}), "");
}

TEST(File, that_cannot_be_written_is_an_error) {
  const auto done = write_file("/nonexistent/folder/x", "y");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, "file.unwritable");
}

}  // namespace
}  // namespace etalon::report
