// SPDX-License-Identifier: Apache-2.0
#include "kernels/npu/matmul.h"
#include "kernels/npu/matmul_sum.h"
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
  t.trans_a = trans_a, t.trans_b = trans_b;
  t.lda = trans_a ? s.m : s.k;
  t.ldb = trans_b ? s.k : s.n;
  t.ldc = s.n;
  t.base_m = 64;
  t.base_n = 96;
  t.base_k = 64;
  t.step_ka = t.step_kb = 2;
  return t;
}

template <class T>
double value(const T* p, std::int64_t i) {
  return static_cast<double>(static_cast<float>(p[i]));
}

// op(A) op(B) in double precision from row-major operands.
template <class T>
std::vector<double> product(const MatmulTiling& t, const T* a, const T* b) {
  std::vector<double> out(static_cast<std::size_t>(t.m * t.n));
  for (std::int64_t i = 0; i < t.m; ++i) {
    for (std::int64_t j = 0; j < t.n; ++j) {
      double sum = 0;
      for (std::int64_t k = 0; k < t.k; ++k)
        sum += value(a, t.trans_a ? k * t.lda + i : i * t.lda + k) *
               value(b, t.trans_b ? j * t.ldb + k : k * t.ldb + j);
      out[static_cast<std::size_t>(i * t.n + j)] = sum;
    }
  }
  return out;
}

template <class O>
double worst_product_error(const O* c, const std::vector<double>& expected, std::int64_t k) {
  if (std::is_same_v<O, std::int32_t>) return worst_error(c, expected, 1e-7, 0.5);
  return worst_error(c, expected, kEpsilon<O>, 1e-4 * std::sqrt(static_cast<double>(k)));
}

// Runs C = op(A) op(B) and returns the worst error against a double-precision product.
template <class T, class O>
double error_of(const MatmulTiling& t, int blocks = 4) {
  TestDevice device;
  T* a = device.random<T>(t.m * t.k, "a");
  T* b = device.random<T>(t.k * t.n, "b");
  O* c = device.allocate_of<O>(t.m * t.n);
  run_functional(device, ascendc::KernelType::aic, blocks, [&] {
    matmul_kernel<T, O>(reinterpret_cast<GM_ADDR>(a), reinterpret_cast<GM_ADDR>(b),
                        reinterpret_cast<GM_ADDR>(c), t);
  });
  std::vector<double> expected = product(t, a, b);
  if constexpr (std::is_same_v<T, std::int8_t> && std::is_same_v<O, half>) {
    for (double& e : expected) e *= t.scale;
    return worst_error(c, expected, kEpsilon<O>, 1e-3);
  }
  return worst_product_error(c, expected, t.k);
}

template <class T, class O>
void expect_all_transposes(const Shape& s) {
  for (const bool a : {false, true}) {
    for (const bool b : {false, true}) {
      EXPECT_LE((error_of<T, O>(tiling_of(s, a, b))), 1)
          << s.m << "x" << s.n << "x" << s.k << (a ? " T" : " N") << (b ? "T" : "N");
    }
  }
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
TEST(NpuMatmul, MultipliesFp8InAllTransposesAndRaggedShapes) {
  for (const auto& s : kShapes) expect_all_transposes<fp8_e4m3fn_t, bfloat16_t>(s);
}
TEST(NpuMatmul, DequantisesInt8ProductsToHalf) {
  MatmulTiling t = tiling_of({70, 90, 130}, false, true);
  t.scale = 1.0f / 4096;
  EXPECT_LE((error_of<std::int8_t, half>(t)), 1);
}

TEST(NpuMatmul, GivesTheSameNumbersForEveryWayToCutTheWork) {
  const Shape s{300, 400, 700};
  for (int variant = 0; variant < 9; ++variant) {
    MatmulTiling t = tiling_of(s, false, false);
    if (variant == 1) t.single_m = 128, t.single_n = 288;  // blocks of several tiles
    if (variant == 2) t.step_ka = 1, t.step_kb = 4, t.buffers_a = 1, t.buffers_b = 1;
    if (variant == 3) t.n_first = false, t.tiles_n_first = true, t.single_m = 128, t.single_n = 192;
    if (variant == 4) t.base_m = 128, t.base_n = 256, t.step_ka = 8;  // one L0C buffer
    if (variant == 5) t.unit_flag = false, t.base_m = 128, t.base_n = 256;
    if (variant == 6) t.swizzle = 3;
    if (variant == 7) t.swizzle = 2, t.swizzle_rows = false, t.serpentine = true;
    if (variant == 8) {  // A of a strip of rows stays in L1
      t.a_resident = t.tiles_n_first = true;
      t.single_m = 64, t.single_n = 288, t.step_ka = 6;
    }
    EXPECT_LE((error_of<half, half>(t, variant == 0 ? 1 : 5)), 1) << "variant " << variant;
  }
}
TEST(NpuMatmul, ResidentAThatDoesNotFitIsOneClearError) {
  MatmulTiling t = tiling_of({64, 96, 1000}, false, false);
  t.a_resident = true;
  TestDevice device;
  auto* x = reinterpret_cast<GM_ADDR>(device.allocate(1 << 20));
  ascendc::LaunchOptions options;
  options.type = ascendc::KernelType::aic;
  const auto result = ascendc::launch(device, options, [&] { matmul_kernel<half, half>(x, x, x, t); });
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, "kernel.resident");
}

