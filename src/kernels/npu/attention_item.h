// SPDX-License-Identifier: Apache-2.0
#pragma once

// The shapes of an attention call, how it is dealt to blocks, and the workspace through which cube and vector
// cores exchange scores, weights and outputs.

#include "kernels/npu/row_ops.h"
#include "kernels/npu/stream.h"

namespace etalon::kernels::npu {

struct AttentionShape {
  std::int64_t batch = 1, heads = 1, kv_heads = 1, seq_q = 0, seq_kv = 0;
  std::int64_t dim = 128, dim_v = 128;  // multiples of 16; dim at most 256, dim_v at most 128
  bool causal = false;                  // query i sees keys up to i + seq_kv - seq_q
  float scale = 1.0f;
  // Elements between rows, heads and batch entries.
  std::int64_t q_row = 0, q_head = 0, q_batch = 0, kv_row = 0, kv_head = 0, kv_batch = 0;
  std::int64_t v_row = 0, v_head = 0, v_batch = 0, o_row = 0, o_head = 0, o_batch = 0;
};

namespace attention_detail {

constexpr std::int64_t kQueries = 128, kKeys = 128, kLag = 2, kStages = kLag + 1;
constexpr std::int64_t kHalf = kQueries / 2;
enum : std::uint16_t { kScoresReady = 0, kWeightsReady = 1, kOutputReady = 2 };

// Workspace of one block in bytes: scores (fp32), weights (16 bit), outputs (fp32), kStages of each.
constexpr std::int64_t kScoreBytes = kQueries * kKeys * 4, kWeightBytes = kQueries * kKeys * 2,
                       kOutputBytes = kQueries * 128 * 4;
constexpr std::int64_t kWorkspaceBytes = kStages * (kScoreBytes + kWeightBytes + kOutputBytes);

// One block of queries of one head, and the keys it sees.
struct Item {
  std::int64_t batch, head, q0, queries, keys;
  std::int64_t steps() const { return row::ceil_div(keys, kKeys); }
  std::int64_t keys_of(std::int64_t step) const { return row::min(kKeys, keys - step * kKeys); }
};

// Items in the order they are dealt: late queries, which see most keys, first.
inline Item item_at(const AttentionShape& s, std::int64_t index) {
  const std::int64_t blocks = row::ceil_div(s.seq_q, kQueries), lanes = s.batch * s.heads;
  Item it{};
  const std::int64_t q = blocks - 1 - index / lanes;
  it.head = index % lanes % s.heads;
  it.batch = index % lanes / s.heads;
  it.q0 = q * kQueries;
  it.queries = row::min(kQueries, s.seq_q - it.q0);
  it.keys = s.seq_kv;
  if (s.causal) it.keys = row::min(it.keys, it.q0 + it.queries + s.seq_kv - s.seq_q);
  if (it.keys < 0) it.keys = 0;
  return it;
}
inline std::int64_t items_of(const AttentionShape& s) {
  return row::ceil_div(s.seq_q, kQueries) * s.batch * s.heads;
}

}  // namespace attention_detail

// Device memory the kernel needs beside its operands.
inline std::int64_t attention_workspace(std::int64_t blocks) {
  return blocks * attention_detail::kWorkspaceBytes;
}

}  // namespace etalon::kernels::npu
