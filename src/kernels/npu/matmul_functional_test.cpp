// SPDX-License-Identifier: Apache-2.0
#include "kernels/npu/matmul.h"
#include "kernels/npu/test_device.h"

namespace etalon::kernels::npu {
namespace {

template <class T>
constexpr double kEpsilon = std::is_same_v<T, half>         ? 1.0 / 1024
                            : std::is_same_v<T, bfloat16_t> ? 1.0 / 128
                                                            : 3e-6;

struct Shape {
  std::int64_t m, n, k;
};

MatmulTiling tiling_of(const Shape& s, bool trans_a, bool trans_b) {
  MatmulTiling t;
  t.m = s.m, t.n = s.n, t.k = s.k;
  t.lda = trans_a ? s.m : s.k;
  t.ldb = trans_b ? s.k : s.n;
  t.ldc = s.n;
  t.base_m = t.single_m = 64;
  t.base_n = t.single_n = 96;
  t.base_k = 64;
  t.step_ka = t.step_kb = 2;
  return t;
}

// Runs C = op(A) op(B) and returns the worst error against a double-precision product.
template <class T, class O, bool transA, bool transB>
double error_of(const MatmulTiling& t, int blocks = 4) {
  TestDevice device;
  T* a = device.random<T>(t.m * t.k, "a");
  T* b = device.random<T>(t.k * t.n, "b");
  O* c = device.allocate_of<O>(t.m * t.n);
  run_functional(device, ascendc::KernelType::aic, blocks, [&] {
    matmul_kernel<T, O, transA, transB>(reinterpret_cast<GM_ADDR>(a), reinterpret_cast<GM_ADDR>(b),
                                        reinterpret_cast<GM_ADDR>(c), t);
  });
  std::vector<double> expected(static_cast<std::size_t>(t.m * t.n));
  double size = 1;
  for (std::int64_t i = 0; i < t.m; ++i) {
    for (std::int64_t j = 0; j < t.n; ++j) {
      double sum = 0;
      for (std::int64_t k = 0; k < t.k; ++k) {
        const auto x = static_cast<float>(transA ? a[k * t.lda + i] : a[i * t.lda + k]);
        const auto y = static_cast<float>(transB ? b[j * t.ldb + k] : b[k * t.ldb + j]);
        sum += static_cast<double>(x) * y;
      }
      expected[static_cast<std::size_t>(i * t.n + j)] =
          sum * (std::is_same_v<T, std::int8_t> && std::is_same_v<O, half> ? t.scale : 1);
      size = std::max(size, std::fabs(sum));
    }
  }
  if (std::is_same_v<O, std::int32_t>) return worst_error(c, expected, 1e-7, 0.5);
  return worst_error(c, expected, kEpsilon<O>,
                     std::is_same_v<O, half> && std::is_same_v<T, std::int8_t>
                         ? 1e-3
                         : 3e-6 * std::sqrt(static_cast<double>(t.k)) * 30);
}

template <class T, class O>
void expect_all_transposes(const Shape& s) {
  EXPECT_LE((error_of<T, O, false, false>(tiling_of(s, false, false))), 1)
      << s.m << "x" << s.n << "x" << s.k << " NN";
  EXPECT_LE((error_of<T, O, false, true>(tiling_of(s, false, true))), 1)
      << s.m << "x" << s.n << "x" << s.k << " NT";
  EXPECT_LE((error_of<T, O, true, false>(tiling_of(s, true, false))), 1)
      << s.m << "x" << s.n << "x" << s.k << " TN";
  EXPECT_LE((error_of<T, O, true, true>(tiling_of(s, true, true))), 1)
      << s.m << "x" << s.n << "x" << s.k << " TT";
}

const Shape kShapes[] = {{16, 16, 16},  {128, 192, 256}, {1, 1, 1},     {1, 100, 37},
                         {65, 97, 129}, {200, 33, 70},   {17, 300, 500}};

TEST(NpuMatmul, MultipliesHalfInAllTransposesAndRaggedShapes) {
  for (const auto& s : kShapes) expect_all_transposes<half, half>(s);
}
TEST(NpuMatmul, MultipliesBfloat16InAllTransposesAndRaggedShapes) {
  for (const auto& s : kShapes) expect_all_transposes<bfloat16_t, bfloat16_t>(s);
}
TEST(NpuMatmul, MultipliesHalfIntoFloat) {
  for (const auto& s : kShapes) expect_all_transposes<half, float>(s);
}
TEST(NpuMatmul, MultipliesFloatInAllTransposesAndRaggedShapes) {
  for (const auto& s : kShapes) expect_all_transposes<float, float>(s);
}
TEST(NpuMatmul, MultipliesInt8ExactlyInAllTransposesAndRaggedShapes) {
  for (const auto& s : kShapes) expect_all_transposes<std::int8_t, std::int32_t>(s);
}
TEST(NpuMatmul, DequantisesInt8ProductsToHalf) {
  MatmulTiling t = tiling_of({70, 90, 130}, false, true);
  t.scale = 1.0f / 4096;
  EXPECT_LE((error_of<std::int8_t, half, false, true>(t)), 1);
}

TEST(NpuMatmul, GivesTheSameNumbersForEveryWayToCutTheWork) {
  const Shape s{300, 400, 700};
  for (int variant = 0; variant < 6; ++variant) {
    MatmulTiling t = tiling_of(s, false, false);
    if (variant == 1) t.single_m = 128, t.single_n = 288;  // blocks of several tiles
    if (variant == 2) t.step_ka = 1, t.step_kb = 4, t.buffers_a = 1, t.buffers_b = 1;
    if (variant == 3) t.swizzle = 3, t.n_first = false;
    if (variant == 4)
      t.base_m = 128, t.base_n = 256, t.single_m = 128, t.single_n = 256, t.step_ka = 8;  // one L0C buffer
    if (variant == 5) t.unit_flag = false, t.base_m = t.single_m = 128, t.base_n = t.single_n = 256;
    EXPECT_LE((error_of<half, half, false, false>(t, variant == 0 ? 1 : 5)), 1) << "variant " << variant;
  }
}

TEST(NpuMatmul, AddsTheSharesOfSplitK) {
  MatmulTiling t = tiling_of({40, 50, 1000}, false, false);
  t.split_k = 5;
  EXPECT_LE((error_of<half, float, false, false>(t, 8)), 1);
}

}  // namespace
}  // namespace etalon::kernels::npu
