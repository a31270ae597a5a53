// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a flash-attention kernel cuts its work: query tiles, key blocks, splits of the keys, and the order in
// which persistent blocks of threads take them. Both fidelities read this plan; neither cuts work on its own.

#include <cstdint>
#include <vector>

#include "llm/operation.h"

namespace etalon::kernels::gpu {

struct AttentionShape {
  int sms = 0;
  bool small_tiles = false;  // no asynchronous matrix unit: 128 x 64 tiles
};

// One query tile of one KV head (or query head where heads are not packed) against its run of key blocks.
struct WorkItem {
  std::int32_t rows = 0;    // query rows used (heads of a group x tokens)
  std::int32_t blocks = 0;  // key blocks
  std::int32_t masked = 0;  // of these, blocks that the causal edge or window crosses
  std::int64_t keys = 0;    // keys read
};

struct AttentionPlan {
  int tile_rows = 128, tile_keys = 128;
  int groups = 1;               // softmax groups of 64 rows in a tile
  bool packed = false;          // the query heads of a KV head share tiles
  std::int64_t heads = 0;       // batch x heads that each have the items below
  std::vector<WorkItem> items;  // of one head, in the order they are taken (longest first)
  int splits = 1;               // each item's keys are cut into so many runs
  std::int64_t item_count() const { return heads * static_cast<std::int64_t>(items.size()) * splits; }
};

// FlashAttention-3's metadata kernel: 32 warps look after 31 sequences each.
inline constexpr std::int64_t kMostDynamicSequences = 992;

AttentionPlan plan_attention(const llm::Attention& op, const AttentionShape& shape);

// The backward pass: a work item is a tile of 128 keys of one query head, `blocks` the query blocks that see
// it.
AttentionPlan plan_attention_backward(const llm::Attention& op, const AttentionShape& shape);

// Number of runs the keys of one tile are cut into: the smallest count whose last wave is as full as that of
// the best count to within 15 %. `tiles` work items without splitting, `blocks` key blocks each.
int split_count(std::int64_t tiles, std::int64_t blocks, int sms, std::int64_t batch);

}  // namespace etalon::kernels::gpu
