// SPDX-License-Identifier: Apache-2.0
#pragma once

// What `etalon models` and `etalon models show NAME|FILE` print.

#include <cstdint>
#include <string>

#include "base/document.h"
#include "base/result.h"

namespace etalon::llm {

// Every model of the catalog with its totals. A file that does not load is a finding, not the end.
Document models_document();

// One model: dimensions, parameters by tensor group, FLOPs per token at `seq` (0: the shorter of 4096 and the
// model's own maximum) by every convention, cache bytes. Errors: those of find_model; "model.shard" for
// `seq`.
Result<Document> model_document(const std::string& name, std::int64_t seq = 0);

}  // namespace etalon::llm
