// SPDX-License-Identifier: Apache-2.0
#pragma once

// Operands of small products with exact sums, and their products in double precision.

#include <functional>

#include "device_memory.h"
#include "kernel_operator.h"
#include "lib/matmul_intf.h"
#include "tiling/tiling_api.h"

constexpr int M = 70, N = 90, K = 96;

inline double value_a(int m, int k) { return (m * 7 + k * 3) % 11 - 5; }
inline double value_b(int k, int n) { return (k * 5 + n) % 13 - 6; }
inline double value_bias(int n) { return n % 17 - 8; }
inline double product(int m, int n, int k_end = K, int k_begin = 0) {
  double sum = 0;
  for (int k = k_begin; k < k_end; ++k) sum += value_a(m, k) * value_b(k, n);
  return sum;
}

// Rows x columns as memory holds them: transposed, in fractals of 16 rows x 32 bytes.
template <class T>
std::vector<T> stored(int rows, int columns, bool transposed, bool nz, double (*value)(int, int)) {
  if (transposed) std::swap(rows, columns);
  const int c0 = 32 / static_cast<int>(sizeof(T)), high = (rows + 15) / 16 * 16,
            wide = (columns + c0 - 1) / c0 * c0;
  std::vector<T> out(nz ? static_cast<std::size_t>(high) * wide : static_cast<std::size_t>(rows) * columns);
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j < columns; ++j) {
      const int at = nz ? (j / c0 * high + i) * c0 + j % c0 : i * columns + j;
      out[static_cast<std::size_t>(at)] =
          static_cast<T>(static_cast<float>(transposed ? value(j, i) : value(i, j)));
    }
  }
  return out;
}

// Whether element (m, n) of `rows` x `columns` is what `wanted` says, to a relative tolerance.
template <class T>
bool close(const std::vector<T>& got, int rows, int columns, int pitch,
           const std::function<double(int, int)>& wanted, double tolerance) {
  for (int m = 0; m < rows; ++m) {
    for (int n = 0; n < columns; ++n) {
      const double want = wanted(m, n),
                   is = static_cast<double>(static_cast<float>(got[static_cast<std::size_t>(m) * pitch + n])),
                   error = is > want ? is - want : want - is;
      if (!(error <= tolerance * (1 + (want < 0 ? -want : want)))) {
        std::printf("at %d, %d: %g, expected %g\n", m, n, is, want);
        return false;
      }
    }
  }
  return true;
}

inline matmul_tiling::MultiCoreMatmulTiling plan(matmul_tiling::DataType type, bool ta = false,
                                                 bool tb = false, int m = M, int n = N, int k = K) {
  using namespace matmul_tiling;
  MultiCoreMatmulTiling api;
  api.SetAType(matmul_tiling::TPosition::GM, matmul_tiling::CubeFormat::ND, type, ta);
  api.SetBType(matmul_tiling::TPosition::GM, matmul_tiling::CubeFormat::ND, type, tb);
  api.SetShape(m, n, k);
  return api;
}

#define CHECK(what)                                                \
  do {                                                             \
    if (!(what)) std::printf("wrong: %s\n", #what), right = false; \
  } while (0)
