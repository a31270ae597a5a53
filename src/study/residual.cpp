// SPDX-License-Identifier: Apache-2.0
#include "study/residual.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "base/text.h"

namespace etalon::study {
namespace {

constexpr std::array<double, 5> kEdgesUs = {10, 30, 100, 1000, 10000};
constexpr int kFewInBand = 25, kFewInMechanism = 12;
const Residuals kNone{};

std::string_view family_of(std::string_view mechanism) { return mechanism.substr(0, mechanism.find('.')); }

double quantile(const std::vector<double>& sorted, double p) {
  const double at = p * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<std::size_t>(at);
  const std::size_t high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (at - static_cast<double>(low)) * (sorted[high] - sorted[low]);
}

// About ten constants were fitted on the rows, which draws their residuals in: by about 10/n of the spread
// for n rows, and quantiles of few rows reach less far than those of the population besides.
constexpr double kFittedConstants = 10;

Residuals summarise(std::vector<double> logs) {
  std::sort(logs.begin(), logs.end());
  Residuals r{static_cast<int>(logs.size()), quantile(logs, 0.05), quantile(logs, 0.25),
              quantile(logs, 0.5),           quantile(logs, 0.75), quantile(logs, 0.95)};
  const double spread = 1 + kFittedConstants / static_cast<double>(logs.size());
  for (double* q : {&r.q05, &r.q25, &r.q75, &r.q95}) *q = r.q50 + spread * (*q - r.q50);
  return r;
}

}  // namespace

int band_of(Seconds predicted) {
  const double us = predicted.value * 1e6;
  return static_cast<int>(std::upper_bound(kEdgesUs.begin(), kEdgesUs.end(), us) - kEdgesUs.begin());
}

std::string band_name(int band) {
  if (band == kAllBands) return "all";
  if (band == 0) return fmt::format("<{} us", kEdgesUs.front());
  const auto i = static_cast<std::size_t>(band);
  if (i >= kEdgesUs.size()) return fmt::format(">={} us", kEdgesUs.back());
  return fmt::format("{}-{} us", kEdgesUs[i - 1], kEdgesUs[i]);
}

double Residuals::at(double u) const {
  constexpr std::array<double, 5> p = {0.05, 0.25, 0.5, 0.75, 0.95};
  const std::array<double, 5> q = {q05, q25, q50, q75, q95};
  std::size_t i = 0;
  while (i + 2 < p.size() && u > p[i + 1]) ++i;
  return q[i] + (u - p[i]) / (p[i + 1] - p[i]) * (q[i + 1] - q[i]);
}

Result<ResidualModel> ResidualModel::load(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return ResidualModel();
  std::ostringstream text;
  text << in.rdbuf();
  return parse(text.str(), file.string());
}

Result<ResidualModel> ResidualModel::parse(std::string_view text, const std::string& file) {
  ResidualModel model;
  int number = 0;
  for (const std::string& line : split(text, '\n')) {
    ++number;
    if (trim(line).empty() || line.starts_with('#') || line.starts_with("mechanism,")) continue;
    const std::vector<std::string> cells = split(line, ',');
    std::array<double, 7> v{};
    bool is_good = cells.size() == 8 && !trim(cells[0]).empty();
    for (std::size_t i = 1; is_good && i < 8; ++i) {
      const std::string cell(trim(cells[i]));
      char* end = nullptr;
      v[i - 1] = std::strtod(cell.c_str(), &end);
      is_good = !cell.empty() && *end == '\0' && std::isfinite(v[i - 1]);
    }
    is_good = is_good && v[1] >= 1 && v[2] <= v[3] && v[3] <= v[4] && v[4] <= v[5] && v[5] <= v[6];
    if (!is_good) {
      return fail(Error{"residuals.syntax",
                        "expected mechanism,band,rows,q05,q25,q50,q75,q95 with rising quantiles",
                        "write the file with: etalon validate --write-residuals FILE",
                        file,
                        number,
                        0,
                        {}});
    }
    model.table_[std::string(trim(cells[0]))][static_cast<int>(v[0])] =
        Residuals{static_cast<int>(v[1]), v[2], v[3], v[4], v[5], v[6]};
  }
  return model;
}

ResidualModel ResidualModel::from(const std::vector<Sample>& samples) {
  std::map<std::string, std::map<int, std::vector<double>>> logs;
  for (const Sample& s : samples) {
    logs[s.mechanism][band_of(s.predicted)].push_back(s.log_ratio);
    const std::set<std::string> names = {s.mechanism, std::string(family_of(s.mechanism)), "*"};
    for (const std::string& name : names) logs[name][kAllBands].push_back(s.log_ratio);
  }
  ResidualModel model;
  for (auto& [mechanism, bands] : logs) {
    for (auto& [band, values] : bands) model.table_[mechanism][band] = summarise(std::move(values));
  }
  return model;
}

const Residuals* ResidualModel::find(std::string_view name, int band, int at_least) const {
  const auto row = table_.find(name);
  if (row == table_.end()) return nullptr;
  const auto cell = row->second.find(band);
  return cell == row->second.end() || cell->second.rows < at_least ? nullptr : &cell->second;
}

const Residuals& ResidualModel::over_all_sizes(std::string_view mechanism) const {
  if (const Residuals* r = find(mechanism, kAllBands, kFewInMechanism)) return *r;
  if (const Residuals* r = find(family_of(mechanism), kAllBands, kFewInMechanism)) return *r;
  if (const Residuals* r = find("*", kAllBands, 1)) return *r;
  return kNone;
}

const Residuals& ResidualModel::of(std::string_view mechanism, Seconds predicted) const {
  if (const Residuals* r = find(mechanism, band_of(predicted), kFewInBand)) return *r;
  return over_all_sizes(mechanism);
}

Interval ResidualModel::factors(std::string_view mechanism, Seconds predicted) const {
  const Residuals& r = of(mechanism, predicted);
  return {std::exp(r.q05), 1, std::exp(r.q95)};
}

std::string ResidualModel::text() const {
  std::string out =
      "# ln(measured / predicted time) of the rows the constants were fitted on, by mechanism and size band\n"
      "# (band -1: all sizes; 0: below 10 us, 1: 10-30, 2: 30-100, 3: 100-1000, 4: 1-10 ms, 5: above).\n"
      "# Written by: etalon validate DIR --write-residuals FILE\n"
      "mechanism,band,rows,q05,q25,q50,q75,q95\n";
  for (const auto& [mechanism, bands] : table_) {
    for (const auto& [band, r] : bands) {
      out += fmt::format("{},{},{},{:.4f},{:.4f},{:.4f},{:.4f},{:.4f}\n", mechanism, band, r.rows, r.q05,
                         r.q25, r.q50, r.q75, r.q95);
    }
  }
  return out;
}

}  // namespace etalon::study
