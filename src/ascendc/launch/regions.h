// SPDX-License-Identifier: Apache-2.0
#pragma once

// How the operands of dav-3510's cube lie: L0A's fractals, regions of fractal columns, scales of MX operands.

#include "ascendc/api/ascendc/abi.h"
#include "ascendc/costs.h"

namespace etalon::ascendc {

// Where row i of A begins in fractal `kk` of its k direction. On dav-c220 fractals lie row by row, `k1` in a
// row; on dav-3510 column by column.
inline std::int64_t l0a_row(const etalon_asc_mmad& d, int i, int kk, int k1) {
  const std::int64_t fractal =
      d.columns != 0 ? std::int64_t{kk} * ((d.m + 15) / 16) + i / 16 : std::int64_t{i / 16} * k1 + kk;
  return fractal * 512 + i % 16 * 32;
}

// What a region load writes: columns of `rows` pieces of `unit` bytes.
struct Region {
  std::int64_t unit = 512, rows = 0, columns = 0;
};
inline Region region_of(const etalon_asc_load& l) {
  if (l.kind == kAscLoadScales) return {32, l.m_step, l.k_step};
  if (l.transpose == 0) return {512, l.m_step, l.k_step};
  const std::int64_t c0 = 32 / bytes_of(l.type);  // elements of a fractal's row, of which it has 16
  return {512, (l.k_step * c0 + 15) / 16, (l.m_step * 16 + c0 - 1) / c0};
}

// `l1`, `dst`: where the load's own source and destination begin.
void load_region(const etalon_asc_load&, const std::byte* l1, std::byte* dst);
// `l1`, `l0`: the beginnings of the memories; scales lie beyond L0A or L0B.
void load_scales(const etalon_asc_load&, const std::byte* l1, std::byte* l0);
// Multiplies unpacked operands by their scales: a is rows of k, b column blocks of k rows of 16.
void scale_operands(const etalon_asc_mmad&, const std::byte* l0a, const std::byte* l0b, float* a, float* b);

}  // namespace etalon::ascendc
