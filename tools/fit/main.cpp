// SPDX-License-Identifier: Apache-2.0
// fit FAMILY [--evidence DIR] [--check] [--formula] [--only DTYPE] [--rows FILE] [--write]
// Fits the constants of a chip family and prints how well rows that were fitted and rows that were not are
// predicted; --check: with the constants as they are; --write: puts the new ones into data/.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>

#include "catalog/catalog.h"
#include "evidence/corpus.h"
#include "evidence/harness.h"
#include "family.h"
#include "kernels/gpu/gemm.h"
#include "rewrite.h"
#include "solve.h"

namespace etalon::fit {

std::FILE* rows_file = nullptr;  // --rows: every predicted row, to look for what is misfitted

namespace {

struct Sample {
  const evidence::Row* row;
  kernels::Harness harness;
  bool fitted;
};

catalog::Chip with(catalog::Chip chip, const std::vector<Constant>& constants, const Vector& values) {
  for (std::size_t i = 0; i < constants.size(); ++i) {
    const double scale = chip.facts().find(constants[i].path)->second.unit_scale;
    static_cast<catalog::FactSheet&>(chip) = chip.with(constants[i].path, values[i] * scale);
  }
  return chip;
}

double residual(const catalog::Chip& chip, const Sample& s, Fidelity fidelity, bool print = false) {
  kernels::CostOptions options;
  options.fidelity = fidelity;
  const auto cost = kernels::gemm_cost(chip, std::get<llm::Operation>(s.row->shape), s.harness, options);
  if (!cost) return 0;
  const double r = std::log(cost->time.value * 1e6 / s.row->measured);
  if (print && rows_file)
    fmt::print(rows_file, "{},{:.2f},{:.2f},{:+.1f}%,{:.2f} GHz,\"{}\"\n", s.row->id, s.row->measured,
               cost->time.value * 1e6, 100 * std::expm1(r), cost->clock.value * 1e-9, cost->tiling);
  return r;
}

Vector residuals(const catalog::Chip& chip, const std::vector<Sample>& samples, Fidelity fidelity) {
  Vector out;
  for (const Sample& s : samples) out.push_back(residual(chip, s, fidelity));
  return out;
}

std::vector<Sample> select(const evidence::Corpus& corpus, const evidence::HarnessBook& book,
                           const Family& family, const Stage& stage, bool fitting_only) {
  std::vector<Sample> out;
  for (const evidence::Row& row : corpus.rows) {
    if (row.kind != evidence::Kind::gemm || row.chip != family.chip || row.dtype != stage.dtype) continue;
    if (!row.source.starts_with(stage.source)) continue;
    const bool fitted = is_for_fitting(row.id);
    if (fitted || !fitting_only) out.push_back({&row, book.harness_of(row), fitted});
  }
  return out;
}

double quantile(Vector v, double q) {
  if (v.empty()) return 0;
  std::sort(v.begin(), v.end());
  return v[std::min(v.size() - 1, static_cast<std::size_t>(q * static_cast<double>(v.size())))];
}

void print_errors(const catalog::Chip& chip, const std::vector<Sample>& samples, const std::string& dtype,
                  Fidelity fidelity) {
  Vector errors[2];
  for (const Sample& s : samples)
    errors[s.fitted ? 0 : 1].push_back(std::abs(std::expm1(residual(chip, s, fidelity, true))) * 100);
  for (const int i : {0, 1})
    fmt::print("  {:<16} {:<6} {:4} rows: median {:5.1f} %  p90 {:5.1f} %\n", dtype, i ? "check" : "fit",
               errors[i].size(), quantile(errors[i], 0.5), quantile(errors[i], 0.9));
}

Result<std::monostate> write_chip(const Family& family, const std::map<std::string, double>& values) {
  const auto path = catalog::data_directory() / "chips" / (family.chip + ".toml");
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  std::string now = text.str();
  for (const auto& [fact, value] : values) {
    TRY(next, with_value(now, fact, value));
    now = next;
  }
  std::ofstream(path) << now;
  return std::monostate{};
}

void write_list(const Family& family, const std::vector<std::string>& ids) {
  std::ofstream out(catalog::data_directory() / "calibration" / (family.list + ".txt"));
  out << "# Rows on which constants of " << family.chip << " were fitted, by tools/fit " << family.name
      << ".\n"
      << "# Rule: those whose id has an even 32-bit FNV-1a hash; the others check.\n";
  for (const std::string& id : ids) out << id << "\n";
}

Result<std::monostate> run(const Family& family, const std::string& evidence_directory, bool write,
                           bool fit_them, Fidelity fidelity, const std::string& only) {
  TRY(found, catalog::find_chip(family.chip));
  catalog::Chip chip = found;
  TRY(corpus, evidence::load_corpus(evidence_directory));
  TRY(book, evidence::HarnessBook::load(catalog::data_directory() / "harness.toml"));
  std::map<std::string, double> values;
  std::vector<std::string> ids;
  for (const Stage& stage : family.stages) {
    const std::vector<Sample> samples = select(corpus, book, family, stage, true);
    for (const Sample& s : samples) ids.push_back(s.row->id);
    if (!fit_them || samples.empty() || (!only.empty() && only != stage.dtype)) continue;
    Vector start;
    for (const Constant& c : stage.constants) start.push_back(c.start);
    const auto model = [&](Fidelity fidelity) {
      return [&, fidelity](const Vector& v) {
        return residuals(with(chip, stage.constants, v), samples, fidelity);
      };
    };
    Solution s = solve(start, model(Fidelity::cycle), model(Fidelity::formula));
    fmt::print("{} {}: mean |ln error| {:.4f} -> {:.4f}\n", family.chip, stage.dtype, s.before, s.after);
    for (std::size_t i = 0; i < stage.constants.size(); ++i) {
      s.constants[i] = std::stod(fmt::format("{:.3g}", s.constants[i]));
      fmt::print("  {} = {:.3g}\n", stage.constants[i].path, s.constants[i]);
      values[stage.constants[i].path] = s.constants[i];
    }
    chip = with(chip, stage.constants, s.constants);
    std::fflush(stdout);
  }
  for (const Stage& stage : family.stages)
    if (only.empty() || only == stage.dtype)
      print_errors(chip, select(corpus, book, family, stage, false), stage.dtype, fidelity);
  if (!write) return std::monostate{};
  write_list(family, ids);
  return write_chip(family, values);
}

}  // namespace
}  // namespace etalon::fit

