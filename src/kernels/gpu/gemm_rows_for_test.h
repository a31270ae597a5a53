// SPDX-License-Identifier: Apache-2.0
#pragma once

// Published matrix-product times for the tests: read from the folder named by ETALON_EVIDENCE, or from where
// the workplace of this repository keeps its evidence; absent elsewhere, and the tests then say so and skip.

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "kernels/cost.h"

namespace etalon::kernels::testing {

struct GemmRow {
  std::string id, chip, dtype, source;
  llm::Matmul op;
  double microseconds = 0;
  bool fitted = false;  // constants were fitted on it
  Harness harness;
};

// Ids of the rows that constants of matrix products were fitted on.
inline std::set<std::string> fitted_ids(const std::string& root) {
  std::set<std::string> ids;
  for (const char* list : {"gpu-h100", "gpu-a100", "gpu-b200"}) {
    std::ifstream file(std::filesystem::path(root) / "data/calibration" / (std::string(list) + ".txt"));
    for (std::string line; std::getline(file, line);) ids.insert(line);
  }
  return ids;
}

inline Harness harness_of(const std::string& source) {
  Harness h;
  if (source.starts_with("ai-dynamo")) {
    h.weight_copies = 5;
    h.weight_rotation = Bytes{50e6};
  } else {
    h.launch = Harness::Launch::profiler;
    h.replays = 1;
    h.warm = false;
    h.sustained = true;  // a layer loop runs for seconds
  }
  return h;
}

// `root`: the source directory of this repository.
inline std::vector<GemmRow> read_gemm_rows(const std::string& root) {
  const char* set = std::getenv("ETALON_EVIDENCE");
  const std::filesystem::path folder =
      set ? std::filesystem::path(set) : std::filesystem::path(root) / "../shared/evidence/open";
  std::ifstream file(folder / "gemm.csv");
  const std::set<std::string> fitted = fitted_ids(root);
  std::vector<GemmRow> rows;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::stringstream cells(line);
    std::string c[8];
    for (std::string& cell : c) std::getline(cells, cell, ',');
    GemmRow r{c[0], c[1], c[2], c[7], {}, std::atof(c[6].c_str()), fitted.contains(c[0]), harness_of(c[7])};
    r.op.m = std::atoll(c[3].c_str());
    r.op.n = std::atoll(c[4].c_str());
    r.op.k = std::atoll(c[5].c_str());
    r.op.quantise_activation = r.dtype.ends_with("+quant");
    if (!llm::parse(r.dtype.substr(0, r.dtype.find('+')), r.op.dtype)) continue;
    r.op.out_dtype = r.op.dtype == llm::Dtype::fp16 ? llm::Dtype::fp16 : llm::Dtype::bf16;
    rows.push_back(std::move(r));
  }
  return rows;
}

}  // namespace etalon::kernels::testing
