// SPDX-License-Identifier: Apache-2.0
#include "llm/models_document.h"

#include <fmt/format.h>

#include <algorithm>

#include "llm/flops.h"
#include "llm/models.h"

namespace etalon::llm {
namespace {

std::string attention_text(const Architecture& m) {
  if (m.latent)
    return fmt::format("latent, {} heads, ranks {}/{}, key {}+{}, value {}", m.heads, m.latent->q_rank,
                       m.latent->kv_rank, m.latent->nope, m.latent->rope, m.latent->v);
  return fmt::format("{} heads, {} key-value heads of {}", m.heads, m.kv_heads, m.head_dim);
}

std::string experts_text(const Architecture& m) {
  std::string s = fmt::format("{} of width {}, {} a token", m.experts, m.expert_ffn, m.top_k);
  if (m.shared_ffn > 0) s += fmt::format(", shared width {}", m.shared_ffn);
  return s;
}

Table dimensions(const Architecture& m) {
  Table t{"dimensions", {{"what", "", 4}, {"value", "", 6}}, {}};
  const auto row = [&](std::string what, Cell value) {
    t.rows.push_back({std::move(what), std::move(value)});
  };
  row("family", m.family);
  for (const auto& g : m.layer_groups()) row("layers, " + g.kind.name(), g.count);
  row("hidden", m.hidden);
  row("attention", attention_text(m));
  if (m.ffn > 0) row("MLP", fmt::format("{}, width {}", name_of(m.activation), m.ffn));
  if (m.experts > 0) row("experts", experts_text(m));
  if (m.indexer)
    row("indexer", fmt::format("{} heads of {}, {} keys a query", m.indexer->heads, m.indexer->head_dim,
                               m.indexer->top_k));
  std::string extras = name_of(m.norm);
  if (m.qk_norm) extras += ", norm of queries and keys";
  if (m.sandwich_norm) extras += ", four norms a layer";
  row("norm", extras);
  std::string biases;
  for (const auto& [has, what] : {std::pair{m.qkv_bias, "qkv"},
                                  {m.out_bias, "output"},
                                  {m.mlp_bias, "MLP"},
                                  {m.router_bias, "router"},
                                  {m.expert_bias, "experts"}})
    if (has) biases += (biases.empty() ? "" : ", ") + std::string(what);
  row("biases", biases.empty() ? std::string("none") : biases);
  if (m.sinks) row("attention sinks", m.heads);
  row("vocabulary", m.vocab);
  row("head", std::string(m.tied ? "shares the embedding's table" : "own table"));
  if (m.learned_positions > 0) row("learned positions", m.learned_positions);
  if (m.max_seq > 0) row("longest sequence", m.max_seq);
  if (m.mtp_layers > 0) row("multi-token prediction layers", m.mtp_layers);
  return t;
}

Table groups(const Architecture& m) {
  const ParameterCounts p = parameters(m);
  const double total = p.total(), active = active_parameters(m);
  Table t{"parameters by tensor group",
          {{"group", "", 4}, {"parameters", "", 5}, {"share", "%", 4}, {"active", "", 5}},
          {}};
  const double routed = p.experts > 0 ? active - (total - p.experts) : 0;
  const auto row = [&](const char* name, double n, double on) {
    if (n > 0) t.rows.push_back({std::string(name), n, 100 * n / total, on});
  };
  row("embedding", p.embedding, p.embedding);
  row("positions", p.positions, p.positions);
  row("attention", p.attention, p.attention);
  row("dense MLP", p.dense_mlp, p.dense_mlp);
  row("experts", p.experts, routed);
  row("shared experts", p.shared_experts, p.shared_experts);
  row("router", p.router, p.router);
  row("norms", p.norms, p.norms);
  row("head", p.head, p.head);
  row("total", total, active);
  if (p.mtp > 0)
    t.rows.push_back({std::string("multi-token prediction, apart"), p.mtp, 100 * p.mtp / total,
                      active_matmul_weights(m, true) - active_matmul_weights(m, false)});
  return t;
}

Table flops_table(const Architecture& m, double seq) {
  Table t{fmt::format("training FLOPs per token at sequence {}", seq),
          {{"convention", "", 4}, {"per token", "GFLOP", 5}, {"what it counts", "", 4}},
          {}};
  for (const FlopConvention c : flop_conventions()) {
    const bool gpt_only = c == FlopConvention::megatron_2021 || c == FlopConvention::megatron_2022;
    if (gpt_only && (m.activation == Activation::swiglu || m.kv_heads != m.heads || m.has_experts()))
      continue;
    t.rows.push_back({std::string(name_of(c)), train_flops_per_token(m, seq, c).value / 1e9, explain(c)});
  }
  if (m.mtp_layers > 0)
    t.rows.push_back({std::string("causal, with MTP"),
                      train_flops_per_token(m, seq, FlopConvention::causal, true).value / 1e9,
                      std::string("causal, multi-token prediction added")});
  return t;
}

}  // namespace

Document models_document() {
  Document d;
  d.title = "models";
  Table t{"",
          {{"model", "", 4},
           {"family", "", 4},
           {"layers", "", 6},
           {"hidden", "", 6},
           {"parameters", "B", 5},
           {"active", "B", 5},
           {"training at 4096", "GFLOP/token", 4},
           {"cache, 16-bit", "B/token", 7}},
          {}};
  for (const auto& name : model_names()) {
    const auto m = find_model(name);
    if (!m) {
      d.findings.push_back({Severity::warning, m.error().code, m.error().text(), name});
      continue;
    }
    t.rows.push_back({name, m->family, m->layer_count(), m->hidden, parameters(*m).total() / 1e9,
                      active_parameters(*m) / 1e9, train_flops_per_token(*m, 4096).value / 1e9,
                      static_cast<std::int64_t>(kv_bytes_per_token(*m).value)});
  }
  d.table(std::move(t));
  d.text(
      "Training counts the causal convention; `etalon models show NAME` gives the others. Any config.json "
      "works by path; "
      "NAME:layers=4 is NAME cut to its first 4 layers.");
  return d;
}

Result<Document> model_document(const std::string& name, std::int64_t seq) {
  TRY(m, find_model(name));
  if (seq < 0 || seq > 1'000'000'000)
    return fail("model.shard", fmt::format("sequence {}, expected 1 to 10^9", seq));
  if (seq == 0) seq = m.max_seq > 0 ? std::min<std::int64_t>(4096, m.max_seq) : 4096;
  Document d;
  d.title = m.title;
  if (m.name != m.title && m.name.find(':') != std::string::npos) d.title += ", as " + m.name;
  d.text("source: " + m.source);
  for (const auto& a : m.assumptions) d.findings.push_back({Severity::note, "model.assumption", a, m.name});
  if (m.max_seq > 0 && seq > m.max_seq)
    d.findings.push_back({Severity::warning, "model.sequence",
                          fmt::format("sequence {} is longer than the model's {}", seq, m.max_seq), m.name});
  d.table(dimensions(m)).table(groups(m)).table(flops_table(m, static_cast<double>(seq)));
  Table cache{"cache", {{"format", "", 4}, {"per token", "B", 7}, {"a sequence", "MiB", 5}}, {}};
  for (const auto& [format, size] : {std::pair{"16-bit", 2.0}, {"8-bit", 1.0}}) {
    const double bytes = kv_bytes_per_token(m, Bytes{size}).value;
    cache.rows.push_back({std::string(format), static_cast<std::int64_t>(bytes),
                          bytes * static_cast<double>(seq) / kMiB.value});
  }
  d.table(std::move(cache));
  return d;
}

}  // namespace etalon::llm
