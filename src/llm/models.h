// SPDX-License-Identifier: Apache-2.0
#pragma once

// Models by name, by file, or from the dimensions written beside a measurement.
//   TRY(m, find_model("llama-3.1-8b"));            // data/llms/llama-3.1-8b.json
//   TRY(m, find_model("./config.json"));           // a path: holds a '/' or ends in .json
//   TRY(m, find_model("llama-3.1-70b:layers=12"));  // cut to its first 12 layers
// Settings after the colon, separated by commas: layers (at most those of the model), vocab, positions
// (rows of a learned position table; the model must have one), mtp (at most those of the model).
// Errors: "model.unknown" (nearest names offered), "model.setting", and those of hugging_face.h.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "llm/architecture.h"

namespace etalon::llm {

Result<Architecture> find_model(const std::string& name);
std::vector<std::string> model_names();  // of data/llms, sorted

// The `model_dims` of a training row: "L=32;H=4096;FFN=14336;heads=32;kv=8;V=128256". Keys: L, H, heads
// (needed; L may come from a `:layers=N` of the name), kv, head_dim, FFN or ffn (a number or "4H"), V,
// params, and of a mixture experts, topk, moe_ffn, shared_ffn, dense_layers, MLA with q_lora and kv_lora. A
// remark in brackets after a number and a part without '=' are skipped; unknown keys are errors. Without `kv`
// and with FFN = 4H the model is a GPT: GELU, biases, LayerNorm, tied head, `positions` learned positions.
Result<Architecture> architecture_from_dims(std::string_view dims, const std::string& name,
                                            std::int64_t positions);

// The model a training row ran: by name from the catalog where known, else from its dimensions. Learned
// position tables are made as long as the row's sequence, as those runs did.
Result<Architecture> model_of_row(const std::string& name, std::string_view dims, std::int64_t seq);

}  // namespace etalon::llm
