// SPDX-License-Identifier: Apache-2.0
#pragma once

// Model FLOPs of a token in training, by the conventions under which results are published. They differ by up
// to a third for the same run, so a rate is only comparable with the name of its convention beside it.

#include <string>
#include <vector>

#include "llm/architecture.h"

namespace etalon::llm {

enum class FlopConvention {
  causal,  // 6 (active - input embedding) + attention over half of the square (Megatron-LM today, DeepSeek)
  full_mask,      // 6 N + 12 L a d s: active parameters, attention over the whole square (PaLM, llm-foundry)
  no_attention,   // 6 N of active parameters: the rule of thumb behind 6 N D
  megatron_2021,  // 96 L h^2 (1 + s/6h + V/16Lh): GPT only, whole square, full recompute counted (arXiv
                  // 2104.04473)
  megatron_2022   // 72 L h^2 (1 + s/6h + V/12Lh): the same without recompute (arXiv 2205.05198)
};
const char* name_of(FlopConvention);
std::string explain(FlopConvention);
bool parse(const std::string& text, FlopConvention& out);
const std::vector<FlopConvention>& flop_conventions();

// Mean number of keys a query attends to in a causal sequence of `seq`, as rates count it: half of the
// square, less where a window or a learned selection limits it.
double mean_keys(const Architecture&, const LayerKind&, double seq);

// FLOPs per token of forward and backward. `mtp`: with multi-token prediction (causal and no_attention only).
Flops train_flops_per_token(const Architecture&, double seq, FlopConvention = FlopConvention::causal,
                            bool mtp = false);
// Forward only, causal convention: prefill of a prompt of `seq` tokens, per token.
Flops forward_flops_per_token(const Architecture&, double seq);

}  // namespace etalon::llm
