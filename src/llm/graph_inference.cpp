// SPDX-License-Identifier: Apache-2.0
// Prefill and decode: forward only, fused experts, cached keys and values, the head of the last tokens alone.
#include <fmt/format.h>

#include <algorithm>

#include "llm/graph_parts.h"

namespace etalon::llm {
namespace {

class Lister {
 public:
  Lister(const Architecture& m, const InferenceShard& s, bool decode)
      : m_(m),
        s_(s),
        decode_(decode),
        rows_(s.batch * s.new_tokens),
        context_(std::max(s.context, s.new_tokens)) {}

  LayerGraph layer(const LayerGroup& group) {
    ops_.clear();
    vector("layer.attention.norm", Group::norm, norm_op(m_), rows_, m_.hidden);
    if (m_.latent)
      latent_attention(group.kind);
    else
      plain_attention(group.kind);
    linear("layer.attention.out", Group::attention_projection, m_.hidden, m_.heads / s_.tp * m_.value_dim(),
           reduce());
    if (m_.sandwich_norm) vector("layer.attention.norm_after", Group::norm, norm_op(m_), rows_, m_.hidden);
    vector("layer.attention.residual", Group::elementwise, VectorOp::residual_add, rows_, m_.hidden);
    vector("layer.mlp.norm", Group::norm, norm_op(m_), rows_, m_.hidden);
    if (group.kind.experts)
      experts();
    else
      mlp("layer.mlp", Group::mlp, m_.ffn / s_.tp);
    if (m_.sandwich_norm) vector("layer.mlp.norm_after", Group::norm, norm_op(m_), rows_, m_.hidden);
    vector("layer.mlp.residual", Group::elementwise, VectorOp::residual_add, rows_, m_.hidden);
    return {group.kind, group.count, std::move(ops_), {}, {}};
  }

  GraphOps embedding() {
    ops_.clear();
    vector("model.embedding.look_up", Group::embedding, VectorOp::embedding, rows_, m_.hidden);
    ops_.back().after = reduce();
    return std::move(ops_);
  }

  GraphOps head() {
    ops_.clear();
    const std::int64_t vocab = ceil_div(m_.vocab, s_.tp);
    vector("model.head.norm", Group::norm, norm_op(m_), s_.batch, m_.hidden);
    const Dtype e = element();
    add("model.head.logits", Group::head,
        Matmul{s_.batch, vocab, m_.hidden, 1, e, e, false, true, false, false});
    if (s_.tp > 1)
      ops_.back().after = {
          Exchange::Kind::tensor_all_gather,
          Bytes{static_cast<double>(s_.batch) * static_cast<double>(m_.vocab) * size_of(e).value}};
    vector("model.head.softmax", Group::head, VectorOp::softmax, s_.batch, m_.vocab);
    return std::move(ops_);
  }

 private:
  Dtype element() const { return element_type(s_.dtype); }
  bool quantised() const {
    return s_.dtype == Dtype::fp8 || s_.dtype == Dtype::fp8_block || s_.dtype == Dtype::mxfp8 ||
           s_.dtype == Dtype::int8 || s_.dtype == Dtype::hif8;
  }
  Exchange reduce() const {
    if (s_.tp == 1) return {};
    return {Exchange::Kind::tensor_all_reduce,
            Bytes{static_cast<double>(rows_) * static_cast<double>(m_.hidden) * size_of(element()).value}};
  }
  void add(std::string name, Group group, Operation op) {
    ops_.push_back({std::move(op), std::move(name), 1, group, {}, {}});
  }
  void linear(std::string name, Group group, std::int64_t out, std::int64_t in, Exchange after = {}) {
    add(std::move(name), group,
        Matmul{rows_, out, in, 1, s_.dtype, element(), false, true, quantised(), false});
    ops_.back().after = after;
  }
  void vector(std::string name, Group group, VectorOp op, std::int64_t rows, std::int64_t cols,
              std::int64_t extra = 0) {
    add(std::move(name), group, Vector{op, Phase::forward, rows, cols, element(), element(), extra});
  }

