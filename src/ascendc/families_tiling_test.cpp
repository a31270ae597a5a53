// SPDX-License-Identifier: Apache-2.0
// The host's tiling functions of the libraries: the least temporary memory they name is enough for the
// kernel, and the tiling they fill carries the shape.
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

}  // namespace
}  // namespace etalon::ascendc
