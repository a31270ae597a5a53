// SPDX-License-Identifier: Apache-2.0
#include "base/csv.h"

#include <gtest/gtest.h>

namespace etalon {
namespace {

TEST(Csv, QuotedCellsHoldCommasQuotesAndLineBreaks) {
  auto table = parse_csv("a,b\r\n\"1,\"\"x\"\"\n2\",3\r\n", "t.csv");
  ASSERT_TRUE(table.has_value());
  EXPECT_EQ(table->rows[0].cells[0], "1,\"x\"\n2");
  EXPECT_EQ(table->rows[0].cells[1], "3");
}

TEST(Csv, CommentsAndEmptyLinesAreSkippedAndLinesCounted) {
  auto table = parse_csv("# c\n\na\n# d\n7\n", "t.csv");
  ASSERT_TRUE(table.has_value());
  EXPECT_EQ(table->rows[0].line, 5);
}

TEST(Csv, WhatIsWrittenIsReadBack) {
  for (const std::string cell : {"plain", "a,b", "say \"x\"", "two\nlines", "#7", ""}) {
    auto table = parse_csv("c,d\n" + csv_cell(cell) + ",1\n", "t.csv");
    ASSERT_TRUE(table.has_value()) << cell;
    EXPECT_EQ(table->rows[0].cells[0], cell);
  }
}

TEST(Csv, EachDamageHasItsError) {
  EXPECT_EQ(parse_csv("a,b\n\"1,2\n", "t").error().code, "csv.quote");
  EXPECT_EQ(parse_csv("a,b\n1\"2,3\n", "t").error().code, "csv.quote");
  EXPECT_EQ(parse_csv("a,b\n\"1\"2,3\n", "t").error().code, "csv.quote");
  EXPECT_EQ(parse_csv("a,b\n1\n", "t").error().code, "csv.width");
  EXPECT_EQ(parse_csv("# only\n", "t").error().code, "csv.empty");
  EXPECT_EQ(parse_csv("a\n\xff\n", "t").error().code, "csv.encoding");
  EXPECT_EQ(read_csv("/nonexistent/x.csv").error().code, "csv.unreadable");
}

}  // namespace
}  // namespace etalon
