// SPDX-License-Identifier: Apache-2.0
#pragma once

// The model's own error, as its fitted rows show it: for each mechanism and size band the quantiles of
// ln(measured time / predicted time). Read from data/calibration/residuals.csv, which `etalon validate DIR
// --write-residuals FILE` writes. Rows the constants were not fitted on never enter it.
//
// A band with few rows says little, so a look-up falls back from the band to the mechanism ("gemm.compute"),
// to its family ("gemm"), to everything; quantiles of few rows are spread outwards.

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/interval.h"
#include "base/result.h"
#include "base/units.h"

namespace etalon::study {

// Size bands of predicted time; band 0 holds everything below the first edge.
int band_of(Seconds predicted);
std::string band_name(int band);  // "10-30 us"
inline constexpr int kAllBands = -1;

struct Residuals {
  int rows = 0;
  double q05 = 0, q25 = 0, q50 = 0, q75 = 0, q95 = 0;  // of ln(measured / predicted)
  // Inverse of the distribution, linear between the five quantiles and flat-sloped to the ends; u in [0, 1).
  double at(double u) const;
};

class ResidualModel {
 public:
  // An absent file is an empty model: intervals then have no width and is_empty() says so.
  // Errors: residuals.syntax with file and line.
  static Result<ResidualModel> load(const std::filesystem::path& file);
  static Result<ResidualModel> parse(std::string_view text, const std::string& file);
  // From logs of measured / predicted time by mechanism.
  struct Sample {
    std::string mechanism;
    Seconds predicted;
    double log_ratio = 0;
  };
  static ResidualModel from(const std::vector<Sample>& samples);

  bool is_empty() const { return table_.empty(); }
  const Residuals& of(std::string_view mechanism, Seconds predicted) const;
  const Residuals& over_all_sizes(std::string_view mechanism) const;
  // Factors on a predicted time: the 90% interval.
  Interval factors(std::string_view mechanism, Seconds predicted) const;
  std::string text() const;  // as the file has it

 private:
  const Residuals* find(std::string_view name, int band, int at_least) const;  // null: fewer rows than that
  std::map<std::string, std::map<int, Residuals>, std::less<>> table_;  // mechanism, family or "*" -> band
};

}  // namespace etalon::study
