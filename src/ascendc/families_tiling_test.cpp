// SPDX-License-Identifier: Apache-2.0
// The host's tiling functions of the libraries: the least temporary memory they name is enough for the
// kernel, and the tiling they fill carries the shape.
#include "ascendc/acl/include/tiling/reduce_sizes.h"
#include "ascendc/acl/include/tiling/row_tiling.h"
#include "ascendc/acl/include/tiling/softmax_tiling.h"
#include "ascendc/families_for_test.h"

namespace etalon::ascendc {
namespace {

using namespace AscendC;

constexpr std::uint32_t kCount = 1000;

template <class T, class Call>
void expect_enough(std::uint32_t most, std::uint32_t least, const Call& call, double (*f)(double)) {
  EXPECT_LE(least, most);
  const auto x = random_values<T>(kCount, 0.1, 0.9);
  for (const std::uint32_t bytes : {least, most}) {
    LibraryRun run;
    run.in(x).template out<T>(kCount).temporary(bytes == 0 ? 32 : bytes);
    run.go([&](LibraryRun& r) { call(r.at<T>(1), r.at<T>(0), r.tmp(), kCount); });
    for (std::size_t i = 0; i < kCount; ++i)
      ASSERT_TRUE(near(run.template result<T>(1)[i], f(static_cast<float>(x[i])), 1e-6, 1e-6));
  }
}
#define EXPECT_ENOUGH(Name, f)                                             \
  {                                                                        \
    std::uint32_t most = 0, least = 0;                                     \
    Get##Name##MaxMinTmpSize(ge::Shape({10, 100}), 4, false, most, least); \
    expect_enough<float>(most, least, [](auto&&... a) { Name(a...); }, f); \
    Get##Name##MaxMinTmpSize(ge::Shape({10, 100}), 2, false, most, least); \
    expect_enough<half>(most, least, [](auto&&... a) { Name(a...); }, f);  \
  }

TEST(LibraryTiling, TheLeastMemoryIsEnough) {
  EXPECT_ENOUGH(Sin, std::sin);
  EXPECT_ENOUGH(Tan, std::tan);
  EXPECT_ENOUGH(Acos, std::acos);
  EXPECT_ENOUGH(Erf, std::erf);
  EXPECT_ENOUGH(Tanh, std::tanh);
  EXPECT_ENOUGH(Atanh, std::atanh);
  EXPECT_ENOUGH(Log, std::log);
  EXPECT_ENOUGH(Ceil, std::ceil);
  EXPECT_ENOUGH(Sign, [](double x) { return x > 0 ? 1.0 : 0.0; });
  EXPECT_ENOUGH(Sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); });
}

TEST(LibraryTiling, SoftMaxRunsInTheLeastMemory) {
  COVERS("SoftMaxTilingFunc", "GetSoftMaxMinTmpSize", "SoftMaxFlashV2TilingFunc",
         "GetSoftMaxFlashV2MinTmpSize", "SoftMaxGradTilingFunc", "GetSoftMaxGradMinTmpSize");
  for (const std::uint32_t k : {16u, 64u, 160u, 1024u}) {
    constexpr std::uint32_t m = 20;
    const ge::Shape shape({4, 5, k});
    const std::uint32_t bytes = GetSoftMaxMinTmpSize(shape, 2, false),
                        flash = GetSoftMaxFlashV2MinTmpSize(shape, 2, 4, true),
                        grad = GetSoftMaxGradMinTmpSize(shape, 2, false, false);
    EXPECT_LE(bytes, GetSoftMaxMaxTmpSize(shape, 2, false));
    EXPECT_LE(flash, GetSoftMaxFlashV2MaxTmpSize(shape, 2, 4, true));
    EXPECT_LE(grad, GetSoftMaxGradMaxTmpSize(shape, 2, false, false));
    optiling::SoftMaxTiling t, t_flash, t_grad;
    SoftMaxTilingFunc(shape, 2, bytes, t);
    SoftMaxFlashV2TilingFunc(shape, 2, 4, flash, t_flash, true);
    SoftMaxGradTilingFunc(shape, 2, grad, t_grad);
    EXPECT_EQ(t.get_srcM(), m);
    EXPECT_EQ(t.get_srcK(), k);
    EXPECT_EQ(IsBasicBlockInSoftMax(t), t.splitM % 8 == 0 && k % 64 == 0);
    const auto x = random_values<half>(m * k, -3, 3);
    for (const int which : {0, 1, 2}) {
      LibraryRun run;
      run.in(x).in_out(std::vector<float>(m * 8, 1.0f)).in_out(std::vector<float>(m * 8, 0.0f));
      run.out<half>(m * k).out<half>(m * 16).temporary(which == 0 ? bytes : which == 1 ? flash : grad);
      run.go([&](LibraryRun& r) {
        if (which == 0)
          SoftMax<half>(r.at<half>(3), r.at<float>(1), r.at<float>(2), r.at<half>(0), r.tmp(), t);
        if (which == 1) {
          const SoftMaxTiling here =
              SoftMaxFlashV2TilingFunc(SoftMaxShapeInfo{m, k, m, k}, 2, 4, flash, true);
          ASSERT_EQ(here.srcM * here.srcK, t_flash.srcSize);
          SoftmaxFlashV2<half, true>(r.at<half>(3), r.at<float>(1), r.at<float>(2), r.at<half>(0),
                                     r.at<half>(4), r.at<float>(1), r.at<float>(2), r.tmp(), t_flash);
        }
        if (which == 2) SoftmaxGrad<half>(r.at<half>(3), r.at<half>(0), r.at<half>(0), r.tmp(), t_grad);
      });
      for (std::uint32_t row = 0; row < m; ++row) {
        double most = which == 1 ? 0 : -INFINITY, sum = 0, dot = 0;
        for (std::uint32_t c = 0; c < k; ++c)
          most = std::max<double>(most, static_cast<float>(x[row * k + c]));
        for (std::uint32_t c = 0; c < k; ++c) {
          const double v = static_cast<float>(x[row * k + c]);
          sum += std::exp(v - most), dot += v * v;
        }
        for (std::uint32_t c = 0; c < k; ++c) {
          const double v = static_cast<float>(x[row * k + c]);
          const double want = which == 0   ? std::exp(v - most) / sum
                              : which == 1 ? std::exp(v - most)
                                           : (v - dot) * v;
          ASSERT_TRUE(near(run.result<half>(3)[row * k + c], want, 1e-7, 1e-5))
              << which << " " << row << " " << c;
        }
      }
    }
  }
}