  Attention core(const LayerKind& kind) const {
    Attention a;
    a.phase = decode_ ? Phase::decode : Phase::forward;
    a.dtype = s_.cache_dtype;
    a.batch = s_.batch;
    a.heads_q = m_.heads / s_.tp;
    a.heads_kv = std::max<std::int64_t>(1, m_.kv_heads / s_.tp);
    a.head_dim = m_.key_dim();
    a.head_dim_v = m_.value_dim();
    a.seq_q = s_.new_tokens;
    a.seq_kv = context_;
    a.causal = true;
    a.window = kind.window;
    if (m_.indexer && (a.window == 0 || m_.indexer->top_k < a.window)) a.window = m_.indexer->top_k;
    if (a.window >= context_) a.window = 0;
    a.framework_call = s_.framework_calls;
    return a;
  }

  void plain_attention(const LayerKind& kind) {
    const std::int64_t heads = m_.heads / s_.tp, kv = std::max<std::int64_t>(1, m_.kv_heads / s_.tp);
    linear("layer.attention.qkv", Group::attention_projection, (heads + 2 * kv) * m_.head_dim, m_.hidden);
    if (m_.qk_norm)
      vector("layer.attention.qk_norm", Group::norm, VectorOp::rmsnorm, rows_ * (heads + kv), m_.head_dim);
    if (m_.rotary)
      vector("layer.attention.rope", Group::elementwise, VectorOp::rope, rows_, (heads + kv) * m_.head_dim,
             heads + kv);
    add("layer.attention.core", Group::attention_core, core(kind));
  }

  // Decode multiplies the up projections into queries and outputs, so that the core reads the latents
  // themselves: one key-value head of kv_rank + rope, whose first kv_rank numbers are also the value.
  void latent_attention(const LayerKind& kind) {
    const Latent& l = *m_.latent;
    const std::int64_t heads = m_.heads / s_.tp, key = l.nope + l.rope;
    linear("layer.attention.down", Group::attention_projection, l.q_rank + l.kv_rank + l.rope, m_.hidden);
    vector("layer.attention.latent_norm", Group::norm, norm_op(m_), rows_, l.q_rank + l.kv_rank);
    linear("layer.attention.q_up", Group::attention_projection, heads * key,
           l.q_rank > 0 ? l.q_rank : m_.hidden);
    if (l.rope > 0)
      vector("layer.attention.rope", Group::elementwise, VectorOp::rope, rows_, (heads + 1) * l.rope,
             heads + 1);
    if (m_.indexer) indexer();
    Attention a = core(kind);
    if (!decode_) {
      linear("layer.attention.kv_up", Group::attention_projection, heads * (l.nope + l.v), l.kv_rank);
      a.heads_kv = heads;
      return add("layer.attention.core", Group::attention_core, a);
    }
    const Dtype e = element();
    add("layer.attention.q_absorb", Group::attention_projection,
        Matmul{rows_, l.kv_rank, l.nope, heads, e, e, false, false, false, false});
    a.heads_kv = 1;
    a.head_dim = l.kv_rank + l.rope;
    a.head_dim_v = l.kv_rank;
    a.shared_kv = true;
    add("layer.attention.core", Group::attention_core, a);
    add("layer.attention.v_absorb", Group::attention_projection,
        Matmul{rows_, l.v, l.kv_rank, heads, e, e, false, true, false, false});
  }

  void indexer() {
    const Indexer& x = *m_.indexer;
    linear("layer.attention.indexer.q", Group::attention_projection, x.heads * x.head_dim,
           m_.latent->q_rank > 0 ? m_.latent->q_rank : m_.hidden);
    linear("layer.attention.indexer.k", Group::attention_projection, x.head_dim + x.heads, m_.hidden);
    const std::int64_t keys =
        std::max<std::int64_t>(1, context_ - s_.new_tokens / 2);  // mean over new queries
    add("layer.attention.indexer.scores", Group::attention_core,
        Matmul{s_.new_tokens * x.heads, keys, x.head_dim, s_.batch, element(), element(), false, true, false,
               false});
    vector("layer.attention.indexer.top_k", Group::elementwise, VectorOp::topk_gate, rows_, keys, x.top_k);
  }

