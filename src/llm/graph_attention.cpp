// SPDX-License-Identifier: Apache-2.0
// Attention of one layer in training: projections, norms inside it, rotary positions, core.
#include <algorithm>

#include "llm/graph_parts.h"

namespace etalon::llm {
namespace {

std::int64_t heads_per_rank(std::int64_t heads, std::int64_t ways) {
  return std::max<std::int64_t>(1, heads / ways);
}

// The core as this rank runs it. All-to-all context parallelism gives each rank whole sequences of fewer
// heads; in a ring each rank keeps its queries (a balanced zig-zag share) and meets half of all keys on
// average.
Attention core_of(const Architecture& m, const Shard& s, const LayerKind& kind) {
  Attention a;
  a.dtype = element_type(s.dtype);
  a.batch = s.micro_batch;
  a.head_dim = m.key_dim();
  a.head_dim_v = m.value_dim();
  a.window = kind.window;
  if (m.indexer && (a.window == 0 || m.indexer->top_k < a.window)) a.window = m.indexer->top_k;
  const std::int64_t kv = m.latent ? m.heads : m.kv_heads;
  const bool whole = s.cp == 1 || (s.context == ContextMethod::all_to_all && m.heads % (s.tp * s.cp) == 0);
  a.heads_q = m.heads / (whole ? s.tp * s.cp : s.tp);
  a.heads_kv = heads_per_rank(kv, whole ? s.tp * s.cp : s.tp);
  a.seq_q = whole ? s.seq : s.seq / s.cp;
  a.seq_kv = whole ? s.seq : s.seq / 2;
  a.causal = whole;
  if (a.window >= s.seq) a.window = 0;
  return a;
}

Exchange context_exchange(const Shard& s, double elements) {
  if (s.cp == 1) return {};
  const auto kind =
      s.context == ContextMethod::ring ? Exchange::Kind::context_ring : Exchange::Kind::context_all_to_all;
  return {kind, Bytes{elements * size_of(element_type(s.dtype)).value}};
}

void add_flash_core(TrainingBuilder& b, const Attention& core, Exchange in, Exchange out) {
  Attention back = core;
  back.phase = Phase::backward;
  b.forward_only("attention.core", Group::attention_core, core, in, out);
  b.backward_only("attention.core.dgrad", Group::attention_core, back, out, in);
}

// Scores and probabilities written to memory: batched products around a softmax, whole square.
void add_unfused_core(TrainingBuilder& b, const Attention& core, Exchange in, Exchange out) {
  const std::int64_t pairs = core.batch * core.heads_q;
  const Matmul scores{core.seq_q, core.seq_kv, core.head_dim, pairs, core.dtype,
                      core.dtype, false,       true,          false, false};
  const Matmul mix{core.seq_q, core.head_dim_v, core.seq_kv, pairs, core.dtype,
                   core.dtype, false,           false,       false, false};
  const Matmul d_probabilities{core.seq_q, core.seq_kv, core.head_dim_v, pairs, core.dtype, core.dtype,
                               false,      true,        false,           false};
  const Matmul d_value{core.seq_kv, core.head_dim_v, core.seq_q, pairs, core.dtype, core.dtype,
                       true,        false,           false,      false};
  const Matmul d_query{core.seq_q, core.head_dim, core.seq_kv, pairs, core.dtype,
                       core.dtype, false,         false,       false, false};
  const Matmul d_key{core.seq_kv, core.head_dim, core.seq_q, pairs, core.dtype,
                     core.dtype,  true,          false,      false, false};
  b.forward_only("attention.scores", Group::attention_core, scores, in);
  b.backward_only("attention.scores.dgrad_k", Group::attention_core, d_key, {}, in);
  b.backward_only("attention.scores.dgrad_q", Group::attention_core, d_query);
  b.vector("attention.softmax", Group::attention_core, VectorOp::softmax, pairs * core.seq_q, core.seq_kv);
  b.forward_only("attention.mix", Group::attention_core, mix, {}, out);
  b.backward_only("attention.mix.dgrad_v", Group::attention_core, d_value);
  b.backward_only("attention.mix.dgrad_p", Group::attention_core, d_probabilities, out);
}

void add_core(TrainingBuilder& b, const LayerKind& kind) {
  const Architecture& m = b.model;
  const Shard& s = b.shard;
  const Attention core = core_of(m, s, kind);
  const double tokens = s.tokens(), per_rank = static_cast<double>(m.heads / s.tp);
  const double kv = static_cast<double>(heads_per_rank(m.latent ? m.heads : m.kv_heads, s.tp));
  const double dk = static_cast<double>(m.key_dim()), dv = static_cast<double>(m.value_dim());
  const bool ring = s.context == ContextMethod::ring;
  const Exchange in = context_exchange(s, tokens * ((ring ? 0 : per_rank * dk) + kv * (dk + dv)));
  const Exchange out = ring ? Exchange{} : context_exchange(s, tokens * per_rank * dv);
  if (s.attention == AttentionKernel::flash)
    add_flash_core(b, core, in, out);
  else
    add_unfused_core(b, core, in, out);
}

void add_indexer(TrainingBuilder& b, const Rows& rows) {
  const Architecture& m = b.model;
  const Indexer& x = *m.indexer;
  const std::int64_t from = m.latent && m.latent->q_rank > 0 ? m.latent->q_rank : m.hidden;
  b.linear({"attention.indexer.q", Group::attention_projection, rows.all, x.heads * x.head_dim, from});
  b.linear({"attention.indexer.k", Group::attention_projection, rows.all, x.head_dim + x.heads, m.hidden});
  // Every index head scores every earlier key: one key for all heads, half of the square.
  const std::int64_t per_seq = rows.all / std::max<std::int64_t>(b.shard.micro_batch, 1);
  const Matmul scores{per_seq * x.heads,
                      ceil_div(b.shard.seq, 2),
                      x.head_dim,
                      b.shard.micro_batch,
                      element_type(b.shard.dtype),
                      element_type(b.shard.dtype),
                      false,
                      true,
                      false,
                      false};
  b.operation("attention.indexer.scores", Group::attention_core, scores, scores, 2);
  b.forward_only("attention.indexer.top_k", Group::elementwise,
                 Vector{VectorOp::topk_gate, Phase::forward, rows.all, ceil_div(b.shard.seq, 2), Dtype::bf16,
                        Dtype::bf16, x.top_k});
}

void add_latent_projections(TrainingBuilder& b, const Rows& rows) {
  const Architecture& m = b.model;
  const Latent& l = *m.latent;
  const std::int64_t heads = m.heads / b.shard.tp;
  // Down projections are the same on every tensor-parallel rank and work on its rows; latents are gathered.
  const auto gather = [&](std::int64_t width) {
    Exchange e = rows.gather;
    e.bytes = Bytes{e.bytes.value * static_cast<double>(width) / static_cast<double>(m.hidden)};
    return e;
  };
  const auto reduce = [&](std::int64_t width) {
    Exchange e = rows.back_reduce;
    e.bytes = Bytes{e.bytes.value * static_cast<double>(width) / static_cast<double>(m.hidden)};
    return e;
  };
  if (l.q_rank > 0) {
    b.linear({"attention.q_down", Group::attention_projection, rows.split, l.q_rank, m.hidden});
    b.vector("attention.q_norm", Group::norm, norm_op(m), rows.split, l.q_rank);
    b.linear({"attention.q_up",
              Group::attention_projection,
              rows.all,
              heads * m.key_dim(),
              l.q_rank,
              gather(l.q_rank),
              {},
              {},
              reduce(l.q_rank)});
  } else {
    b.linear({"attention.q_up",
              Group::attention_projection,
              rows.all,
              heads * m.key_dim(),
              m.hidden,
              rows.gather,
              {},
              {},
              rows.back_reduce,
              rows.regather});
  }
  b.linear({"attention.kv_down", Group::attention_projection, rows.split, l.kv_rank + l.rope, m.hidden});
  b.vector("attention.kv_norm", Group::norm, norm_op(m), rows.split, l.kv_rank);
  b.linear({"attention.kv_up",
            Group::attention_projection,
            rows.all,
            heads * (l.nope + l.v),
            l.kv_rank,
            gather(l.kv_rank + l.rope),
            {},
            {},
            reduce(l.kv_rank + l.rope)});
  if (l.rope > 0)
    b.vector("attention.rope", Group::elementwise, VectorOp::rope, rows.all, (heads + 1) * l.rope, heads + 1);
}

void add_plain_projections(TrainingBuilder& b, const Rows& rows) {
  const Architecture& m = b.model;
  const std::int64_t heads = m.heads / b.shard.tp, kv = heads_per_rank(m.kv_heads, b.shard.tp);
  b.linear({"attention.qkv",
            Group::attention_projection,
            rows.all,
            (heads + 2 * kv) * m.head_dim,
            m.hidden,
            rows.gather,
            {},
            {},
            rows.back_reduce,
            rows.regather});
  if (m.qk_norm)
    b.vector("attention.qk_norm", Group::norm, VectorOp::rmsnorm, rows.all * (heads + kv), m.head_dim);
  if (m.rotary)
    b.vector("attention.rope", Group::elementwise, VectorOp::rope, rows.all, (heads + kv) * m.head_dim,
             heads + kv);
}

}  // namespace

void add_attention(TrainingBuilder& b, const Rows& rows, const LayerKind& kind) {
  const Architecture& m = b.model;
  b.vector("attention.norm", Group::norm, norm_op(m), rows.split, m.hidden);
  if (m.latent)
    add_latent_projections(b, rows);
  else
    add_plain_projections(b, rows);
  if (m.indexer) add_indexer(b, rows);
  add_core(b, kind);
  b.linear({"attention.out",
            Group::attention_projection,
            rows.all,
            m.hidden,
            m.heads / b.shard.tp * m.value_dim(),
            {},
            rows.scatter,
            rows.back_gather});
  if (m.sandwich_norm) b.vector("attention.norm_after", Group::norm, norm_op(m), rows.split, m.hidden);
  b.vector("attention.residual", Group::elementwise, VectorOp::residual_add, rows.split, m.hidden);
}

}  // namespace etalon::llm
