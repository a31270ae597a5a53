// SPDX-License-Identifier: Apache-2.0
// Undefined bytes through sorting. A rest that is filled with the lowest score sorts to the end whatever its
// indices are, so the order must be the real one: the instruction is carried out on a copy of UB in which
// each index is the address of its own pair.
#include <algorithm>
#include <cstring>

#include "ascendc/hazards/undefined.h"
#include "ascendc/launch/arrange.h"
#include "ascendc/launch/core_runtime.h"
#include "ascendc/launch/lanes.h"

namespace etalon::ascendc::hazards {
namespace {

constexpr std::uint32_t kNotWritten = ~std::uint32_t{0};

// Where scores and indices of the elements lie.
struct Elements {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> at;  // score, index: offsets in UB
  std::int64_t score_bytes = 4;
  bool of_one_repeat_only = false;  // an undefined score spoils its 32 only
};

Elements elements_of(const etalon_asc_vector& v) {
  Elements all;
  all.score_bytes = bytes_of(v.src_type);
  if (v.op == kAscSort32) {
    all.of_one_repeat_only = true;
    for (std::uint32_t i = 0; i < v.repeat * 32; ++i)
      all.at.emplace_back(v.src0 + i * static_cast<std::uint32_t>(all.score_bytes), v.src1 + i * 4);
    return all;
  }
  const MergeLists lists = merge_lists(v);
  for (std::uint32_t r = 0; r < v.repeat; ++r) {
    for (int l = 0; l < 4; ++l) {
      for (std::uint32_t i = 0; lists.used[l] && i < lists.length[l]; ++i) {
        const std::uint32_t at = lists.start[l] + (r * lists.pairs + i) * 8;
        all.at.emplace_back(at, at + 4);
      }
    }
  }
  return all;
}

}  // namespace

void carry_sorted(const etalon_asc_vector& v, std::uint8_t* undefined, const std::byte* ub,
                  const etalon_asc_core& core) {
  const Elements elements = elements_of(v);
  const std::size_t count = elements.at.size(), size = core.space_bytes[kAscUb];
  const auto is_undefined = [&](std::uint32_t at, std::int64_t bytes) {
    return std::any_of(undefined + at, undefined + at + bytes, [](std::uint8_t b) { return b != 0; });
  };
  bool inside = ub != nullptr && v.dst + count * 8 <= size;
  for (const auto& [score, index] : elements.at) inside = inside && score + 4 <= size && index + 4 <= size;
  const std::size_t group = elements.of_one_repeat_only ? 32 : std::max<std::size_t>(count, 1);
  std::vector<bool> spoilt(count / group + 1, !inside);
  if (inside) {
    for (std::size_t i = 0; i < count; ++i) {
      if (is_undefined(elements.at[i].first, elements.score_bytes)) spoilt[i / group] = true;
    }
  }
  std::vector<std::uint8_t> result(count * 8);
  if (inside) {
    std::vector<std::byte> scratch(ub, ub + size);
    for (std::size_t i = 0; i < count; ++i) std::memcpy(&scratch[v.dst + i * 8 + 4], &kNotWritten, 4);
    for (const auto& [score, index] : elements.at) std::memcpy(&scratch[index], &index, 4);
    etalon_asc_core state = core;
    vector_numbers(v, scratch.data(), state);
    std::memcpy(result.data(), undefined + v.dst, result.size());
    for (std::size_t i = 0; i < count; ++i) {
      std::uint32_t from = kNotWritten;
      std::memcpy(&from, &scratch[v.dst + i * 8 + 4], 4);
      // Not written, or an operand that the instruction overwrites while it reads it.
      if (from > size - 4) continue;
      std::memset(&result[i * 8], 0, 4);
      std::memcpy(&result[i * 8 + 4], undefined + from, 4);
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (spoilt[i / group]) std::memset(&result[i * 8], 0xff, 8);
  }
  const std::size_t fits = v.dst < size ? std::min(result.size(), size - v.dst) : 0;  // it may run beyond UB
  std::memcpy(undefined + v.dst, result.data(), fits);
}

}  // namespace etalon::ascendc::hazards
