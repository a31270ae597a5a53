// SPDX-License-Identifier: Apache-2.0
// Sorting and quantisation libraries against the standard library and double precision.
#include <algorithm>
#include <numeric>

#include "ascendc/families_for_test.h"

namespace etalon::ascendc {
namespace {

using namespace AscendC;

// Positions of x, largest first.
template <class T>
std::vector<std::uint32_t> order_of(const std::vector<T>& x, std::size_t first, std::size_t n,
                                    bool largest = true) {
  std::vector<std::uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    const float p = static_cast<float>(x[first + a]), q = static_cast<float>(x[first + b]);
    return largest ? p > q : p < q;
  });
  return order;
}

template <class T>
void expect_sorted(std::uint32_t n) {
  const auto x = random_values<T>(n, -100, 100, n);
  std::vector<std::uint32_t> index(n);
  for (std::uint32_t i = 0; i < n; ++i) index[i] = 1000 + i;
  LibraryRun run;
  run.in(x).in(index).template out<T>(n).template out<std::uint32_t>(n);
  run.template out<T>(GetSortLen<T>(n))
      .template out<T>(GetSortLen<T>(n))
      .template out<T>(n)
      .template out<std::uint32_t>(n);
  run.go([&](LibraryRun& r) {
    LocalTensor<T> concat, tmp = r.at<T>(5);
    const auto repeats = static_cast<std::int32_t>(n / 32);
    Concat(concat, r.at<T>(0), tmp, static_cast<std::int32_t>(n / 16));
    Sort<T, false>(r.at<T>(4), concat, r.at<std::uint32_t>(1), tmp, repeats);
    Extract(r.at<T>(6), r.at<std::uint32_t>(7), r.at<T>(4), repeats);
    Sort<T, true>(r.at<T>(4), concat, r.at<std::uint32_t>(1), tmp, repeats);
    Extract(r.at<T>(2), r.at<std::uint32_t>(3), r.at<T>(4), repeats);
  });
  const auto order = order_of(x, 0, n);
  for (std::uint32_t i = 0; i < n; ++i) {
    ASSERT_EQ(run.template result<T>(2)[i], x[order[i]]) << i << " of " << n;
    ASSERT_EQ(run.template result<std::uint32_t>(3)[i], 1000 + order[i]) << i << " of " << n;
    const auto piece = order_of(x, i / 32 * 32, 32);
    ASSERT_EQ(run.template result<T>(6)[i], x[i / 32 * 32 + piece[i % 32]]);
    ASSERT_EQ(run.template result<std::uint32_t>(7)[i], 1000 + i / 32 * 32 + piece[i % 32]);
  }
}
TEST(SortLibrary, SortsAnyNumberOfThirtyTwos) {
  COVERS("Sort", "Concat", "Extract", "GetSortLen");
  for (const std::uint32_t n : {32u, 64u, 128u, 160u, 512u, 544u, 2080u}) {
    expect_sorted<float>(n);
    expect_sorted<half>(n);
  }
}

template <class T>
void expect_merged() {
  constexpr std::uint32_t n = 96;
  const auto x = random_values<T>(n, -10, 10);
  std::vector<std::uint32_t> index(n);
  std::iota(index.begin(), index.end(), 0u);
  LibraryRun run;
  const std::uint32_t len = GetSortLen<T>(n);
  run.in(x)
      .in(index)
      .template out<T>(len)
      .template out<T>(len)
      .template out<T>(n)
      .template out<std::uint32_t>(n);
  std::uint32_t merged[4] = {};
  run.go([&](LibraryRun& r) {
    LocalTensor<T> pairs = r.at<T>(2), tmp = r.at<T>(3);
    Sort<T, false>(pairs, r.at<T>(0), r.at<std::uint32_t>(1), tmp, 3);
    const MrgSortSrcList<T> lists(pairs, pairs[GetSortOffset<T>(32)], pairs[GetSortOffset<T>(64)], pairs);
    const std::uint16_t lengths[4] = {32, 32, 32, 0};
    MrgSort<T>(tmp, lists, lengths, merged, 7, 1);
    Extract(r.at<T>(4), r.at<std::uint32_t>(5), tmp, 3);
  });
  const auto order = order_of(x, 0, n);
  for (std::uint32_t i = 0; i < n; ++i) {
    EXPECT_EQ(run.template result<T>(4)[i], x[order[i]]);
    EXPECT_EQ(run.template result<std::uint32_t>(5)[i], order[i]);
  }
  for (int l = 0; l < 3; ++l) EXPECT_EQ(merged[l], 32u);
}
TEST(SortLibrary, MergesListsAndSaysHowManyOfEach) {
  COVERS("MrgSort", "GetSortOffset");
  expect_merged<float>();
  expect_merged<half>();
}

