// SPDX-License-Identifier: Apache-2.0
#include "llm/flops.h"

#include <array>
#include <utility>

namespace etalon::llm {
namespace {

double real(std::int64_t v) { return static_cast<double>(v); }

// Forward FLOPs of attention's core for one token in one layer: scores and output, 2 per multiply-add.
double core_flops(const Architecture& m, const LayerKind& kind, double seq) {
  double f = 2 * real(m.heads) * real(m.key_dim() + m.value_dim()) * mean_keys(m, kind, seq);
  if (m.indexer) f += 2 * real(m.indexer->heads * m.indexer->head_dim) * seq / 2;
  return f;
}

double causal(const Architecture& m, double seq, bool mtp) {
  const ParameterCounts p = parameters(m);
  double linear = active_parameters(m) - p.positions - (m.tied ? 0 : p.embedding);
  double core = 0;
  for (const auto& group : m.layer_groups()) core += real(group.count) * core_flops(m, group.kind, seq);
  if (mtp && m.mtp_layers > 0 && !m.layers.empty()) {
    linear += active_matmul_weights(m, true) - active_matmul_weights(m, false);
    core += real(m.mtp_layers) * core_flops(m, m.layers.back(), seq);
  }
  return 6 * linear + 3 * core;
}

double full_mask(const Architecture& m, double seq) {
  const double width = real(m.heads) * real(m.key_dim() + m.value_dim()) / 2;
  return 6 * active_parameters(m) + 12 * real(m.layer_count()) * width * seq;
}

double megatron(const Architecture& m, double seq, double factor, double head_factor) {
  const double layers = real(m.layer_count()), h = real(m.hidden), v = real(m.vocab);
  return factor * layers * h * h * (1 + seq / (6 * h) + v / (head_factor * layers * h));
}

}  // namespace

const std::vector<FlopConvention>& flop_conventions() {
  static const std::vector<FlopConvention> kAll{FlopConvention::causal, FlopConvention::full_mask,
                                                FlopConvention::no_attention, FlopConvention::megatron_2021,
                                                FlopConvention::megatron_2022};
  return kAll;
}

const char* name_of(FlopConvention c) {
  switch (c) {
    case FlopConvention::causal:
      return "causal";
    case FlopConvention::full_mask:
      return "full-mask";
    case FlopConvention::no_attention:
      return "no-attention";
    case FlopConvention::megatron_2021:
      return "megatron-2021";
    case FlopConvention::megatron_2022:
      return "megatron-2022";
  }
  return "?";
}

std::string explain(FlopConvention c) {
  switch (c) {
    case FlopConvention::causal:
      return "6 (active - input embedding) + attention over half of the square";
    case FlopConvention::full_mask:
      return "6 N of active parameters + 12 L a d s, attention over the whole square";
    case FlopConvention::no_attention:
      return "6 N of active parameters";
    case FlopConvention::megatron_2021:
      return "96 L h^2 (1 + s/6h + V/16Lh), full recompute counted";
    case FlopConvention::megatron_2022:
      return "72 L h^2 (1 + s/6h + V/12Lh)";
  }
  return "";
}

bool parse(const std::string& text, FlopConvention& out) {
  for (const FlopConvention c : flop_conventions())
    if (text == name_of(c)) return out = c, true;
  return false;
}

double mean_keys(const Architecture& m, const LayerKind& kind, double seq) {
  double w = real(kind.window);
  if (m.indexer && (w <= 0 || real(m.indexer->top_k) < w)) w = real(m.indexer->top_k);
  return w <= 0 || w >= seq ? seq / 2 : w - w * w / (2 * seq);
}

Flops train_flops_per_token(const Architecture& m, double seq, FlopConvention convention, bool mtp) {
  switch (convention) {
    case FlopConvention::causal:
      return {causal(m, seq, mtp)};
    case FlopConvention::full_mask:
      return {full_mask(m, seq)};
    case FlopConvention::no_attention:
      return {6 * (active_parameters(m) +
                   (mtp ? active_matmul_weights(m, true) - active_matmul_weights(m, false) : 0))};
    case FlopConvention::megatron_2021:
      return {megatron(m, seq, 96, 16)};
    case FlopConvention::megatron_2022:
      return {megatron(m, seq, 72, 12)};
  }
  return {};
}

Flops forward_flops_per_token(const Architecture& m, double seq) { return {causal(m, seq, false) / 3}; }

}  // namespace etalon::llm
