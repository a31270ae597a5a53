// SPDX-License-Identifier: Apache-2.0
// The numbers of Mmad. Each output is a sum in order of ascending k, one addition at a time, in fp32 (each
// rounded; products of 16-bit types are exact in it) or int32 (saturating at the end of the instruction).
// Outputs of one row are summed side by side in vector registers, which changes no sum.
#include <algorithm>
#include <vector>

#include "ascendc/launch/core_runtime.h"
#include "ascendc/launch/numbers.h"
#include "ascendc/launch/regions.h"
#include "ascendc/launch/widest.h"

namespace etalon::ascendc {
namespace {

constexpr int kWidth = 16;  // columns of a fractal, which lie together in L0B and L0C

float to_hf32(float x, bool towards_zero) {  // 11 mantissa bits kept
  const auto u = __builtin_bit_cast(std::uint32_t, x);
  if (towards_zero) return __builtin_bit_cast(float, u & 0xfffff000u);
  return __builtin_bit_cast(float, (u + 0x7ffu + ((u >> 12) & 1u)) & 0xfffff000u);
}

void load(int type, const std::byte* from, std::int64_t n, float* to) {
  load_reals(type, from, n, bytes_of(type), to);
}
void load(int type, const std::byte* from, std::int64_t n, std::int32_t* to) {
  std::int64_t wide[64];
  for (std::int64_t at = 0; at < n; at += 64) {
    const std::int64_t part = std::min<std::int64_t>(64, n - at);
    load_integers(type, from + bytes_of(type, at), part, bytes_of(type), wide);
    std::copy(wide, wide + part, to + at);
  }
}

// A as rows of k; B as column blocks, in each k rows of 16 columns. With m = 1, A is one plain row (GEMV).
template <class T>
void unpack(const etalon_asc_mmad& d, const std::byte* l0a, const std::byte* l0b, std::vector<T>& a,
            std::vector<T>& b) {
  const int c0 = d.a_type == kAscS4 ? 64 : 32 / bytes_of(d.a_type);  // elements of k in a row of a fractal
  const int align = d.k_align != 0 && d.a_type == kAscF32 ? 2 : 1;
  const int k1 = ((d.k + c0 - 1) / c0 + align - 1) / align * align, n1 = (d.n + kWidth - 1) / kWidth;
  a.resize(static_cast<std::size_t>(d.m) * d.k);
  b.resize(static_cast<std::size_t>(n1) * kWidth * d.k);
  if (d.m == 1) {
    load(d.a_type, l0a, d.k, a.data());
  } else {
    for (int i = 0; i < d.m; ++i) {
      for (int kk = 0; kk < d.k; kk += c0) {
        load(d.a_type, l0a + l0a_row(d, i, kk / c0, k1), std::min(c0, d.k - kk),
             &a[static_cast<std::size_t>(i) * d.k + kk]);
      }
    }
  }
  T fractal[kWidth * 64];  // columns of c0
  for (int kk = 0; kk < d.k; kk += c0) {
    const int rows = std::min(c0, d.k - kk);
    for (int j = 0; j < n1; ++j) {
      load(d.b_type, l0b + ((kk / c0) * n1 + j) * 512, kWidth * c0, fractal);
      T* to = &b[(static_cast<std::size_t>(j) * d.k + kk) * kWidth];
      for (int x = 0; x < rows; ++x) {
        for (int y = 0; y < kWidth; ++y) to[x * kWidth + y] = fractal[y * c0 + x];
      }
    }
  }
}

// Where row i of column block j begins in L0C.
std::int64_t c_offset(const etalon_asc_mmad& d, int i, int j) {
  return (static_cast<std::int64_t>(j) * ((d.m + 15) / 16 * 16) + i) * 64;
}

// kRows rows of one column block: r[row][y] += a[row][k] * b[k][y].
template <int kRows, class T>
ETALON_INLINE inline void multiply(const T* a, std::size_t pitch, const T* b, int k, T* r) {
  typedef T Eight __attribute__((vector_size(32)));
  typedef T Anywhere __attribute__((vector_size(32), aligned(4), may_alias));  // as it lies in memory
  Eight low[kRows], high[kRows];
  for (int i = 0; i < kRows; ++i) {
    low[i] = *reinterpret_cast<const Anywhere*>(r + i * kWidth);
    high[i] = *reinterpret_cast<const Anywhere*>(r + i * kWidth + 8);
  }
  for (int kk = 0; kk < k; ++kk) {
    const Eight y0 = *reinterpret_cast<const Anywhere*>(b + kk * kWidth);
    const Eight y1 = *reinterpret_cast<const Anywhere*>(b + kk * kWidth + 8);
    for (int i = 0; i < kRows; ++i) {
      const T x = a[static_cast<std::size_t>(i) * pitch + static_cast<std::size_t>(kk)];
      low[i] += x * y0;
      high[i] += x * y1;
    }
  }
  for (int i = 0; i < kRows; ++i) {
    *reinterpret_cast<Anywhere*>(r + i * kWidth) = low[i];
    *reinterpret_cast<Anywhere*>(r + i * kWidth + 8) = high[i];
  }
}

// All rows of a column block, `rows` being m rows of 16 sums.
template <class T>
void multiply_block(const T* a, const T* b, int m, int k, T* rows) {
  constexpr int kAtOnce = 4;
  const auto pitch = static_cast<std::size_t>(k);
  widest([=]() ETALON_INLINE {
    int i = 0;
    for (; i + kAtOnce <= m; i += kAtOnce)
      multiply<kAtOnce>(a + static_cast<std::size_t>(i) * pitch, pitch, b, k, rows + i * kWidth);
    for (; i < m; ++i) multiply<1>(a + static_cast<std::size_t>(i) * pitch, pitch, b, k, rows + i * kWidth);
  });
}

void real_product(const etalon_asc_mmad& d, const std::byte* l0a, const std::byte* l0b, std::byte* l0c,
                  const std::byte* bias) {
  static thread_local std::vector<float> a, b, rows;
  unpack(d, l0a, l0b, a, b);
  if (d.a_type == kAscF32 && (d.hf32 & 1) != 0) {
    for (auto& x : a) x = to_hf32(x, (d.hf32 & 2) != 0);
    for (auto& x : b) x = to_hf32(x, (d.hf32 & 2) != 0);
  }
  if (d.mx != 0) scale_operands(d, l0a, l0b, a.data(), b.data());
  rows.resize(static_cast<std::size_t>(d.m) * kWidth);
  for (int j = 0; j * kWidth < d.n; ++j) {
    const auto bytes = static_cast<std::size_t>(std::min(kWidth, d.n - j * kWidth)) * 4;
    std::fill(rows.begin(), rows.end(), 0.0f);
    for (int i = 0; i < d.m && (bias != nullptr || d.init == 0); ++i) {
      std::memcpy(&rows[static_cast<std::size_t>(i) * kWidth],
                  bias != nullptr ? bias + j * kWidth * 4 : l0c + c_offset(d, i, j), bytes);
    }
    multiply_block(a.data(), &b[static_cast<std::size_t>(j) * kWidth * d.k], d.m, d.k, rows.data());
    for (int i = 0; i < d.m; ++i)
      std::memcpy(l0c + c_offset(d, i, j), &rows[static_cast<std::size_t>(i) * kWidth], bytes);
  }
}

void integer_product(const etalon_asc_mmad& d, const std::byte* l0a, const std::byte* l0b, std::byte* l0c,
                     const std::byte* bias) {
  static thread_local std::vector<std::int32_t> a, b, rows;
  unpack(d, l0a, l0b, a, b);
  for (int j = 0; j * kWidth < d.n; ++j) {
    rows.assign(static_cast<std::size_t>(d.m) * kWidth, 0);  // 4095 products of 8 bits: far from the limits
    multiply_block(a.data(), &b[static_cast<std::size_t>(j) * kWidth * d.k], d.m, d.k, rows.data());
    for (int i = 0; i < d.m; ++i) {
      for (int y = 0; y < kWidth && j * kWidth + y < d.n; ++y) {
        std::byte* c = l0c + c_offset(d, i, j) + y * 4;
        const std::int64_t before = bias != nullptr ? load_as<std::int32_t>(bias + (j * kWidth + y) * 4)
                                    : d.init != 0   ? 0
                                                    : load_as<std::int32_t>(c);
        const std::int64_t sum = before + rows[static_cast<std::size_t>(i * kWidth + y)];
        store_as(c, static_cast<std::int32_t>(saturate(sum, kAscS32)));
      }
    }
  }
}

}  // namespace

void mmad_numbers(const etalon_asc_mmad& d, const std::byte* l0a, const std::byte* l0b, std::byte* l0c,
                  const std::byte* bias) {
  if (is_real(d.a_type))
    real_product(d, l0a, l0b, l0c, bias);
  else
    integer_product(d, l0a, l0b, l0c, bias);
}

}  // namespace etalon::ascendc