template <class T>
void expect_top(std::int32_t rows, std::int32_t inner, std::int32_t n, std::int32_t k, bool largest) {
  const auto x = random_values<T>(static_cast<std::size_t>(rows * inner), -100, 100, 5);
  const auto up = [](std::int32_t v, std::int32_t unit) { return (v + unit - 1) / unit * unit; };
  const std::int32_t value_pitch = up(k, 32 / sizeof(T)), index_pitch = up(k, 8);
  std::vector<std::int32_t> given(static_cast<std::size_t>(inner));
  for (std::int32_t i = 0; i < inner; ++i) given[static_cast<std::size_t>(i)] = 5000 - i;
  LibraryRun run;
  run.in(x).in(given);
  for (int twice = 0; twice < 2; ++twice)
    run.template out<T>(static_cast<std::size_t>(rows * value_pitch))
        .template out<std::int32_t>(static_cast<std::size_t>(rows * index_pitch));
  run.go([&](LibraryRun& r) {
    const TopKInfo info{rows, inner, n};
    TopK<T, true>(r.at<T>(2), r.at<std::int32_t>(3), r.at<T>(0), r.at<std::int32_t>(1), LocalTensor<bool>(),
                  k, TopkTiling(), info, largest);
    TopK<T>(r.at<T>(4), r.at<std::int32_t>(5), r.at<T>(0), LocalTensor<std::int32_t>(), LocalTensor<bool>(),
            k, TopkTiling(), info, largest);
  });
  for (std::int32_t row = 0; row < rows; ++row) {
    const auto first = static_cast<std::size_t>(row * inner);
    const auto order = order_of(x, first, static_cast<std::size_t>(n), largest);
    for (std::int32_t i = 0; i < k; ++i) {
      const auto o = order[static_cast<std::size_t>(i)];
      const auto v = static_cast<std::size_t>(row * value_pitch + i),
                 j = static_cast<std::size_t>(row * index_pitch + i);
      ASSERT_EQ(run.template result<T>(2)[v], x[first + o]) << row << " " << i;
      ASSERT_EQ(run.template result<T>(4)[v], x[first + o]) << row << " " << i;
      ASSERT_EQ(run.template result<std::int32_t>(3)[j], 5000 - static_cast<std::int32_t>(o));
      ASSERT_EQ(run.template result<std::int32_t>(5)[j], static_cast<std::int32_t>(o));
    }
  }
}
TEST(SortLibrary, TopKOfRows) {
  COVERS("TopK", "TopKInfo", "TopKMode", "TOPK_NORMAL");
  static_assert(TopKMode::TOPK_NORMAL != TopKMode::TOPK_NSMALL, "two modes");
  for (const bool largest : {true, false}) {
    expect_top<float>(3, 64, 50, 5, largest);
    expect_top<float>(2, 1024, 1024, 100, largest);
    expect_top<half>(4, 128, 128, 17, largest);
    expect_top<half>(1, 32, 20, 20, largest);
  }
}

