// SPDX-License-Identifier: Apache-2.0
// Rows longer than on-chip memory, and gradients, against double precision.
#include "kernels/npu/row_sweeps.h"
#include "kernels/npu/test_device.h"

namespace etalon::kernels::npu {
namespace {

template <class T>
constexpr double kEpsilon = std::is_same_v<T, bfloat16_t> ? 1.0 / 128 : 2e-5;

struct Shape {
  std::int64_t rows, columns;
  std::int32_t chunk;
};
// Rows in one piece, in pieces with and without a rest, more rows than a block of rows keeps.
const Shape kShapes[] = {{1, 1, 64},    {3, 100, 128},    {7, 1000, 256},
                         {200, 70, 64}, {2, 20000, 4096}, {90, 130, 128}};

double real(bfloat16_t v) { return static_cast<float>(v); }
double real(float v) { return v; }

// One row in double precision: normalised values, deviation, or the softmax.
struct Row {
  std::vector<double> hat, softmax;
  double deviation = 1;
};
template <class T>
Row row_of(const T* x, std::int64_t n, RowOperation operation) {
  Row r;
  double most = -1e300, mean = 0, square = 0, sum = 0;
  for (std::int64_t c = 0; c < n; ++c)
    most = std::max(most, real(x[c])), mean += real(x[c]) / static_cast<double>(n);
  if (operation != RowOperation::layer_norm) mean = 0;
  for (std::int64_t c = 0; c < n; ++c) {
    square += (real(x[c]) - mean) * (real(x[c]) - mean) / static_cast<double>(n);
    sum += std::exp(real(x[c]) - most);
  }
  r.deviation = std::sqrt(square + 1e-6);
  for (std::int64_t c = 0; c < n; ++c) {
    r.hat.push_back((real(x[c]) - mean) / r.deviation);
    r.softmax.push_back(std::exp(real(x[c]) - most) / sum);
  }
  return r;
}

template <class T, RowOperation operation>
void expect_forward() {
  for (const auto& s : kShapes) {
    TestDevice device;
    const std::int64_t n = s.rows * s.columns;
    T *x = device.random<T>(n, "x", 3.0), *gamma = device.random<T>(s.columns, "gamma"),
      *beta = device.random<T>(s.columns, "beta"), *y = device.allocate_of<T>(n);
    SweepTiling t;
    t.rows = s.rows, t.columns = s.columns, t.chunk = s.chunk;
    const auto p = [](T* q) { return reinterpret_cast<GmAddress>(q); };
    run_functional(device, ascendc::KernelType::aiv, 4,
                   [&] { long_row_kernel<T, operation>(p(x), p(gamma), p(beta), p(y), t); });
    std::vector<double> expected;
    for (std::int64_t r = 0; r < s.rows; ++r) {
      const Row row = row_of(x + r * s.columns, s.columns, operation);
      for (std::int64_t c = 0; c < s.columns; ++c) {
        const auto i = static_cast<std::size_t>(c);
        expected.push_back(operation == RowOperation::softmax
                               ? row.softmax[i]
                               : row.hat[i] * real(gamma[c]) +
                                     (operation == RowOperation::layer_norm ? real(beta[c]) : 0.0));
      }
    }
    EXPECT_LE(worst_error(y, expected, kEpsilon<T>, operation == RowOperation::softmax ? 1e-6 : 3e-4), 1)
        << s.rows << "x" << s.columns;
  }
}
TEST(NpuRowSweeps, NormaliseRowsOfAnyLength) {
  expect_forward<bfloat16_t, RowOperation::rms_norm>();
  expect_forward<float, RowOperation::rms_norm>();
  expect_forward<bfloat16_t, RowOperation::layer_norm>();
  expect_forward<float, RowOperation::layer_norm>();
}
TEST(NpuRowSweeps, GiveTheSoftmaxOfRowsOfAnyLength) {
  expect_forward<bfloat16_t, RowOperation::softmax>();
  expect_forward<float, RowOperation::softmax>();
}

template <class T, RowOperation operation>
void expect_gradient() {
  for (const auto& s : kShapes) {
    TestDevice device;
    const std::int64_t n = s.rows * s.columns;
    T *x = device.random<T>(n, "x"), *dy = device.random<T>(n, "dy"),
      *gamma = device.random<T>(s.columns, "gamma"), *dx = device.allocate_of<T>(n);
    if (operation == RowOperation::softmax) {  // x is the softmax itself
      for (std::int64_t r = 0; r < s.rows; ++r) {
        const Row row = row_of(x + r * s.columns, s.columns, operation);
        for (std::int64_t c = 0; c < s.columns; ++c)
          x[r * s.columns + c] = T(static_cast<float>(row.softmax[static_cast<std::size_t>(c)]));
      }
    }
    float *dgamma = device.allocate_of<float>(s.columns), *dbeta = device.allocate_of<float>(s.columns);
    SweepTiling t;
    t.rows = s.rows, t.columns = s.columns, t.chunk = s.chunk, t.scale = 0.5f;
    const auto p = [](auto* q) { return reinterpret_cast<GmAddress>(q); };
    run_functional(device, ascendc::KernelType::aiv, 4, [&] {
      row_gradient_kernel<T, operation>(p(x), p(dy), p(gamma), p(dx), p(dgamma), p(dbeta), t);
    });
    std::vector<double> expected, expected_gamma(static_cast<std::size_t>(s.columns)),
        expected_beta(static_cast<std::size_t>(s.columns));
    const auto count = static_cast<double>(s.columns);
    for (std::int64_t r = 0; r < s.rows; ++r) {
      const T *xr = x + r * s.columns, *dr = dy + r * s.columns;
      const Row row = row_of(xr, s.columns, operation);
      double dot = 0, mean = 0, by_y = 0;
      for (std::int64_t c = 0; c < s.columns; ++c) {
        const double d = real(dr[c]) * real(gamma[c]);
        dot += d * row.hat[static_cast<std::size_t>(c)] / count;
        mean += d / count;
        by_y += real(xr[c]) * real(dr[c]);
      }
      for (std::int64_t c = 0; c < s.columns; ++c) {
        const auto i = static_cast<std::size_t>(c);
        if (operation == RowOperation::softmax) {
          expected.push_back(0.5 * real(xr[c]) * (real(dr[c]) - by_y));
          continue;
        }
        const double centre = operation == RowOperation::layer_norm ? mean : 0.0;
        expected.push_back((real(dr[c]) * real(gamma[c]) - row.hat[i] * dot - centre) / row.deviation);
        expected_gamma[i] += real(dr[c]) * row.hat[i];
        expected_beta[i] += real(dr[c]);
      }
    }
    // A row of one element has no variance: its gradient divides by epsilon alone.
    const double least = operation == RowOperation::softmax ? 1e-6 : s.columns == 1 ? 1.0 : 2e-3;
    EXPECT_LE(worst_error(dx, expected, kEpsilon<T>, least), 1) << s.rows << "x" << s.columns;
    if (operation == RowOperation::softmax) continue;
    EXPECT_LE(worst_error(dgamma, expected_gamma, 1e-3, 1e-2), 1) << s.rows << "x" << s.columns;
    if (operation == RowOperation::layer_norm) {
      EXPECT_LE(worst_error(dbeta, expected_beta, 1e-4, 1e-3), 1) << s.rows << "x" << s.columns;
    }
  }
}
TEST(NpuRowSweeps, GiveTheGradientOfRmsNorm) {
  expect_gradient<bfloat16_t, RowOperation::rms_norm>();
  expect_gradient<float, RowOperation::rms_norm>();
}
TEST(NpuRowSweeps, GiveTheGradientOfLayerNorm) {
  expect_gradient<bfloat16_t, RowOperation::layer_norm>();
  expect_gradient<float, RowOperation::layer_norm>();
}
TEST(NpuRowSweeps, GiveTheGradientOfSoftmax) {
  expect_gradient<bfloat16_t, RowOperation::softmax>();
  expect_gradient<float, RowOperation::softmax>();
}

}  // namespace
}  // namespace etalon::kernels::npu