TEST(LibraryTiling, NormsRunInTheLeastMemory) {
  COVERS("GetLayerNormMaxMinTmpSize", "GetLayerNormNDTilingInfo", "GetDeepNormMaxMinTmpSize",
         "GetDeepNormTilingInfo");
  for (const std::uint32_t k : {16u, 160u, 1024u}) {
    constexpr std::uint32_t m = 12;
    const ge::Shape shape({3, 4, k, k}), three({3, 4, k});
    std::uint32_t most = 0, least = 0, rms_least = 0, deep_least = 0;
    GetLayerNormMaxMinTmpSize(shape, 2, false, most, least);
    EXPECT_TRUE(GetRmsNormMaxMinTmpSize(three, 2, most, rms_least));
    EXPECT_TRUE(GetDeepNormMaxMinTmpSize(three, 2, false, false, most, deep_least));
    EXPECT_LE(least, most);
    optiling::LayerNormTiling ln;
    optiling::RmsNormTiling rms;
    optiling::DeepNormTiling deep;
    GetLayerNormNDTilingInfo(shape, least, 2, false, ln);
    EXPECT_TRUE(GetRmsNormTilingInfo(three, three, rms_least, 2, rms));
    EXPECT_TRUE(GetDeepNormTilingInfo(three, three, deep_least, 2, false, false, deep));
    EXPECT_FALSE(GetRmsNormTilingInfo(ge::Shape({k}), three, rms_least, 2, rms));
    EXPECT_EQ(ln.get_hLength(), k);
    const auto x = random_values<half>(m * k, -2, 3);
    LibraryRun run;
    run.in(x).in(std::vector<half>(k, half(1.0f))).in(std::vector<half>(k, half(0.0f))).temporary(least);
    for (int i = 0; i < 3; ++i) run.out<half>(m * k);
    run.out<half>(m).out<half>(m);
    run.go([&](LibraryRun& r) {
      const auto src = r.at<half>(0), one = r.at<half>(1), zero = r.at<half>(2), mean = r.at<half>(6);
      LayerNorm(r.at<half>(3), mean, r.at<half>(7), src, one, zero, r.tmp(), half(1e-3f), ln);
      RmsNorm(r.at<half>(4), src, one, r.tmp(), half(1e-3f), rms);
      DeepNorm(r.at<half>(5), mean, r.at<half>(7), src, src, zero, one, r.tmp(), half(1.0f), half(1e-3f),
               deep);
    });
    for (std::uint32_t row = 0; row < m; ++row) {
      double mean = 0, square = 0;
      for (std::uint32_t c = 0; c < k; ++c) {
        const double v = static_cast<float>(x[row * k + c]);
        mean += v / k, square += v * v / k;
      }
      const double e = static_cast<float>(half(1e-3f)), variance = square - mean * mean;
      for (std::uint32_t c = 0; c < k; ++c) {
        const std::size_t i = row * k + c;
        const double v = static_cast<float>(x[i]);
        ASSERT_TRUE(near(run.result<half>(3)[i], (v - mean) / std::sqrt(variance + e), 4e-6, 1e-5));
        ASSERT_TRUE(near(run.result<half>(4)[i], v / std::sqrt(square + e), 4e-6, 1e-5));
        ASSERT_TRUE(near(run.result<half>(5)[i], 2 * (v - mean) / std::sqrt(4 * variance + e), 4e-6, 1e-5));
      }
    }
  }
}

