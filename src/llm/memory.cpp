// SPDX-License-Identifier: Apache-2.0
#include "llm/memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>
#include <variant>

namespace etalon::llm {
namespace {

double real(std::int64_t v) { return static_cast<double>(v); }

// What of one layer lies on one device, in elements.
struct LayerSplit {
  double dense = 0, experts = 0;
};
LayerSplit split_layer(const Architecture& m, const LayerKind& kind, const Shard& s) {
  const ParameterCounts p = layer_parameters(m, kind);
  const double tp = real(s.tp);
  double whole = p.norms + p.router;  // held by every tensor-parallel rank
  double attention = p.attention;
  if (m.latent) {  // so are the projections down to latents
    const double down = real(m.hidden) * real(m.latent->q_rank + m.latent->kv_rank + m.latent->rope);
    whole += down;
    attention -= down;
  }
  return {whole + (attention + p.dense_mlp + p.shared_experts) / tp, p.experts / real(s.ep)};
}

Result<std::monostate> check_plan(const Architecture& m, const MemoryPlan& plan) {
  const auto bad = [&](std::string text) { return fail("model.shard", m.name + ": " + std::move(text)); };
  if (plan.dp < 1 || plan.pp < 1 || plan.vp < 1 || plan.micro_batches < 1)
    return bad(fmt::format(
        "data parallel {}, pipeline {}, virtual stages {}, micro-batches {}: each must be at least 1",
        plan.dp, plan.pp, plan.vp, plan.micro_batches));
  if (plan.zero < 0 || plan.zero > 3) return bad(fmt::format("zero stage {}, expected 0 to 3", plan.zero));
  if (plan.pp > m.layer_count())
    return bad(fmt::format("{} pipeline stages for {} layers", plan.pp, m.layer_count()));
  const Shard& s = plan.shard;
  if (real(plan.dp) * real(s.cp) * real(s.tp) < real(s.ep))
    return bad(fmt::format("expert parallel {} needs as many ranks, data x context x tensor parallel is {}",
                           s.ep, plan.dp * s.cp * s.tp));
  return std::monostate{};
}

// Micro-batches whose activations a stage holds at most: 1F1B, or interleaved with `vp` chunks a stage.
double alive_micro_batches(const MemoryPlan& p, std::int64_t stage) {
  const double v = real(p.vp), last = real(p.pp - 1 - stage);
  const double chunks = p.vp == 1 ? last + 1 : 2 * last + (v - 1) * real(p.pp) + 1;
  return std::min(real(p.micro_batches), chunks / v);
}

class Activations {
 public:
  Activations(const Architecture& m, const Shard& s) : m_(m), s_(s), tokens_(s.tokens()), tp_(real(s.tp)) {}

  std::vector<MemoryItem> layer(const LayerKind& kind) const {
    std::vector<MemoryItem> out;
    const double h = real(m_.hidden);
    const auto keep = [&](const char* name, double per_token) {
      if (per_token > 0) out.push_back({MemoryClass::activations, name, Bytes{per_token * tokens_}});
    };
    keep("norm inputs", 2 * element() * h / rows());
    keep("norm outputs", 2 * element() * h / rows());
    if (s_.dropout) keep("dropout masks", 2 * h / rows());
    attention(keep);
    if (kind.experts)
      experts(keep);
    else
      mlp(keep, real(m_.ffn) / tp_);
    return out;
  }
  // What operator-level checkpointing keeps: the layer's input, attention's result, every second product.
  std::vector<MemoryItem> every_second_product(const LayerKind& kind) const {
    std::vector<MemoryItem> out;
    const double a = real(m_.heads) / tp_, e = element(), kv = std::max(1.0, real(m_.kv_heads) / tp_);
    const auto keep = [&](const char* name, double per_token) {
      out.push_back({MemoryClass::activations, name, Bytes{per_token * tokens_}});
    };
    keep("layer inputs", e * real(m_.hidden) / rows());
    keep("attention output", e * a * real(m_.value_dim()));
    keep("log-sum-exp", 4 * a);
    if (m_.latent)
      keep("products kept", e * real(m_.latent->q_rank + m_.latent->kv_rank + m_.latent->rope) / rows());
    else
      keep("products kept", e * (a * real(m_.key_dim()) + kv * real(m_.value_dim())));
    if (kind.experts)
      experts(keep);
    else
      keep("MLP inner", e * real(m_.ffn) / tp_);
    keep("layer products kept", e * real(m_.hidden) / rows());
    return out;
  }
  // Gradient of the widest tensor of a layer, alive with all that is kept: that of gate and up.
  Bytes widest_gradient(const LayerKind& kind) const {
    const double width = kind.experts ? real(m_.top_k) * real(m_.expert_ffn) / rows() : real(m_.ffn) / tp_;
    return Bytes{element() * real(m_.gate_count()) * width * tokens_};
  }
  double element() const { return size_of(s_.dtype).value >= 4 ? 4 : 2; }
  double rows() const { return s_.sequence_parallel ? tp_ : 1; }  // norms and residuals are split only then

