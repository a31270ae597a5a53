// SPDX-License-Identifier: Apache-2.0
#pragma once

// A fact: one declared number with its range, basis and source. Nothing about hardware is a bare constant.

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/interval.h"
#include "base/result.h"
#include "base/units.h"

namespace etalon::catalog {

enum class Basis { vendor, measured, reported, rumour, derived, fitted, guess };
const char* name_of(Basis);

// Exponents of byte, flop, second, joule, cycle, square metre, US dollar.
struct Dimension {
  std::array<std::int8_t, 7> exponent{};
  bool operator==(const Dimension&) const = default;
};
template <int B, int F, int S, int J, int C>
constexpr Dimension dimension_of(Quantity<B, F, S, J, C>*) {
  return {{B, F, S, J, C, 0, 0}};
}
constexpr Dimension dimension_of(double*) { return {}; }

// "1.6 TB/s" -> 1.6e12 and its dimension; "24" -> 24, dimensionless. SI and binary prefixes, products,
// powers: B/cycle, pJ/FLOP, TFLOP/s, GHz (= cycle/s), mm^2, W, us, cycles, USD.
struct Measure {
  double si = 0;
  Dimension dimension;
};
Result<Measure> parse_measure(std::string_view text);

struct Fact {
  std::string path;  // "hbm.bandwidth"
  Interval si;       // hard bounds and nominal, in SI units (see Dimension)
  Dimension dimension;
  std::string unit;       // as written in the file, used to print
  double unit_scale = 1;  // si = written number * unit_scale
  Basis basis = Basis::guess;
  std::string source;   // id in data/sources/, with "#page or section"
  std::string formula;  // basis = derived: expression over other facts' paths, recomputed when they vary
  std::vector<std::string>
      rows;  // basis = fitted: ids of the evidence rows it was fitted on (or a file naming them)
  std::string note;
  // A categorical fact (which core architecture a rumoured chip has): choice -> probability; si unused.
  std::map<std::string, double> choices;
  std::string choice;  // the nominal one
  std::string file;
  int line = 0;
  bool is_whole = false;  // a count: samples of it are rounded
  bool is_categorical() const { return !choices.empty(); }
  bool is_uncertain() const { return is_categorical() || si.low < si.high; }
};

}  // namespace etalon::catalog
