// SPDX-License-Identifier: Apache-2.0
// Models of data/llms against published totals and published pairs of FLOP/s and tokens/s.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "llm/flops.h"
#include "llm/models.h"

namespace etalon::llm {
namespace {

class Models : public testing::Test {
 protected:
  static void SetUpTestSuite() { setenv("ETALON_DATA", ETALON_SOURCE_DIR "/data", 0); }
  static Architecture get(const std::string& name) {
    auto m = find_model(name);
    if (!m) ADD_FAILURE() << m.error().text();
    return m ? *m : Architecture{};
  }
};

struct Published {
  const char* name;
  double total, active, resolution;  // billions; half of the last printed digit
};

TEST_F(Models, HaveThePublishedNumberOfParameters) {
  const Published rows[] = {
      {"gpt2-124m", 0.124, 0.124, 0.0005},     {"gpt3-175b", 174.6, 174.6, 0.05},
      {"megatron-22b", 22.1, 22.1, 0.05},      {"megatron-530b", 529.6, 529.6, 0.05},
      {"megatron-1t", 1008.0, 1008.0, 0.05},   {"llama-2-7b", 6.738, 6.738, 0},
      {"llama-2-13b", 13.016, 13.016, 0},      {"llama-2-70b", 68.977, 68.977, 0},
      {"llama-3.1-8b", 8.030, 8.030, 0},       {"llama-3.1-70b", 70.554, 70.554, 0},
      {"llama-3.1-405b", 405.853, 405.853, 0}, {"qwen2.5-7b", 7.616, 7.616, 0},
      {"qwen2.5-32b", 32.764, 32.764, 0},      {"qwen2.5-72b", 72.706, 72.706, 0},
      {"qwen3-8b", 8.191, 8.191, 0},           {"qwen3-32b", 32.762, 32.762, 0},
      {"qwen3-30b-a3b", 30.532, 3.353, 0},     {"qwen3-235b-a22b", 235.094, 22.191, 0},
      {"mixtral-8x7b", 46.703, 12.880, 0},     {"mixtral-8x22b", 140.621, 39.152, 0},
      {"deepseek-v2", 235.74, 21.38, 0},       {"deepseek-v3", 671.026, 37.552, 0},
      {"deepseek-r1", 671.026, 37.552, 0},     {"pangu-ultra-moe-718b", 719.1, 40.4, 0.05},
      {"kimi-k2", 1026.4, 32.9, 0.05},
  };
  for (const auto& r : rows) {
    const Architecture m = get(r.name);
    EXPECT_NEAR(parameters(m).total() / 1e9, r.total, r.total * 0.001 + r.resolution) << r.name;
    EXPECT_NEAR(active_parameters(m) / 1e9, r.active, r.active * 0.001 + r.resolution) << r.name;
  }
}

TEST_F(Models, OfDeepseekCountMultiTokenPredictionApart) {
  const Architecture m = get("deepseek-v3");
  EXPECT_NEAR(parameters(m).mtp / 1e9, 11.6, 0.12);
  const double active = active_matmul_weights(m, true) - active_matmul_weights(m, false);
  EXPECT_NEAR(active / 1e9, 1.6, 0.1);  // 0.9 of them the shared head
}

TEST_F(Models, HaveThePublishedCacheBytesPerToken) {
  const std::pair<const char*, double> rows[] = {{"llama-3.1-8b", 131072},    {"llama-3.1-70b", 327680},
                                                 {"llama-3.1-405b", 516096},  {"qwen3-30b-a3b", 98304},
                                                 {"qwen3-235b-a22b", 192512}, {"mixtral-8x7b", 131072},
                                                 {"deepseek-v2", 69120},      {"deepseek-v3", 70272}};
  for (const auto& [name, bytes] : rows) EXPECT_EQ(kv_bytes_per_token(get(name)).value, bytes) << name;
}

TEST_F(Models, NeedTheFlopsPerTokenThatPublishedRatesImply) {
  struct Pair {
    const char* name;
    double seq, formula, published;
  };
  // formula and TFLOP/s over tokens/s as published; the last digit of the latter is worth up to 0.1%.
  const Pair rows[] = {{"llama-3.1-8b", 8192, 5.147e10, 744e12 / 14451},
                       {"llama-3.1-70b", 8192, 4.492e11, 736e12 / 1639},
                       {"llama-3.1-405b", 8192, 2.524e12, 2.522e12},
                       {"qwen3-235b-a22b", 4096, 1.483e11, 1.482e11},
                       {"deepseek-v3", 4096, 2.505e11, 961e12 / 3848}};
  for (const auto& r : rows) {
    const double f = train_flops_per_token(get(r.name), r.seq).value;
    EXPECT_NEAR(f / r.formula, 1, 0.0005) << r.name;
    EXPECT_NEAR(f / r.published, 1, 0.005) << r.name;
  }
}

TEST_F(Models, DifferByTheirConventionAsDeepseekPublishedIt) {
  // 432 TFLOP/s over the whole square, 385 causal, one run of DeepSeek-V3 at 4096 with multi-token prediction
  // (arXiv 2505.09343): attention's share is what separates them.
  const Architecture m = get("deepseek-v3");
  const double causal = train_flops_per_token(m, 4096, FlopConvention::causal, true).value;
  const double core = 6.0 * 62 * 128 * (192 + 128) / 2 * 4096;
  EXPECT_NEAR((causal + core) / causal, 432.0 / 385.0, 0.012);
}

TEST_F(Models, OfMptHaveTheParametersEachPublishedRowStates) {
  const char* dims = "L=12;H=768;heads=12;ffn=4H;V=50368;params=126884352;attn=flash";
  auto m = architecture_from_dims(dims, "mpt-125m", 4096);
  ASSERT_TRUE(m) << m.error().text();
  EXPECT_EQ(parameters(*m).total(), 126884352);
  EXPECT_EQ(parameters(get("mpt-70b")).total(), 64862437376);
}

TEST_F(Models, GivenByFullMaskFollowLlmFoundry) {
  // 54.13% of 312 TFLOP/s at 20368 tokens/s: mpt-125m, sequence 65536, A100.
  auto m = model_of_row("mpt-125m", "", 65536);
  ASSERT_TRUE(m);
  const double f = train_flops_per_token(*m, 65536, FlopConvention::full_mask).value;
  EXPECT_NEAR(f * 20368 / 312e12, 0.5413, 0.0005);
}

TEST_F(Models, OfMegatronFollowItsOwnFormula) {
  // 72 B L s h^2 (1 + s/6h + V/12Lh) is the exact count of a GPT whose attention sees the whole square.
  const Architecture m = get("gpt3-175b");
  const double whole = 6 * active_matmul_weights(m) + 12.0 * 96 * 12288 * 2048;
  EXPECT_NEAR(train_flops_per_token(m, 2048, FlopConvention::megatron_2022).value / whole, 1, 1e-9);
  EXPECT_NEAR(train_flops_per_token(m, 2048, FlopConvention::megatron_2021).value / whole, 4.0 / 3, 0.01);
}

TEST_F(Models, CutKeepTheirFirstLayers) {
  const Architecture whole = get("deepseek-v2"), cut = get("deepseek-v2:layers=4");
  EXPECT_EQ(cut.layer_count(), 4);
  EXPECT_FALSE(cut.layers[0].experts);
  EXPECT_TRUE(cut.layers[1].experts);
  EXPECT_LT(parameters(cut).total(), parameters(whole).total());
  EXPECT_EQ(parameters(cut).embedding, parameters(whole).embedding);
  EXPECT_EQ(cut.name, "deepseek-v2:layers=4");
}

TEST_F(Models, RefuseSettingsThatCannotBe) {
  for (const char* bad : {"gpt2-124m:layers=0", "gpt2-124m:layers=13", "gpt2-124m:layers=-1",
                          "gpt2-124m:layers", "gpt2-124m:", "gpt2-124m:layer=3", "gpt2-124m:layers=1e3",
                          "llama-3.1-8b:positions=3", "llama-3.1-8b:mtp=1"}) {
    auto m = find_model(bad);
    ASSERT_FALSE(m) << bad;
    EXPECT_EQ(m.error().code, "model.setting") << bad;
  }
  EXPECT_EQ(find_model("gpt2-124m:vocab=0").error().code, "model.dimensions");
}

TEST_F(Models, UnknownAreAnsweredWithTheNearestNames) {
  auto m = find_model("lama-3.1-8b");
  ASSERT_FALSE(m);
  EXPECT_EQ(m.error().code, "model.unknown");
  EXPECT_NE(m.error().fix.find("llama-3.1-8b"), std::string::npos);
  EXPECT_EQ(find_model("/nowhere/config.json").error().code, "model.unknown");
  EXPECT_EQ(find_model("").error().code, "model.unknown");
}

TEST_F(Models, OfTheCatalogAllLoadAndNameTheirSource) {
  const auto names = model_names();
  EXPECT_GE(names.size(), 45u);
  for (const auto& name : names) {
    auto m = find_model(name);
    ASSERT_TRUE(m) << m.error().text();
    EXPECT_NE(m->source, m->file) << name << " has no _source";
    EXPECT_EQ(m->name, name);
  }
}

TEST_F(Models, FromDimensionsEqualTheCatalog) {
  auto llama =
      architecture_from_dims("H=8192;FFN=28672;heads=64;kv=8;V=128256", "llama-3.1-70b:layers=12", 4096);
  ASSERT_TRUE(llama) << llama.error().text();
  EXPECT_EQ(parameters(*llama).total(), parameters(get("llama-3.1-70b:layers=12")).total());
  auto deepseek = architecture_from_dims(
      "H=5120;heads=128;MLA q_lora=1536 "
      "kv_lora=512;experts=160;moe_ffn=1536;shared_ffn=3072;topk=6;dense_layers=0;V=102400",
      "deepseek-v2:layers=4", 4096);
  ASSERT_TRUE(deepseek) << deepseek.error().text();
  EXPECT_EQ(layer_parameters(*deepseek, {true, 0}).total(),
            layer_parameters(get("deepseek-v2"), {true, 0}).total());
  auto gpt =
      architecture_from_dims("L=96;H=12288;FFN=49152;heads=96;V=51200(assumed Megatron default)", "x", 2048);
  ASSERT_TRUE(gpt) << gpt.error().text();
  EXPECT_EQ(parameters(*gpt).total(), parameters(get("gpt3-175b")).total());
}

TEST_F(Models, FromDimensionsAreRefusedWhenTheyDoNotFit) {
  for (const char* bad :
       {"", "L=12", "L=0;H=4;heads=2;V=9;FFN=4H", "L=1;H=10;heads=3;V=9;FFN=4H", "L=1;H=x;heads=3;V=9;FFN=4H",
        "L=1;H=12;heads=3;V=9;FFN=4H;depth=3", "L=1;H=12;heads=3;V=9;FFN=4H;params=99999"}) {
    const auto m = architecture_from_dims(bad, "x", 128);
    ASSERT_FALSE(m) << bad;
    EXPECT_EQ(m.error().code, "model.dims") << bad;
  }
}

}  // namespace
}  // namespace etalon::llm
