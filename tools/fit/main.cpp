// SPDX-License-Identifier: Apache-2.0
// etalon_fit FAMILY... [--evidence DIR] [--jobs N] [--write | --reproduce]
// Fits the constants of the named families (or: all) from their start values and prints them. --write: puts
// them and the list of rows used into data/. --reproduce: fails unless data/ holds the same values to three
// digits and the same list; exit code 77 where the evidence lacks rows of the list.

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "catalog/catalog.h"
#include "family.h"
#include "rewrite.h"
#include "run.h"

namespace etalon::fit {
namespace {

constexpr int kCannotTell = 77;  // what ctest counts as skipped

enum class Use { print, write, reproduce };

std::filesystem::path list_file(const Family& family) {
  return catalog::data_directory() / "calibration" / (family.list + ".txt");
}

std::set<std::string> listed(const Family& family) {
  std::set<std::string> ids;
  std::ifstream in(list_file(family));
  for (std::string line; std::getline(in, line);)
    if (!line.empty() && line[0] != '#') ids.insert(line);
  return ids;
}

std::string list_text(const Family& family, const std::vector<std::string>& ids) {
  std::string out = fmt::format("# Rows on which constants of {} were fitted, by etalon_fit {}.\n",
                                family.chip, family.name);
  out += "# Rule (tools/fit/family.cpp): those whose 32-bit FNV-1a hash of the id is divisible by";
  std::set<int> divisors;
  for (const Stage& stage : family.stages)
    for (const Rows& rows : stage.rows) divisors.insert(rows.one_in);
  for (const int d : divisors) out += fmt::format("{} {}", d == *divisors.begin() ? "" : " or", d);
  out += ", by stage; the others check.\n";
  for (const std::string& id : ids) out += id + "\n";
  return out;
}

Result<std::monostate> write(const Family& family, const Fitted& fitted) {
  const auto path = catalog::data_directory() / "chips" / (family.chip + ".toml");
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  std::string now = text.str();
  for (const auto& [fact, value] : fitted.values) {
    TRY(next, with_value(now, fact, value));
    now = next;
  }
  std::ofstream(path) << now;
  std::ofstream(list_file(family)) << list_text(family, fitted.ids);
  return std::monostate{};
}

// Whether data/ holds what was found; prints what differs.
Result<bool> is_recorded(const Family& family, const Fitted& fitted) {
  TRY(chip, catalog::find_chip(family.chip));
  bool same = true;
  for (const auto& [path, value] : fitted.values) {
    const catalog::Fact& fact = chip.facts().find(path)->second;
    const double recorded = fact.si.value / fact.unit_scale;
    if (fmt::format("{:.3g}", recorded) == fmt::format("{:.3g}", value)) continue;
    fmt::print("  differs: {} is {:.3g} in data/, {:.3g} fitted anew\n", path, recorded, value);
    same = false;
  }
  if (std::set<std::string>(fitted.ids.begin(), fitted.ids.end()) != listed(family)) {
    fmt::print("  differs: {} does not list the rows used\n", list_file(family).filename().string());
    same = false;
  }
  return same;
}

void print(const Family& family, const Fitted& fitted) {
  fmt::print("{}:\n", family.name);
  for (std::size_t i = 0; i < fitted.stages.size(); ++i) {
    const FittedStage& stage = fitted.stages[i];
    fmt::print("  {} rows, mean |ln error| {:.4f} -> {:.4f}\n", stage.rows, stage.before, stage.after);
    for (const Constant& c : family.stages[i].constants)
      fmt::print("    {} = {:.3g}\n", c.path, fitted.values.at(c.path));
  }
}

// Rows of the lists that the evidence lacks: without them a fit finds other values.
int missing_rows(const std::vector<const Family*>& chosen, const evidence::Corpus& corpus) {
  std::set<std::string> wanted;
  for (const Family* family : chosen) wanted.merge(listed(*family));
  for (const evidence::Row& row : corpus.rows) wanted.erase(row.id);
  return static_cast<int>(wanted.size());
}

Result<int> fit_all(const std::vector<const Family*>& chosen, const std::string& evidence_folder, Use use,
                    int jobs) {
  TRY(corpus, evidence::load_corpus(evidence_folder));
  TRY(book, evidence::HarnessBook::load(catalog::data_directory() / "harness.toml"));
  if (const int missing = use == Use::reproduce ? missing_rows(chosen, corpus) : 0) {
    fmt::print("cannot tell: {} rows that constants were fitted on are not in {}\n", missing,
               evidence_folder);
    return kCannotTell;
  }
  bool same = true;
  for (const Family* family : chosen) {
    TRY(fitted, run(*family, corpus, book, jobs));
    print(*family, fitted);
    std::fflush(stdout);
    if (use == Use::write) {
      TRY(written, write(*family, fitted));
      static_cast<void>(written);
    } else if (use == Use::reproduce) {
      TRY(recorded, is_recorded(*family, fitted));
      same = same && recorded;
    }
  }
  return same ? 0 : 1;
}

// The folder named by ETALON_EVIDENCE, or the shipped rows.
std::string default_evidence() {
  if (const char* set = std::getenv("ETALON_EVIDENCE")) return set;
  return (catalog::data_directory() / "evidence").string();
}

int usage() {
  fmt::print(stderr, "usage: etalon_fit FAMILY... [--evidence DIR] [--jobs N] [--write | --reproduce]\n");
  fmt::print(stderr, "FAMILY is all or one of:");
  for (const Family& f : families()) fmt::print(stderr, " {}", f.name);
  fmt::print(stderr, "\n");
  return 2;
}

}  // namespace
}  // namespace etalon::fit

int main(int argc, char** argv) {
  using namespace etalon;
  using namespace etalon::fit;
  std::vector<const Family*> chosen;
  std::string evidence_folder = default_evidence();
  Use use = Use::print;
  int jobs = 2;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const std::size_t before = chosen.size();
    if (word == "--write")
      use = Use::write;
    else if (word == "--reproduce")
      use = Use::reproduce;
    else if (word == "--evidence" && i + 1 < argc)
      evidence_folder = argv[++i];
    else if (word == "--jobs" && i + 1 < argc)
      jobs = std::clamp(std::atoi(argv[++i]), 1, 256);
    else {
      for (const Family& f : families())
        if (word == f.name || word == "all") chosen.push_back(&f);
      if (chosen.size() == before) return usage();
    }
  }
  if (chosen.empty()) return usage();
  const auto done = fit_all(chosen, evidence_folder, use, jobs);
  if (!done) fmt::print(stderr, "{}\n", done.error().text());
  return done ? *done : 2;
}
