// SPDX-License-Identifier: Apache-2.0
#include "evidence/corpus.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "base/text.h"
#include "evidence/row_reader.h"

namespace etalon::evidence {
namespace {

constexpr std::array<const char*, kKinds> kNames = {"gemm",     "grouped_gemm", "attention", "mla",
                                                    "vector",   "memory",       "program",   "collective",
                                                    "training", "serving"};
// Allowed in every kind; the meaning is that of docs/reference/file-formats.md.
const std::vector<std::string> kTrailing = {"batch", "layout", "out_dtype", "window", "l2_state"};

void check_header(const CsvTable& table, Kind kind, std::vector<Error>& problems) {
  const std::vector<std::string>& expected = columns_of(kind);
  std::vector<std::string> known = expected;
  known.insert(known.end(), kTrailing.begin(), kTrailing.end());
  std::set<std::string> seen;
  for (const std::string& column : table.columns) {
    if (std::find(known.begin(), known.end(), column) == known.end()) {
      const std::string hint = did_you_mean(column, known);
      problems.push_back(Error{"evidence.column",
                               fmt::format("got the unknown column \"{}\"", column),
                               hint.empty() ? "remove it, or put what it says into note" : hint,
                               table.file,
                               1,
                               0,
                               {}});
    } else if (!seen.insert(column).second) {
      problems.push_back(Error{"evidence.column",
                               fmt::format("got the column \"{}\" twice", column),
                               "remove one of them",
                               table.file,
                               1,
                               0,
                               {}});
    }
  }
  for (const std::string& column : expected) {
    if (!seen.contains(column)) {
      problems.push_back(
          Error{"evidence.missing-column",
                fmt::format("the column \"{}\" is missing", column),
                fmt::format("{}.csv has the columns {}", name_of(kind), fmt::join(expected, ",")),
                table.file,
                1,
                0,
                {}});
    }
  }
}

std::unexpected<Error> all_of(std::vector<Error> problems) {
  Error first = std::move(problems.front());
  first.also.assign(std::make_move_iterator(problems.begin() + 1), std::make_move_iterator(problems.end()));
  return fail(std::move(first));
}

// Appends the rows of one table to `corpus`, and what is wrong to `problems`.
void add_table(const CsvTable& table, Kind kind, Corpus& corpus, std::map<std::string, std::string>& ids,
               std::vector<Error>& problems) {
  const std::size_t before = problems.size();
  check_header(table, kind, problems);
  if (problems.size() > before) return;
  if (kind == Kind::serving) {
    corpus.findings.push_back(
        {Severity::note, "evidence.serving",
         fmt::format("{} serving rows left out: serving comes with a later release", table.rows.size()),
         table.file});
    return;
  }
  for (const CsvRow& cells : table.rows) {
    Cells reader(table, cells, problems);
    Row row = read_row(kind, reader);
    row.file = table.file;
    row.line = cells.line;
    const std::string here = fmt::format("{}:{}", table.file, cells.line);
    const auto [met, is_new] = ids.emplace(row.id, here);
    if (!is_new && !row.id.empty()) {
      reader.problem("evidence.duplicate-id", "id",
                     fmt::format("got \"{}\" again, first in {}", row.id, met->second),
                     "give each row its own id");
    }
    corpus.rows.push_back(std::move(row));
  }
}

}  // namespace

const char* name_of(Kind kind) { return kNames[static_cast<std::size_t>(kind)]; }

std::optional<Kind> parse_kind(std::string_view text) {
  for (int i = 0; i < kKinds; ++i) {
    if (text == kNames[static_cast<std::size_t>(i)]) return static_cast<Kind>(i);
  }
  return std::nullopt;
}

std::vector<std::string> kind_names() { return {kNames.begin(), kNames.end()}; }

Result<Corpus> parse_corpus(Kind kind, std::string_view text, const std::string& file) {
  TRY(table, parse_csv(text, file));
  Corpus corpus;
  std::vector<Error> problems;
  std::map<std::string, std::string> ids;
  add_table(table, kind, corpus, ids, problems);
  if (!problems.empty()) return all_of(std::move(problems));
  return corpus;
}

Result<Corpus> load_corpus(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  std::vector<std::pair<Kind, std::string>> files;
  Corpus corpus;
  if (fs::is_regular_file(path, ignored)) {
    const auto kind = parse_kind(fs::path(path).stem().string());
    if (!kind || fs::path(path).extension() != ".csv") {
      return fail("evidence.no-files",
                  fmt::format("got the file {}, whose name is of no kind of evidence", path),
                  fmt::format("name it KIND.csv with KIND one of {}", fmt::join(kNames, ", ")));
    }
    files.emplace_back(*kind, path);
  } else if (fs::is_directory(path, ignored)) {
    for (int i = 0; i < kKinds; ++i) {
      const fs::path file = fs::path(path) / fmt::format("{}.csv", kNames[static_cast<std::size_t>(i)]);
      if (fs::exists(file, ignored)) files.emplace_back(static_cast<Kind>(i), file.string());
    }
    std::set<std::string> others;
    for (const auto& entry : fs::directory_iterator(path, ignored)) {
      if (entry.path().extension() == ".csv" && !parse_kind(entry.path().stem().string())) {
        others.insert(entry.path().filename().string());
      }
    }
    for (const std::string& other : others) {
      corpus.findings.push_back(
          {Severity::note, "evidence.unknown-file", "not a kind of evidence, left out", other});
    }
  } else {
    return fail("evidence.no-directory", fmt::format("no directory or file {}", path),
                "give a directory that holds gemm.csv, attention.csv, ...");
  }
  if (files.empty()) {
    return fail("evidence.no-files", fmt::format("got no evidence in {}", path),
                fmt::format("put there one of {}.csv", fmt::join(kNames, ".csv, ")));
  }
  std::vector<Error> problems;
  std::map<std::string, std::string> ids;
  for (const auto& [kind, file] : files) {
    auto table = read_csv(file);
    if (table) {
      add_table(*table, kind, corpus, ids, problems);
    } else {
      problems.push_back(std::move(table).error());
    }
  }
  if (!problems.empty()) return all_of(std::move(problems));
  return corpus;
}

}  // namespace etalon::evidence