TEST(NpuMatmul, AddsSlicesOfKInMemory) {
  MatmulTiling t = tiling_of({150, 200, 1000}, false, false);
  t.k_slices = 3;
  EXPECT_LE((error_of<half, float>(t, 5)), 1);
}

TEST(NpuMatmul, AddsToWhatIsInMemoryIfAsked) {
  MatmulTiling t = tiling_of({70, 130, 200}, true, false);
  t.accumulate = true;
  TestDevice device;
  half *a = device.random<half>(t.m * t.k, "a"), *b = device.random<half>(t.k * t.n, "b");
  float* c = device.random<float>(t.m * t.n, "c");
  std::vector<double> expected = product(t, a, b);
  for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += c[i];
  run_functional(device, ascendc::KernelType::aic, 4, [&] {
    matmul_kernel<half, float>(reinterpret_cast<GM_ADDR>(a), reinterpret_cast<GM_ADDR>(b),
                               reinterpret_cast<GM_ADDR>(c), t);
  });
  EXPECT_LE(worst_product_error(c, expected, t.k), 1);
}

// A row-major matrix in fractals: columns of 32 bytes, `padded` rows each; beyond the matrix zero.
template <class T>
T* fractals(TestDevice& device, const T* from, std::int64_t rows, std::int64_t columns, std::int64_t padded) {
  const std::int64_t c0 = 32 / static_cast<std::int64_t>(sizeof(T)),
                     count = matmul_detail::ceil_div(columns, c0);
  T* to = device.allocate_of<T>(count * padded * c0);
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < columns; ++c)
      to[(c / c0 * padded + r) * c0 + c % c0] = from[r * columns + c];
  }
  return to;
}
template <class T, class O>
double fractal_error(const Shape& s) {
  const MatmulTiling plain = tiling_of(s, false, false);
  MatmulTiling t = plain;
  t.nz_a = t.nz_b = true;
  t.lda = matmul_detail::align(s.m, 32), t.ldb = matmul_detail::align(s.k, 32);
  TestDevice device;
  const T *a = device.random<T>(s.m * s.k, "a"), *b = device.random<T>(s.k * s.n, "b");
  T *a_nz = fractals(device, a, s.m, s.k, t.lda), *b_nz = fractals(device, b, s.k, s.n, t.ldb);
  O* c = device.allocate_of<O>(s.m * s.n);
  run_functional(device, ascendc::KernelType::aic, 3, [&] {
    matmul_kernel<T, O>(reinterpret_cast<GM_ADDR>(a_nz), reinterpret_cast<GM_ADDR>(b_nz),
                        reinterpret_cast<GM_ADDR>(c), t);
  });
  return worst_product_error(c, product(plain, a, b), s.k);
}
TEST(NpuMatmul, TakesOperandsStoredInFractals) {
  for (const auto& s : kShapes) {
    EXPECT_LE((fractal_error<half, half>(s)), 1) << s.m << "x" << s.n << "x" << s.k;
    EXPECT_LE((fractal_error<std::int8_t, std::int32_t>(s)), 1) << s.m << "x" << s.n << "x" << s.k;
  }
}

