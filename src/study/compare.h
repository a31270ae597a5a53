// SPDX-License-Identifier: Apache-2.0
#pragma once

// The question: which of several machines does a job better, how sure is that, and what would have to be true
// for the answer to change. Works on any evaluation of a machine (outcome.h), so that its own tests need no
// chip.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/document.h"
#include "study/residual.h"
#include "study/uncertainty.h"

namespace etalon::study {

struct Side {
  std::string name;
  Machine machine;
  Evaluate quick, full;
};

struct CompareOptions {
  int samples = 4000;
  std::uint64_t seed = 1;
  int check_samples = 2;  // samples of each side run in full, to state the surface's error
  SensitivityOptions sensitivity;
  ResidualModel residuals;
};

struct Metric {
  std::string name, unit;
  Interval value;  // median and 90% interval; `value` is the median
  double nominal = 0;
};

struct SideResult {
  std::string name;
  Sensitivity sensitivity;
  std::vector<Metric> metrics;                 // step time first
  std::vector<Metric> by_operation, by_limit;  // seconds of a step
  std::map<std::string, int> facts_by_basis;   // of chip and node; categorical ones too
  int chip_facts = 0, chip_vendor_facts = 0;   // of the chip alone
  std::vector<std::string> mechanisms;         // whose error was drawn
  std::vector<double> steps;                   // seconds, one a sample
  double surface_error = 0;  // worst |surface / full - 1| of the step over the checked samples
  int checked = 0;
};

// One fact moved over its range, all others nominal: what the ratio of step times (first / second) becomes.
struct TornadoBar {
  std::string side, fact, unit;
  std::string low_text, high_text;  // the ends: values in `unit`, or choices
  double ratio_low = 1, ratio_high = 1;
  std::string basis;
  double span() const { return ratio_low > ratio_high ? ratio_low / ratio_high : ratio_high / ratio_low; }
};

// The value of one fact at which both sides take equally long, all else nominal.
struct BreakEven {
  std::string side, fact, unit;
  Interval range;               // in `unit`
  std::optional<double> value;  // in `unit`; none: no value of it changes the answer
  bool is_inside = false;       // of the range of the fact; else carried on along the slope at its end
  bool more_helps_first = false;
};

struct Pair {
  std::string first, second;
  double probability = 0;             // that the first takes less time for a step
  Interval speed;                     // second's step / first's step: how many times faster the first is
  std::vector<TornadoBar> tornado;    // by span, widest first; all that move anything
  std::vector<BreakEven> break_even;  // in the same order; numeric facts
};

struct Comparison {
  std::vector<SideResult> sides;
  std::vector<Pair> pairs;  // the first side against each other
  int samples = 0;
  std::uint64_t seed = 0;
  Findings findings;
};

Result<std::monostate> check_samples(int samples);  // study.samples

// Errors: study.sides (fewer than one), study.samples, and those of the evaluations.
Result<Comparison> compare(const std::vector<Side>& sides, const CompareOptions& options);

}  // namespace etalon::study
