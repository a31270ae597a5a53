// SPDX-License-Identifier: Apache-2.0
#pragma once

// Published matrix-product times as operations, for the tests.

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/published_rows_for_test.h"
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

inline std::vector<GemmRow> read_gemm_rows() {
  const std::set<std::string> fitted = fitted_ids(ETALON_SOURCE_DIR);
  std::vector<GemmRow> rows;
  for (const test::PublishedRow& p : test::published_rows("gemm.csv")) {
    const std::string &id = p.at("id"), &source = p.at("source");
    GemmRow r{id,
              p.at("chip"),
              p.at("dtype"),
              source,
              {},
              std::stod(p.at("time_us")),
              fitted.contains(id),
              harness_of(source)};
    r.op.m = std::stoll(p.at("m"));
    r.op.n = std::stoll(p.at("n"));
    r.op.k = std::stoll(p.at("k"));
    r.op.quantise_activation = r.dtype.ends_with("+quant");
    if (!llm::parse(r.dtype.substr(0, r.dtype.find('+')), r.op.dtype)) continue;
    r.op.out_dtype = r.op.dtype == llm::Dtype::fp16 ? llm::Dtype::fp16 : llm::Dtype::bf16;
    rows.push_back(std::move(r));
  }
  return rows;
}

}  // namespace etalon::kernels::testing
