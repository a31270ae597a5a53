// SPDX-License-Identifier: Apache-2.0
// 4:2 sparsity: of every four rows of the right matrix two are stored, at most two being other than zero. Two
// indices of 2 bits, the lowest bits of a byte first, say which: the first counts from the first of the four,
// the second from the second.
#include <algorithm>
#include <cstring>
#include <vector>

#include "ascendc/launch/core_runtime.h"
#include "ascendc/launch/numbers.h"

namespace etalon::ascendc {

void load_sparse_numbers(const etalon_asc_load& l, const std::byte* l1, std::byte* l0b) {
  for (std::int64_t r = 0; r < l.repeat; ++r) {
    const std::int64_t from = l.start + r * l.src_stride, to = r * (1 + std::int64_t{l.dst_gap});
    std::memcpy(l0b + l.dst + to * 512, l1 + l.src + from * 512, 512);
    std::memcpy(l0b + l.table + l.dst / 4 + to * 128, l1 + l.index + from * 128, 128);
  }
}

void mmad_sparse_numbers(const etalon_asc_mmad& d, const std::byte* l0a, const std::byte* l0b,
                         std::byte* l0c) {
  const int half = (d.k + 1) / 2, k1 = (d.k + 31) / 32, n1 = (d.n + 15) / 16, m1 = (d.m + 15) / 16;
  std::vector<std::int64_t> row(static_cast<std::size_t>(k1) * 32);
  for (int i = 0; i < d.m; ++i) {
    for (int kk = 0; kk < k1 * 32; kk += 32) {
      const std::int64_t at = d.m == 1 ? kk : ((i / 16) * k1 + kk / 32) * 512 + (i % 16) * 32;
      load_integers(kAscS8, l0a + d.a + at, 32, 1, &row[static_cast<std::size_t>(kk)]);
    }
    for (int j = 0; j < d.n; ++j) {
      std::byte* c = l0c + d.c + (static_cast<std::int64_t>(j / 16) * m1 * 16 + i) * 64 + (j % 16) * 4;
      std::int64_t sum = d.init != 0 ? 0 : load_as<std::int32_t>(c);
      for (int x = 0; x < half; ++x) {
        const std::int64_t at = d.b + ((x / 32) * n1 + j / 16) * 512 + (j % 16) * 32 + x % 32;
        const auto index = static_cast<unsigned>(l0b[d.table + at / 4]) >> (at % 4 * 2) & 3u;
        const auto k = static_cast<std::size_t>(x / 2 * 4) + static_cast<std::size_t>(x % 2) + index;
        const std::int64_t b = load_as<std::int8_t>(l0b + at);
        if (k < static_cast<std::size_t>(d.k)) sum += row[k] * b;
      }
      store_as(c, static_cast<std::int32_t>(saturate(sum, kAscS32)));
    }
  }
}

}  // namespace etalon::ascendc
