// SPDX-License-Identifier: Apache-2.0
// The second half of a layer in training: dense MLP, or experts with their routing and shared experts.
#include <algorithm>

#include "llm/graph_parts.h"

namespace etalon::llm {
namespace {

struct MlpNames {
  const char *in, *activation, *out;
};

void add_mlp(TrainingBuilder& b, const Rows& rows, const MlpNames& names, Group group, std::int64_t width) {
  const Architecture& m = b.model;
  b.linear({names.in,
            group,
            rows.all,
            m.gate_count() * width,
            m.hidden,
            rows.gather,
            {},
            {},
            rows.back_reduce,
            rows.regather});
  b.vector(names.activation, Group::elementwise, activation_op(m), rows.all, width);
  b.linear({names.out, group, rows.all, m.hidden, width, {}, rows.scatter, rows.back_gather});
}

// Router, exchange, permutation, grouped products, and all of it back. Tokens stay split over tensor-parallel
// ranks: experts are whole, spread over the expert-parallel group.
void add_routed(TrainingBuilder& b, const Rows& rows) {
  const Architecture& m = b.model;
  const Shard& s = b.shard;
  const std::int64_t tokens = rows.split, copies = m.top_k, pairs = tokens * copies;
  const Dtype element = element_type(s.dtype);
  b.linear({"experts.router", Group::experts, tokens, m.experts, m.hidden, {}, {}, {}, {}, {}, true});
  b.vector("experts.gate", Group::elementwise, VectorOp::topk_gate, tokens, m.experts, copies);
  const Bytes sent{static_cast<double>(pairs) * static_cast<double>(m.hidden) * size_of(element).value};
  const Exchange dispatch = s.ep > 1 ? Exchange{Exchange::Kind::expert_dispatch, sent} : Exchange{};
  const Exchange combine = s.ep > 1 ? Exchange{Exchange::Kind::expert_combine, sent} : Exchange{};
  b.vector("experts.permute", Group::elementwise, VectorOp::permute, tokens, m.hidden, copies, {}, dispatch,
           combine, {});
  GroupedMatmul g;
  g.tokens = tokens * s.ep;
  g.hidden = m.hidden;
  g.inter = m.expert_ffn;
  g.experts = m.experts;
  g.top_k = m.top_k;
  g.ep = s.ep;
  g.gated = m.activation == Activation::swiglu;
  g.skew = s.expert_skew;
  g.dtype = s.dtype;
  g.matmuls_only = true;
  b.forward_only("experts.products", Group::experts, g);
  b.backward_only("experts.products.wgrad", Group::experts, g);
  b.backward_only("experts.products.dgrad", Group::experts, g);
  b.vector("experts.activation", Group::elementwise, activation_op(m), pairs, m.expert_ffn);
  b.vector("experts.unpermute", Group::elementwise, VectorOp::unpermute, tokens, m.hidden, copies, combine,
           {}, {}, dispatch);
}

}  // namespace

void add_dense_mlp(TrainingBuilder& b, const Rows& rows) {
  const Architecture& m = b.model;
  b.vector("mlp.norm", Group::norm, norm_op(m), rows.split, m.hidden);
  add_mlp(b, rows, {m.gate_count() == 2 ? "mlp.gate_up" : "mlp.up", "mlp.activation", "mlp.down"}, Group::mlp,
          m.ffn / b.shard.tp);
  if (m.sandwich_norm) b.vector("mlp.norm_after", Group::norm, norm_op(m), rows.split, m.hidden);
  b.vector("mlp.residual", Group::elementwise, VectorOp::residual_add, rows.split, m.hidden);
}

void add_experts(TrainingBuilder& b, const Rows& rows) {
  const Architecture& m = b.model;
  b.vector("mlp.norm", Group::norm, norm_op(m), rows.split, m.hidden);
  add_routed(b, rows);
  if (m.shared_ffn > 0) {
    add_mlp(b, rows,
            {m.gate_count() == 2 ? "shared.gate_up" : "shared.up", "shared.activation", "shared.down"},
            Group::mlp, m.shared_ffn / b.shard.tp);
    b.vector("shared.add", Group::elementwise, VectorOp::add, rows.split, m.hidden);
  }
  if (m.sandwich_norm) b.vector("mlp.norm_after", Group::norm, norm_op(m), rows.split, m.hidden);
  b.vector("mlp.residual", Group::elementwise, VectorOp::residual_add, rows.split, m.hidden);
}

}  // namespace etalon::llm
