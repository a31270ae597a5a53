// SPDX-License-Identifier: Apache-2.0
#include "evidence/columns.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "base/text.h"

namespace etalon::evidence {
namespace {

constexpr std::int64_t kMostCount = 1'000'000'000'000;

}  // namespace

std::string Cells::text(std::string_view column) const {
  const int at = table_.index_of(column);
  return at < 0 ? std::string() : std::string(trim(row_.cells[static_cast<std::size_t>(at)]));
}

bool Cells::has(std::string_view column) const { return !text(column).empty(); }

void Cells::problem(std::string code, std::string_view column, std::string message, std::string fix) {
  problems_.push_back(Error{std::move(code),
                            fmt::format("column {}: {}", column, message),
                            std::move(fix),
                            table_.file,
                            row_.line,
                            table_.index_of(column) + 1,
                            {}});
}

std::string Cells::required(std::string_view column) {
  std::string value = text(column);
  if (value.empty()) problem("evidence.value", column, "got an empty cell", "this column has to be filled");
  return value;
}

std::int64_t Cells::count(std::string_view column) {
  const std::string value = text(column);
  std::int64_t n = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), n);
  if (error != std::errc() || end != value.data() + value.size() || n < 1 || n > kMostCount) {
    problem("evidence.number", column,
            fmt::format("got \"{}\", expected a whole number from 1 to 10^12", value),
            "write digits only, without unit or separators");
    return 1;
  }
  return n;
}

std::int64_t Cells::count_or(std::string_view column, std::int64_t otherwise) {
  return has(column) ? count(column) : otherwise;
}

double Cells::positive(std::string_view column) {
  const std::string value = text(column);
  double v = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), v);
  if (error != std::errc() || end != value.data() + value.size() || !std::isfinite(v) || v <= 0) {
    problem("evidence.number", column, fmt::format("got \"{}\", expected a number above 0", value),
            "the unit is in the column name; write the number alone");
    return 1;
  }
  return v;
}

bool Cells::flag(std::string_view column) {
  const std::string value = text(column);
  if (value != "0" && value != "1") {
    problem("evidence.value", column, fmt::format("got \"{}\", expected 0 or 1", value), "write 0 or 1");
  }
  return value == "1";
}

std::string Cells::word(std::string_view column, const std::vector<std::string>& words) {
  std::string value = text(column);
  for (const std::string& word : words) {
    if (value == word) return value;
  }
  const std::string hint = did_you_mean(value, words);
  problem("evidence.value", column,
          fmt::format("got \"{}\", expected one of {}", value, fmt::join(words, ", ")),
          hint.empty() ? "use one of the listed words" : hint);
  return value;
}

}  // namespace etalon::evidence