// Through the vector cores: shares of K added up, int32 sums scaled per row and column.
template <class T, class O>
double sum_error(const Shape& s, int split, int slices, int blocks) {
  using Acc = typename matmul_detail::Accumulator<T>::type;
  MatmulTiling t = tiling_of(s, false, true);
  t.split_k = split, t.k_slices = slices;
  t.sum_rows = 3, t.sum_columns = 128;
  TestDevice device;
  T *a = device.random<T>(s.m * s.k, "a"), *b = device.random<T>(s.k * s.n, "b");
  float *rows = device.random<float>(s.m, "rows", 1e-2),
        *columns = device.random<float>(s.n, "columns", 1e-2);
  Acc* workspace = device.allocate_of<Acc>(split * s.m * s.n);
  O* c = device.allocate_of<O>(s.m * s.n);
  run_functional(device, ascendc::KernelType::mix_1_2, blocks, [&] {
    matmul_sum_kernel<T, O>(reinterpret_cast<GM_ADDR>(a), reinterpret_cast<GM_ADDR>(b),
                            reinterpret_cast<GM_ADDR>(c), reinterpret_cast<GM_ADDR>(workspace),
                            reinterpret_cast<GM_ADDR>(rows), reinterpret_cast<GM_ADDR>(columns), t);
  });
  std::vector<double> expected = product(t, a, b);
  if (std::is_same_v<T, std::int8_t>) {
    for (std::int64_t i = 0; i < s.m * s.n; ++i)
      expected[static_cast<std::size_t>(i)] *= static_cast<double>(rows[i / s.n]) * columns[i % s.n];
  }
  return worst_product_error(c, expected, s.k);
}
TEST(NpuMatmul, AddsTheSharesOfSplitKOnTheVectorCores) {
  EXPECT_LE((sum_error<half, half>({40, 50, 1000}, 5, 1, 8)), 1);
  EXPECT_LE((sum_error<half, float>({100, 300, 500}, 2, 2, 3)), 1);
  EXPECT_LE((sum_error<bfloat16_t, bfloat16_t>({7, 130, 200}, 9, 1, 4)),
            1);  // more shares than steps
}
TEST(NpuMatmul, DequantisesPerRowAndColumnOnTheVectorCores) {
  EXPECT_LE((sum_error<std::int8_t, bfloat16_t>({70, 90, 130}, 1, 1, 4)), 1);
  EXPECT_LE((sum_error<std::int8_t, half>({33, 257, 640}, 4, 1, 6)), 1);
}

// Groups of rows, each with a matrix of its own.
template <class T, class O>
double grouped_error(const std::vector<std::int32_t>& rows, std::int64_t n, std::int64_t k, bool trans_b) {
  std::int64_t m = 0;
  for (const auto r : rows) m += r;
  MatmulTiling t = tiling_of({m, n, k}, false, trans_b);
  t.groups = static_cast<std::int32_t>(rows.size());
  TestDevice device;
  const auto groups = static_cast<std::int64_t>(rows.size());
  T *a = device.random<T>(m * k, "a"), *b = device.random<T>(groups * n * k, "b");
  O* c = device.allocate_of<O>(m * n);
  auto* list = device.allocate_of<std::int32_t>(groups, 0, ascendc::Content::control);
  std::copy(rows.begin(), rows.end(), list);
  run_functional(device, ascendc::KernelType::aic, 7, [&] {
    grouped_matmul_kernel<T, O>(reinterpret_cast<GM_ADDR>(a), reinterpret_cast<GM_ADDR>(b),
                                reinterpret_cast<GM_ADDR>(c), reinterpret_cast<GM_ADDR>(list), t);
  });
  std::vector<double> expected;
  std::int64_t row = 0;
  for (std::int64_t g = 0; g < groups; ++g) {
    MatmulTiling one = t;
    one.m = rows[static_cast<std::size_t>(g)];
    const auto part = product(one, a + row * k, b + g * n * k);
    expected.insert(expected.end(), part.begin(), part.end());
    row += one.m;
  }
  return worst_product_error(c, expected, k);
}
TEST(NpuGroupedMatmul, MultipliesEachGroupByItsOwnMatrixWithSkewAndEmptyGroups) {
  const std::vector<std::int32_t> even = {64, 64, 64}, skewed = {0, 1, 200, 0, 0, 17, 3, 90, 0},
                                  one = {0, 0, 5};
  for (const auto& rows : {even, skewed, one}) {
    for (const bool trans_b : {false, true}) {
      EXPECT_LE((grouped_error<half, half>(rows, 200, 130, trans_b)), 1);
      EXPECT_LE((grouped_error<bfloat16_t, bfloat16_t>(rows, 100, 70, trans_b)), 1);
      EXPECT_LE((grouped_error<std::int8_t, std::int32_t>(rows, 96, 160, trans_b)), 1);
    }
  }
}
TEST(NpuGroupedMatmul, MoreGroupsThanItTakesAreOneClearError) {
  MatmulTiling t = tiling_of({16, 16, 16}, false, true);
  t.groups = 1025;
  TestDevice device;
  auto* x = reinterpret_cast<GM_ADDR>(device.allocate(1 << 20));
  ascendc::LaunchOptions options;
  options.type = ascendc::KernelType::aic;
  const auto result =
      ascendc::launch(device, options, [&] { grouped_matmul_kernel<half, half>(x, x, x, x, t); });
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, "kernel.groups");
}

}  // namespace
}  // namespace etalon::kernels::npu
