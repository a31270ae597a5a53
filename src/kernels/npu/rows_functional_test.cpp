// SPDX-License-Identifier: Apache-2.0
#include "kernels/npu/rows.h"
#include "kernels/npu/test_device.h"

namespace etalon::kernels::npu {
namespace {

template <class T>
constexpr double kEpsilon = std::is_same_v<T, half>         ? 1.0 / 1024
                            : std::is_same_v<T, bfloat16_t> ? 1.0 / 128
                                                            : 1e-5;

struct Shape {
  std::int64_t rows, columns;
  std::int32_t tile_rows;
};
const Shape kShapes[] = {{1, 1, 1},    {3, 64, 2},  {10, 100, 4}, {17, 1000, 3},
                         {5, 4096, 1}, {40, 7, 16}, {2, 5000, 1}};

template <class T, RowOperation operation>
void expect_rows() {
  for (const auto& s : kShapes) {
    TestDevice device;
    const std::int64_t n = s.rows * s.columns;
    T* x = device.random<T>(n, "x", 3.0);
    T* gamma = device.random<T>(s.columns, "gamma");
    T* beta = device.random<T>(s.columns, "beta");
    T* y = device.allocate_of<T>(n);
    RowTiling t;
    t.rows = s.rows, t.columns = t.in_pitch = t.out_pitch = s.columns, t.tile_rows = s.tile_rows;
    ASSERT_LE((row_tile_bytes<T, operation>(t.tile_rows, t.columns, 2)), test_costs().ub_size);
    const auto p = [](T* q) { return reinterpret_cast<GmAddress>(q); };
    run_functional(device, ascendc::KernelType::aiv, 5,
                   [&] { row_kernel<T, operation>(p(x), p(gamma), p(beta), p(y), t); });
    std::vector<double> expected(static_cast<std::size_t>(n));
    for (std::int64_t r = 0; r < s.rows; ++r) {
      const auto v = [&](std::int64_t c) {
        return static_cast<double>(static_cast<float>(x[r * s.columns + c]));
      };
      double most = -1e30, mean = 0, sum = 0, square = 0;
      for (std::int64_t c = 0; c < s.columns; ++c)
        most = std::max(most, v(c)), mean += v(c) / static_cast<double>(s.columns);
      if (operation != RowOperation::layer_norm) mean = 0;
      for (std::int64_t c = 0; c < s.columns; ++c) {
        sum += std::exp(v(c) - most);
        square += (v(c) - mean) * (v(c) - mean) / static_cast<double>(s.columns);
      }
      for (std::int64_t c = 0; c < s.columns; ++c) {
        double& e = expected[static_cast<std::size_t>(r * s.columns + c)];
        if (operation == RowOperation::softmax)
          e = std::exp(v(c) - most) / sum;
        else
          e = (v(c) - mean) / std::sqrt(square + 1e-6) * static_cast<float>(gamma[c]) +
              (operation == RowOperation::layer_norm ? static_cast<float>(beta[c]) : 0);
      }
    }
    EXPECT_LE(worst_error(y, expected, kEpsilon<T>, operation == RowOperation::softmax ? 1e-6 : 2e-4), 1)
        << s.rows << "x" << s.columns;
  }
}

TEST(NpuRows, NormalisesByTheRootMeanSquare) {
  expect_rows<half, RowOperation::rms_norm>();
  expect_rows<bfloat16_t, RowOperation::rms_norm>();
  expect_rows<float, RowOperation::rms_norm>();
}
TEST(NpuRows, NormalisesByMeanAndVariance) {
  expect_rows<half, RowOperation::layer_norm>();
  expect_rows<bfloat16_t, RowOperation::layer_norm>();
  expect_rows<float, RowOperation::layer_norm>();
}
TEST(NpuRows, ComputesTheSoftmaxOfEveryRow) {
  expect_rows<half, RowOperation::softmax>();
  expect_rows<bfloat16_t, RowOperation::softmax>();
  expect_rows<float, RowOperation::softmax>();
}

}  // namespace
}  // namespace etalon::kernels::npu
