// SPDX-License-Identifier: Apache-2.0
#include "family.h"

#include <algorithm>
#include <cstdint>

#include "evidence/validate.h"

namespace etalon::fit {
namespace {

using evidence::Kind;

constexpr const char* kCollector = "ai-dynamo/aiconfigurator";

Family h100() {
  return {
      "h100",
      "h100-sxm",
      "gpu-h100",
      {{{{Kind::gemm, "bf16", "", kCollector, 4}},
        {{"launch.graph", 1.8},
         {"hbm.attained", 0.84},
         {"gemm.load_latency", 0.8},
         {"gemm.epilogue_rate", 23},
         {"energy.matrix_fp16", 0.72}}},
       {{{Kind::gemm, "fp8_block+quant", "", kCollector, 4}, {Kind::gemm, "fp8+quant", "", kCollector, 4}},
        {{"energy.matrix_fp8", 0.36}, {"gemm.promotion_wait", 90}, {"quantise.rate", 7}}}}};
}

Family a100() {
  return {"a100",
          "a100-80g-sxm",
          "gpu-a100",
          {{{{Kind::gemm, "fp16", "", "microsoft/vidur", 2},
             {Kind::gemm, "fp16", "", "PrincetonUniversity/LLMCompass", 2}},
            {{"launch.profiler", 3}, {"hbm.attained", 0.84}, {"energy.matrix_fp16", 1.3}}}}};
}

Family b200() {
  return {"b200",
          "b200",
          "gpu-b200",
          {{{{Kind::gemm, "fp8", "", "stas00/ml-engineering", 2}}, {{"energy.matrix_fp8", 0.22}}}}};
}

// What a framework launches around its kernels, and how it routes; then attention, whose rows move keys at
// the rate that decode reaches.
Family moe() {
  return {"moe",
          "h100-sxm",
          "gpu-moe",
          {{{{Kind::grouped_gemm, "", "", kCollector, 6}},
            {{"framework.elementwise", 0.6}, {"moe.route", 0.004}}}}};
}

Family attention() {
  return {"attention",
          "h100-sxm",
          "gpu-attention",
          {{{{Kind::attention, "bf16", "decode", kCollector, 5},
             {Kind::attention, "bf16", "forward", kCollector, 9}},
            {{"attention.softmax", 40},
             {"attention.row", 22},
             {"attention.scan", 500},
             {"stream.attained", 0.9},
             {"framework.cache_write", 0.7}}}}};
}

Family latent() {
  return {"latent",
          "h100-sxm",
          "gpu-mla",
          {{{{Kind::mla, "bf16", "decode", kCollector, 2}}, {{"latent.decode_mask", 2500}}}}};
}

std::uint32_t hash_of(const std::string& id) {
  std::uint32_t hash = 2166136261u;
  for (const char c : id) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash;
}

bool is_among(const Rows& rows, const evidence::Row& row) {
  evidence::Checked checked;
  checked.row = &row;
  return row.kind == rows.kind && (rows.dtype.empty() || row.dtype == rows.dtype) &&
         row.source.starts_with(rows.source) && evidence::group_of(checked).metric.starts_with(rows.what) &&
         hash_of(row.id) % static_cast<std::uint32_t>(rows.one_in) == 0 && row.measured >= rows.at_least_us;
}

}  // namespace

const std::vector<Family>& families() {
  static const std::vector<Family> all = {h100(), a100(), b200(), moe(), attention(), latent()};
  return all;
}

bool is_for(const Stage& stage, const std::string& chip, const evidence::Row& row) {
  return row.chip == chip &&
         std::any_of(stage.rows.begin(), stage.rows.end(), [&](const Rows& r) { return is_among(r, row); });
}

}  // namespace etalon::fit
