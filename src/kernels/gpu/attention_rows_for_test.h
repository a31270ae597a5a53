// SPDX-License-Identifier: Apache-2.0
#pragma once

// Rows of attention.csv, mla.csv and grouped_gemm.csv of an evidence folder, as operations; for accuracy
// tests.

#include <cstdint>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "base/published_rows_for_test.h"
#include "llm/operation.h"

namespace etalon::kernels::testing {

struct MeasuredRow {
  std::string id, kind;  // "forward", "decode", "latent forward", "latent decode", "balanced", "skewed"
  llm::Operation operation;
  double seconds = 0;
  bool fitted = false;  // listed in data/calibration
};

// Ids of rows on which constants of these kernels were fitted.
inline const std::set<std::string>& fitted_ids() {
  static const std::set<std::string> ids = [] {
    std::set<std::string> out;
    for (const char* list : {"gpu-attention", "gpu-mla", "gpu-moe"}) {
      std::ifstream in(std::string(ETALON_SOURCE_DIR "/data/calibration/") + list + ".txt");
      for (std::string line; std::getline(in, line);)
        if (!line.empty() && line[0] != '#') out.insert(line);
    }
    return out;
  }();
  return ids;
}

using CsvRow = test::PublishedRow;

inline std::vector<CsvRow> csv_rows(const std::string& file) {
  std::vector<CsvRow> rows;
  for (CsvRow& row : test::published_rows(file))
    if (row["chip"] == "h100-sxm") rows.push_back(row);
  return rows;
}

inline std::int64_t whole(const CsvRow& r, const char* key) { return std::stoll(r.at(key)); }

inline MeasuredRow measured(const CsvRow& r, std::string kind, llm::Operation op) {
  return {r.at("id"), std::move(kind), std::move(op), std::stod(r.at("time_us")) * 1e-6,
          fitted_ids().contains(r.at("id"))};
}

inline std::vector<MeasuredRow> attention_rows() {
  std::vector<MeasuredRow> rows;
  for (const CsvRow& r : csv_rows("attention.csv")) {
    llm::Attention a;
    const bool decode = r.at("phase") == "decode";
    a.phase = decode ? llm::Phase::decode : llm::Phase::forward;
    a.batch = whole(r, "batch"), a.heads_q = whole(r, "heads_q"), a.heads_kv = whole(r, "heads_kv");
    a.head_dim = a.head_dim_v = whole(r, "head_dim");
    a.seq_q = whole(r, "seq_q"), a.seq_kv = whole(r, "seq_kv");
    a.causal = r.at("causal") == "1";
    a.framework_call = true;
    rows.push_back(measured(r, r.at("phase"), a));
  }
  return rows;
}

inline std::vector<MeasuredRow> latent_rows() {
  std::vector<MeasuredRow> rows;
  for (const CsvRow& r : csv_rows("mla.csv")) {
    llm::Attention a;
    const bool decode = r.at("phase") == "decode";
    a.phase = decode ? llm::Phase::decode : llm::Phase::forward;
    a.batch = whole(r, "batch"), a.heads_q = whole(r, "heads"), a.heads_kv = decode ? 1 : a.heads_q;
    a.head_dim = decode ? 576 : 192, a.head_dim_v = decode ? 512 : 128;
    a.seq_q = whole(r, "seq_q"), a.seq_kv = whole(r, "seq_kv");
    a.shared_kv = decode, a.causal = !decode, a.framework_call = true;
    rows.push_back(measured(r, "latent " + r.at("phase"), a));
  }
  return rows;
}

inline std::vector<MeasuredRow> expert_rows() {
  const std::map<std::string, llm::Dtype> types = {{"bf16", llm::Dtype::bf16},
                                                   {"fp8", llm::Dtype::fp8},
                                                   {"fp8_block", llm::Dtype::fp8_block},
                                                   {"w4a16_mxfp4", llm::Dtype::mxfp4_w}};
  std::vector<MeasuredRow> rows;
  for (const CsvRow& r : csv_rows("grouped_gemm.csv")) {
    llm::GroupedMatmul g;
    g.tokens = whole(r, "tokens"), g.hidden = whole(r, "hidden"), g.inter = whole(r, "inter");
    g.experts = whole(r, "experts"), g.top_k = whole(r, "top_k"), g.ep = whole(r, "ep");
    g.gated = r.at("gated") == "1";
    g.dtype = types.at(r.at("dtype"));
    const std::string& d = r.at("distribution");
    g.skew = d == "balanced" ? 0 : std::stod(d.substr(d.rfind('_') + 1));
    rows.push_back(measured(r, g.skew == 0 ? "balanced" : "skewed", g));
  }
  return rows;
}

}  // namespace etalon::kernels::testing
