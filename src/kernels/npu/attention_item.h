// SPDX-License-Identifier: Apache-2.0
#pragma once

// The shapes of an attention call, its tiling, how it is dealt to blocks, and the workspace through which
// cube and vector cores exchange scores, weights and outputs.
//
// A lane is what shares keys without sharing rows: a query head, or, if `pack` query heads are the rows of
// one tile (decode), a group of them. Row r of a lane is query r / pack, head r % pack of the group. An item
// is a tile of rows of one lane and a run of key tiles.

#include "kernels/npu/row_ops.h"
#include "kernels/npu/stream.h"

namespace etalon::kernels::npu {

struct AttentionShape {
  std::int64_t batch = 1, heads = 1, kv_heads = 1, seq_q = 0, seq_kv = 0;
  std::int64_t dim = 128, dim_v = 128;  // multiples of 16
  bool causal = false;                  // query i sees keys up to i + seq_kv - seq_q
  std::int64_t window = 0;              // and only so many of them, itself included; 0: all
  bool shared_kv = false;               // values are the first dim_v columns of the keys
  float scale = 1.0f;
  // Elements between rows, heads and batch entries.
  std::int64_t q_row = 0, q_head = 0, q_batch = 0, kv_row = 0, kv_head = 0, kv_batch = 0;
  std::int64_t v_row = 0, v_head = 0, v_batch = 0, o_row = 0, o_head = 0, o_batch = 0;

  // Tiling. rows and keys of a tile: rows a multiple of 16, keys of 64, rows * keys at most 128 * 128.
  std::int64_t pack = 1;  // query heads of a group that are rows of one tile
  std::int64_t rows = 128, keys = 128;
  std::int64_t lag = 2;                   // key tiles between a score product and its output product
  std::int64_t out_places = 1;            // in UB, of weights and results on their way out: 1 or 2
  std::int64_t splits = 1;                // parts of the keys of a lane, added up at the end
  std::int64_t lanes_together = 1 << 20;  // lanes whose longest items are dealt first
  std::int64_t more_passes = 0;  // passes over the scores that a general operator adds (masks, biases)
  bool apart = false;            // an item begins when the one before has ended: kernels of a block per item
  // For simulations of a part: rounds of items per block and last key tiles per item; 0: all.
  std::int64_t most_rounds = 0, most_tiles = 0;
};

namespace attention_detail {

// Elements of 32 bytes, and rows that transposing loads take at a time (8-bit blocks are square too).
template <class T>
constexpr std::int64_t kC0 = 32 / static_cast<std::int64_t>(sizeof(T));
template <class T>
constexpr std::int64_t kBlock = sizeof(T) == 1 ? 32 : 16;

constexpr std::int64_t kMostRows = 128, kMostHalf = kMostRows / 2, kDepth = 128, kMostStages = 3;
enum : std::uint16_t {
  kScoresReady = 0,
  kWeightsReady = 1,
  kOutputReady = 2,
  kScoresTaken = 3,  // dav-3510: places in UB are free again
  kOutputTaken = 4
};

// Sizes of what a block's cores exchange, and where it lies in the workspace.
struct Exchange {
  explicit Exchange(const AttentionShape& s)
      : pitch_v(row::align(s.dim_v, 64)),
        stages(s.lag + 1),
        score_bytes(s.rows * s.keys * 4),
        weight_bytes(s.rows * s.keys * 2),
        output_bytes(s.rows * pitch_v * 4) {}
  std::int64_t pitch_v, stages, score_bytes, weight_bytes, output_bytes;
  std::int64_t weights_at() const { return stages * score_bytes; }
  std::int64_t outputs_at() const { return weights_at() + stages * weight_bytes; }
  std::int64_t block_bytes() const { return outputs_at() + stages * output_bytes; }
};

constexpr std::int64_t lanes_of(const AttentionShape& s) { return s.batch * s.heads / s.pack; }
constexpr std::int64_t lane_rows(const AttentionShape& s) { return s.seq_q * s.pack; }
constexpr std::int64_t all_rows(const AttentionShape& s) { return s.batch * s.heads * s.seq_q; }

// A tile of rows of one lane and the keys [first_key, end_key) it works on.
struct Item {
  std::int64_t batch, lane_head, lane, split;  // lane_head: of the lanes of this batch entry
  std::int64_t row0, queries, first_key, end_key, tile;
  std::int64_t steps() const { return row::ceil_div(end_key - first_key, tile); }
  std::int64_t key_of(std::int64_t step) const { return first_key + step * tile; }
  std::int64_t keys_of(std::int64_t step) const { return row::min(tile, end_key - key_of(step)); }
};

inline std::int64_t items_of(const AttentionShape& s) {
  return row::ceil_div(lane_rows(s), s.rows) * lanes_of(s) * s.splits;
}

// Items in the order they are dealt. Among the lanes taken together late queries, which see most keys, come
// first.
inline Item item_at(const AttentionShape& s, std::int64_t index) {
  const std::int64_t blocks = row::ceil_div(lane_rows(s), s.rows), lanes = lanes_of(s);
  Item it{};
  it.split = index % s.splits;
  index /= s.splits;
  const std::int64_t together = row::min(s.lanes_together, lanes), group = index / (together * blocks);
  const std::int64_t here = row::min(together, lanes - group * together), rest = index % (together * blocks);
  it.lane = group * together + rest % here;
  it.batch = it.lane / (s.heads / s.pack);
  it.lane_head = it.lane % (s.heads / s.pack);
  it.row0 = (blocks - 1 - rest / here) * s.rows;
  it.queries = row::min(s.rows, lane_rows(s) - it.row0);
  it.tile = s.keys;
  const std::int64_t offset = s.seq_kv - s.seq_q;
  std::int64_t end = s.seq_kv, first = 0;
  if (s.causal) end = row::min(end, (it.row0 + it.queries - 1) / s.pack + 1 + offset);
  if (s.window > 0) first = it.row0 / s.pack + offset - s.window + 1;
  if (end < 0) end = 0;
  first = first < 0 ? 0 : row::min(first, end) / s.keys * s.keys;
  const std::int64_t tiles = row::ceil_div(end - first, s.keys);
  it.first_key = first + tiles * it.split / s.splits * s.keys;
  it.end_key = row::min(end, first + tiles * (it.split + 1) / s.splits * s.keys);
  if (s.most_tiles > 0 && it.steps() > s.most_tiles) it.first_key += (it.steps() - s.most_tiles) * s.keys;
  return it;
}

// The item of one block in one round, there and back so that long and short rounds even out; -1: none.
inline std::int64_t index_of(const AttentionShape& s, std::int64_t round, std::int64_t block,
                             std::int64_t blocks) {
  const std::int64_t index = round * blocks + (round % 2 == 0 ? block : blocks - 1 - block);
  return index < items_of(s) ? index : -1;
}
inline std::int64_t rounds_of(const AttentionShape& s, std::int64_t blocks) {
  const std::int64_t all = row::ceil_div(items_of(s), blocks);
  return s.most_rounds > 0 ? row::min(all, s.most_rounds) : all;
}

// One key tile of one item. `count` numbers the tiles of a block over all of its items, `item_count` its
// items: what is kept for several of them lies in place count % places.
struct Step {
  Item it{};
  std::int64_t i = 0, count = 0, item_count = 0;
  bool is_first() const { return i == 0; }
  bool is_last() const { return i + 1 >= it.steps(); }
};

// All key tiles of a block's items, one after another. Cube and vector cores walk through the same.
class Walk {
 public:
  __aicore__ void Init(const AttentionShape& s, std::int64_t block, std::int64_t blocks) {
    s_ = s;
    block_ = block;
    blocks_ = blocks;
    rounds_ = rounds_of(s, blocks);
  }
  // The next tile; false: no more. `with_empty`: an item without keys is a step too, which is not counted.
  __aicore__ bool next(Step& step, bool with_empty = false) {
    ++at_;
    while (at_ >= steps_) {
      if (round_ >= rounds_) return false;
      const std::int64_t index = index_of(s_, round_++, block_, blocks_);
      at_ = steps_ = 0;
      if (index < 0) continue;
      it_ = item_at(s_, index);
      steps_ = it_.steps();
      if (steps_ > 0) ++items_;
      if (steps_ <= 0 && with_empty) {
        step = Step{it_, 0, tiles_, items_};
        return true;
      }
    }
    step = Step{it_, at_, tiles_++, items_};
    return true;
  }

