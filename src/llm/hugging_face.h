// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads a model's `config.json` as published beside its weights, without knowing where it lies. Families:
// the Hugging Face `model_type`s listed by known_families(), the inference configurations of DeepSeek (`dim`,
// `n_layers`, ...) and Megatron-style files (`head_num`, `layer_num`, ...).
// Errors: "model.json" (with line and column), "model.family", "model.key" (missing or of a wrong type),
// "model.dimensions". One error per problem, all of the file's missing keys at once; no total overflows.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "llm/architecture.h"

namespace etalon::llm {

// `text` is the file's content; `file` is used in errors only; `name` names the model unless the file has
// "_name".
Result<Architecture> parse_config(std::string_view text, const std::string& file, const std::string& name);

std::vector<std::string> known_families();

}  // namespace etalon::llm
