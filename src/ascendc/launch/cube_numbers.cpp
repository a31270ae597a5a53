// SPDX-License-Identifier: Apache-2.0
// The numbers of what brings operands to the cube and results away from it. Mmad's are in mmad_numbers.cpp.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "ascendc/launch/core_runtime.h"
#include "ascendc/launch/numbers.h"
#include "ascendc/launch/regions.h"

namespace etalon::ascendc {

using AscendC::RoundMode;

namespace {

template <class U>
void transpose_square(const std::byte* from, std::byte* to, int n) {
  std::vector<U> buffer(static_cast<std::size_t>(n) * n);
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j)
      buffer[static_cast<std::size_t>(j) * n + i] =
          load_as<U>(from + (i * n + j) * static_cast<int>(sizeof(U)));
  }
  std::memcpy(to, buffer.data(), buffer.size() * sizeof(U));
}

// A square block of two fractals: 32 x 32 bytes (two of 16 rows) or 16 x 16 words (two of 8 columns),
// transposed into two fractals `gap` apart.
void transpose_bytes(const std::byte* from, std::byte* first, std::byte* second) {
  for (int i = 0; i < 32; ++i) {
    for (int j = 0; j < 32; ++j) (j < 16 ? first + j * 32 : second + (j - 16) * 32)[i] = from[i * 32 + j];
  }
}
void transpose_words(const std::byte* from, std::byte* first, std::byte* second) {
  for (int i = 0; i < 16; ++i) {
    for (int j = 0; j < 16; ++j) {
      const std::byte* x = from + (j / 8) * 512 + i * 32 + (j % 8) * 4;
      std::memcpy((i < 8 ? first : second) + j * 32 + (i % 8) * 4, x, 4);
    }
  }
}

// im2col: fractals by rows of 16 output positions, then by columns of 32 bytes of K. The fractals of L0B hold
// columns: there the rows are K, and each fractal of 16-bit elements is transposed on its way.
void load_3d(const etalon_asc_load& l, const std::byte* l1, std::byte* dst) {
  const int size = bytes_of(l.type), c0 = 32 / size;
  const int channels1 = (l.channels + c0 - 1) / c0;
  const int extent_w = (l.filter_w - 1) * l.dilation_w + 1;
  const int out_w = (l.l1_w + l.pad[0] + l.pad[1] - extent_w) / l.stride_w + 1;
  const int k1 = (l.k_extension + c0 - 1) / c0, m1 = (l.m_extension + 15) / 16;
  std::byte pad[32];
  const auto value = static_cast<float>(l.pad_value);
  for (int e = 0; e < c0; ++e) {
    if (is_real(l.type))
      store_reals(l.type, &value, 1, pad + e * size, 0);
    else
      pad[e] = static_cast<std::byte>(static_cast<int>(value));
  }
  for (int m = 0; m < m1 * 16; ++m) {
    for (int kk = 0; kk < k1; ++kk) {
      // K runs over channel blocks, then filter rows, then filter columns, then the channels of a block.
      const int block = (l.k_start / c0) + kk;
      const int taps = l.filter_w * l.filter_h, c1 = block / taps, tap = block % taps;
      const int position = l.m_start + m, y = position / out_w, x = position % out_w;
      const int h = y * l.stride_h - l.pad[2] + tap / l.filter_w * l.dilation_h;
      const int w = x * l.stride_w - l.pad[0] + tap % l.filter_w * l.dilation_w;
      const bool by_columns = l.columns != 0 && l.dst_space == kAscL0a;
      std::byte* to = dst + (by_columns ? kk * m1 + m / 16 : (m / 16) * k1 + kk) * 512 + (m % 16) * 32;
      const bool inside = h >= 0 && h < l.l1_h && w >= 0 && w < l.l1_w && c1 < channels1;
      if (inside)
        std::memcpy(to, l1 + ((static_cast<std::int64_t>(c1) * l.l1_h + h) * l.l1_w + w) * 32, 32);
      else
        std::memcpy(to, pad, 32);
    }
  }
  if (l.dst_space == kAscL0a && l.transpose != 0) {  // all of it turned: K in rows of fractals, then M
    const std::vector<std::byte> by_rows(dst, dst + m1 * k1 * 512);
    for (int m = 0; m < m1; ++m) {
      for (int kk = 0; kk < k1; ++kk)
        transpose_square<std::uint16_t>(by_rows.data() + (l.columns != 0 ? kk * m1 + m : m * k1 + kk) * 512,
                                        dst + (l.columns != 0 ? m * k1 + kk : kk * m1 + m) * 512, 16);
    }
  }
  if (l.dst_space != kAscL0b || size != 2) return;
  for (std::byte* fractal = dst; fractal < dst + m1 * k1 * 512; fractal += 512)
    transpose_square<std::uint16_t>(fractal, fractal, 16);
}

}  // namespace

