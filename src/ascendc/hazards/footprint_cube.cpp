// SPDX-License-Identifier: Apache-2.0
#include "ascendc/hazards/footprint_cube.h"

#include <algorithm>

#include "ascendc/launch/regions.h"

namespace etalon::ascendc::hazards {

namespace {

// im2col: the 32-byte pieces of the feature map that lie inside it.
void load_3d(const etalon_asc_load& l, Operand& src) {
  const int c0 = 32 / bytes_of(l.type), channels1 = (l.channels + c0 - 1) / c0;
  const int extent_w = (l.filter_w - 1) * l.dilation_w + 1, taps = l.filter_w * l.filter_h;
  if (l.stride_w == 0 || taps == 0) return;
  const int out_w = (l.l1_w + l.pad[0] + l.pad[1] - extent_w) / l.stride_w + 1;
  if (out_w <= 0) return;
  for (int kk = 0; kk < (l.k_extension + c0 - 1) / c0; ++kk) {
    const int block = l.k_start / c0 + kk, c1 = block / taps, tap = block % taps;
    for (int m = 0; m < (l.m_extension + 15) / 16 * 16; ++m) {
      const int position = l.m_start + m, y = position / out_w, x = position % out_w;
      const int h = y * l.stride_h - l.pad[2] + tap / l.filter_w * l.dilation_h;
      const int w = x * l.stride_w - l.pad[0] + tap % l.filter_w * l.dilation_w;
      if (h >= 0 && h < l.l1_h && w >= 0 && w < l.l1_w && c1 < channels1) {
        src.add(
            l.src +
                static_cast<std::uint64_t>((static_cast<std::int64_t>(c1) * l.l1_h + h) * l.l1_w + w) * 32,
            32);
      }
    }
  }
}

}  // namespace

void load(const InstructionEvent& e, Footprint& out) {
  const auto& l = *static_cast<const etalon_asc_load*>(e.descriptor);
  Operand& src = out.operand(kAscL1, false);
  if (l.kind == kAscLoadRegion || l.kind == kAscLoadScales) {
    const Region r = region_of(l);
    add_rows(
        src,
        l.src + static_cast<std::uint64_t>((l.k_start * std::int64_t{l.src_stride} + l.m_start) * r.unit),
        l.k_step, l.m_step * r.unit, l.src_stride * r.unit);
    if (l.kind == kAscLoadRegion)
      add_rows(out.operand(l.dst_space, true), l.dst, r.columns, r.rows * r.unit, l.dst_stride * r.unit);
    return;
  }
  const std::int64_t block = l.kind == kAscLoadTranspose && bytes_of(l.type) != 2 ? 1024 : 512;
  if (l.kind == kAscLoad3d) {
    load_3d(l, src);
  } else {
    add_rows(src, l.src + static_cast<std::uint64_t>(l.start * block), l.repeat, block, l.src_stride * block);
    if (l.kind == kAscLoadSparse)
      add_rows(src, l.index + static_cast<std::uint64_t>(l.start * 128), l.repeat, 128, l.src_stride * 128);
  }
  Operand& dst = out.operand(l.dst_space, true);
  if (l.kind == kAscLoad3d) {
    for (int i = 0; i < e.range_count; ++i) {
      if (e.ranges[i].write) dst.add(e.ranges[i].begin, e.ranges[i].end - e.ranges[i].begin);
    }
    return;
  }
  add_rows(dst, l.dst, l.repeat, 512, (1 + std::int64_t{l.dst_gap}) * 512);
  if (block == 1024)
    add_rows(dst, l.dst + static_cast<std::uint64_t>(1 + l.dst_fractal_gap) * 512, l.repeat, 512,
             (1 + std::int64_t{l.dst_gap}) * 512);
}

void mmad(const InstructionEvent& e, Footprint& out) {
  const auto& d = *static_cast<const etalon_asc_mmad*>(e.descriptor);
  const int c0 = d.a_type == kAscS4 ? 64 : 32 / bytes_of(d.a_type),
            align = d.k_align != 0 && d.a_type == kAscF32 ? 2 : 1;
  const std::uint64_t k1 = static_cast<std::uint64_t>(((d.k + c0 - 1) / c0 + align - 1) / align * align);
  const std::uint64_t m1 = (d.m + 15u) / 16, n1 = (d.n + 15u) / 16;
  out.operand(kAscL0a, false).add(d.a, d.m == 1 ? k1 * 32 : m1 * k1 * 512);  // one row lies as it is
  out.operand(kAscL0b, false).add(d.b, n1 * (d.sparse != 0 ? (k1 + 1) / 2 : k1) * 512);
  if (d.bias != 0) out.operand(kAscBt, false).add(d.bias_offset, std::uint64_t{d.n} * 4);
  if (d.bias == 0 && d.init == 0) out.operand(kAscL0c, false).add(d.c, m1 * n1 * 1024);
  out.operand(kAscL0c, true).add(d.c, m1 * n1 * 1024);
}

void fixpipe(const InstructionEvent& e, const Partners& partners, Footprint& out) {
  const auto& f = *static_cast<const etalon_asc_fixpipe*>(e.descriptor);
  const std::int64_t size = bytes_of(f.dst_type), n1 = (f.n + 15) / 16;
  add_rows(out.operand(kAscL0c, false), f.src, n1, f.m * 64, std::int64_t{f.src_stride} * 64);
  if (f.quant == kAscVDeqF16 || f.quant == kAscVReq8 || f.quant == kAscVF32B8)
    out.operand(kAscFb, false).add(f.scale, std::uint64_t{f.n} * 8);
  const std::uint64_t to = f.dst_space == kAscGm ? address(f.gm) : f.dst;
  if (f.nz != 0) {
    const std::int64_t width = size == 1 ? 32 : size == 4 && f.channel_split != 0 ? 8 : 16;
    Operand& columns = out.operand(f.dst_space, true);
    if (f.dst_space == kAscUb && e.is_cube) columns.core = partners.of(e, f.sub_block);
    add_rows(columns, to, (f.n + width - 1) / width, f.m * width * size, std::int64_t{f.dst_stride} * 32);
    return;
  }
  const bool to_vector = f.dst_space == kAscUb && e.is_cube;
  for (int half = 0; to_vector && f.dual == 2 && half < 2; ++half) {
    Operand& dst = out.operand(f.dst_space, true);
    dst.core = partners.of(e, half);
    add_rows(dst, to, f.m, f.n / 2 * size, f.dst_stride * size);
  }
  if (to_vector && f.dual == 2) return;
  const std::int64_t most = to_vector && f.dual == 1 ? (f.m + 1) / 2 : f.m;
  int sub = to_vector && f.dual == 0 ? f.sub_block : 0;
  for (std::int64_t first = 0; first < f.m; first += most, ++sub) {
    Operand& dst = out.operand(f.dst_space, true);
    if (to_vector) dst.core = partners.of(e, sub);
    add_rows(dst, to, std::min<std::int64_t>(most, f.m - first), f.n * size, f.dst_stride * size);
  }
}

}  // namespace etalon::ascendc::hazards