template <class D, class S>
void expect_dequantised(std::uint32_t m, std::uint32_t n, std::uint32_t count) {
  std::vector<std::int32_t> x(m * n);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<std::int32_t>(i * 7919 % 20011) - 10005;
  const auto scale = random_values<float>(n, 1e-3, 1e-2);
  std::vector<S> stored;
  std::vector<double> exact;
  for (float s : scale) {
    if constexpr (sizeof(S) == 8) {
      stored.push_back(S{0x123400000000u} | __builtin_bit_cast(std::uint32_t, s));
      exact.push_back(s);
    } else {
      stored.push_back(S(s));
      exact.push_back(static_cast<float>(stored.back()));
    }
  }
  const std::uint32_t block = 32 / sizeof(D), pitch = (n + block - 1) / block * block;
  LibraryRun run;
  run.in(x).in(stored).template out<D>(m * pitch).template out<D>(m * pitch).temporary(4096);
  run.go([&](LibraryRun& r) {
    AscendDequant(r.at<D>(2), r.at<std::int32_t>(0), r.at<S>(1), r.tmp(), DequantParams{m, n, count});
    AscendDequant<D, float>(r.at<D>(3), r.at<std::int32_t>(0), 0.01f, r.tmp(), DequantParams{m, n, count});
  });
  const std::uint32_t rows = m == 1 && n % count == 0 && count % block == 0 ? n / count : m;
  const std::uint32_t width = rows == m ? n : count, to = rows == m ? pitch : count;
  for (std::uint32_t r = 0; r < rows; ++r) {
    for (std::uint32_t c = 0; c < count; ++c) {
      ASSERT_TRUE(near(run.template result<D>(2)[r * to + c], x[r * width + c] * exact[c], 0, 2e-7))
          << r << " " << c;
      ASSERT_TRUE(near(run.template result<D>(3)[r * to + c], x[r * width + c] * 0.01, 0, 2e-7))
          << r << " " << c;
    }
  }
}
TEST(QuantLibrary, DequantisesByColumnsOrOneScale) {
  COVERS("AscendDequant", "DequantParams");
  expect_dequantised<half, float>(5, 64, 64);
  expect_dequantised<half, std::uint64_t>(4, 96, 90);
  expect_dequantised<float, float>(4, 8, 4);
  expect_dequantised<bfloat16_t, bfloat16_t>(3, 40, 33);
  expect_dequantised<half, float>(1, 256, 64);
  expect_dequantised<float, float>(2, 1600, 1600);
}

template <class T>
void expect_quantised() {
  constexpr std::uint32_t n = 1600, columns = 160;
  const auto x = random_values<T>(n, -9, 9), scale = random_values<T>(columns, 5, 20, 2),
             offset = random_values<T>(columns, -4, 4, 3);
  LibraryRun run;
  run.in(x).in(scale).in(offset).temporary(2560);
  for (int i = 0; i < 3; ++i) run.template out<std::int8_t>(n);
  run.go([](LibraryRun& r) {
    AscendQuant(r.at<std::int8_t>(3), r.at<T>(0), r.tmp(), 8.5f, 0.25f, n);
    AscendQuant(r.at<std::int8_t>(4), r.at<T>(0), r.tmp(), r.at<T>(1), T(1.0f), columns, n);
    AscendQuant<T>(r.at<std::int8_t>(5), r.at<T>(0), r.tmp(), r.at<T>(1), r.at<T>(2), columns, columns, n);
  });
  const auto to_int8 = [](double v) { return std::clamp(std::nearbyint(v), -128.0, 127.0); };
  for (std::uint32_t i = 0; i < n; ++i) {
    const double v = static_cast<float>(x[i]), s = static_cast<float>(scale[i % columns]),
                 o = static_cast<float>(offset[i % columns]);
    // A value within float rounding of a tie may go either way.
    const auto expect = [&](std::size_t operand, double want) {
      const int got = run.template result<std::int8_t>(operand)[i];
      ASSERT_TRUE(got == to_int8(want - 1e-5) || got == to_int8(want + 1e-5))
          << i << ": " << got << " for " << want;
    };
    expect(3, v * 8.5 + 0.25);
    expect(4, v * s + 1.0);
    expect(5, v * s + o);
  }
}
TEST(QuantLibrary, QuantisesToInt8) {
  COVERS("AscendQuant");
  expect_quantised<float>();
  expect_quantised<half>();
}

