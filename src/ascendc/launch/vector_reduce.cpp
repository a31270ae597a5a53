// SPDX-License-Identifier: Apache-2.0
// Reductions inside UB.
#include <algorithm>
#include <cstring>

#include "ascendc/api/ascendc/enums.h"
#include "ascendc/launch/core_runtime.h"
#include "ascendc/launch/numbers.h"

namespace etalon::ascendc {

using AscendC::ReduceOrder;

namespace {

// The elements of one repeat; `on` says which are selected.
struct Repeat {
  int n = 0;
  float value[128];
  bool on[128];
};

Repeat repeat_of(const etalon_asc_vector& v, const std::byte* ub, std::int64_t r) {
  const int size = bytes_of(v.src_type), per_block = 32 / size;
  Repeat x;
  x.n = 256 / size;
  for (int e = 0; e < x.n; ++e) {
    x.on[e] = v.counter != 0 ? r * x.n + e < static_cast<std::int64_t>(v.mask[0])
                             : (v.mask[e / 64] >> (e % 64) & 1) != 0;
    x.value[e] = 0;
  }
  const std::byte* from = ub + v.src0 + r * v.src0_repeat * 32;
  for (int first = 0; first < x.n; first += per_block) {
    int n = per_block;  // up to the last that is selected: what follows may lie beyond UB
    while (n > 0 && !x.on[first + n - 1]) --n;
    load_reals(v.src_type, from + first / per_block * v.src0_block * 32, n, size, x.value + first);
    for (int e = first; e < first + n; ++e)
      if (!x.on[e]) x.value[e] = 0;
  }
  return x;
}

// Sum of [first, first + n), n a power of two: neighbours first, each addition rounded to the type.
float tree_sum(const Repeat& x, int first, int n, bool half) {
  float level[128];
  std::copy(x.value + first, x.value + first + n, level);
  for (; n > 1; n /= 2) {
    for (int i = 0; i < n / 2; ++i) {
      const float sum = level[2 * i] + level[2 * i + 1];
      level[i] = half ? half_to_float(float_to_half(sum)) : sum;
    }
  }
  return level[0];
}

// Index of the first largest (or smallest) selected element; -1 if none is selected.
int extreme(const Repeat& x, int first, int n, bool largest) {
  int best = -1;
  for (int e = first; e < first + n; ++e) {
    if (!x.on[e]) continue;
    if (best < 0 || (largest ? x.value[e] > x.value[best] : x.value[e] < x.value[best])) best = e;
  }
  return best;
}

void store(const etalon_asc_vector& v, std::byte* at, float value) {
  store_reals(v.dst_type, &value, 1, at, 0);
}

void whole_extreme(const etalon_asc_vector& v, std::byte* ub, std::int64_t r, etalon_asc_core& core) {
  const int size = bytes_of(v.dst_type);
  const Repeat x = repeat_of(v, ub, r);
  const int best = extreme(x, 0, x.n, v.op == kAscWholeMax);
  const auto order = static_cast<ReduceOrder>(v.detail);
  const bool pair = order == ReduceOrder::ORDER_VALUE_INDEX || order == ReduceOrder::ORDER_INDEX_VALUE;
  if (best < 0) return;
  core.reduced = __builtin_bit_cast(std::uint32_t, x.value[best]);
  core.reduced_at = static_cast<std::uint32_t>(best);
  std::byte* dst = ub + v.dst + r * v.dst_repeat * size * (pair ? 2 : 1);
  std::byte index[4] = {};
  std::memcpy(index, &best, static_cast<std::size_t>(size));
  switch (order) {
    case ReduceOrder::ORDER_VALUE_INDEX:
      store(v, dst, x.value[best]);
      std::memcpy(dst + size, index, static_cast<std::size_t>(size));
      break;
    case ReduceOrder::ORDER_INDEX_VALUE:
      std::memcpy(dst, index, static_cast<std::size_t>(size));
      store(v, dst + size, x.value[best]);
      break;
    case ReduceOrder::ORDER_ONLY_VALUE:
      store(v, dst, x.value[best]);
      break;
    case ReduceOrder::ORDER_ONLY_INDEX:
      std::memcpy(dst, index, static_cast<std::size_t>(size));
      break;
  }
}

void block_reduce(const etalon_asc_vector& v, std::byte* ub, std::int64_t r) {
  const int size = bytes_of(v.dst_type), per_block = 32 / size;
  const Repeat x = repeat_of(v, ub, r);
  for (int b = 0; b < 8; ++b) {
    const int any = extreme(x, b * per_block, per_block, v.op != kAscBlockMin);
    if (any < 0) continue;  // a block without selected elements leaves its result
    const float value =
        v.op == kAscBlockSum ? tree_sum(x, b * per_block, per_block, v.dst_type == kAscF16) : x.value[any];
    store(v, ub + v.dst + (r * v.dst_repeat * 8 + b) * size, value);
  }
}

void pair_sum(const etalon_asc_vector& v, std::byte* ub, std::int64_t r) {
  const int size = bytes_of(v.dst_type);
  const Repeat x = repeat_of(v, ub, r);
  for (int p = 0; p < x.n / 2; ++p) {
    if (!x.on[2 * p] && !x.on[2 * p + 1]) continue;
    store(v, ub + v.dst + r * v.dst_repeat * 128 + p * size, tree_sum(x, 2 * p, 2, v.dst_type == kAscF16));
  }
}

}  // namespace

void reduce_numbers(const etalon_asc_vector& v, std::byte* ub, etalon_asc_core& core) {
  const std::int64_t repeats = repeats_of(v);
  const int size = bytes_of(v.dst_type);
  for (std::int64_t r = 0; r < repeats; ++r) {
    switch (v.op) {
      case kAscWholeSum:
      case kAscRepeatSum: {
        const Repeat x = repeat_of(v, ub, r);
        const float sum = tree_sum(x, 0, x.n, v.dst_type == kAscF16);
        store(v, ub + v.dst + r * v.dst_repeat * size, sum);
        core.reduced = __builtin_bit_cast(std::uint32_t, sum);
        break;
      }
      case kAscWholeMax:
      case kAscWholeMin:
        whole_extreme(v, ub, r, core);
        break;
      case kAscPairSum:
        pair_sum(v, ub, r);
        break;
      default:
        block_reduce(v, ub, r);
    }
  }
}

}  // namespace etalon::ascendc
