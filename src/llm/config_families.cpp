// SPDX-License-Identifier: Apache-2.0
// How each family of models writes its dimensions down. A new family is a reader and a line in families().
#include "llm/config_families.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace etalon::llm {
namespace {

std::int64_t product(std::int64_t a, std::int64_t b) {  // saturating; limits are checked later
  return a > 0 && b > INT64_MAX / a ? INT64_MAX : a * b;
}

void read_layers(ConfigReader& r, Architecture& m, ConfigReader::Keys keys = {"num_hidden_layers"}) {
  const std::int64_t n = r.integer(keys);
  if (n > 100'000)
    r.problem("model.dimensions", *keys.begin(),
              fmt::format("key \"{}\" is {}, expected 1 to 100000", *keys.begin(), n));
  else
    m.layers.assign(static_cast<std::size_t>(n), LayerKind{});
}

void read_heads(ConfigReader& r, Architecture& m) {
  m.hidden = r.integer({"hidden_size"});
  m.heads = r.integer({"num_attention_heads"});
  m.kv_heads = r.integer_or({"num_key_value_heads"}, m.heads, 1);
  // Never hidden / heads when the file says otherwise: in Qwen3-32B and many mixtures they differ.
  m.head_dim = r.integer_or({"head_dim"}, 0, 1);
  if (m.head_dim != 0 || !r.clean()) return;
  if (m.hidden % m.heads != 0)
    r.problem(
        "model.dimensions", "hidden_size",
        fmt::format("hidden size {} is not divisible by {} attention heads and \"head_dim\" is not given",
                    m.hidden, m.heads));
  m.head_dim = m.hidden / m.heads;
}

void read_windows(ConfigReader& r, Architecture& m) {
  const std::int64_t window = r.integer_or({"sliding_window"}, 0, 0);
  const auto* types = r.find({"layer_types"});
  if (types == nullptr) return;
  if (!types->is_array() || types->size() < m.layers.size())
    return r.problem("model.key", "layer_types",
                     fmt::format("key \"layer_types\" must list at least {} layers", m.layers.size()));
  for (std::size_t i = 0; i < m.layers.size(); ++i) {
    const auto& type = (*types)[i];
    if (type == "sliding_attention" && window > 0)
      m.layers[i].window = window;
    else if (type != "full_attention")
      return r.problem("model.family", "layer_types",
                       fmt::format("layer {} has a type that is not modelled", i),
                       "\"full_attention\" and \"sliding_attention\" with \"sliding_window\" are");
  }
}

// What Llama and everything built like it share: RMSNorm, rotary positions, gated MLP, no biases unless said.
void read_llama(ConfigReader& r, Architecture& m) {
  read_layers(r, m);
  read_heads(r, m);
  m.ffn = r.integer_or({"intermediate_size"}, 0, 1);
  m.vocab = r.integer({"vocab_size"});
  m.max_seq = r.integer_or({"max_position_embeddings"}, 0, 1);
  m.tied = r.flag_or({"tie_word_embeddings"}, false);
  m.qkv_bias = m.out_bias = r.flag_or({"attention_bias"}, false);
  m.mlp_bias = r.flag_or({"mlp_bias"}, false);
  const std::string act = r.text_or({"hidden_act"}, "silu");
  if (act != "silu" && act != "swiglu" && act != "swish")
    m.assumptions.push_back(fmt::format("gate activation \"{}\" costed as swiglu", act));
  read_windows(r, m);
}
void read_dense(ConfigReader& r, Architecture& m) {
  read_llama(r, m);
  if (m.ffn == 0) m.ffn = r.integer({"intermediate_size"});
}
void read_mistral(ConfigReader& r, Architecture& m) {
  read_dense(r, m);
  if (!r.has("layer_types"))
    if (const auto window = r.integer_or({"sliding_window"}, 0, 0); window > 0)
      for (auto& layer : m.layers) layer.window = window;
}
void read_qwen2(ConfigReader& r, Architecture& m) {
  read_dense(r, m);
  m.qkv_bias = true;  // fixed in the family, not a key
  m.out_bias = false;
  if (!r.flag_or({"use_sliding_window"}, false) || r.has("layer_types")) {
    if (!r.flag_or({"use_sliding_window"}, false))
      for (auto& layer : m.layers) layer.window = 0;
    return;
  }
  const auto window = r.integer_or({"sliding_window"}, 0, 0);
  const auto full = static_cast<std::size_t>(r.integer_or({"max_window_layers"}, m.layer_count(), 0));
  for (std::size_t i = full; i < m.layers.size(); ++i) m.layers[i].window = window;
}
void read_qwen3(ConfigReader& r, Architecture& m) {
  read_dense(r, m);
  m.qk_norm = true;
}

void read_sparse_pattern(ConfigReader& r, Architecture& m) {
  const auto step = r.integer_or({"decoder_sparse_step"}, 1, 1);
  for (std::size_t i = 0; i < m.layers.size(); ++i)
    m.layers[i].experts = (static_cast<std::int64_t>(i) + 1) % step == 0;
  const auto* dense = r.find({"mlp_only_layers"});
  if (dense == nullptr) return;
  if (!dense->is_array())
    return r.problem("model.key", "mlp_only_layers", "key \"mlp_only_layers\" must be a list");
  for (const auto& at : *dense) {
    if (!at.is_number_unsigned() || at.get<std::uint64_t>() >= m.layers.size())
      return r.problem("model.key", "mlp_only_layers",
                       "key \"mlp_only_layers\" names a layer that does not exist");
    m.layers[at.get<std::size_t>()].experts = false;
  }
}
void read_qwen_experts(ConfigReader& r, Architecture& m) {
  m.experts = r.integer({"num_experts", "num_local_experts"});
  m.top_k = r.integer({"num_experts_per_tok"});
  m.expert_ffn = r.integer({"moe_intermediate_size"});
  read_sparse_pattern(r, m);
}
void read_qwen3_moe(ConfigReader& r, Architecture& m) {
  read_llama(r, m);
  m.qk_norm = true;
  read_qwen_experts(r, m);
}
void read_qwen2_moe(ConfigReader& r, Architecture& m) {
  read_llama(r, m);
  m.qkv_bias = true;
  m.out_bias = false;
  read_qwen_experts(r, m);
  m.shared_ffn = r.integer_or({"shared_expert_intermediate_size"}, 0);
  if (!r.flag_or({"use_sliding_window"}, false))
    for (auto& layer : m.layers) layer.window = 0;
  m.assumptions.push_back("the gate of the shared expert (h weights a layer) is not counted");
}
void read_mixtral(ConfigReader& r, Architecture& m) {
  read_mistral(r, m);
  m.experts = r.integer({"num_local_experts"});
  m.top_k = r.integer({"num_experts_per_tok"});
  m.expert_ffn = m.ffn;
  m.ffn = 0;
  for (auto& layer : m.layers) layer.experts = true;
}

void mark_experts(ConfigReader& r, Architecture& m, std::int64_t first_dense) {
  const auto every = r.integer_or({"moe_layer_freq"}, 1, 1);
  for (std::size_t i = 0; i < m.layers.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    m.layers[i].experts = at >= first_dense && at % every == 0;
  }
}
void read_deepseek(ConfigReader& r, Architecture& m) {
  read_llama(r, m);
  m.latent = Latent{r.integer_or({"q_lora_rank"}, 0), r.integer({"kv_lora_rank"}),
                    r.integer({"qk_nope_head_dim"}, 0), r.integer({"qk_rope_head_dim"}, 0),
                    r.integer({"v_head_dim"})};
  m.out_bias = m.qkv_bias;
  m.mtp_layers = r.integer_or({"num_nextn_predict_layers"}, 0);
  if (r.has("index_topk"))
    m.indexer =
        Indexer{r.integer({"index_n_heads"}), r.integer({"index_head_dim"}), r.integer({"index_topk"})};
  m.experts = r.integer_or({"n_routed_experts"}, 0);
  if (m.experts == 0) return;
  m.top_k = r.integer({"num_experts_per_tok"});
  m.expert_ffn = r.integer({"moe_intermediate_size"});
  m.shared_ffn = product(r.integer_or({"n_shared_experts"}, 0), m.expert_ffn);
  m.router_bias = r.text_or({"topk_method"}, "") == "noaux_tc";
  mark_experts(r, m, r.integer_or({"first_k_dense_replace"}, 0));
}
void read_deepseek_inference(ConfigReader& r, Architecture& m) {
  read_layers(r, m, {"n_layers"});
  m.hidden = r.integer({"dim"});
  m.heads = m.kv_heads = r.integer({"n_heads"});
  m.vocab = r.integer({"vocab_size"});
  m.ffn = r.integer({"inter_dim"});
  m.latent = Latent{r.integer_or({"q_lora_rank"}, 0), r.integer({"kv_lora_rank"}),
                    r.integer({"qk_nope_head_dim"}, 0), r.integer({"qk_rope_head_dim"}, 0),
                    r.integer({"v_head_dim"})};
  if (r.has("index_topk"))
    m.indexer =
        Indexer{r.integer({"index_n_heads"}), r.integer({"index_head_dim"}), r.integer({"index_topk"})};
  m.experts = r.integer_or({"n_routed_experts"}, 0);
  if (m.experts == 0) return;
  m.top_k = r.integer({"n_activated_experts"});
  m.expert_ffn = r.integer({"moe_inter_dim"});
  m.shared_ffn = product(r.integer_or({"n_shared_experts"}, 0), m.expert_ffn);
  m.router_bias = r.text_or({"score_func"}, "softmax") == "sigmoid";
  mark_experts(r, m, r.integer_or({"n_dense_layers"}, 0));
}
void read_pangu_moe(ConfigReader& r, Architecture& m) {
  read_llama(r, m);
  m.sandwich_norm = r.flag_or({"sandwich_norm"}, true);
  m.latent = Latent{r.integer_or({"attention_q_lora_dim", "q_lora_rank"}, 0),
                    r.integer({"attention_kv_lora_dim", "kv_lora_rank"}),
                    r.integer({"attention_qk_dim", "qk_nope_head_dim"}, 0),
                    r.integer({"attention_qk_rope_dim", "qk_rope_head_dim"}, 0),
                    r.integer({"attention_v_dim", "v_head_dim"})};
  m.mtp_layers = r.integer_or({"num_mtp_layers", "num_nextn_predict_layers"}, 0);
  m.experts = r.integer({"num_routed_experts", "n_routed_experts"});
  m.top_k = r.integer({"num_experts_per_tok"});
  m.expert_ffn = r.integer({"moe_intermediate_size"});
  m.shared_ffn = product(r.integer_or({"num_shared_experts", "n_shared_experts"}, 0), m.expert_ffn);
  mark_experts(r, m, r.integer_or({"num_dense_layers", "first_k_dense_replace"}, 0));
}
void read_pangu_dense(ConfigReader& r, Architecture& m) {
  read_dense(r, m);
  m.sandwich_norm = r.flag_or({"sandwich_norm"}, true);
}

void gpt_style(Architecture& m, bool bias) {
  m.activation = Activation::gelu;
  m.norm = NormKind::layernorm;
  m.norm_bias = m.qkv_bias = m.out_bias = m.mlp_bias = bias;
  m.rotary = false;
}
void read_gpt2(ConfigReader& r, Architecture& m) {
  read_layers(r, m, {"n_layer"});
  m.hidden = r.integer({"n_embd"});
  m.heads = m.kv_heads = r.integer({"n_head"});
  m.vocab = r.integer({"vocab_size"});
  m.learned_positions = m.max_seq = r.integer({"n_positions", "block_size", "n_ctx"});
  m.ffn = r.integer_or({"n_inner"}, product(4, m.hidden), 1);
  m.tied = r.flag_or({"tie_word_embeddings"}, true);
  gpt_style(m, r.flag_or({"bias"}, true));
  if (r.clean() && m.hidden % m.heads != 0)
    r.problem("model.dimensions", "n_embd",
              fmt::format("\"n_embd\" {} is not divisible by {} heads", m.hidden, m.heads));
  m.head_dim = m.hidden / m.heads;
}
void read_gpt_neox(ConfigReader& r, Architecture& m) {
  read_dense(r, m);
  gpt_style(m, true);
  m.rotary = true;
  m.qkv_bias = m.out_bias = r.flag_or({"attention_bias"}, true);
  m.assumptions.clear();
}
void read_nemotron(ConfigReader& r, Architecture& m) {
  read_dense(r, m);
  m.activation = Activation::relu2;
  m.norm = NormKind::layernorm;
  m.norm_bias = true;
  m.assumptions.clear();
}
void read_mpt(ConfigReader& r, Architecture& m) {
  read_layers(r, m, {"n_layers"});
  m.hidden = r.integer({"d_model"});
  m.heads = r.integer({"n_heads"});
  m.vocab = r.integer({"vocab_size"});
  m.max_seq = r.integer_or({"max_seq_len"}, 0, 1);
  m.ffn = product(r.integer_or({"expansion_ratio"}, 4, 1), m.hidden);
  m.tied = r.flag_or({"tie_word_embeddings"}, true);
  gpt_style(m, !r.flag_or({"no_bias"}, false));
  m.kv_heads = m.heads;
  bool alibi = false;
  if (const auto* attn = r.find({"attn_config"}); attn != nullptr && attn->is_object()) {
    if (const auto kv = attn->find("kv_n_heads"); kv != attn->end() && kv->is_number_unsigned())
      m.kv_heads =
          static_cast<std::int64_t>(std::min<std::uint64_t>(kv->get<std::uint64_t>(), 1'000'000'000));
    if (const auto a = attn->find("alibi"); a != attn->end() && a->is_boolean()) alibi = a->get<bool>();
  }
  if (!alibi && r.flag_or({"learned_pos_emb"}, true)) m.learned_positions = m.max_seq;
  if (r.clean() && m.hidden % m.heads != 0)
    r.problem("model.dimensions", "d_model",
              fmt::format("\"d_model\" {} is not divisible by {} heads", m.hidden, m.heads));
  m.head_dim = m.hidden / m.heads;
}
void read_gpt_oss(ConfigReader& r, Architecture& m) {
  read_llama(r, m);
  m.qkv_bias = m.out_bias = r.flag_or({"attention_bias"}, true);
  m.sinks = true;
  m.experts = r.integer({"num_local_experts", "num_experts"});
  m.top_k = r.integer({"num_experts_per_tok", "experts_per_token"});
  m.expert_ffn = r.integer({"intermediate_size"});
  m.ffn = 0;
  m.router_bias = m.expert_bias = true;
  const auto window = r.integer_or({"sliding_window"}, 0);
  for (std::size_t i = 0; i < m.layers.size(); ++i) {
    m.layers[i].experts = true;
    if (!r.has("layer_types") && i % 2 == 0) m.layers[i].window = window;
  }
}

// Megatron-style files: own key names, dense GPT unless `use_swiglu`, experts and latent attention by their
// keys.
void read_megatron(ConfigReader& r, Architecture& m) {
  read_layers(r, m, {"layer_num"});
  m.hidden = r.integer({"hidden_size"});
  m.heads = r.integer({"head_num"});
  m.kv_heads = r.integer_or({"kv_head_num"}, m.heads, 1);
  m.head_dim = r.integer({"head_size"});
  m.vocab = r.integer({"vocab_size"});
  const bool gated = r.flag_or({"use_swiglu"}, true);
  m.tied = r.flag_or({"tie_word_embeddings"}, !gated);
  m.max_seq = r.integer_or({"max_position_embeddings"}, 0, 1);
  if (!gated) {
    gpt_style(m, true);
    if (m.max_seq == 0)
      m.assumptions.push_back("2048 learned positions, biases and a tied head, as Megatron's GPT");
    m.learned_positions = m.max_seq = m.max_seq > 0 ? m.max_seq : 2048;
  }
  m.experts = r.integer_or({"expert_num"}, 0);
  if (m.experts <= 1) m.experts = 0;
  m.ffn = m.experts > 0 ? r.integer_or({"intermediate_size"}, 0) : r.integer({"intermediate_size"});
  if (r.text_or({"attention_type"}, "") == "mla")
    m.latent =
        Latent{r.integer_or({"q_lora_rank"}, 0), r.integer({"kv_lora_rank"}), r.integer({"qk_head_dim"}, 0),
               r.integer({"qk_pos_emb_head_dim"}, 0), r.integer({"v_head_dim"})};
  if (m.experts == 0) return;
  m.top_k = r.integer({"topk"});
  m.expert_ffn = r.integer({"moe_ffn_hidden_size"});
  m.shared_ffn = r.integer_or({"moe_shared_expert_intermediate_size"}, 0);
  mark_experts(r, m, r.integer_or({"dense_layers"}, 0));
}

}  // namespace

const std::vector<Family>& families() {
  static const std::vector<Family> kFamilies{
      {"llama", "LlamaForCausalLM", read_dense},
      {"mistral", "MistralForCausalLM", read_mistral},
      {"qwen2", "Qwen2ForCausalLM", read_qwen2},
      {"qwen2_moe", "Qwen2MoeForCausalLM", read_qwen2_moe},
      {"qwen3", "Qwen3ForCausalLM", read_qwen3},
      {"qwen3_moe", "Qwen3MoeForCausalLM", read_qwen3_moe},
      {"mixtral", "MixtralForCausalLM", read_mixtral},
      {"deepseek_v2", "DeepseekV2ForCausalLM", read_deepseek},
      {"deepseek_v3", "DeepseekV3ForCausalLM", read_deepseek},
      {"deepseek_v32", "DeepseekV32ForCausalLM", read_deepseek},
      {"kimi_k2", "KimiK2ForCausalLM", read_deepseek},
      {"pangu_ultra_moe", "PanguUltraMoEForCausalLM", read_pangu_moe},
      {"pangu_ultra", "PanguUltraForCausalLM", read_pangu_dense},
      {"gpt2", "GPT2LMHeadModel", read_gpt2},
      {"gpt_neox", "GPTNeoXForCausalLM", read_gpt_neox},
      {"gpt_oss", "GptOssForCausalLM", read_gpt_oss},
      {"nemotron", "NemotronForCausalLM", read_nemotron},
      {"mpt", "MPTForCausalLM", read_mpt},
      {"deepseek_inference", "", read_deepseek_inference},
      {"megatron_gpt", "", read_megatron},
  };
  return kFamilies;
}

}  // namespace etalon::llm
