// SPDX-License-Identifier: Apache-2.0
#include "llm/graph.h"

#include <fmt/format.h>

#include <algorithm>

#include "llm/graph_parts.h"

namespace etalon::llm {
namespace {

bool is_quantised(Dtype d) {
  return d == Dtype::fp8 || d == Dtype::fp8_block || d == Dtype::mxfp8 || d == Dtype::int8 ||
         d == Dtype::hif8;
}

Error bad_shard(const Architecture& m, std::string message, std::string fix = {}) {
  return Error{"model.shard", fmt::format("{}: {}", m.name, message), std::move(fix), {}, 0, 0, {}};
}

Result<std::monostate> check_shard(const Architecture& m, const Shard& s) {
  if (s.micro_batch < 1 || s.seq < 1 || s.cp < 1)
    return fail(
        bad_shard(m, fmt::format("micro-batch {}, sequence {}, context parallel {}: each must be at least 1",
                                 s.micro_batch, s.seq, s.cp)));
  if (s.micro_batch > 1'000'000'000 || s.seq > 1'000'000'000)
    return fail(bad_shard(m, fmt::format("micro-batch {} or sequence {} above 10^9", s.micro_batch, s.seq)));
  TRY_VOID(check_degrees(m, s.tp, s.ep, "training"));
  if (s.seq % (s.cp * (s.cp > 1 && s.context == ContextMethod::ring ? 2 : 1)) != 0)
    return fail(
        bad_shard(m, fmt::format("sequence {} does not divide over {} context-parallel ranks", s.seq, s.cp)));
  const bool split = s.sequence_parallel && s.tp > 1;
  if (split && s.micro_batch * (s.seq / s.cp) % s.tp != 0)
    return fail(bad_shard(m, fmt::format("{} tokens do not divide over {} ranks of sequence parallelism",
                                         s.micro_batch * (s.seq / s.cp), s.tp)));
  if (m.has_experts() && s.tp > 1 && !s.sequence_parallel)
    return fail(bad_shard(m, "experts with tensor parallelism need sequence parallelism",
                          "set sequence parallelism"));
  if (s.dtype == Dtype::mxfp4_w || s.dtype == Dtype::int32)
    return fail(bad_shard(m, fmt::format("dtype {} is not for training", name_of(s.dtype))));
  if (s.mtp && m.mtp_layers == 0) return fail(bad_shard(m, "the model has no multi-token prediction"));
  return std::monostate{};
}

void add_head(TrainingBuilder& b, const Rows& rows) {
  const Architecture& m = b.model;
  const std::int64_t vocab = ceil_div(m.vocab, b.shard.tp);
  const Dtype element = element_type(b.shard.dtype), kept = b.shard.logits_fp32 ? Dtype::fp32 : element;
  b.vector("head.norm", Group::norm, norm_op(m), rows.split, m.hidden);
  b.linear({"head.logits",
            Group::head,
            rows.all,
            vocab,
            m.hidden,
            rows.gather,
            {},
            {},
            rows.back_reduce,
            rows.regather,
            true});
  b.forward_only("head.cross_entropy", Group::head,
                 Vector{VectorOp::cross_entropy, Phase::forward, rows.all, vocab, element, kept, 0});
  b.backward_only("head.cross_entropy.dgrad", Group::head,
                  Vector{VectorOp::cross_entropy, Phase::backward, rows.all, vocab, kept, element, 0});
}

void add_layer(TrainingBuilder& b, const Rows& rows, const LayerKind& kind) {
  add_attention(b, rows, kind);
  if (kind.experts)
    add_experts(b, rows);
  else
    add_dense_mlp(b, rows);
}

// Operator-level checkpointing, as torchtitan does it: the results of attention and of every second product
// are kept. Products count one by one (q, k, v, ...); the last of a layer is never needed again. Grouped ones
// are kept.
GraphOps every_second_product(const GraphOps& forward, const Architecture& m) {
  GraphOps out;
  std::int64_t seen = 0;
  for (const auto& op : forward) {
    if (std::holds_alternative<Vector>(op.op) && !op.name.ends_with("mlp.residual")) out.push_back(op);
    const auto* product = std::get_if<Matmul>(&op.op);
    if (product == nullptr || product->batch > 1 || op.group == Group::head) continue;
    const bool qkv = op.name.ends_with(".qkv"), gate_up = op.name.ends_with(".gate_up");
    const std::int64_t parts = qkv ? 3 : gate_up ? 2 : 1, first = seen + 1;
    seen += parts;
    const bool again = parts > 1 || first % 2 == 0;  // of q, k, v and of gate and up, one each
    if (!again || op.name.ends_with(".down")) continue;
    GraphOp once_more = op;
    auto& part = std::get<Matmul>(once_more.op);
    if (qkv) part.n = (product->n - m.heads * product->n / (m.heads + 2 * m.kv_heads)) / 2;
    if (gate_up) part.n /= 2;
    out.push_back(std::move(once_more));
  }
  return out;
}

void add_recompute(LayerGraph& g, const Architecture& m, const Shard& s) {
  if (s.recompute == Recompute::full) g.recompute = g.forward;
  if (s.recompute != Recompute::selective) return;
  if (s.attention == AttentionKernel::flash)
    g.recompute = every_second_product(g.forward, m);
  else
    for (const auto& op : g.forward)
      if (op.group == Group::attention_core) g.recompute.push_back(op);
}

LayerGraph mtp_layer(const Architecture& m, const Shard& s, const Rows& rows) {
  TrainingBuilder b(m, s, "mtp");
  b.vector("norm_hidden", Group::norm, norm_op(m), rows.split, m.hidden);
  b.vector("norm_embedding", Group::norm, norm_op(m), rows.split, m.hidden);
  b.linear({"projection", Group::mlp, rows.split, m.hidden, 2 * m.hidden});
  add_layer(b, rows, m.layers.back());
  add_head(b, rows);
  b.graph.kind = m.layers.back();
  b.graph.count = m.mtp_layers;
  add_recompute(b.graph, m, s);
  return std::move(b.graph);
}

void add_embedding(TrainingBuilder& b, const Rows& rows) {
  const Architecture& m = b.model;
  b.vector("embedding.look_up", Group::embedding, VectorOp::embedding, rows.all, m.hidden, 0, {},
           rows.scatter, rows.back_gather, {});
  if (m.learned_positions > 0)
    b.vector("embedding.positions", Group::embedding, VectorOp::add, rows.split, m.hidden);
}

}  // namespace

const char* name_of(Recompute r) {
  return r == Recompute::none ? "none" : r == Recompute::selective ? "selective" : "full";
}
bool parse(const std::string& text, Recompute& out) {
  for (const Recompute r : {Recompute::none, Recompute::selective, Recompute::full})
    if (text == name_of(r)) return out = r, true;
  return false;
}
const char* name_of(Group g) {
  switch (g) {
    case Group::attention_projection:
      return "attention projection";
    case Group::attention_core:
      return "attention core";
    case Group::mlp:
      return "mlp";
    case Group::experts:
      return "experts";
    case Group::norm:
      return "norm";
    case Group::elementwise:
      return "elementwise";
    case Group::head:
      return "head";
    case Group::embedding:
      return "embedding";
    case Group::optimizer:
      return "optimizer";
  }
  return "?";
}
const char* name_of(Exchange::Kind k) {
  switch (k) {
    case Exchange::Kind::none:
      return "none";
    case Exchange::Kind::tensor_all_gather:
      return "tensor all-gather";
    case Exchange::Kind::tensor_reduce_scatter:
      return "tensor reduce-scatter";
    case Exchange::Kind::tensor_all_reduce:
      return "tensor all-reduce";
    case Exchange::Kind::expert_dispatch:
      return "expert dispatch";
    case Exchange::Kind::expert_combine:
      return "expert combine";
    case Exchange::Kind::context_all_to_all:
      return "context all-to-all";
    case Exchange::Kind::context_ring:
      return "context ring";
  }
  return "?";
}

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
Dtype element_type(Dtype d) {
  return d == Dtype::fp16 ? Dtype::fp16 : d == Dtype::fp32 || d == Dtype::tf32 ? Dtype::fp32 : Dtype::bf16;
}
VectorOp norm_op(const Architecture& m) {
  return m.norm == NormKind::rmsnorm ? VectorOp::rmsnorm : VectorOp::layernorm;
}
VectorOp activation_op(const Architecture& m) {
  return m.activation == Activation::swiglu ? VectorOp::swiglu
         : m.activation == Activation::gelu ? VectorOp::gelu
                                            : VectorOp::relu2;
}

Result<std::monostate> check_degrees(const Architecture& m, std::int64_t tp, std::int64_t ep,
                                     const char* what) {
  if (tp < 1 || ep < 1)
    return fail(
        bad_shard(m, fmt::format("{} with tensor parallel {} and expert parallel {}: each must be at least 1",
                                 what, tp, ep)));
  const auto split = [&](std::int64_t value, std::int64_t ways, const char* name) -> Result<std::monostate> {
    if (value % ways == 0) return std::monostate{};
    return fail(bad_shard(m, fmt::format("{} {} do not divide over {} ranks", value, name, ways)));
  };
  TRY_VOID(split(m.heads, tp, "attention heads"));
  if (!m.latent && m.kv_heads % tp != 0 && tp % m.kv_heads != 0)
    TRY_VOID(split(m.kv_heads, tp, "key-value heads"));
  TRY_VOID(split(m.ffn, tp, "columns of the MLP"));
  TRY_VOID(split(m.shared_ffn, tp, "columns of the shared experts"));
  if (m.has_experts()) TRY_VOID(split(m.experts, ep, "experts"));
  if (!m.has_experts() && ep > 1)
    return fail(bad_shard(m, fmt::format("expert parallel {} but the model has no experts", ep),
                          "set expert parallel to 1"));
  return std::monostate{};
}

Rows rows_of(const Architecture& m, const Shard& s) {
  Rows r;
  r.all = s.micro_batch * (s.seq / s.cp);
  const bool split = s.sequence_parallel && s.tp > 1;
  r.split = split ? r.all / s.tp : r.all;
  if (s.tp == 1) return r;
  using Kind = Exchange::Kind;
  const Bytes full{static_cast<double>(r.all) * static_cast<double>(m.hidden) *
                   size_of(element_type(s.dtype)).value};
  if (split) {
    r.gather = r.back_gather = r.regather = {Kind::tensor_all_gather, full};
    r.scatter = r.back_reduce = {Kind::tensor_reduce_scatter, full};
  } else {
    r.scatter = r.back_reduce = {Kind::tensor_all_reduce, full};
  }
  return r;
}

TrainingBuilder::TrainingBuilder(const Architecture& m, const Shard& s, std::string prefix)
    : model(m), shard(s), prefix_(std::move(prefix)) {}

void TrainingBuilder::push_back_first(GraphOp op) {
  graph.backward.insert(graph.backward.begin(), std::move(op));
}

void TrainingBuilder::forward_only(const char* name, Group group, Operation op, Exchange before,
                                   Exchange after) {
  graph.forward.push_back({std::move(op), prefix_ + "." + name, 1, group, before, after});
}
void TrainingBuilder::backward_only(const char* name, Group group, Operation op, Exchange before,
                                    Exchange after) {
  push_back_first({std::move(op), prefix_ + "." + name, 1, group, before, after});
}
void TrainingBuilder::operation(const char* name, Group group, Operation forward, Operation backward,
                                double backward_count) {
  graph.forward.push_back({std::move(forward), prefix_ + "." + name, 1, group, {}, {}});
  push_back_first({std::move(backward), prefix_ + "." + name + ".dgrad", backward_count, group, {}, {}});
}

void TrainingBuilder::linear(const Linear& l) {
  const Dtype element = element_type(shard.dtype), dtype = l.high_precision ? element : shard.dtype;
  const bool quantise = is_quantised(dtype);
  const std::string name = prefix_ + "." + l.name;
  const Matmul forward{l.rows, l.out, l.in, 1, dtype, element, false, true, quantise, false};
  const Matmul dgrad{l.rows, l.in, l.out, 1, dtype, element, false, false, quantise, false};
  // dW = dY^T X, both operands as they lie (rows of tokens); operands of fp8 were quantised before.
  const Matmul wgrad{l.out,  l.in,
                     l.rows, 1,
                     dtype,  shard.fp32_gradients ? Dtype::fp32 : element,
                     true,   false,
                     false,  shard.fp32_gradients};
  graph.forward.push_back({forward, name, 1, l.group, l.before, l.after});
  push_back_first({wgrad, name + ".wgrad", 1, l.group, l.weight_before, {}});
  push_back_first({dgrad, name + ".dgrad", 1, l.group, l.back_before, l.back_after});
}

void TrainingBuilder::vector(const char* name, Group group, VectorOp op, std::int64_t rows, std::int64_t cols,
                             std::int64_t extra, Exchange before, Exchange after, Exchange back_before,
                             Exchange back_after) {
  const Dtype element = element_type(shard.dtype);
  const std::string full = prefix_ + "." + name;
  graph.forward.push_back(
      {Vector{op, Phase::forward, rows, cols, element, element, extra}, full, 1, group, before, after});
  push_back_first({Vector{op, Phase::backward, rows, cols, element, element, extra}, full + ".dgrad", 1,
                   group, back_before, back_after});
}

Result<TrainingGraph> training_graph(const Architecture& m, const Shard& s) {
  TRY_VOID(check_shard(m, s));
  const Rows rows = rows_of(m, s);
  TrainingGraph out;
  for (const auto& group : m.layer_groups()) {
    TrainingBuilder b(m, s, "layer");
    add_layer(b, rows, group.kind);
    b.graph.kind = group.kind;
    b.graph.count = group.count;
    add_recompute(b.graph, m, s);
    out.layers.push_back(std::move(b.graph));
  }
  TrainingBuilder embedding(m, s, "model"), head(m, s, "model");
  add_embedding(embedding, rows);
  add_head(head, rows);
  out.embedding_forward = std::move(embedding.graph.forward);
  out.embedding_backward = std::move(embedding.graph.backward);
  out.head_forward = std::move(head.graph.forward);
  out.head_backward = std::move(head.graph.backward);
  if (s.mtp) out.mtp.push_back(mtp_layer(m, s, rows));
  return out;
}

GraphOps optimizer_graph(double elements, const Shard& s) {
  const auto n = static_cast<std::int64_t>(elements);
  const Dtype gradient = s.fp32_gradients ? Dtype::fp32 : element_type(s.dtype);
  const auto op = [&](const char* name, VectorOp v, Dtype in, Dtype out) {
    return GraphOp{Vector{v, Phase::forward, n, 1, in, out, 0}, name, 1, Group::optimizer, {}, {}};
  };
  return {op("optimizer.gradient_norm", VectorOp::norm, gradient, Dtype::fp32),
          op("optimizer.adamw", VectorOp::adamw, gradient, element_type(s.dtype)),
          op("optimizer.zero_gradients", VectorOp::zero, gradient, gradient)};
}

Flops model_flops(const GraphOp& g) {
  if (const auto* a = std::get_if<Attention>(&g.op); a != nullptr && a->phase == Phase::backward) {
    Attention forward = *a;
    forward.phase = Phase::forward;
    return flops(forward) * (2 * g.count);
  }
  return flops(g.op) * g.count;
}
Flops model_flops(const GraphOps& ops) {
  Flops sum{};
  for (const auto& op : ops) sum += model_flops(op);
  return sum;
}

}  // namespace etalon::llm
