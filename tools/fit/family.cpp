// SPDX-License-Identifier: Apache-2.0
#include "family.h"

#include <cstdint>

namespace etalon::fit {

const std::vector<Family>& families() {
  static const std::vector<Family> all = {
      {"h100",
       "h100-sxm",
       "gpu-h100",
       {{"bf16",
         "ai-dynamo/aiconfigurator",
         {{"launch.graph", 1.8},
          {"launch.next", 2.4},
          {"hbm.attained", 0.84},
          {"gemm.load_latency", 0.8},
          {"gemm.epilogue_rate", 23},
          {"energy.matrix_fp16", 0.72}}},
        {"fp8_block+quant",
         "ai-dynamo/aiconfigurator",
         {{"energy.matrix_fp8", 0.38},
          {"quantise.block_rate", 5.2},
          {"gemm.promotion_exposed", 0.25},
          {"gemm.promotion_bubble", 100},
          {"gemm.block_epilogue_rate", 9}}},
        {"fp8+quant", "ai-dynamo/aiconfigurator", {{"quantise.rate", 4}}},
        {"fp16", "microsoft/vidur", {{"launch.profiler", 1.5}}}}},
      {"a100",
       "a100-80g-sxm",
       "gpu-a100",
       {{"fp16",
         "microsoft/vidur",
         {{"launch.profiler", 3.0},
          {"hbm.attained", 0.84},
          {"gemm.epilogue_rate", 23},
          {"tensor.issue", 0.9}}}}},
      {"b200", "b200", "gpu-b200", {{"fp8", "stas00/ml-engineering", {{"energy.matrix_fp8", 0.22}}}}},
  };
  return all;
}

bool is_for_fitting(const std::string& id) {
  std::uint32_t hash = 2166136261u;
  for (const char c : id) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 16777619u;
  }
  return hash % 2 == 0;
}

}  // namespace etalon::fit
