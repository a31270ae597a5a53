// SPDX-License-Identifier: Apache-2.0
#pragma once

// Published measurements as typed rows. One CSV file per kind (gemm.csv, attention.csv, ...), the same
// columns for the shipped evidence and for anybody's own; docs/reference/file-formats.md lists them. A row
// holds what was asked of the machine and what was measured; how it was timed is the business of its source
// (harness.h). Nothing here knows how a prediction is made.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/finding.h"
#include "base/result.h"
#include "llm/operation.h"

namespace etalon::evidence {

enum class Kind {
  gemm,
  grouped_gemm,
  attention,
  mla,
  vector,
  memory,
  program,
  collective,
  training,
  serving
};
inline constexpr int kKinds = 10;
const char* name_of(Kind);
std::optional<Kind> parse_kind(std::string_view);
std::vector<std::string> kind_names();

// A stream through one level of the memory of a device.
struct MemoryShape {
  std::string level;    // hbm, l2, ...
  std::string pattern;  // read, write, copy, ...
  std::int64_t bytes = 0;
  std::int64_t cores = 0;  // 0: all
  bool operator==(const MemoryShape&) const = default;
};
// A program described step by step: its name and settings as published.
struct ProgramShape {
  std::string program;
  std::map<std::string, std::string> params;
  bool operator==(const ProgramShape&) const = default;
};
struct CollectiveShape {
  std::string op;
  std::int64_t ranks = 0;
  std::int64_t bytes = 0;  // the full tensor; for all_to_all the send buffer of a rank
  bool operator==(const CollectiveShape&) const = default;
};
// A training run. Zero means "not published" for every count.
struct TrainingShape {
  std::string task, model, model_dims, schedule, zero, recompute, dtype, software, flop_convention;
  std::int64_t chips = 0, seq = 0, global_batch = 0, micro_batch = 0;
  std::int64_t tp = 0, pp = 0, vp = 0, dp = 0, cp = 0, ep = 0;
  std::optional<bool> sp;
  bool operator==(const TrainingShape&) const = default;
};
using Shape = std::variant<llm::Operation, MemoryShape, ProgramShape, CollectiveShape, TrainingShape>;

struct Row {
  std::string id;
  Kind kind = Kind::gemm;
  std::string chip;   // name of a chip; for collective and training rows of a node ("cluster")
  std::string dtype;  // as written
  Shape shape;
  std::string metric;   // what was measured: "time", "task_us", "tokens_per_s_per_chip", ...
  double measured = 0;  // in `unit`
  std::string unit;     // "us", "GB/s", "s", "tokens/s", "TFLOP/s", "%", "GiB"
  std::string source, note;
  std::string l2_state;  // "warm", "cold" or empty: as the source's harness has it
  std::string file;
  int line = 0;

  // Chip, operation, dtype, shape and source in one line: equal keys are the same measurement under another
  // id.
  std::string key() const;
};

struct Corpus {
  std::vector<Row> rows;  // by file (order of Kind), then by line
  Findings findings;      // files and rows left out, and why
};

// Reads every known file of a directory, or one file by its path. All problems of all files are reported at
// once: evidence.no-directory, evidence.no-files, evidence.column, evidence.missing-column, evidence.number,
// evidence.value, evidence.duplicate-id and those of csv.h.
Result<Corpus> load_corpus(const std::string& path);
Result<Corpus> parse_corpus(Kind kind, std::string_view text, const std::string& file);

}  // namespace etalon::evidence