template <class O>
void expect_antiquantised() {
  constexpr std::uint32_t k = 20, n = 64;
  std::vector<std::int8_t> x(k * n);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<std::int8_t>(i * 37);
  const auto scale = random_values<O>(n, 0.01, 0.1, 2), offset = random_values<O>(n, -4, 4, 3);
  LibraryRun run;
  run.in(x).in(scale).in(offset).temporary(12288);
  for (int i = 0; i < 3; ++i) run.template out<O>(k * n);
  run.go([](LibraryRun& r) {
    const auto src = r.at<std::int8_t>(0);
    AscendAntiQuant<std::int8_t, O, false>(r.at<O>(3), src, r.at<O>(2), r.at<O>(1), r.tmp(), k,
                                           AntiQuantShapeInfo{1, n, 1, n});
    AscendAntiQuant<std::int8_t, O, true>(r.at<O>(4), src, r.at<O>(2), r.at<O>(1), r.tmp(), n,
                                          AntiQuantShapeInfo{k, 1, k, 1});
    AscendAntiQuant<std::int8_t, O, false>(r.at<O>(5), src, O(2.0f), O(0.5f), r.tmp(), k);
  });
  for (std::uint32_t i = 0; i < k * n; ++i) {
    const auto want = [&](std::uint32_t c) {
      return (x[i] + static_cast<double>(static_cast<float>(offset[c]))) * static_cast<float>(scale[c]);
    };
    ASSERT_TRUE(near(run.template result<O>(3)[i], want(i % n), 0, 3e-7)) << i;
    ASSERT_TRUE(near(run.template result<O>(4)[i], want(i / n), 0, 3e-7)) << i;
    ASSERT_TRUE(near(run.template result<O>(5)[i], (x[i] + 2.0) * 0.5, 0, 3e-7)) << i;
  }
}
TEST(QuantLibrary, RestoresFromInt8) {
  COVERS("AscendAntiQuant", "AntiQuantShapeInfo");
  expect_antiquantised<half>();
  expect_antiquantised<bfloat16_t>();
}

// A kernel that chooses by the policy, as users write them: rows of 96, groups of 32.
template <QuantizePolicy policy>
void expect_policy() {
  constexpr std::uint32_t m = 10, n = 96, group = 32;
  const auto index = [](std::uint32_t row, std::uint32_t column) -> std::uint32_t {
    switch (policy) {
      case QuantizePolicy::PER_TENSOR:
        return 0;
      case QuantizePolicy::PER_CHANNEL:
        return column;
      case QuantizePolicy::PER_TOKEN:
        return row;
      case QuantizePolicy::PER_GROUP:
        return row * (n / group) + column / group;
    }
  };
  const auto x = random_values<float>(m * n, -9, 9), scale = random_values<float>(m * n, 3, 20, 2);
  LibraryRun run;
  run.in(x).in(scale).template out<std::int8_t>(m * n).temporary(4096);
  run.go([&](LibraryRun& r) {
    const LocalTensor<float> from = r.at<float>(0), by = r.at<float>(1);
    for (std::uint32_t row = 0; row < m; ++row) {
      if constexpr (policy == QuantizePolicy::PER_CHANNEL) {
        Mul(from[row * n], from[row * n], by, n);
      } else {
        for (std::uint32_t c = 0; c < n; c += group)
          Muls(from[row * n + c], from[row * n + c], by.GetValue(index(row, c)), group);
      }
    }
    PipeBarrier<PIPE_V>();
    AscendQuant(r.at<std::int8_t>(2), from, r.tmp(), 1.0f, 0.0f, m * n);
  });
  for (std::uint32_t i = 0; i < m * n; ++i) {
    const double want = static_cast<double>(x[i]) * static_cast<double>(scale[index(i / n, i % n)]);
    const double got = run.template result<std::int8_t>(2)[i];
    ASSERT_NEAR(got, std::clamp(want, -128.0, 127.0), 0.501 + std::abs(want) / 1024) << i;
  }
}
TEST(QuantLibrary, KernelsChooseByPolicy) {
  COVERS("PER_TENSOR", "PER_CHANNEL", "PER_TOKEN", "PER_GROUP", "QuantizePolicy");
  expect_policy<QuantizePolicy::PER_TENSOR>();
  expect_policy<QuantizePolicy::PER_CHANNEL>();
  expect_policy<QuantizePolicy::PER_TOKEN>();
  expect_policy<QuantizePolicy::PER_GROUP>();
}

}  // namespace
}  // namespace etalon::ascendc
