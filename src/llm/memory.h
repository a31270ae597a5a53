// SPDX-License-Identifier: Apache-2.0
#pragma once

// Bytes a device holds while training, tensor by tensor. Rules and their sources: docs/explain/llm.md.

#include <string>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "llm/architecture.h"
#include "llm/graph.h"

namespace etalon::llm {

struct MemoryPlan {
  Shard shard;  // micro-batch, tp, cp, ep, recompute, ...
  std::int64_t dp = 1, pp = 1, vp = 1;
  int zero = 1;  // 0: everything on each rank; 1: optimizer; 2: + gradients; 3: + weights (FSDP)
  std::int64_t micro_batches = 1;  // per step and pipeline
  Bytes workspace{};               // of libraries, a fact of the software
};

// What of the parameters one pipeline stage puts on one device.
struct StageParameters {
  double dense = 0, experts = 0;  // elements on this device, before any sharding over data parallel ranks
  double largest_unit = 0;        // elements of the largest layer: the unit that FSDP gathers
  double vocabulary = 0;          // elements of one vocabulary table on this device
  std::int64_t dense_shards = 1;  // ranks over which optimizer states of dense parameters are spread: dp * cp
  std::int64_t expert_shards = 1;  // the same of experts: dp * cp * tp / ep
};
Result<StageParameters> stage_parameters(const Architecture&, const MemoryPlan&, std::int64_t stage);

// Layers [first, last) of a stage: spread evenly, the first stages take one more where they do not divide.
struct LayerRange {
  std::int64_t first = 0, last = 0;
};
LayerRange stage_layers(const Architecture&, std::int64_t pp, std::int64_t stage);

enum class MemoryClass { weights, gradients, optimizer, activations, logits, working };
const char* name_of(MemoryClass);
struct MemoryItem {
  MemoryClass kind = MemoryClass::activations;
  std::string name;  // "dense weights", "norm inputs", ...
  Bytes bytes;
};
struct StageMemory {
  std::int64_t stage = 0;
  double micro_batches_alive = 1;
  std::vector<MemoryItem> items;
  Bytes of(MemoryClass) const;
  Bytes total() const;
};

// Tensors kept by one layer of this kind for the backward of one micro-batch, on one device.
Result<std::vector<MemoryItem>> layer_activations(const Architecture&, const LayerKind&, const Shard&);

Result<StageMemory> stage_memory(const Architecture&, const MemoryPlan&, std::int64_t stage);
// The stage that needs most.
Result<StageMemory> peak_memory(const Architecture&, const MemoryPlan&);

}  // namespace etalon::llm