 private:
  template <class Keep>
  void attention(const Keep& keep) const {
    const double a = real(m_.heads) / tp_, e = element();
    const double kv = std::max(1.0, real(m_.kv_heads) / tp_);
    const double dk = real(m_.key_dim()), dv = real(m_.value_dim());
    if (m_.latent) {
      const Latent& l = *m_.latent;  // before and after their norms
      keep("latents", e * (2 * real(l.q_rank) + real(2 * l.kv_rank + l.rope)) / rows());
      keep("queries, keys, values", e * a * (2 * dk + dv));
    } else {
      keep("queries, keys, values", e * (a * dk + kv * (dk + dv)));
    }
    keep("attention output", e * a * dv);
    if (s_.attention == AttentionKernel::flash) return keep("log-sum-exp", 4 * a);
    if (s_.recompute == Recompute::selective) return;
    // Probabilities; with dropout their mask and the dropped copy too.
    keep("attention scores", (s_.dropout ? 2 * e + 1 : e) * a * real(s_.seq));
  }
  template <class Keep>
  void mlp(const Keep& keep, double width) const {
    keep("MLP inner", element() * real(m_.gate_count()) * width);
    keep("MLP activation", element() * width);
  }
  template <class Keep>
  void experts(const Keep& keep) const {
    const double k = real(m_.top_k) / rows(), e = element(), f = real(m_.expert_ffn);
    keep("dispatched tokens", k * e * real(m_.hidden));
    keep("expert inner", k * e * real(m_.gate_count()) * f);
    keep("expert activation", k * e * f);
    keep("expert outputs", k * e * real(m_.hidden));
    if (m_.shared_ffn > 0) {
      keep("shared expert inner", e * real(m_.gate_count()) * real(m_.shared_ffn) / tp_);
      keep("shared expert activation", e * real(m_.shared_ffn) / tp_);
    }
  }

  const Architecture& m_;
  const Shard& s_;
  double tokens_, tp_;
};

Bytes sum(const std::vector<MemoryItem>& items) {
  Bytes total{};
  for (const auto& i : items) total += i.bytes;
  return total;
}

// Libraries that add weight gradients into the fp32 buffer themselves hand the framework an empty 16-bit
// gradient instead, one for each distinct shape, and keep it.
Bytes placeholders(const Architecture& m, const MemoryPlan& plan, const LayerRange& range) {
  std::set<std::pair<std::int64_t, std::int64_t>> shapes;
  const std::int64_t tp = plan.shard.tp, h = m.hidden, heads = m.heads / tp;
  const auto mlp = [&](std::int64_t width) {
    shapes.insert({m.gate_count() * width, h});
    shapes.insert({h, width});
  };
  shapes.insert({h, heads * m.value_dim()});
  if (m.latent) {
    const Latent& l = *m.latent;
    if (l.q_rank > 0) shapes.insert({l.q_rank, h});
    shapes.insert({heads * m.key_dim(), l.q_rank > 0 ? l.q_rank : h});
    shapes.insert({l.kv_rank + l.rope, h});
    shapes.insert({heads * (l.nope + l.v), l.kv_rank});
  } else {
    shapes.insert({(heads + 2 * std::max<std::int64_t>(1, m.kv_heads / tp)) * m.head_dim, h});
  }
  for (const auto& group : m.layer_groups(range.first, range.last)) {
    mlp(group.kind.experts ? m.expert_ffn : m.ffn / tp);
    if (group.kind.experts && m.shared_ffn > 0) mlp(m.shared_ffn / tp);
  }
  double elements = 0;
  for (const auto& [out, in] : shapes) elements += real(out) * real(in);
  return Bytes{2 * elements};
}

class Stage {
 public:
  Stage(const Architecture& m, const MemoryPlan& plan, std::int64_t stage, const StageParameters& p)
      : m_(m),
        plan_(plan),
        s_(plan.shard),
        stage_(stage),
        p_(p),
        range_(stage_layers(m, plan.pp, stage)),
        act_(m, plan.shard) {}

