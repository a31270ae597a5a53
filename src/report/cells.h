// SPDX-License-Identifier: Apache-2.0
#pragma once

// What text and Markdown share: cells as text.

#include <string>

#include "base/document.h"

namespace etalon::report {

std::string cell_text(const Cell& cell, const Column& column);
bool is_numeric(const Table& table, std::size_t column);  // no text in it: aligned to the right
std::string column_title(const Column& column);           // "time [us]"
const char* severity_name(Severity severity);

// A series or a timeline as a table: at most 24 points of the series; spans and busy time per lane.
Table as_table(const Series& series);
Table as_table(const Timeline& timeline);

}  // namespace etalon::report