void load_numbers(const etalon_asc_load& l, const std::byte* l1, std::byte* dst) {
  if (l.kind == kAscLoad3d) {
    load_3d(l, l1, dst);
    return;
  }
  if (l.kind == kAscLoadRegion) {
    load_region(l, l1, dst);
    return;
  }
  const int size = bytes_of(l.type);
  if (l.kind == kAscLoad2d) {
    for (std::int64_t r = 0; r < l.repeat; ++r) {
      const std::byte* from = l1 + (l.start + r * l.src_stride) * 512;
      std::byte* to = dst + r * (1 + l.dst_gap) * 512;
      if (l.transpose != 0)
        transpose_square<std::uint16_t>(from, to, 16);
      else
        std::memcpy(to, from, 512);
    }
    return;
  }
  const std::int64_t block = size == 2 ? 512 : 1024;
  for (std::int64_t r = 0; r < l.repeat; ++r) {
    const std::byte* from = l1 + (l.start + r * l.src_stride) * block;
    std::byte* first = dst + r * (1 + l.dst_gap) * 512;
    std::byte* second = first + (1 + l.dst_fractal_gap) * 512;
    if (size == 2)
      transpose_square<std::uint16_t>(from, first, 16);
    else if (size == 1)
      transpose_bytes(from, first, second);
    else
      transpose_words(from, first, second);
  }
}

void fixpipe_numbers(const etalon_asc_fixpipe& f, const std::byte* l0c, const std::byte* fb, std::byte* dst,
                     int atomic_op) {
  const int size = bytes_of(f.dst_type);
  const bool from_integer = f.src_type == kAscS32;
  for (std::uint32_t j = 0; j < f.n; ++j) {
    std::uint32_t scale_bits = static_cast<std::uint32_t>(f.scale);
    if (fb != nullptr) scale_bits = static_cast<std::uint32_t>(load_as<std::uint64_t>(fb + j * 8));
    const auto scale = __builtin_bit_cast(float, scale_bits);
    for (std::uint32_t i = 0; i < f.m; ++i) {
      const std::byte* from =
          l0c + (static_cast<std::int64_t>(j / 16) * f.src_stride + i) * 64 + (j % 16) * 4;
      std::byte out[4] = {};
      if (from_integer && f.quant == kAscNoQuant) {
        std::int32_t x = load_as<std::int32_t>(from);
        if (f.relu != 0) x = std::max(x, 0);
        store_as(out, x);
      } else {
        float x = from_integer ? static_cast<float>(load_as<std::int32_t>(from)) : load_as<float>(from);
        if (f.quant >= kAscDeqF16) x *= scale;
        if (f.relu != 0) x = x > 0 || x != x ? x : 0.0f;
        if (f.dst_type == kAscS8 || f.dst_type == kAscU8) {
          const std::int64_t q = to_integer(x, f.dst_type, RoundMode::CAST_RINT);
          store_integers(f.dst_type, &q, 1, out, 0);
        } else {
          store_reals(f.dst_type, &x, 1, out, 0);
        }
      }
      // NZ output: fractal columns of 16 elements, of 32 when 8-bit channels merge, of 8 when fp32 channels
      // split.
      std::int64_t at =
          static_cast<std::int64_t>(i) * f.dst_stride * size + static_cast<std::int64_t>(j) * size;
      if (f.nz != 0) {
        const std::uint32_t width = size == 1 ? 32 : size == 4 && f.channel_split != 0 ? 8 : 16;
        at = static_cast<std::int64_t>(j / width) * f.dst_stride * 32 +
             (static_cast<std::int64_t>(i) * width + j % width) * size;
      }
      if (atomic_op == kAscAtomicNone)
        std::memcpy(dst + at, out, static_cast<std::size_t>(size));
      else
        atomic_numbers(atomic_op, f.dst_type, dst + at, out, size);
    }
  }
}

}  // namespace etalon::ascendc