TEST(LibraryTiling, TopKAndTransposedMatrices) {
  COVERS("TopKTilingFunc", "GetTopKMaxMinTmpSize", "GetConfusionTransposeTilingInfo");
  const platform_ascendc::PlatformAscendC platform;
  std::uint32_t most = 0, least = 0;
  EXPECT_TRUE(
      GetTopKMaxMinTmpSize(platform, 96, 1, false, false, TopKMode::TOPK_NORMAL, true, 4, most, least));
  EXPECT_FALSE(
      GetTopKMaxMinTmpSize(platform, 95, 1, false, false, TopKMode::TOPK_NORMAL, true, 4, most, least));
  optiling::TopkTiling tiling;
  EXPECT_TRUE(TopKTilingFunc(platform, 96, 1, 3, 4, false, TopKMode::TOPK_NORMAL, true, tiling));
  optiling::ConfusionTransposeTiling turn;
  GetConfusionTransposeTilingInfo(ge::Shape({16, 48}), 0, 4, 7, turn);
  std::vector<float> x;
  for (int i = 0; i < 16 * 48; ++i) x.push_back(static_cast<float>(i * 31 % 768));
  LibraryRun run;
  run.in(x).out<float>(16 * 48).out<float>(8).out<std::int32_t>(8).temporary(tiling.get_tmpLocalSize());
  run.go([&](LibraryRun& r) {
    ConfusionTranspose(r.at<float>(1), r.at<float>(0), TransposeType::TRANSPOSE_ND2ND_ONLY, turn);
    TopK<float>(r.at<float>(2), r.at<std::int32_t>(3), r.at<float>(0), LocalTensor<std::int32_t>(),
                LocalTensor<bool>(), r.tmp(), 3, tiling, TopKInfo{1, 96, 96});
  });
  for (std::size_t i = 0; i < x.size(); ++i) ASSERT_EQ(run.result<float>(1)[i % 48 * 16 + i / 48], x[i]);
  std::vector<float> row(x.begin(), x.begin() + 96);
  std::sort(row.rbegin(), row.rend());
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(run.result<float>(2)[i], row[i]);
    EXPECT_EQ(x[static_cast<std::size_t>(run.result<std::int32_t>(3)[i])], row[i]);
  }
}

template <class T>
void expect_reduced_in_least(std::uint32_t rows, std::uint32_t cols) {
  const ge::Shape shape({rows, cols});
  const ge::DataType type = sizeof(T) == 4 ? ge::DT_FLOAT : ge::DT_FLOAT16;
  std::uint32_t most = 0, along = 0, over = 0, mean = 0;
  GetReduceMaxMaxMinTmpSize(shape, type, ReducePattern::AR, true, false, most, along);
  EXPECT_LE(along, most);
  GetReduceMaxMaxMinTmpSize(shape, type, ReducePattern::RA, true, false, most, over);
  GetMeanMaxMinTmpSize(cols, sizeof(T), 4, false, most, mean);
  const auto x = random_values<T>(rows * cols, -5, 5);
  for (const std::uint32_t bytes : {along, over, mean}) {
    LibraryRun run;
    run.in(x).template out<T>(rows).template out<T>(cols).template out<T>(rows).temporary(
        std::max(bytes, 32u));
    run.go([&](LibraryRun& r) {
      const std::uint32_t dims[] = {rows, cols};
      if (bytes == along) ReduceMax<T, Pattern::Reduce::AR>(r.at<T>(1), r.at<T>(0), r.tmp(), dims, true);
      if (bytes == over) ReduceMax<T, Pattern::Reduce::RA>(r.at<T>(2), r.at<T>(0), r.tmp(), dims, true);
      if (bytes == mean) Mean<T, float>(r.at<T>(3), r.at<T>(0), r.tmp(), MeanParams{rows, cols, cols});
    });
    for (std::uint32_t r = 0; r < rows; ++r) {
      double best = -99, sum = 0;
      for (std::uint32_t c = 0; c < cols; ++c) {
        const double v = static_cast<float>(x[r * cols + c]);
        best = std::max(best, v), sum += v;
      }
      if (bytes == along) {
        ASSERT_EQ(static_cast<float>(run.template result<T>(1)[r]), best);
      }
      if (bytes == mean) {
        ASSERT_TRUE(near(run.template result<T>(3)[r], sum / cols, 1e-6, 1e-6));
      }
    }
    for (std::uint32_t c = 0; bytes == over && c < cols; ++c) {
      double best = -99;
      for (std::uint32_t r = 0; r < rows; ++r)
        best = std::max<double>(best, static_cast<float>(x[r * cols + c]));
      ASSERT_EQ(static_cast<float>(run.template result<T>(2)[c]), best);
    }
  }
}
TEST(LibraryTiling, ReductionsRunInTheLeastMemory) {
  COVERS("GetReduceMaxMaxMinTmpSize", "GetMeanMaxMinTmpSize");
  expect_reduced_in_least<float>(9, 400);
  expect_reduced_in_least<half>(9, 400);
  expect_reduced_in_least<float>(30, 64);
}

