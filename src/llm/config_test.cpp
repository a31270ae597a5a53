// SPDX-License-Identifier: Apache-2.0
// What is said about a config.json that cannot be used.
#include <gtest/gtest.h>

#include <string>

#include "llm/hugging_face.h"

namespace etalon::llm {
namespace {

const std::string kLlama =
    "{\n  \"model_type\": \"llama\",\n  \"hidden_size\": 4096,\n  \"intermediate_size\": 14336,\n"
    "  \"num_hidden_layers\": 32,\n  \"num_attention_heads\": 32,\n  \"num_key_value_heads\": 8,\n"
    "  \"vocab_size\": 128256\n}\n";

std::string with(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}
Error error_of(const std::string& text) {
  auto m = parse_config(text, "config.json", "m");
  if (m) ADD_FAILURE() << "accepted: " << text;
  return m ? Error{} : m.error();
}

TEST(Config, OfLlamaIsRead) {
  auto m = parse_config(kLlama, "config.json", "mine");
  ASSERT_TRUE(m) << m.error().text();
  EXPECT_EQ(m->name, "mine");
  EXPECT_EQ(m->head_dim, 128);
  EXPECT_EQ(m->layer_count(), 32);
}

TEST(Config, TruncatedAnywhereIsAnErrorWithItsPlace) {
  for (std::size_t n = 0; n + 2 < kLlama.size(); ++n) {
    const Error e = error_of(kLlama.substr(0, n));
    EXPECT_EQ(e.code, "model.json") << n;
    EXPECT_GE(e.line, 1) << n;
  }
  const Error e = error_of(kLlama.substr(0, 40));
  EXPECT_EQ(e.line, 3);
  EXPECT_NE(e.fix.find("truncated"), std::string::npos);
}

TEST(Config, OfAnUnknownFamilyNamesTheNearestAndAllKnown) {
  const Error e = error_of(with(kLlama, "llama", "llamma"));
  EXPECT_EQ(e.code, "model.family");
  EXPECT_EQ(e.line, 2);
  EXPECT_NE(e.fix.find("did you mean llama"), std::string::npos);
  EXPECT_NE(e.fix.find("deepseek_v3"), std::string::npos);
  EXPECT_EQ(error_of("{}").code, "model.family");
  EXPECT_EQ(error_of("{\"model_type\": 3}").code, "model.key");
}

TEST(Config, WithAbsurdDimensionsIsRefusedAtTheKey) {
  for (const char* bad : {"0", "-1", "1000000000001", "99999999999999999999", "1e30", "1.5"}) {
    const Error e = error_of(with(kLlama, "4096", bad));
    EXPECT_TRUE(e.code == "model.dimensions" || e.code == "model.key") << bad << e.text();
    EXPECT_EQ(e.line, 3) << bad;
    EXPECT_NE(e.message.find("hidden_size"), std::string::npos) << bad;
  }
  EXPECT_EQ(error_of(with(kLlama, "14336", "1000000000000")).code, "model.dimensions");
  EXPECT_EQ(error_of(with(kLlama, "\"num_hidden_layers\": 32", "\"num_hidden_layers\": 1000000000000")).code,
            "model.dimensions");
  EXPECT_EQ(error_of(with(kLlama, "\"num_key_value_heads\": 8", "\"num_key_value_heads\": 5")).code,
            "model.dimensions");
  EXPECT_EQ(error_of(with(kLlama, "\"num_key_value_heads\": 8", "\"num_key_value_heads\": 5")).line, 7);
  EXPECT_EQ(error_of(with(kLlama, "\"num_attention_heads\": 32", "\"num_attention_heads\": 3000")).code,
            "model.dimensions");
}

TEST(Config, OfTooManyParametersInAllIsRefused) {
  std::string text = with(kLlama, "4096", "80000000");
  text = with(text, "14336", "80000000");
  const Error e = error_of(with(text, "\"num_hidden_layers\": 32", "\"num_hidden_layers\": 99999"));
  EXPECT_EQ(e.code, "model.dimensions");
  EXPECT_NE(e.message.find("parameters"), std::string::npos);
}

TEST(Config, WithMissingKeysNamesAllOfThemAtOnce) {
  const Error e = error_of("{\"model_type\": \"llama\", \"hidden_size\": 64}");
  EXPECT_EQ(e.code, "model.key");
  EXPECT_EQ(e.also.size(), 3u);
  EXPECT_NE(e.text().find("num_attention_heads"), std::string::npos);
  EXPECT_NE(e.text().find("vocab_size"), std::string::npos);
  EXPECT_NE(e.text().find("num_hidden_layers"), std::string::npos);
}

TEST(Config, WithKeysOfAWrongTypeIsRefused) {
  for (const char* bad : {"\"x\"", "true", "[1]", "{}"})
    EXPECT_EQ(error_of(with(kLlama, "4096", bad)).code, "model.key") << bad;
  EXPECT_EQ(error_of(with(kLlama, "\n}", ",\n\"tie_word_embeddings\": 1}")).code, "model.key");
  EXPECT_EQ(error_of(with(kLlama, "\n}", ",\n\"layer_types\": [\"full_attention\"]}")).code, "model.key");
  for (const char* bad : {"[]", "3", "null", "\"llama\"", "", "{\"a\":1}x"})
    EXPECT_FALSE(parse_config(bad, "f", "m")) << bad;
}

TEST(Config, ReadsTheHeadDimensionAndNeverDerivesItWhenGiven) {
  const auto m = parse_config(with(kLlama, "\n}", ",\n\"head_dim\": 256}"), "f", "m");
  ASSERT_TRUE(m);
  EXPECT_EQ(m->head_dim, 256);
}

TEST(Config, OfDeepseekInferenceAndMegatronFormsAreRead) {
  const auto small = parse_config(
      R"({"vocab_size": 102400, "dim": 2048, "inter_dim": 10944, "moe_inter_dim": 1408, "n_layers": 27, "n_dense_layers": 1,
          "n_heads": 16, "n_routed_experts": 64, "n_shared_experts": 2, "n_activated_experts": 6, "q_lora_rank": 0,
          "kv_lora_rank": 512, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128})",
      "f", "m");
  ASSERT_TRUE(small) << small.error().text();
  EXPECT_NEAR(parameters(*small).total() / 1e9, 15.706, 0.016);  // DeepSeek-V2-Lite: 15.7 B
  EXPECT_NEAR(active_parameters(*small) / 1e9, 2.66, 0.03);
  const auto gpt = parse_config(
      R"({"hidden_size": 6144, "head_num": 64, "kv_head_num": 64, "head_size": 96, "intermediate_size": 24576,
          "layer_num": 48, "vocab_size": 51200, "use_swiglu": false})",
      "f", "m");
  ASSERT_TRUE(gpt) << gpt.error().text();
  EXPECT_NEAR(parameters(*gpt).total() / 1e9, 22.07, 0.01);
  EXPECT_FALSE(gpt->assumptions.empty());
}

