// SPDX-License-Identifier: Apache-2.0
#include "llm/architecture.h"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

namespace etalon::llm {
namespace {

double real(std::int64_t v) { return static_cast<double>(v); }

// Weights of attention's projections, without biases and norms.
double attention_weights(const Architecture& m) {
  const double h = real(m.hidden), a = real(m.heads);
  double w = 0;
  if (m.latent) {
    const Latent& l = *m.latent;
    const double key = real(l.nope + l.rope), rank = real(l.q_rank);
    w += l.q_rank > 0 ? h * rank + rank * a * key : h * a * key;
    w += h * real(l.kv_rank + l.rope) + real(l.kv_rank) * a * real(l.nope + l.v) + a * real(l.v) * h;
  } else {
    w += h * real(m.head_dim) * (2 * a + 2 * real(m.kv_heads));
  }
  if (m.indexer) {
    const double query = m.latent && m.latent->q_rank > 0 ? real(m.latent->q_rank) : h;
    w += query * real(m.indexer->heads * m.indexer->head_dim) +
         h * real(m.indexer->head_dim + m.indexer->heads);
  }
  return w;
}

double attention_extras(const Architecture& m) {  // biases, sinks, the norms inside attention
  const double d = real(m.head_dim), a = real(m.heads);
  double n = 0;
  if (m.qkv_bias) n += m.latent ? 0 : d * (a + 2 * real(m.kv_heads));
  if (m.out_bias) n += real(m.hidden);
  if (m.sinks) n += a;
  if (m.qk_norm) n += 2 * d;
  if (m.latent) n += real(m.latent->q_rank + m.latent->kv_rank);
  if (m.indexer) n += 2 * real(m.indexer->head_dim);
  return n;
}

double mlp_weights(const Architecture& m, std::int64_t width) {
  return real(m.gate_count() + 1) * real(m.hidden) * real(width);
}
double mlp_bias(const Architecture& m, std::int64_t width) {
  return real(m.gate_count()) * real(width) + real(m.hidden);
}
double norm_size(const Architecture& m) { return real(m.hidden) * (m.norm_bias ? 2 : 1); }

Error wrong(const Architecture& m, std::string message, std::string fix = {}) {
  return Error{"model.dimensions",
               fmt::format("{}: {}", m.name.empty() ? "model" : m.name, message),
               std::move(fix),
               m.file,
               0,
               0,
               {}};
}

struct Named {
  const char* name;
  std::int64_t value, most;
};

Result<std::monostate> within_limits(const Architecture& m) {
  constexpr std::int64_t kWide = 100'000'000;  // no published model is within a factor 100 of these
  const std::vector<Named> must{{"hidden size", m.hidden, kWide},
                                {"attention heads", m.heads, kWide},
                                {"key-value heads", m.kv_heads, kWide},
                                {"head dimension", m.latent ? m.key_dim() : m.head_dim, kWide},
                                {"vocabulary", m.vocab, 1'000'000'000}};
  for (const auto& v : must)
    if (v.value < 1 || v.value > v.most)
      return fail(wrong(m, fmt::format("{} is {}, expected 1 to {}", v.name, v.value, v.most)));
  std::vector<Named> may{{"ffn width", m.ffn, kWide},
                         {"experts", m.experts, 1'000'000},
                         {"experts per token", m.top_k, 1'000'000},
                         {"expert ffn width", m.expert_ffn, kWide},
                         {"shared expert width", m.shared_ffn, kWide},
                         {"learned positions", m.learned_positions, 1'000'000'000'000},
                         {"maximum sequence", m.max_seq, 1'000'000'000'000},
                         {"multi-token prediction layers", m.mtp_layers, 1000}};
  if (m.latent)
    for (const auto& v :
         {Named{"query rank", m.latent->q_rank, kWide}, Named{"key-value rank", m.latent->kv_rank, kWide},
          Named{"rotary head dimension", m.latent->rope, kWide},
          Named{"value head dimension", m.latent->v, kWide}})
      may.push_back(v);
  for (const auto& v : may)
    if (v.value < 0 || v.value > v.most)
      return fail(wrong(m, fmt::format("{} is {}, expected 0 to {}", v.name, v.value, v.most)));
  return std::monostate{};
}

}  // namespace

const char* name_of(Activation a) {
  return a == Activation::swiglu ? "swiglu" : a == Activation::gelu ? "gelu" : "relu2";
}
const char* name_of(NormKind n) { return n == NormKind::rmsnorm ? "rmsnorm" : "layernorm"; }

std::string LayerKind::name() const {
  std::string s = experts ? "experts" : "dense";
  if (window > 0) s += fmt::format(" window {}", window);
  return s;
}

bool Architecture::has_experts() const {
  return std::any_of(layers.begin(), layers.end(), [](const LayerKind& k) { return k.experts; });
}

std::vector<LayerGroup> Architecture::layer_groups(std::int64_t first, std::int64_t last) const {
  std::vector<LayerGroup> out;
  for (std::int64_t i = std::max<std::int64_t>(first, 0); i < std::min(last, layer_count()); ++i) {
    const LayerKind& kind = layers[static_cast<std::size_t>(i)];
    const auto at = std::find_if(out.begin(), out.end(), [&](const LayerGroup& g) { return g.kind == kind; });
    if (at == out.end())
      out.push_back({kind, 1});
    else
      ++at->count;
  }
  return out;
}

ParameterCounts layer_parameters(const Architecture& m, const LayerKind& kind) {
  ParameterCounts p;
  p.attention = attention_weights(m) + attention_extras(m);
  p.norms = norm_size(m) * (m.sandwich_norm ? 4 : 2);
  if (!kind.experts) {
    p.dense_mlp = mlp_weights(m, m.ffn) + (m.mlp_bias ? mlp_bias(m, m.ffn) : 0);
    return p;
  }
  p.router = real(m.experts) * (real(m.hidden) + (m.router_bias ? 1 : 0));
  p.experts =
      real(m.experts) * (mlp_weights(m, m.expert_ffn) + (m.expert_bias ? mlp_bias(m, m.expert_ffn) : 0));
  if (m.shared_ffn > 0) p.shared_experts = mlp_weights(m, m.shared_ffn);
  return p;
}

ParameterCounts parameters(const Architecture& m) {
  ParameterCounts p;
  const double table = real(m.vocab) * real(m.hidden);
  p.embedding = table;
  p.positions = real(m.learned_positions) * real(m.hidden);
  p.head = (m.tied ? 0 : table) + (m.head_bias ? real(m.vocab) : 0);
  p.norms = norm_size(m);
  for (const auto& group : m.layer_groups()) {
    const ParameterCounts one = layer_parameters(m, group.kind);
    const double n = real(group.count);
    p.attention += n * one.attention;
    p.dense_mlp += n * one.dense_mlp;
    p.experts += n * one.experts;
    p.shared_experts += n * one.shared_experts;
    p.router += n * one.router;
    p.norms += n * one.norms;
  }
  if (m.mtp_layers > 0 && !m.layers.empty()) {
    // Each: norms of the two inputs and of the output, their projection 2h -> h, one layer like the last.
    const double own = 2 * real(m.hidden) * real(m.hidden) + 3 * norm_size(m);
    p.mtp = real(m.mtp_layers) * (own + layer_parameters(m, m.layers.back()).total());
  }
  return p;
}

double active_parameters(const Architecture& m) {
  double total = parameters(m).total();
  for (const auto& group : m.layer_groups()) {
    if (!group.kind.experts) continue;
    const double experts = layer_parameters(m, group.kind).experts;
    total -= real(group.count) * experts * (1 - real(m.top_k) / real(m.experts));
  }
  return total;
}

double layer_matmul_weights(const Architecture& m, const LayerKind& kind) {
  double w = attention_weights(m);
  if (!kind.experts) return w + mlp_weights(m, m.ffn);
  return w + real(m.experts) * real(m.hidden) + real(m.top_k) * mlp_weights(m, m.expert_ffn) +
         (m.shared_ffn > 0 ? mlp_weights(m, m.shared_ffn) : 0);
}

double active_matmul_weights(const Architecture& m, bool mtp) {
  const double head = real(m.vocab) * real(m.hidden);
  double w = head;
  for (const auto& group : m.layer_groups()) w += real(group.count) * layer_matmul_weights(m, group.kind);
  if (mtp && m.mtp_layers > 0 && !m.layers.empty())
    w += real(m.mtp_layers) *
         (2 * real(m.hidden) * real(m.hidden) + layer_matmul_weights(m, m.layers.back()) + head);
  return w;
}

Bytes kv_bytes_per_token(const Architecture& m, Bytes element) {
  double per_layer = 2 * real(m.kv_heads) * real(m.head_dim);
  if (m.latent) per_layer = real(m.latent->kv_rank + m.latent->rope);
  if (m.indexer) per_layer += real(m.indexer->head_dim);
  return element * per_layer * real(m.layer_count());
}

Result<Architecture> checked(Architecture m) {
  TRY_VOID(within_limits(m));
  if (m.layers.empty() || m.layer_count() > 100'000)
    return fail(wrong(m, fmt::format("layers is {}, expected 1 to 100000", m.layer_count())));
  if (m.heads % m.kv_heads != 0)
    return fail(wrong(
        m, fmt::format("{} attention heads are not divisible by {} key-value heads", m.heads, m.kv_heads)));
  const bool dense =
      std::any_of(m.layers.begin(), m.layers.end(), [](const LayerKind& k) { return !k.experts; });
  if (dense && m.ffn < 1) return fail(wrong(m, "dense layers without an ffn width"));
  if (m.has_experts() && (m.experts < 1 || m.expert_ffn < 1))
    return fail(wrong(m, fmt::format("expert layers with {} experts of width {}", m.experts, m.expert_ffn)));
  if (m.has_experts() && (m.top_k < 1 || m.top_k > m.experts))
    return fail(wrong(m, fmt::format("{} experts per token of {} experts", m.top_k, m.experts)));
  if (m.latent && (m.latent->kv_rank < 1 || m.latent->v < 1 || m.latent->nope < 0))
    return fail(wrong(
        m, "latent attention needs a key-value rank, a value head dimension and a non-negative nope part"));
  constexpr double kMost = 1e15;
  if (const double total = parameters(m).total() + parameters(m).mtp; !(total <= kMost))
    return fail(wrong(m, fmt::format("{:.3g} parameters, expected at most {:.0e}", total, kMost)));
  return m;
}

}  // namespace etalon::llm
