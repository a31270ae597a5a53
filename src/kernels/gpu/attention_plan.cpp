// SPDX-License-Identifier: Apache-2.0
#include "kernels/gpu/attention_plan.h"

#include <algorithm>
#include <cmath>

namespace etalon::kernels::gpu {
namespace {

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// Tiles as FlashAttention-3 picks them by head dimension; without asynchronous matrix units tiles are
// smaller.
void choose_tile(const llm::Attention& op, const AttentionShape& shape, AttentionPlan& plan) {
  plan.tile_rows = op.head_dim <= 64 && !shape.small_tiles ? 192 : 128;
  if (shape.small_tiles)
    plan.tile_keys = op.head_dim <= 64 ? 128 : 64;
  else
    plan.tile_keys = op.head_dim <= 192 ? 128 : op.head_dim <= 256 ? 80 : 64;
}

// Packing the heads of a group into one tile pays where tokens alone would leave rows empty.
bool packs(const llm::Attention& op, std::int64_t group, int tile_rows) {
  if (group == 1) return false;
  if (op.framework_call || op.phase == llm::Phase::decode || op.shared_kv) return true;
  const auto filled = [&](std::int64_t rows) {
    return static_cast<double>(rows) / static_cast<double>(ceil_div(rows, tile_rows) * tile_rows);
  };
  return filled(op.seq_q) < 0.9 * filled(op.seq_q * group);
}

WorkItem item_of(const llm::Attention& op, const AttentionPlan& plan, std::int64_t tile, std::int64_t group,
                 std::int64_t rows_total) {
  WorkItem item;
  const std::int64_t first_row = tile * plan.tile_rows;
  const std::int64_t last_row = std::min(rows_total, first_row + plan.tile_rows) - 1;
  item.rows = static_cast<std::int32_t>(last_row - first_row + 1);
  const std::int64_t offset = op.seq_kv - op.seq_q;
  const std::int64_t first_q = first_row / group + offset, last_q = last_row / group + offset;
  const bool causal = op.causal && op.phase != llm::Phase::decode;
  const std::int64_t end = causal ? std::clamp<std::int64_t>(last_q + 1, 0, op.seq_kv) : op.seq_kv;
  const std::int64_t begin = op.window > 0 ? std::clamp<std::int64_t>(first_q - op.window + 1, 0, end) : 0;
  const std::int64_t n = plan.tile_keys;
  const std::int64_t first_block = begin / n, last_block = ceil_div(end, n);
  item.blocks = static_cast<std::int32_t>(std::max<std::int64_t>(1, last_block - first_block));
  item.keys = std::max<std::int64_t>(1, std::min(last_block * n, op.seq_kv) - first_block * n);
  // Blocks beyond what the tile's first row sees need the mask.
  const std::int64_t full = causal ? std::max<std::int64_t>(first_block, (first_q + 1) / n) : end / n;
  std::int64_t masked = last_block - std::min(full, last_block);
  if (op.window > 0)
    masked += std::min<std::int64_t>(last_block - first_block, ceil_div(plan.tile_rows / group + 1, n));
  item.masked = static_cast<std::int32_t>(std::min<std::int64_t>(masked, item.blocks));
  return item;
}

}  // namespace

int split_count(std::int64_t tiles, std::int64_t blocks, int sms, std::int64_t batch) {
  // FlashAttention-3: no split when the machine is 80 % full or there is little to cut.
  // The static limit looks at one sequence where the dynamic scheduler (up to 992 sequences) refines it.
  const bool dynamic = batch <= kMostDynamicSequences;
  const std::int64_t per_sequence =
      dynamic ? std::max<std::int64_t>(1, tiles / std::max<std::int64_t>(1, batch)) : tiles;
  if (blocks <= 4) return 1;
  const auto efficiency = [&](std::int64_t k) {
    const double waves = static_cast<double>(per_sequence * k) / sms;
    return waves / std::ceil(waves);
  };
  int limit = 1;
  if (static_cast<double>(per_sequence) < 0.8 * sms) {
    const std::int64_t most = std::min<std::int64_t>({128, blocks, sms});
    double best = 0;
    for (std::int64_t k = 1; k <= most; ++k) best = std::max(best, efficiency(k));
    for (std::int64_t k = 1; k <= most; ++k)
      if (efficiency(k) >= 0.85 * best) {
        limit = static_cast<int>(k);
        break;
      }
  }
  if (!dynamic) return limit;
  const auto share = static_cast<std::int64_t>(std::ceil(1.1 * static_cast<double>(tiles * blocks) / sms));
  return static_cast<int>(
      std::clamp<std::int64_t>(ceil_div(blocks, std::max<std::int64_t>(1, share)), 1, limit));
}

AttentionPlan plan_attention(const llm::Attention& op, const AttentionShape& shape) {
  AttentionPlan plan;
  choose_tile(op, shape, plan);
  const std::int64_t group = std::max<std::int64_t>(1, op.heads_q / std::max<std::int64_t>(1, op.heads_kv));
  plan.packed = packs(op, group, plan.tile_rows);
  const std::int64_t in_tile = plan.packed ? group : 1;
  plan.heads = op.batch * (plan.packed ? op.heads_kv : op.heads_q);
  const std::int64_t rows = op.seq_q * in_tile;
  if (rows <= 64 && !shape.small_tiles) plan.tile_rows = 64;  // few rows: one group works alone
  plan.groups = plan.tile_rows / 64;
  const std::int64_t tiles = ceil_div(rows, plan.tile_rows);
  plan.items.reserve(static_cast<std::size_t>(tiles));
  for (std::int64_t t = tiles - 1; t >= 0; --t) plan.items.push_back(item_of(op, plan, t, in_tile, rows));
  plan.splits = split_count(plan.heads * tiles, plan.items.front().blocks, shape.sms, op.batch);
  return plan;
}

AttentionPlan plan_attention_backward(const llm::Attention& op, const AttentionShape& shape) {
  AttentionPlan plan;
  plan.tile_rows = 128;                                               // keys
  plan.tile_keys = shape.small_tiles || op.head_dim > 64 ? 64 : 128;  // queries
  plan.groups = 2;
  plan.heads = op.batch * op.heads_q;
  const std::int64_t tiles = ceil_div(op.seq_kv, plan.tile_rows), offset = op.seq_kv - op.seq_q;
  for (std::int64_t t = 0; t < tiles; ++t) {
    const std::int64_t first = t * plan.tile_rows,
                       last = std::min<std::int64_t>(first + plan.tile_rows, op.seq_kv) - 1;
    const std::int64_t from = op.causal ? std::clamp<std::int64_t>(first - offset, 0, op.seq_q) : 0;
    const std::int64_t to =
        op.window > 0 ? std::clamp<std::int64_t>(last - offset + op.window, from, op.seq_q) : op.seq_q;
    WorkItem item;
    item.rows = static_cast<std::int32_t>(last - first + 1);
    item.keys = std::max<std::int64_t>(1, to - from);
    item.blocks = static_cast<std::int32_t>(ceil_div(item.keys, plan.tile_keys));
    item.masked = op.causal ? std::min(item.blocks, plan.tile_rows / plan.tile_keys) : 0;
    plan.items.push_back(item);
  }
  return plan;
}

}  // namespace etalon::kernels::gpu
