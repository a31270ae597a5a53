// SPDX-License-Identifier: Apache-2.0
// ratchet TABLE            predicts the shipped evidence and fails if a group got worse than TABLE says
// ratchet TABLE --update   rewrites TABLE; groups that got worse need a line in CHANGES.md beside it
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "evidence/accuracy.h"

namespace {

using namespace etalon;
using namespace etalon::evidence;

std::string read(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

Result<Validation> validate_shipped(Corpus& corpus) {
  const auto data = catalog::data_directory();
  TRY(loaded, load_corpus((data / "evidence").string()));
  corpus = std::move(loaded);
  TRY(harnesses, HarnessBook::load(data / "harness.toml"));
  TRY(fitted, FittedRows::load(data));
  fitted.learn(corpus);
  TRY(residuals, study::ResidualModel::load(data / "calibration" / "residuals.csv"));
  // No cache file: the table must not depend on what an earlier run left.
  const Predictor predictor(std::move(harnesses), std::move(residuals), {});
  return validate(corpus, fitted, predictor, {});
}

// A loosened group is allowed where CHANGES.md names it.
std::vector<std::string> unexplained(const std::vector<std::string>& worse, const std::string& changes) {
  std::vector<std::string> out;
  for (const std::string& line : worse) {
    const std::string group = line.substr(0, line.find(':'));
    if (changes.find(group) == std::string::npos) out.push_back(line);
  }
  return out;
}

int run(const std::string& table, bool is_update) {
  Corpus corpus;
  const auto validation = validate_shipped(corpus);
  if (!validation) return std::fprintf(stderr, "%s\n", validation.error().text().c_str()), 2;
  const std::vector<GroupError> now = group_errors(*validation);
  const auto recorded = parse_group_errors(read(table), table);
  if (!recorded) return std::fprintf(stderr, "%s\n", recorded.error().text().c_str()), 2;
  std::vector<std::string> worse = regressions(*recorded, now);
  if (is_update) {
    std::erase_if(worse, [](const std::string& line) { return line.ends_with("not in the recorded table"); });
    worse = unexplained(worse, read(std::filesystem::path(table).parent_path() / "CHANGES.md"));
  }
  for (const std::string& line : worse) std::printf("worse: %s\n", line.c_str());
  if (!worse.empty()) {
    std::printf("%s\n", is_update ? "name these groups, and why, in tests/validation/CHANGES.md"
                                  : "if this is meant: tools/check/ratchet --update");
    return 1;
  }
  if (is_update) std::ofstream(table, std::ios::binary) << text_of(now);
  int rows = 0;
  for (const GroupError& e : now) rows += e.rows;
  std::printf("%zu groups of %d rows are as good as recorded, or better\n", now.size(), rows);
  return rows > 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const bool is_update = argc == 3 && std::string(argv[2]) == "--update";
  if (argc != 2 && !is_update) return std::fprintf(stderr, "usage: ratchet TABLE [--update]\n"), 2;
  return run(argv[1], is_update);
}
