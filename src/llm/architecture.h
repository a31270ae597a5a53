// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a language model is made of: dimensions, the kinds of its layers, and what follows from them by
// counting alone: parameters, active parameters, cache bytes. One value type; nothing is looked up later.
// Symbols in comments: h hidden, a query heads, g key-value heads, d head_dim, f ffn width, V vocabulary.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/units.h"

namespace etalon::llm {

enum class Activation { swiglu, gelu, relu2 };
enum class NormKind { rmsnorm, layernorm };
const char* name_of(Activation);
const char* name_of(NormKind);

// Multi-head latent attention: queries and keys-values go through low-rank latents; the cache holds
// kv_rank + rope numbers a token and layer. q_rank 0: queries are projected directly.
struct Latent {
  std::int64_t q_rank = 0, kv_rank = 0, nope = 0, rope = 0, v = 0;
  bool operator==(const Latent&) const = default;
};

// Learned selection of keys before attention (DeepSeek-V3.2): each query attends to `top_k` keys.
struct Indexer {
  std::int64_t heads = 0, head_dim = 0, top_k = 0;
  bool operator==(const Indexer&) const = default;
};

struct LayerKind {
  bool experts = false;     // mixture of experts instead of the dense MLP
  std::int64_t window = 0;  // sliding window in keys; 0: full attention
  bool operator==(const LayerKind&) const = default;
  std::string name() const;  // "dense", "experts", "dense window 128"
};
struct LayerGroup {
  LayerKind kind;
  std::int64_t count = 0;
};

struct Architecture {
  std::string name, family, title;
  std::string source;  // where the dimensions come from
  std::string file;
  std::vector<std::string> assumptions;  // what the file left open and we filled in

  std::int64_t hidden = 0, heads = 0, kv_heads = 0, head_dim = 0;
  std::optional<Latent> latent;
  std::optional<Indexer> indexer;
  std::int64_t ffn = 0;  // dense layers, per branch of a gated MLP
  Activation activation = Activation::swiglu;
  NormKind norm = NormKind::rmsnorm;
  bool norm_bias = false, qkv_bias = false, out_bias = false, mlp_bias = false, head_bias = false;
  bool qk_norm = false;        // RMSNorm over each head of Q and K (two vectors of d a layer)
  bool sandwich_norm = false;  // two more norms a layer, after attention and after the MLP
  bool sinks = false;          // one learned logit a query head
  bool rotary = true;
  std::int64_t learned_positions = 0;  // rows of a learned position table; 0: none
  std::int64_t vocab = 0;
  bool tied = false;         // input embedding and head share one table
  std::int64_t max_seq = 0;  // 0: not stated

  std::int64_t experts = 0, top_k = 0, expert_ffn = 0;
  std::int64_t shared_ffn = 0;  // width of all shared experts together
  bool router_bias = false, expert_bias = false;
  std::int64_t mtp_layers = 0;  // multi-token prediction: further layers used in training only

  std::vector<LayerKind> layers;  // first to last

  std::int64_t layer_count() const { return static_cast<std::int64_t>(layers.size()); }
  bool has_experts() const;
  // Distinct kinds with their counts, in order of first appearance; of layers [first, last).
  std::vector<LayerGroup> layer_groups(std::int64_t first, std::int64_t last) const;
  std::vector<LayerGroup> layer_groups() const { return layer_groups(0, layer_count()); }
  std::int64_t value_dim() const {
    return latent ? latent->v : head_dim;
  }  // of V and of the output, per head
  std::int64_t key_dim() const { return latent ? latent->nope + latent->rope : head_dim; }
  std::int64_t gate_count() const {
    return activation == Activation::swiglu ? 2 : 1;
  }  // matrices in: gate, up
};

// Parameters by tensor group. Exact while below 2^53. Multi-token prediction is kept apart from the total,
// as published totals do.
struct ParameterCounts {
  double embedding = 0, positions = 0, attention = 0, dense_mlp = 0, experts = 0, shared_experts = 0,
         router = 0, norms = 0, head = 0;
  double mtp = 0;  // own parameters of multi-token prediction: not its shared embedding and head
  double total() const {
    return embedding + positions + attention + dense_mlp + experts + shared_experts + router + norms + head;
  }
};
ParameterCounts parameters(const Architecture&);
// Of one layer of this kind (embedding, positions, head and mtp are 0).
ParameterCounts layer_parameters(const Architecture&, const LayerKind&);

// Parameters one token passes: experts count top_k of them; both embedding tables are counted.
double active_parameters(const Architecture&);
// Weights one token is multiplied with in matrix products: no norms, biases or looked-up tables; the head
// counts also when it shares the embedding's table. `mtp`: with multi-token prediction and its pass through
// the head.
double active_matmul_weights(const Architecture&, bool mtp = false);
double layer_matmul_weights(const Architecture&, const LayerKind&);

// Cache bytes of one token over all layers, at `element` bytes a number.
Bytes kv_bytes_per_token(const Architecture&, Bytes element = Bytes{2});

// Refuses dimensions that cannot be: zero or negative, not divisible, above sane limits, or a total above
// 10^15.
Result<Architecture> checked(Architecture);

}  // namespace etalon::llm
