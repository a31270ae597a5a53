// SPDX-License-Identifier: Apache-2.0
#include "ascendc/launch/regions.h"

#include <cstring>

#include "ascendc/api/ascendc/number_types_3510.h"

namespace etalon::ascendc {

void load_region(const etalon_asc_load& l, const std::byte* l1, std::byte* dst) {
  const std::byte* from = l1 + (l.k_start * std::int64_t{l.src_stride} + l.m_start) * 512;
  if (l.transpose == 0) {
    for (std::int64_t c = 0; c < l.k_step; ++c) {
      std::memcpy(dst + c * l.dst_stride * 512, from + c * l.src_stride * 512,
                  static_cast<std::size_t>(l.m_step) * 512);
    }
    return;
  }
  const int size = bytes_of(l.type), c0 = 32 / size;
  for (std::int64_t j = 0; j < l.m_step * 16; ++j) {  // a row of the source, a column of the result
    for (std::int64_t i = 0; i < std::int64_t{l.k_step} * c0; ++i) {
      const std::byte* element = from + i / c0 * l.src_stride * 512 + j * 32 + i % c0 * size;
      std::byte* to = dst + j / c0 * l.dst_stride * 512 + i * 32 + j % c0 * size;
      std::memcpy(to, element, static_cast<std::size_t>(size));
    }
  }
}

void load_scales(const etalon_asc_load& l, const std::byte* l1, std::byte* l0) {
  for (std::int64_t x = 0; x < l.k_step; ++x) {
    std::memcpy(l0 + l.table + l.dst / 16 + x * l.dst_stride * 32,
                l1 + l.src + ((l.k_start + x) * l.src_stride + l.m_start) * 32,
                static_cast<std::size_t>(l.m_step) * 32);
  }
}

void scale_operands(const etalon_asc_mmad& d, const std::byte* l0a, const std::byte* l0b, float* a,
                    float* b) {
  const int groups = (d.k + 31) / 32, pairs = (groups + 1) / 2;
  const std::byte *of_a = l0a + (d.l0a_bytes - d.a) + d.a / 16, *of_b = l0b + (d.l0b_bytes - d.b) + d.b / 16;
  // 16 rows of m or n by two scales, then along k, then the next 16.
  const auto scale = [&](const std::byte* of, int row, int k) {
    const int g = k / 32, piece = row / 16 * pairs + g / 2;
    return AscendC::number::E8m0::decode(static_cast<std::uint32_t>(of[piece * 32 + row % 16 * 2 + g % 2]));
  };
  for (int i = 0; i < d.m; ++i) {
    for (int k = 0; k < d.k; ++k) a[static_cast<std::size_t>(i) * d.k + k] *= scale(of_a, i, k);
  }
  for (int k = 0; k < d.k; ++k) {
    for (int j = 0; j < d.n; ++j)
      b[(static_cast<std::size_t>(j / 16) * d.k + k) * 16 + j % 16] *= scale(of_b, j, k);
  }
}

}  // namespace etalon::ascendc
