// SPDX-License-Identifier: Apache-2.0
// Rearrangements inside UB: gathers, transpositions, sorting.
#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "ascendc/launch/arrange.h"
#include "ascendc/launch/core_runtime.h"
#include "ascendc/launch/numbers.h"

namespace etalon::ascendc {
namespace {

void need_inside(const char* name, std::int64_t end, std::int64_t ub_bytes) {
  if (end <= ub_bytes) return;
  throw DeviceFault("ascendc.out-of-range",
                    std::string(name) + ": an offset leads to byte " + std::to_string(end) + " of UB");
}

void gather(const etalon_asc_vector& v, std::byte* ub, std::int64_t ub_bytes) {
  const int size = bytes_of(v.dst_type), per_repeat = 256 / (size < 2 ? 2 : size);
  const auto one = [&](std::byte* dst, const std::byte* offset) {
    const auto from = load_as<std::uint32_t>(offset);
    need_inside("Gather", std::int64_t{v.src0} + v.extra[0] + from + size, ub_bytes);
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

// Eight blocks of 32 bytes per repeat, from where eight offsets say.
void gather_blocks(const etalon_asc_vector& v, std::byte* ub, std::int64_t ub_bytes) {
  for (std::int64_t r = 0; r < v.repeat; ++r) {
    for (std::int64_t b = 0; b < 8; ++b) {
      const auto from = load_as<std::uint32_t>(ub + v.src1 + (r * 8 + b) * 4);
      need_inside("Gatherb", std::int64_t{v.src0} + from + 32, ub_bytes);
      std::memmove(ub + v.dst + (r * v.dst_repeat + b * v.dst_block) * 32, ub + v.src0 + from, 32);
    }
  }
}

void gather_mask(const etalon_asc_vector& v, std::byte* ub, etalon_asc_core& core) {
  const auto size = static_cast<std::size_t>(bytes_of(v.src_type));
  std::vector<std::byte> out;
  core.kept = each_kept(
      v, [&](std::int64_t at) { return ub[at]; },
      [&](std::int64_t at) { out.insert(out.end(), ub + v.src0 + at, ub + v.src0 + at + size); });
  need_inside("GatherMask", v.dst + static_cast<std::int64_t>(out.size()), core.space_bytes[kAscUb]);
  std::copy(out.begin(), out.end(), ub + v.dst);
}

void transpose_blocks(const etalon_asc_vector& v, std::byte* ub) {
  for (std::uint32_t r = 0; r < v.repeat; ++r) {  // a repeat reads all its blocks before it writes
    etalon_asc_vector one = v;
    std::uint32_t lists[32];
    for (int i = 0; i < 32; ++i) lists[i] = v.lists[i] + r * (i < 16 ? v.dst_repeat : v.src0_repeat) * 32;
    one.lists = lists;
    one.repeat = 1;
    std::byte from[16][32];
    for (int i = 0; i < 16; ++i) std::memcpy(from[i], ub + lists[16 + i], 32);
    int i = 0, moved = 0;
    const int per_row = bytes_of(v.src_type) == 4 ? 8 : 16;
    each_transposed(one, [&](std::uint32_t to, std::uint32_t at, std::uint32_t bytes) {
      std::memcpy(ub + to, from[i] + (at - lists[16 + i]), bytes);
      if (++moved == per_row) moved = 0, ++i;
    });
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

// Of equal scores that of the first list comes first. A repeat takes the next four lists.
void merge_sort(const etalon_asc_vector& v, std::byte* ub, etalon_asc_core& core) {
  const MergeLists lists = merge_lists(v);
  const std::int64_t all = lists.pairs;
  for (int l = 0; l < 4; ++l) {
    core.merged[l] = 0;
    if (!lists.used[l] || v.repeat == 0) continue;
    if (lists.start[l] + (all * (v.repeat - 1) + lists.length[l]) * 8 > core.space_bytes[kAscUb])
      throw DeviceFault("ascendc.out-of-range", "MrgSort: a list ends beyond UB");
  }
  need_inside("MrgSort", v.dst + all * v.repeat * 8, core.space_bytes[kAscUb]);
  for (std::int64_t r = 0; r < v.repeat; ++r) {
    std::vector<Pair> list[4];
    for (int l = 0; l < 4; ++l) {
      if (!lists.used[l]) continue;
      for (std::uint32_t e = 0; e < lists.length[l]; ++e) {
        Pair p;
        std::memcpy(p.bytes, ub + lists.start[l] + (r * all + e) * 8, 8);
        load_reals(v.src_type, p.bytes, 1, 0, &p.score);
        list[l].push_back(p);
      }
    }
    std::size_t taken[4] = {};
    std::byte* to = ub + v.dst + r * all * 8;
    for (std::int64_t n = 0; n < all; ++n, to += 8) {
      int best = -1;
      bool ended = false;
      for (int l = 0; l < 4; ++l) {
        if (!lists.used[l]) continue;
        if (taken[l] == list[l].size())
          ended = true;
        else if (best < 0 || list[l][taken[l]].score > list[best][taken[best]].score)
          best = l;
      }
      if (best < 0 || (ended && lists.suspends)) break;
      std::memcpy(to, list[best][taken[best]++].bytes, 8);
    }
    for (int l = 0; l < 4; ++l) core.merged[l] = static_cast<std::uint16_t>(taken[l]);
  }
}

}  // namespace

void arrange_numbers(const etalon_asc_vector& v, std::byte* ub, etalon_asc_core& core) {
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
      gather(v, ub, core.space_bytes[kAscUb]);
      break;
    case kAscGatherBlock:
      gather_blocks(v, ub, core.space_bytes[kAscUb]);
      break;
    case kAscGatherMask:
      gather_mask(v, ub, core);
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
    case kAscTransposeBlocks:
      transpose_blocks(v, ub);
      break;
    case kAscSort32:
      sort32(v, ub);
      break;
    default:  // kAscMrgSort
      merge_sort(v, ub, core);
  }
}

}  // namespace etalon::ascendc