TEST(LibraryTiling, OtherSizes) {
  const platform_ascendc::PlatformAscendC platform;
  EXPECT_EQ(GetSortTmpSize(platform, 128, 4), GetSortLen<float>(128) * sizeof(float));
  EXPECT_EQ(GetConcatTmpSize(platform, 128, 4), 0u);
  std::uint32_t most = 0, least = 0;
  GetPowerMaxMinTmpSize(ge::Shape({kCount}), ge::Shape({1}), false, 2, false, most, least);
  const auto x = random_values<half>(kCount, 0.5, 2.0);
  LibraryRun run;
  run.in(x).out<half>(kCount).temporary(least);
  run.go([](LibraryRun& r) { Power(r.at<half>(1), r.at<half>(0), r.at<half>(0), r.tmp(), kCount); });
  for (std::size_t i = 0; i < kCount; ++i) {
    const double v = static_cast<float>(x[i]);
    ASSERT_TRUE(near(run.result<half>(1)[i], std::pow(v, v), 0, 1e-5));
  }
  GetSumMaxMinTmpSize(700, 4, false, most, least);
  LibraryRun sums;
  sums.in(std::vector<float>(704, 0.5f)).out<float>(8).temporary(least);
  sums.go([](LibraryRun& r) { Sum(r.at<float>(1), r.at<float>(0), r.tmp(), SumParams{1, 704, 700}); });
  EXPECT_EQ(sums.result<float>(1)[0], 350.0f);
}

TEST(LibraryTiling, BroadcastsAndSelectionsRunInTheLeastMemory) {
  COVERS("GetSelectWithBytesMaskMaxMinTmpSize", "GetDropOutMaxMinTmpSize");
  const platform_ascendc::PlatformAscendC platform;
  std::uint32_t most = 0, spread = 0, select = 0, drop = 0;
  GetBroadCastMaxMinTmpSize(platform, ge::Shape({20, 1}), ge::Shape({20, 32}), 4, false, most, spread);
  EXPECT_LE(spread, most);
  GetSelectWithBytesMaskMaxMinTmpSize(ge::Shape({20, 32}), ge::Shape({1}), 4, ge::Shape({20, 32}), 1, true,
                                      most, select);
  EXPECT_LE(select, most);
  GetDropOutMaxMinTmpSize(ge::Shape({20, 32}), 4, false, most, drop);
  EXPECT_LE(drop, most);
  const auto x = random_values<float>(20 * 32, -5, 5);
  std::vector<std::uint8_t> mask(20 * 32);
  for (std::size_t i = 0; i < mask.size(); ++i) mask[i] = i * i % 5 == 1;
  const std::uint32_t sizes[] = {spread, select, drop};
  for (const std::size_t which : {0u, 1u, 2u}) {
    LibraryRun run;
    run.in(x).in(mask).out<float>(20 * 32).temporary(sizes[which]);
    run.go([&](LibraryRun& r) {
      const std::uint32_t to[] = {20, 32}, from[] = {20, 1};
      const auto d = r.at<float>(2), s = r.at<float>(0);
      if (which == 0) Broadcast<float, 2, 1>(d, s, to, from, r.tmp());
      if (which == 1) SelectWithBytesMask(d, s, 7.0f, r.at<std::uint8_t>(1), r.tmp(), {20, 32, 32});
      if (which == 2) DropOut(d, s, r.at<std::uint8_t>(1), r.tmp(), 0.5f, {20, 32, 32});
    });
    for (std::size_t i = 0; i < x.size(); ++i) {
      const float kept = which == 0   ? x[i / 32]
                         : which == 1 ? (mask[i] != 0 ? 7.0f : x[i])
                                      : (mask[i] != 0 ? 2 * x[i] : 0);
      ASSERT_EQ(run.result<float>(2)[i], kept) << which << " " << i;
    }
  }
}

}  // namespace
}  // namespace etalon::ascendc
