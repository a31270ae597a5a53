// SPDX-License-Identifier: Apache-2.0
// Quantisation against double precision: scales to fp32, values to one step of the format.
#include "kernels/npu/quantise.h"
#include "kernels/npu/test_device.h"

namespace etalon::kernels::npu {
namespace {

struct Shape {
  std::int64_t rows, columns;
  std::int32_t tile_rows, chunk;
};
// Whole rows alone and several at a time, rows in pieces, blocks of 128.
const Shape kShapes[] = {
    {1, 1, 1, 64}, {9, 100, 1, 128}, {50, 128, 8, 1024}, {3, 5000, 1, 1024}, {20, 64, 16, 64}};

template <class T, class Q, bool per_tensor>
void expect_quantised() {
  for (const auto& s : kShapes) {
    TestDevice device;
    const std::int64_t n = s.rows * s.columns;
    T* x = device.random<T>(n, "x", 3.0);
    Q* q = device.allocate_of<Q>(n);
    float* scales = device.allocate_of<float>(per_tensor ? 1 : s.rows);
    QuantiseTiling t;
    t.rows = s.rows, t.columns = s.columns, t.tile_rows = s.tile_rows, t.chunk = s.chunk;
    const auto p = [](auto* a) { return reinterpret_cast<GmAddress>(a); };
    run_functional(device, ascendc::KernelType::aiv, 4,
                   [&] { quantise_kernel<T, Q, per_tensor>(p(x), p(q), p(scales), t); });
    const auto real = [&](std::int64_t i) { return static_cast<double>(static_cast<float>(x[i])); };
    double all = 0;
    for (std::int64_t i = 0; i < n; ++i) all = std::max(all, std::fabs(real(i)));
    double worst = 0;
    for (std::int64_t r = 0; r < s.rows; ++r) {
      double most = 0;
      for (std::int64_t c = 0; c < s.columns; ++c) most = std::max(most, std::fabs(real(r * s.columns + c)));
      if (per_tensor) most = all;
      const double scale = most / kLargestQuantised<Q>;
      EXPECT_NEAR(scales[per_tensor ? 0 : r] / scale, 1, 1e-5);
      for (std::int64_t c = 0; c < s.columns; ++c) {
        const std::int64_t i = r * s.columns + c;
        const double exact = real(i) / scale, got = static_cast<double>(static_cast<float>(q[i]));
        // int8: half a step, and the rounding to fp16 before; fp8: half of 2^-3 of the value.
        const double step = std::is_same_v<Q, std::int8_t> ? 0.54 : std::fabs(exact) / 15.9 + 1.1e-3;
        worst = std::max(worst, std::fabs(got - exact) / step);
      }
    }
    EXPECT_LE(worst, 1) << s.rows << "x" << s.columns;
  }
}
TEST(NpuQuantise, GivesEachRowAScale) {
  expect_quantised<bfloat16_t, std::int8_t, false>();
  expect_quantised<half, std::int8_t, false>();
  expect_quantised<bfloat16_t, fp8_e4m3fn_t, false>();
}
TEST(NpuQuantise, AgreesOnOneScaleForATensor) {
  expect_quantised<bfloat16_t, std::int8_t, true>();
  expect_quantised<float, fp8_e4m3fn_t, true>();
}

TEST(NpuSquareSum, AddsTheSquaresOfAnyTensor) {
  for (const std::int64_t n : {1, 100, 5000, 100001}) {
    TestDevice device;
    float *x = device.random<float>(n, "x"), *sum = device.allocate_of<float>(1);
    double expected = 0;
    for (std::int64_t i = 0; i < n; ++i) expected += static_cast<double>(x[i]) * x[i];
    run_functional(device, ascendc::KernelType::aiv, 4, [&] {
      square_sum_kernel<float>(reinterpret_cast<GmAddress>(x), reinterpret_cast<GmAddress>(sum), n, 1024);
    });
    EXPECT_NEAR(sum[0] / expected, 1, 1e-4) << n;
  }
}

}  // namespace
}  // namespace etalon::kernels::npu
