// SPDX-License-Identifier: Apache-2.0
#include "catalog/fact.h"

#include <fmt/format.h>

#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>
#include <variant>

#include "base/text.h"

namespace etalon::catalog {
namespace {

// Metres are counted here in half square metres: index 5 holds the exponent of metre until the end.
constexpr int kMetre = 5;

struct Symbol {
  std::string_view name;
  double scale;
  std::array<std::int8_t, 7> exponent;
  bool takes_prefix;
};

constexpr Symbol kSymbols[] = {
    {"B", 1, {1}, true},
    {"bit", 0.125, {1}, true},
    {"FLOP", 1, {0, 1}, true},
    {"OP", 1, {0, 1}, true},
    {"op", 1, {0, 1}, true},
    {"s", 1, {0, 0, 1}, true},
    {"min", 60, {0, 0, 1}, false},
    {"h", 3600, {0, 0, 1}, false},
    {"J", 1, {0, 0, 0, 1}, true},
    {"W", 1, {0, 0, -1, 1}, true},
    {"Wh", 3600, {0, 0, 0, 1}, true},
    {"Hz", 1, {0, 0, -1, 0, 1}, true},
    {"cycle", 1, {0, 0, 0, 0, 1}, false},
    {"cycles", 1, {0, 0, 0, 0, 1}, false},
    {"m", 1, {0, 0, 0, 0, 0, 1}, true},
    {"USD", 1, {0, 0, 0, 0, 0, 0, 1}, true},
    {"%", 0.01, {}, false},
    {"1", 1, {}, false},
};

struct Prefix {
  std::string_view name;
  double scale;
};
constexpr Prefix kPrefixes[] = {
    {"Ki", 0x1p10}, {"Mi", 0x1p20},     {"Gi", 0x1p30}, {"Ti", 0x1p40}, {"Pi", 0x1p50}, {"k", 1e3},
    {"M", 1e6},     {"G", 1e9},         {"T", 1e12},    {"P", 1e15},    {"E", 1e18},    {"m", 1e-3},
    {"u", 1e-6},    {"\xC2\xB5", 1e-6}, {"n", 1e-9},    {"p", 1e-12},   {"f", 1e-15},
};

std::optional<Symbol> find_symbol(std::string_view word) {
  for (const Symbol& s : kSymbols) {
    if (s.name == word) return s;
  }
  for (const Prefix& p : kPrefixes) {
    if (!word.starts_with(p.name)) continue;
    for (Symbol s : kSymbols) {
      if (!s.takes_prefix || s.name != word.substr(p.name.size())) continue;
      s.scale *= p.scale;
      return s;
    }
  }
  return std::nullopt;
}

std::unexpected<Error> bad_unit(std::string_view unit, const std::string& why) {
  return fail("unit.unknown", fmt::format("unit '{}': {}", unit, why),
              "use for example B, GiB, TB/s, GHz, TFLOP/s, FLOP/cycle, pJ/FLOP, us, cycles, W, mm^2 or USD");
}

// One factor "mm^2" times or divided into `out`.
Result<std::monostate> apply_factor(std::string_view factor, int sign, std::string_view unit, Measure& out) {
  int power = 1;
  const std::size_t hat = factor.find('^');
  if (hat != std::string_view::npos) {
    const std::string_view digits = factor.substr(hat + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), power);
    if (error != std::errc{} || end != digits.data() + digits.size() || power < -4 || power > 4 ||
        power == 0) {
      return bad_unit(unit, fmt::format("'{}' is not a power between -4 and 4", digits));
    }
    factor = factor.substr(0, hat);
  }
  const auto symbol = find_symbol(factor);
  if (!symbol) return bad_unit(unit, fmt::format("'{}' is not known", factor));
  out.si *= std::pow(symbol->scale, sign * power);
  for (std::size_t i = 0; i < out.dimension.exponent.size(); ++i) {
    const int sum = out.dimension.exponent[i] + sign * power * symbol->exponent[i];
    if (sum < -100 || sum > 100) return bad_unit(unit, "too many factors");
    out.dimension.exponent[i] = static_cast<std::int8_t>(sum);
  }
  return std::monostate{};
}

Result<Measure> parse_unit(std::string_view unit) {
  Measure out{1, {}};
  int sign = 1;
  std::size_t start = 0;
  for (std::size_t i = 0; i <= unit.size(); ++i) {
    const bool at_end = i == unit.size();
    if (!at_end && unit[i] != '/' && unit[i] != '*') continue;
    const std::string_view factor = trim(unit.substr(start, i - start));
    if (factor.empty()) return bad_unit(unit, "a factor is missing");
    TRY_VOID(apply_factor(factor, sign, unit, out));
    sign = !at_end && unit[i] == '/' ? -1 : 1;
    start = i + 1;
  }
  if (out.dimension.exponent[kMetre] % 2 != 0)
    return bad_unit(unit, "lengths appear only as areas, like mm^2");
  out.dimension.exponent[kMetre] /= 2;
  return out;
}

}  // namespace

const char* name_of(Basis b) {
  switch (b) {
    case Basis::vendor:
      return "vendor";
    case Basis::measured:
      return "measured";
    case Basis::reported:
      return "reported";
    case Basis::rumour:
      return "rumour";
    case Basis::derived:
      return "derived";
    case Basis::fitted:
      return "fitted";
    case Basis::guess:
      return "guess";
  }
  return "?";
}

Result<Measure> parse_measure(std::string_view text) {
  const std::string_view s = trim(text);
  double number = 0;
  const char* first = s.data() + (s.starts_with('+') ? 1 : 0);
  const auto [end, error] = std::from_chars(first, s.data() + s.size(), number);
  if (error != std::errc{} || !std::isfinite(number)) {
    return fail("unit.no-number", fmt::format("got '{}', expected a number and a unit", s),
                "write for example \"1.6 TB/s\"");
  }
  const std::string_view unit = trim(s.substr(static_cast<std::size_t>(end - s.data())));
  if (unit.empty()) return Measure{number, {}};
  TRY(scale, parse_unit(unit));
  scale.si *= number;
  if (!std::isfinite(scale.si)) return bad_unit(unit, "the value is out of range");
  return scale;
}

}  // namespace etalon::catalog