  StageMemory count() {
    out_.stage = stage_;
    out_.micro_batches_alive = alive_micro_batches(plan_, stage_);
    states("dense", p_.dense, real(p_.dense_shards));
    states("expert", p_.experts, real(p_.expert_shards));
    if (plan_.zero == 3) {
      add(MemoryClass::working, "gathered weights",
          2 * (2 * p_.largest_unit + vocabulary_tables() * p_.vocabulary));
      add(MemoryClass::working, "whole gradients of a unit", 2 * p_.largest_unit);
    }
    activations();
    moments();
    if (plan_.workspace.value > 0) add(MemoryClass::working, "library workspace", plan_.workspace.value);
    return std::move(out_);
  }

 private:
  bool is_first() const { return stage_ == 0; }
  bool is_last() const { return stage_ == plan_.pp - 1; }
  double vocabulary_tables() const {
    return (is_first() ? 1.0 : 0.0) + (is_last() && !(m_.tied && is_first()) ? 1.0 : 0.0);
  }
  void add(MemoryClass kind, std::string name, double bytes) {
    if (bytes > 0) out_.items.push_back({kind, std::move(name), Bytes{bytes}});
  }

  void states(const std::string& what, double elements, double n) {
    const double e = act_.element(), gradient = s_.fp32_gradients ? 4 : e;
    const double master = e < 4 ? 4 : 0;  // fp32 weights are their own master
    if (plan_.zero == 3)
      add(MemoryClass::weights, what + " weights, fp32 shard", 4 * elements / n);
    else
      add(MemoryClass::weights, what + " weights", e * elements);
    add(MemoryClass::gradients, what + " gradients", gradient * elements / (plan_.zero >= 2 ? n : 1));
    if (plan_.zero < 3)
      add(MemoryClass::optimizer, what + " master weights", master * elements / (plan_.zero >= 1 ? n : 1));
    add(MemoryClass::optimizer, what + " Adam moments", 8 * elements / (plan_.zero >= 1 ? n : 1));
  }

  void activations() {
    const double alive = out_.micro_batches_alive, tokens = s_.tokens();
    std::vector<MemoryItem> all;
    Bytes largest{};
    const bool second = s_.recompute == Recompute::selective && s_.attention == AttentionKernel::flash;
    for (const auto& group : m_.layer_groups(range_.first, range_.last)) {
      const auto whole = act_.layer(group.kind);
      largest = std::max(largest, sum(whole));
      for (const auto& i : second ? act_.every_second_product(group.kind) : whole)
        merge(all, i, real(group.count) * alive);
    }
    if (is_last() && s_.mtp)
      for (const auto& i : act_.layer(m_.layers.back())) merge(all, i, real(m_.mtp_layers));
    const bool full = s_.recompute == Recompute::full;
    if (full)
      add(MemoryClass::activations, "layer inputs",
          act_.element() * real(m_.hidden) * tokens / act_.rows() * real(range_.last - range_.first) * alive);
    else
      for (auto& i : all) out_.items.push_back(std::move(i));
    if (full || second) add(MemoryClass::activations, "one layer recomputed", largest.value);
  }
  static void merge(std::vector<MemoryItem>& all, const MemoryItem& item, double times) {
    for (auto& i : all)
      if (i.name == item.name) return void(i.bytes += item.bytes * times);
    all.push_back({item.kind, item.name, item.bytes * times});
  }

  // All activations are alive when backward begins. On the last stage the peak is at the cross entropy (its
  // softmax) or at the head's gradient (that of the logits and a table's), elsewhere inside the last layer.
  void moments() {
    const double tokens = s_.tokens(), vocab = p_.vocabulary / real(m_.hidden), e = act_.element();
    if (s_.fp32_gradients && plan_.zero < 3)
      add(MemoryClass::working, "gradient placeholders", placeholders(m_, plan_, range_).value);
    add(MemoryClass::working, "gathered hidden states", e * tokens * real(m_.hidden));
    Bytes inside{};
    for (const auto& group : m_.layer_groups(range_.first, range_.last))
      inside = std::max(inside, act_.widest_gradient(group.kind));
    if (!is_last()) return add(MemoryClass::working, "gradient of the MLP's inner tensor", inside.value);
    const double copies = s_.mtp ? 1 + real(m_.mtp_layers) : 1;
    // Megatron's cross entropy works in place; a framework's own keeps the 16-bit logits, their fp32
    // log-softmax and its gradient at once.
    const double kept = plan_.zero == 3 ? e + 2 * (s_.logits_fp32 ? 4 : e) : (s_.logits_fp32 ? 4 : e);
    const double softmax = kept * tokens * vocab * copies;
    const double logits = e * tokens * vocab * copies, table = e * p_.vocabulary;
    if (inside.value > std::max(softmax, logits + table))
      return add(MemoryClass::working, "gradient of the MLP's inner tensor", inside.value);
    if (softmax >= logits + table) return add(MemoryClass::logits, "softmax of the logits", softmax);
    add(MemoryClass::logits, "gradient of the logits", logits);
    add(MemoryClass::working, "gradient of a vocabulary table", table);
  }