int main(int argc, char** argv) {
  using namespace etalon;
  std::string family, directory = (catalog::data_directory() / "evidence").string();
  bool write = false, fit_them = true;
  Fidelity fidelity = Fidelity::cycle;
  std::string only, rows;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--write")
      write = true;
    else if (word == "--check")
      fit_them = false;
    else if (word == "--formula")
      fidelity = Fidelity::formula;
    else if (word == "--only" && i + 1 < argc)
      only = argv[++i];
    else if (word == "--rows" && i + 1 < argc)
      rows = argv[++i];
    else if (word == "--evidence" && i + 1 < argc)
      directory = argv[++i];
    else
      family = word;
  }
  if (!rows.empty()) fit::rows_file = std::fopen(rows.c_str(), "w");
  bool known = false;
  for (const fit::Family& f : fit::families()) {
    if (family != f.name && family != "gpu") continue;
    known = true;
    if (auto done = fit::run(f, directory, write, fit_them, fidelity, only); !done) {
      fmt::print(stderr, "{}\n", done.error().text());
      return 2;
    }
  }
  if (known) return 0;
  fmt::print(stderr,
             "usage: fit gpu|h100|a100|b200 [--evidence DIR] [--check] [--formula] [--only DTYPE] [--rows "
             "FILE] [--write]\n");
  return 2;
}
