// SPDX-License-Identifier: Apache-2.0
// Reductions and rearrangements inside UB.
#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

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
    if (!x.on[e]) continue;
    const std::int64_t at =
        v.src0 + r * v.src0_repeat * 32 + e / per_block * v.src0_block * 32 + e % per_block * size;
    load_reals(v.src_type, ub + at, 1, 0, &x.value[e]);
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

void whole_extreme(const etalon_asc_vector& v, std::byte* ub, std::int64_t r) {
  const int size = bytes_of(v.dst_type);
  const Repeat x = repeat_of(v, ub, r);
  const int best = extreme(x, 0, x.n, v.op == kAscWholeMax);
  const auto order = static_cast<ReduceOrder>(v.detail);
  const bool pair = order == ReduceOrder::ORDER_VALUE_INDEX || order == ReduceOrder::ORDER_INDEX_VALUE;
  if (best < 0) return;
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

void gather(const etalon_asc_vector& v, std::byte* ub, std::int64_t ub_bytes) {
  const int size = bytes_of(v.dst_type), per_repeat = 256 / (size < 2 ? 2 : size);
  const auto one = [&](std::byte* dst, const std::byte* offset) {
    const auto from = load_as<std::uint32_t>(offset);
    const std::int64_t end = std::int64_t{v.src0} + v.extra[0] + from + size;
    if (end > ub_bytes)
      throw DeviceFault("ascendc.out-of-range",
                        "Gather: an offset leads to byte " + std::to_string(end) + " of UB");
    std::memmove(dst, ub + v.src0 + v.extra[0] + from, static_cast<std::size_t>(size));
  };
  if (v.count_form != 0) {
    for (std::int64_t i = 0; i < v.repeat; ++i) one(ub + v.dst + i * size, ub + v.src1 + i * 4);
    return;
  }
  for (std::int64_t r = 0; r < v.repeat; ++r) {
    for (int e = 0; e < per_repeat; ++e) {
      if ((v.mask[e / 64] >> (e % 64) & 1) == 0) continue;
      one(ub + v.dst + r * v.dst_repeat * 32 + e * size, ub + v.src1 + (r * per_repeat + e) * 4);
    }
  }
}

// Eight bytes: score in the first four (16-bit scores in the low half), index in the last four.
struct Pair {
  float score;
  std::byte bytes[8];
};

void sort32(const etalon_asc_vector& v, std::byte* ub) {
  const int size = bytes_of(v.src_type);
  for (std::int64_t r = 0; r < v.repeat; ++r) {
    std::vector<Pair> pairs(32);
    for (int e = 0; e < 32; ++e) {
      Pair& p = pairs[static_cast<std::size_t>(e)];
      std::memset(p.bytes, 0, 8);
      const std::byte* score = ub + v.src0 + (r * 32 + e) * size;
      load_reals(v.src_type, score, 1, 0, &p.score);
      std::memcpy(p.bytes, score, static_cast<std::size_t>(size));
      std::memcpy(p.bytes + 4, ub + v.src1 + (r * 32 + e) * 4, 4);
    }
    std::stable_sort(pairs.begin(), pairs.end(),
                     [](const Pair& a, const Pair& b) { return a.score > b.score; });
    for (int e = 0; e < 32; ++e)
      std::memcpy(ub + v.dst + (r * 32 + e) * 8, pairs[static_cast<std::size_t>(e)].bytes, 8);
  }
}

void merge_sort(const etalon_asc_vector& v, std::byte* ub, std::int64_t ub_bytes) {
  const std::uint32_t starts[4] = {v.src0, v.src1, v.extra[0], v.extra[1]};
  const std::uint32_t lengths[4] = {v.extra[2] & 0xffff, v.extra[2] >> 16, v.extra[3] & 0xffff,
                                    v.extra[3] >> 16};
  std::vector<Pair> merged;
  for (int l = 0; l < 4; ++l) {
    if ((v.detail >> l & 1) == 0) continue;
    if (starts[l] + std::int64_t{lengths[l]} * 8 > ub_bytes) {
      throw DeviceFault("ascendc.out-of-range", "MrgSort: a list ends beyond UB");
    }
    for (std::uint32_t e = 0; e < lengths[l]; ++e) {
      Pair p;
      std::memcpy(p.bytes, ub + starts[l] + e * 8, 8);
      load_reals(v.src_type, p.bytes, 1, 0, &p.score);
      merged.push_back(p);
    }
  }
  std::stable_sort(merged.begin(), merged.end(),
                   [](const Pair& a, const Pair& b) { return a.score > b.score; });
  for (std::size_t e = 0; e < merged.size(); ++e) std::memcpy(ub + v.dst + e * 8, merged[e].bytes, 8);
}

}  // namespace

void reduce_numbers(const etalon_asc_vector& v, std::byte* ub) {
  const std::int64_t repeats = repeats_of(v);
  const int size = bytes_of(v.dst_type);
  for (std::int64_t r = 0; r < repeats; ++r) {
    switch (v.op) {
      case kAscWholeSum:
      case kAscRepeatSum: {
        const Repeat x = repeat_of(v, ub, r);
        store(v, ub + v.dst + r * v.dst_repeat * size, tree_sum(x, 0, x.n, v.dst_type == kAscF16));
        break;
      }
      case kAscWholeMax:
      case kAscWholeMin:
        whole_extreme(v, ub, r);
        break;
      case kAscPairSum:
        pair_sum(v, ub, r);
        break;
      default:
        block_reduce(v, ub, r);
    }
  }
}

void arrange_numbers(const etalon_asc_vector& v, std::byte* ub, std::int64_t ub_bytes) {
  const int size = bytes_of(v.dst_type);
  switch (v.op) {
    case kAscBrcb:
      for (std::int64_t r = 0; r < v.repeat; ++r) {
        for (int b = 0; b < 8; ++b) {
          std::byte value[8];
          std::memcpy(value, ub + v.src0 + (r * 8 + b) * size, static_cast<std::size_t>(size));
          std::byte* block = ub + v.dst + (r * v.dst_repeat + b * v.dst_block) * 32;
          for (int e = 0; e < 32 / size; ++e)
            std::memcpy(block + e * size, value, static_cast<std::size_t>(size));
        }
      }
      break;
    case kAscGather:
      gather(v, ub, ub_bytes);
      break;
    case kAscTranspose16: {
      std::uint16_t from[256], to[256];
      std::memcpy(from, ub + v.src0, sizeof(from));
      for (int i = 0; i < 16; ++i) {
        for (int j = 0; j < 16; ++j) to[j * 16 + i] = from[i * 16 + j];
      }
      std::memcpy(ub + v.dst, to, sizeof(to));
      break;
    }
    case kAscSort32:
      sort32(v, ub);
      break;
    case kAscMrgSort:
      merge_sort(v, ub, ub_bytes);
      break;
    default:
      throw DeviceFault("ascendc.unsupported", "this rearrangement is not implemented");
  }
}

}  // namespace etalon::ascendc
