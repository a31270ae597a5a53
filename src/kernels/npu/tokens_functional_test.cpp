// SPDX-License-Identifier: Apache-2.0
#include <numeric>

#include "kernels/npu/cross_entropy.h"
#include "kernels/npu/gather_rows.h"
#include "kernels/npu/rope.h"
#include "kernels/npu/test_device.h"
#include "kernels/npu/top_k.h"
#include "kernels/npu/transpose.h"

namespace etalon::kernels::npu {
namespace {

template <class T>
GmAddress address(T* p) {
  return reinterpret_cast<GmAddress>(p);
}

template <class T>
void expect_rope(std::int64_t tokens, std::int64_t heads, std::int64_t dim) {
  TestDevice device;
  const std::int64_t n = tokens * heads * dim;
  T* x = device.random<T>(n, "x");
  T* y = device.allocate_of<T>(n);
  float* cosine = device.allocate_of<float>(tokens * dim / 2);
  float* sine = device.allocate_of<float>(tokens * dim / 2);
  for (std::int64_t i = 0; i < tokens * dim / 2; ++i)
    cosine[i] = std::cos(static_cast<float>(i)), sine[i] = std::sin(static_cast<float>(i));
  RopeTiling t;
  t.tokens = tokens, t.heads = heads, t.dim = dim, t.pitch = heads * dim;
  run_functional(device, ascendc::KernelType::aiv, 5,
                 [&] { rope_kernel<T>(address(x), address(cosine), address(sine), address(y), t); });
  std::vector<double> expected;
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t token = i / t.pitch, d = i % dim, h = dim / 2, a = token * h + d % h;
    const double self = static_cast<float>(x[i]), other = static_cast<float>(x[d < h ? i + h : i - h]);
    expected.push_back(self * cosine[a] + (d < h ? -other : other) * sine[a]);
  }
  EXPECT_LE(worst_error(y, expected,
                        sizeof(T) == 4            ? 1e-6
                        : std::is_same_v<T, half> ? 1e-3
                                                  : 8e-3,
                        1e-5),
            1)
      << tokens << " " << heads << " " << dim;
}

TEST(NpuRope, TurnsPairsOfEveryHead) {
  expect_rope<half>(7, 4, 128);
  expect_rope<bfloat16_t>(3, 1, 64);
  expect_rope<float>(9, 2, 256);
  expect_rope<half>(2, 3, 16);
}

TEST(NpuGatherRows, LooksUpEmbeddingsOfAnyWidth) {
  for (std::int64_t columns : {1, 16, 100, 4096}) {
    TestDevice device;
    const std::int64_t rows = 61, table = 17;
    bfloat16_t* x = device.random<bfloat16_t>(table * columns, "table");
    auto* index = device.allocate_of<std::int32_t>(rows, 0, ascendc::Content::control);
    bfloat16_t* y = device.allocate_of<bfloat16_t>(rows * columns);
    for (std::int64_t i = 0; i < rows; ++i) index[i] = static_cast<std::int32_t>(i * 7 % table);
    GatherTiling t;
    t.rows = rows, t.columns = columns;
    run_functional(device, ascendc::KernelType::aiv, 6,
                   [&] { gather_rows_kernel<bfloat16_t>(address(x), address(index), address(y), t); });
    for (std::int64_t i = 0; i < rows * columns; ++i)
      EXPECT_EQ(y[i].bits(), x[index[i / columns] * columns + i % columns].bits());
  }
}

TEST(NpuGatherRows, CombinesTheRowsOfSeveralExpertsByWeight) {
  TestDevice device;
  const std::int64_t tokens = 33, columns = 200;
  const int k = 3;
  half* x = device.random<half>(tokens * k * columns, "x");
  float* weight = device.random<float>(tokens * k, "w");
  auto* index = device.allocate_of<std::int32_t>(tokens * k, 0, ascendc::Content::control);
  half* y = device.allocate_of<half>(tokens * columns);
  for (std::int64_t i = 0; i < tokens * k; ++i) index[i] = static_cast<std::int32_t>(i * 5 % (tokens * k));
  GatherTiling t;
  t.rows = tokens, t.columns = columns, t.choices = k;
  run_functional(device, ascendc::KernelType::aiv, 4, [&] {
    combine_rows_kernel<half>(address(x), address(index), address(weight), address(y), t);
  });
  std::vector<double> expected(static_cast<std::size_t>(tokens * columns));
  for (std::int64_t i = 0; i < tokens * columns; ++i) {
    for (int j = 0; j < k; ++j) {
      const std::int64_t p = i / columns * k + j;
      expected[static_cast<std::size_t>(i)] +=
          static_cast<double>(weight[p]) * static_cast<float>(x[index[p] * columns + i % columns]);
    }
  }
  EXPECT_LE(worst_error(y, expected, 1e-3, 1e-5), 1);
}

TEST(NpuCrossEntropy, SumsOverAnyVocabularyInChunks) {
  for (std::int64_t columns : {1, 100, 1024, 5001}) {
    TestDevice device;
    const std::int64_t rows = 19;
    bfloat16_t* x = device.random<bfloat16_t>(rows * columns, "x", 4.0);
    auto* labels = device.allocate_of<std::int32_t>(rows, 0, ascendc::Content::control);
    float* loss = device.allocate_of<float>(rows);
    CrossEntropyTiling t;
    t.rows = rows, t.columns = t.pitch = columns, t.chunk = 1024;
    std::vector<double> expected;
    for (std::int64_t r = 0; r < rows; ++r) {
      labels[r] = static_cast<std::int32_t>(r * 131 % columns);
      double sum = 0;
      for (std::int64_t c = 0; c < columns; ++c)
        sum += std::exp(static_cast<double>(static_cast<float>(x[r * columns + c])));
      expected.push_back(std::log(sum) - static_cast<float>(x[r * columns + labels[r]]));
    }
    run_functional(device, ascendc::KernelType::aiv, 4,
                   [&] { cross_entropy_kernel<bfloat16_t>(address(x), address(labels), address(loss), t); });
    EXPECT_LE(worst_error(loss, expected, 1e-5, 1e-5), 1) << columns;
  }
}

TEST(NpuGatherRows, ScattersRowsBackAndAddsThoseOfOneIndex) {
  const std::int64_t rows = 50, columns = 130, table = 7;
  TestDevice device;
  float* x = device.random<float>(rows * columns, "x");
  auto* index = device.allocate_of<std::int32_t>(rows);
  float* y = device.allocate_of<float>(table * columns);
  std::vector<double> expected(static_cast<std::size_t>(table * columns));
  for (std::int64_t i = 0; i < rows; ++i) {
    index[i] = static_cast<std::int32_t>(i * 5 % table);
    for (std::int64_t c = 0; c < columns; ++c)
      expected[static_cast<std::size_t>(index[i] * columns + c)] += x[i * columns + c];
  }
  GatherTiling t;
  t.rows = rows, t.columns = columns, t.chunk = 64;
  const auto p = [](auto* q) { return reinterpret_cast<GmAddress>(q); };
  run_functional(device, ascendc::KernelType::aiv, 4,
                 [&] { scatter_rows_kernel<float>(p(x), p(index), p(y), t); });
  EXPECT_LE(worst_error(y, expected, 1e-5, 1e-5), 1);
}

TEST(NpuCrossEntropy, GivesTheGradientOfAnyVocabulary) {
  for (const std::int64_t columns : {3, 1000, 9001}) {
    const std::int64_t rows = 6;
    TestDevice device;
    auto* x = device.random<bfloat16_t>(rows * columns, "x", 2.0);
    auto* labels = device.allocate_of<std::int32_t>(rows);
    float* log_sum = device.allocate_of<float>(rows);
    auto* dx = device.allocate_of<bfloat16_t>(rows * columns);
    std::vector<double> expected;
    const auto real = [&](std::int64_t i) { return static_cast<double>(static_cast<float>(x[i])); };
    for (std::int64_t r = 0; r < rows; ++r) {
      labels[r] = static_cast<std::int32_t>(r * 37 % columns);
      double sum = 0;
      for (std::int64_t c = 0; c < columns; ++c) sum += std::exp(real(r * columns + c));
      log_sum[r] = static_cast<float>(std::log(sum));
      for (std::int64_t c = 0; c < columns; ++c)
        expected.push_back(0.25 * (std::exp(real(r * columns + c)) / sum - (c == labels[r] ? 1 : 0)));
    }
    CrossEntropyTiling t;
    t.rows = rows, t.columns = t.pitch = columns, t.chunk = 512, t.scale = 0.25f;
    const auto p = [](auto* q) { return reinterpret_cast<GmAddress>(q); };
    run_functional(device, ascendc::KernelType::aiv, 4,
                   [&] { cross_entropy_gradient_kernel<bfloat16_t>(p(x), p(labels), p(log_sum), p(dx), t); });
    EXPECT_LE(worst_error(dx, expected, 1.0 / 128, 1e-6), 1) << columns;
  }
}

TEST(NpuTopK, ChoosesTheLargestExpertsInOrder) {
  for (std::int64_t experts : {1, 8, 60, 64, 128, 256, 512}) {
    for (bool normalise : {true, false}) {
      TestDevice device;
      const std::int64_t tokens = 21;
      TopKTiling t;
      t.tokens = tokens, t.experts = experts,
      t.k = static_cast<std::int32_t>(std::min<std::int64_t>(experts, 6)), t.normalise = normalise;
      float* scores = device.random<float>(tokens * experts, "scores", 2.0);
      float* weights = device.allocate_of<float>(tokens * t.k);
      auto* chosen = device.allocate_of<std::int32_t>(tokens * t.k);
      run_functional(device, ascendc::KernelType::aiv, 3,
                     [&] { top_k_kernel(address(scores), address(weights), address(chosen), t); });
      std::vector<double> expected;
      for (std::int64_t i = 0; i < tokens; ++i) {
        std::vector<int> order(static_cast<std::size_t>(experts));
        std::iota(order.begin(), order.end(), 0);
        const float* s = scores + i * experts;
        std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return s[a] > s[b]; });
        double all = 0, top = 0;
        for (std::int64_t e = 0; e < experts; ++e) all += std::exp(s[e]);
        for (int j = 0; j < t.k; ++j) top += std::exp(s[order[static_cast<std::size_t>(j)]]);
        for (int j = 0; j < t.k; ++j) {
          EXPECT_EQ(chosen[i * t.k + j], order[static_cast<std::size_t>(j)]) << experts;
          expected.push_back(std::exp(s[order[static_cast<std::size_t>(j)]]) / (normalise ? top : all));
        }
      }
      EXPECT_LE(worst_error(weights, expected, 1e-5, 1e-7), 1) << experts;
    }
  }
}

TEST(NpuTranspose, TurnsMatricesOfAnyShape) {
  for (const auto& [rows, columns] :
       {std::pair<std::int64_t, std::int64_t>{1, 1}, {16, 16}, {100, 300}, {257, 33}, {128, 256}}) {
    TestDevice device;
    half* x = device.random<half>(rows * columns, "x");
    half* y = device.allocate_of<half>(rows * columns);
    const TransposeTiling t{rows, columns};
    run_functional(device, ascendc::KernelType::aiv, 4,
                   [&] { transpose_kernel<half>(address(x), address(y), t); });
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t c = 0; c < columns; ++c)
        ASSERT_EQ(y[c * rows + r].bits(), x[r * columns + c].bits()) << r << " " << c;
    }
  }
}

}  // namespace
}  // namespace etalon::kernels::npu