  void mlp(const std::string& prefix, Group group, std::int64_t width) {
    linear(prefix + (m_.gate_count() == 2 ? ".gate_up" : ".up"), group, m_.gate_count() * width, m_.hidden);
    vector(prefix + ".activation", Group::elementwise, activation_op(m_), rows_, width);
    linear(prefix + ".down", group, m_.hidden, width, reduce());
  }

  void experts() {
    const Dtype e = element();
    add("layer.experts.router", Group::experts,
        Matmul{rows_, m_.experts, m_.hidden, 1, e, e, false, true, false, false});
    vector("layer.experts.gate", Group::elementwise, VectorOp::topk_gate, rows_, m_.experts, m_.top_k);
    GroupedMatmul g;
    // Attention ranks of the expert group: tp of them share their tokens.
    g.tokens = rows_ * std::max<std::int64_t>(1, s_.ep / s_.tp);
    g.hidden = m_.hidden;
    g.inter = m_.expert_ffn / std::max<std::int64_t>(1, s_.tp / s_.ep);  // tp beyond ep cuts each expert
    g.experts = m_.experts;
    g.top_k = m_.top_k;
    g.ep = s_.ep;
    g.gated = m_.activation == Activation::swiglu;
    g.skew = s_.expert_skew;
    g.dtype = s_.dtype;
    add("layer.experts.products", Group::experts, g);
    if (s_.ep > 1) {
      const Bytes sent{static_cast<double>(rows_ * m_.top_k) * static_cast<double>(m_.hidden) *
                       size_of(e).value};
      ops_.back().before = {Exchange::Kind::expert_dispatch, sent};
      ops_.back().after = {Exchange::Kind::expert_combine, sent};
    } else {
      ops_.back().after = reduce();
    }
    if (m_.shared_ffn > 0) {
      mlp("layer.shared", Group::mlp, m_.shared_ffn / s_.tp);
      vector("layer.shared.add", Group::elementwise, VectorOp::add, rows_, m_.hidden);
    }
  }

  const Architecture& m_;
  const InferenceShard& s_;
  bool decode_;
  std::int64_t rows_, context_;
  GraphOps ops_;
};

Result<InferenceGraph> list(const Architecture& m, const InferenceShard& s, bool decode) {
  constexpr std::int64_t kMost = 1'000'000'000;
  if (s.batch < 1 || s.batch > kMost || s.new_tokens < 1 || s.new_tokens > kMost || s.context < 0 ||
      s.context > kMost)
    return fail("model.shard", fmt::format("{}: batch {}, new tokens {}, context {}: expected 1 to 10^9",
                                           m.name, s.batch, s.new_tokens, s.context));
  if (s.context > 0 && s.context < s.new_tokens)
    return fail("model.shard", fmt::format("{}: context {} is shorter than the {} new tokens in it", m.name,
                                           s.context, s.new_tokens));
  TRY_VOID(check_degrees(m, s.tp, s.ep, decode ? "decode" : "prefill"));
  if (m.has_experts() && s.tp > s.ep && (s.tp % s.ep != 0 || m.expert_ffn % (s.tp / s.ep) != 0))
    return fail(
        "model.shard",
        fmt::format("{}: experts of width {} do not divide over tensor parallel {} and expert parallel {}",
                    m.name, m.expert_ffn, s.tp, s.ep));
  Lister l(m, s, decode);
  InferenceGraph out;
  out.embedding = l.embedding();
  for (const auto& group : m.layer_groups()) out.layers.push_back(l.layer(group));
  out.head = l.head();
  return out;
}

}  // namespace

Result<InferenceGraph> prefill_graph(const Architecture& m, const InferenceShard& s) {
  return list(m, s, false);
}
Result<InferenceGraph> decode_graph(const Architecture& m, const InferenceShard& s) {
  return list(m, s, true);
}

}  // namespace etalon::llm
