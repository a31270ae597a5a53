// SPDX-License-Identifier: Apache-2.0
#pragma once

// What every room builds to show itself, and `report` renders (text, JSON, HTML later): headings, text,
// tables with units, series for charts, timelines. No room prints.

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/finding.h"
#include "base/interval.h"

namespace etalon {

using Cell = std::variant<std::monostate, std::string, double, std::int64_t, Interval>;

struct Column {
  std::string name;
  std::string unit;      // "us", "TFLOP/s", "%", "" for text and counts
  int digits = 4;        // significant digits when shown as text; JSON keeps all
};

struct Table {
  std::string title;
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;
};
struct Heading { int level = 1; std::string text; };
struct Text { std::string text; };
struct Series {  // one line of a chart
  std::string title, x_name, x_unit, y_name, y_unit;
  std::vector<double> x, y;
};
struct Span { std::string lane, name; double start_us = 0, duration_us = 0; };
struct Timeline { std::string title; std::vector<Span> spans; };

using Block = std::variant<Heading, Text, Table, Series, Timeline>;

struct Document {
  std::string title;
  std::vector<Block> blocks;
  Findings findings;
  Document& heading(int level, std::string text) { blocks.push_back(Heading{level, std::move(text)}); return *this; }
  Document& text(std::string t) { blocks.push_back(Text{std::move(t)}); return *this; }
  Document& table(Table t) { blocks.push_back(std::move(t)); return *this; }
};

}  // namespace etalon