TEST(Config, OfModelsThatAlsoSeeGivesTheirLanguageModel) {
  const auto m = parse_config("{\"model_type\": \"seeing\", \"text_config\": " + kLlama + "}", "f", "m");
  ASSERT_TRUE(m) << m.error().text();
  EXPECT_EQ(m->family, "llama");
  EXPECT_EQ(m->assumptions.size(), 1u);
}

TEST(Config, OfMptWithAlibiHasNoPositionTable) {
  const std::string mpt =
      R"({"model_type": "mpt", "d_model": 4096, "n_heads": 32, "n_layers": 32, "vocab_size": 50432,
    "max_seq_len": 2048, "no_bias": true, "learned_pos_emb": true, "attn_config": {"alibi": ALIBI}})";
  const auto alibi = parse_config(with(mpt, "ALIBI", "true"), "f", "m");
  const auto learned = parse_config(with(mpt, "ALIBI", "false"), "f", "m");
  ASSERT_TRUE(alibi && learned);
  EXPECT_EQ(parameters(*alibi).total(), 6649286656);  // MPT-7B as published
  EXPECT_EQ(learned->learned_positions, 2048);
}

TEST(Config, OfGptOssAlternatesItsWindows) {
  const auto m = parse_config(
      R"({"model_type": "gpt_oss", "hidden_size": 2880, "intermediate_size": 2880, "num_hidden_layers": 36, "head_dim": 64,
          "num_attention_heads": 64, "num_key_value_heads": 8, "num_local_experts": 128, "num_experts_per_tok": 4,
          "sliding_window": 128, "vocab_size": 201088})",
      "f", "m");
  ASSERT_TRUE(m) << m.error().text();
  EXPECT_EQ(m->layers[0].window, 128);
  EXPECT_EQ(m->layers[1].window, 0);
  EXPECT_EQ(m->layer_groups().size(), 2u);
  EXPECT_NEAR(parameters(*m).total() / 1e9, 116.83, 0.01);
}

}  // namespace
}  // namespace etalon::llm