  const Architecture& m_;
  const MemoryPlan& plan_;
  const Shard& s_;
  std::int64_t stage_;
  const StageParameters& p_;
  LayerRange range_;
  Activations act_;
  StageMemory out_;
};

}  // namespace

LayerRange stage_layers(const Architecture& m, std::int64_t pp, std::int64_t stage) {
  const std::int64_t each = m.layer_count() / pp, more = m.layer_count() % pp;
  const std::int64_t first = stage * each + std::min(stage, more);
  return {first, first + each + (stage < more ? 1 : 0)};
}

const char* name_of(MemoryClass c) {
  switch (c) {
    case MemoryClass::weights:
      return "weights";
    case MemoryClass::gradients:
      return "gradients";
    case MemoryClass::optimizer:
      return "optimizer";
    case MemoryClass::activations:
      return "activations";
    case MemoryClass::logits:
      return "logits";
    case MemoryClass::working:
      return "working";
  }
  return "?";
}

Bytes StageMemory::of(MemoryClass c) const {
  Bytes total{};
  for (const auto& i : items)
    if (i.kind == c) total += i.bytes;
  return total;
}
Bytes StageMemory::total() const { return sum(items); }

Result<StageParameters> stage_parameters(const Architecture& m, const MemoryPlan& plan, std::int64_t stage) {
  TRY_VOID(check_plan(m, plan));
  TRY_VOID(training_graph(m, plan.shard));  // checks the degrees
  if (stage < 0 || stage >= plan.pp)
    return fail("model.shard", fmt::format("{}: stage {} of {}", m.name, stage, plan.pp));
  const Shard& s = plan.shard;
  StageParameters out;
  const LayerRange range = stage_layers(m, plan.pp, stage);
  for (const auto& group : m.layer_groups(range.first, range.last)) {
    const LayerSplit one = split_layer(m, group.kind, s);
    out.dense += real(group.count) * one.dense;
    out.experts += real(group.count) * one.experts;
    out.largest_unit = std::max(out.largest_unit, one.dense + one.experts);
  }
  out.vocabulary = real(m.vocab) * real(m.hidden) / real(s.tp);
  const bool first = stage == 0, last = stage == plan.pp - 1;
  if (first) out.dense += out.vocabulary + parameters(m).positions;
  if (last) out.dense += real(m.hidden) * (m.norm_bias ? 2 : 1);
  if (last && !(m.tied && first)) out.dense += out.vocabulary;  // a tied head on another stage is a copy
  if (last && s.mtp) {
    const LayerSplit one = split_layer(m, m.layers.back(), s);
    out.dense += real(m.mtp_layers) * (one.dense + 2 * real(m.hidden) * real(m.hidden) + 3 * real(m.hidden));
    out.experts += real(m.mtp_layers) * one.experts;
  }
  out.dense_shards = plan.dp * s.cp;
  out.expert_shards = std::max<std::int64_t>(1, plan.dp * s.cp * s.tp / s.ep);
  return out;
}

Result<std::vector<MemoryItem>> layer_activations(const Architecture& m, const LayerKind& kind,
                                                  const Shard& s) {
  TRY_VOID(training_graph(m, s));
  return Activations(m, s).layer(kind);
}

Result<StageMemory> stage_memory(const Architecture& m, const MemoryPlan& plan, std::int64_t stage) {
  TRY(parameters, stage_parameters(m, plan, stage));
  return Stage(m, plan, stage, parameters).count();
}

Result<StageMemory> peak_memory(const Architecture& m, const MemoryPlan& plan) {
  TRY(worst, stage_memory(m, plan, 0));
  for (std::int64_t stage = 1; stage < plan.pp; ++stage) {
    TRY(next, stage_memory(m, plan, stage));
    if (next.total() > worst.total()) worst = std::move(next);
  }
  return worst;
}

}  // namespace etalon::llm