 private:
  AttentionShape s_;
  Item it_{};
  std::int64_t block_ = 0, blocks_ = 1, rounds_ = 0, round_ = 0, at_ = 0, steps_ = 0, tiles_ = 0, items_ = 0;
};

// Tiles that are begun and not ended, in order: at most lag + 1.
class Window {
 public:
  __aicore__ std::int64_t size() const { return begun_ - ended_; }
  __aicore__ void begin(const Step& step) { steps_[begun_++ % kMostStages] = step; }
  __aicore__ const Step& end() { return steps_[ended_++ % kMostStages]; }

 private:
  Step steps_[kMostStages];
  std::int64_t begun_ = 0, ended_ = 0;
};

// Calls f(row in the tile, rows, query, head in the group) for each run of rows that lie at one pitch: all
// rows if heads are not packed, else those of one query. `pitch` is chosen the same way.
template <class F>
__aicore__ inline void for_runs(const AttentionShape& s, std::int64_t row0, std::int64_t rows, F f) {
  if (s.pack == 1) {
    f(std::int64_t{0}, rows, row0, std::int64_t{0});
    return;
  }
  for (std::int64_t r = 0; r < rows;) {
    const std::int64_t head = (row0 + r) % s.pack, n = row::min(rows - r, s.pack - head);
    f(r, n, (row0 + r) / s.pack, head);
    r += n;
  }
}

}  // namespace attention_detail

// Device memory the kernel needs beside its operands: what the cores of each block exchange, and partial
// results if the keys are split.
inline std::int64_t attention_partial_at(const AttentionShape& s, std::int64_t blocks) {
  return blocks * attention_detail::Exchange(s).block_bytes();
}
inline std::int64_t attention_workspace(const AttentionShape& s, std::int64_t blocks) {
  const std::int64_t partial =
      s.splits > 1 ? s.splits * attention_detail::all_rows(s) * (s.dim_v + 1) * 4 : 0;
  return attention_partial_at(s, blocks) + partial + 512;
}

}  // namespace etalon::kernels::npu
