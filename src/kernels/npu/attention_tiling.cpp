// SPDX-License-Identifier: Apache-2.0
#include "kernels/npu/attention_tiling.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace etalon::kernels {
namespace {

using npu::AttentionShape;
using npu::row::align;
using npu::row::ceil_div;

constexpr std::int64_t kReserved = 8 * 1024;  // of UB, by the system

// Bytes of UB a vector core needs (attention_vector.h) and of L1 a cube core needs (attention_cube.h).
std::int64_t vector_bytes(const AttentionPlan& p) {
  const AttentionShape& s = p.shape;
  if (p.backward) {
    const std::int64_t row = s.keys * (4 * 4 + 2 * 2) + 256 + (p.direct ? 512 : 0) + 64 + s.keys / 4;
    return s.rows / 2 * row + 64 * 4 * 3;
  }
  const std::int64_t half = s.rows / 2, pitch = align(s.dim_v, 64), out = 2 * half * std::max(s.keys, pitch);
  const std::int64_t scores = half * s.keys * 4, part = half * pitch * 4;
  const std::int64_t in =
      p.direct ? 2 * scores + (s.dim_v > 256 ? 1 : 2) * part + 2 * out
               : 2 * scores + std::min<std::int64_t>(part, half * 128 * 4) + s.out_places * out;
  return in + part + half * 64 * 4 + 2 * half * s.keys / 8 + align(half, 8) * 32 + 64 * 4 * 11;
}
std::int64_t cube_bytes(const AttentionPlan& p) {
  const AttentionShape& s = p.shape;
  if (p.backward) {
    return 2 * (s.rows * (s.dim + s.dim_v) + s.keys * ((s.lag + 1) * s.dim + 2 * s.dim_v) +
                2 * (p.direct ? s.lag + 1 : 2) * s.rows * s.keys);
  }
  const std::int64_t k = align(s.dim, 32) * p.element, v = s.shared_kv ? 0 : align(s.dim_v, 32) * p.element;
  return (p.direct ? s.lag + 1 : 2) * s.rows * s.keys * p.element + 2 * s.rows * k + 2 * s.keys * (k + v);
}

void set_strides(AttentionShape& s) {  // a head's rows follow one another
  s.q_row = s.kv_row = s.dim;
  s.v_row = s.shared_kv ? s.dim : s.dim_v;
  s.o_row = s.dim_v;
  s.q_head = s.seq_q * s.q_row, s.q_batch = s.heads * s.q_head;
  s.o_head = s.seq_q * s.o_row, s.o_batch = s.heads * s.o_head;
  s.kv_head = s.seq_kv * s.kv_row, s.kv_batch = s.kv_heads * s.kv_head;
  s.v_head = s.seq_kv * s.v_row, s.v_batch = s.kv_heads * s.v_head;
}

}  // namespace

bool attention_fits(const NpuDevice& d, const AttentionPlan& p) {
  return vector_bytes(p) <= d.costs.ub_size - kReserved && cube_bytes(p) <= d.costs.l1_size &&
         p.shape.rows * p.shape.keys <= 128 * 128 && p.shape.rows * 128 * 4 * 2 <= d.costs.l0c_size;
}

AttentionPlan::Load AttentionPlan::load(std::int64_t rounds, std::int64_t tiles) const {
  using namespace npu::attention_detail;
  Load l;
  std::vector<double> of_block(static_cast<std::size_t>(blocks)), items(of_block.size());
  for (std::int64_t r = 0; r < rounds; ++r) {
    for (std::int64_t b = 0; b < blocks; ++b) {
      const std::int64_t index = index_of(shape, r, b, blocks);
      if (index < 0) continue;
      const auto steps = static_cast<double>(std::min(tiles, item_at(shape, index).steps()));
      of_block[static_cast<std::size_t>(b)] += steps;
      items[static_cast<std::size_t>(b)] += 1;
      l.all_tiles += steps;
      l.all_items += 1;
    }
  }
  const auto busiest = std::max_element(of_block.begin(), of_block.end());
  l.most_tiles = *busiest;
  l.most_items = items[static_cast<std::size_t>(busiest - of_block.begin())];
  return l;
}

namespace {

// The tile that fits and reads least per score: rows * keys / (rows + keys) is largest. More keys than rows
// only where rows are few.
void choose_tile(const NpuDevice& d, AttentionPlan& p) {
  AttentionShape& s = p.shape;
  const std::int64_t all_rows = align(npu::attention_detail::lane_rows(s), 16),
                     all_keys = align(s.seq_kv, 64);
  double best = 0;
  std::int64_t rows = 16, keys = 64;
  for (std::int64_t r = std::min<std::int64_t>(128, all_rows); r >= 16; r -= 16) {
    for (std::int64_t k : {512, 256, 128, 64}) {
      if ((k > 128 && (r > 64 || p.backward)) || (k > all_keys && k > 64)) continue;
      s.rows = r, s.keys = k;
      const double merit = static_cast<double>(r * k) / static_cast<double>(r + k);
      if (merit > best && attention_fits(d, p)) best = merit, rows = r, keys = k;
    }
  }
  s.rows = rows, s.keys = keys;
  s.out_places = 2;
  if (!attention_fits(d, p)) s.out_places = 1;
}

}  // namespace

AttentionPlan plan_attention(const NpuDevice& d, const llm::Attention& a, bool split_keys) {
  AttentionPlan p;
  AttentionShape& s = p.shape;
  const bool decode = a.phase == llm::Phase::decode;
  s.batch = a.batch;
  s.heads = a.heads_q;
  s.kv_heads = std::max<std::int64_t>(1, a.heads_kv);
  s.seq_q = std::max<std::int64_t>(1, a.seq_q);
  s.seq_kv = std::max<std::int64_t>(1, a.seq_kv);
  s.dim = align(a.head_dim, 16);
  s.dim_v = align(a.head_dim_v > 0 ? a.head_dim_v : a.head_dim, 16);
  s.causal = a.causal && (!decode || s.seq_q > 1);
  s.window = a.window;
  s.shared_kv = a.shared_kv && s.dim_v <= s.dim;
  set_strides(s);
  p.element = llm::size_of(a.dtype).value <= 1 ? 1 : 2;
  p.direct = chip::is_dav_3510(d.chip) && d.costs.l0c_ub > 0 && d.costs.ub_l1 > 0;
  if (decode) s.pack = std::max<std::int64_t>(1, s.heads / s.kv_heads);
  if (s.shared_kv) s.lag = 1;  // keys wait in L1 for their second use
  p.backward = a.phase == llm::Phase::backward;
  choose_tile(d, p);
  const std::int64_t tiles = ceil_div(s.seq_kv, s.keys), items = npu::attention_detail::items_of(s);
  const std::int64_t cubes = d.costs.cubes;
  // Few tiles of rows: the keys of each are shared out, in prefill over half of the cores at most.
  if (decode)
    s.splits = std::clamp<std::int64_t>(ceil_div(cubes, items), 1, tiles);
  else if (split_keys && !p.backward)
    s.splits = std::clamp<std::int64_t>(cubes / (2 * items), 1, tiles);
  // Where items differ in length enough lanes at a time that they even out; else one, whose keys stay in L2.
  const std::int64_t per_lane = ceil_div(npu::attention_detail::lane_rows(s), s.rows) * s.splits;
  s.lanes_together = s.causal && !decode ? std::max<std::int64_t>(1, ceil_div(8 * cubes, per_lane)) : 1;
  p.blocks = static_cast<int>(std::min<std::int64_t>(cubes, npu::attention_detail::items_of(s)));
  return p;
}

}  // namespace etalon::kernels
