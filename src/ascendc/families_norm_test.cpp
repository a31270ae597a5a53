// SPDX-License-Identifier: Apache-2.0
// Norms, cumulative sums and dropout of the libraries against double precision.
#include "ascendc/families_for_test.h"

namespace etalon::ascendc {
namespace {

using namespace AscendC;

struct Shape {
  std::uint32_t m, k, cols, temporary;
};
constexpr Shape kShapes[] = {{8, 64, 64, 0},      {20, 128, 120, 0},  {3, 32, 17, 8192},
                             {40, 80, 80, 16384}, {1, 2304, 2300, 0}, {3, 1600, 1600, 32768}};

// Mean and variance of the data of a row in double.
template <class T>
void moments(const std::vector<T>& x, const Shape& s, std::uint32_t row, double& mean, double& variance) {
  mean = variance = 0;
  for (std::uint32_t c = 0; c < s.cols; ++c) mean += static_cast<float>(x[row * s.k + c]);
  mean /= s.cols;
  for (std::uint32_t c = 0; c < s.cols; ++c)
    variance += std::pow(static_cast<float>(x[row * s.k + c]) - mean, 2);
  variance /= s.cols;
}

template <class T>
void expect_norms(const Shape& s) {
  const auto x = random_values<T>(s.m * s.k, -2, 3, 1), g = random_values<T>(s.m * s.k, -1, 1, 2);
  const auto gamma = random_values<T>(s.k, 0.5, 2, 3), beta = random_values<T>(s.k, -1, 1, 4);
  LibraryRun
      run;  // 0 x, 1 g, 2 gamma, 3 beta; 4 layer norm, 5 mean, 6 variance, 7 rms norm, 8 deep norm, 9, 10
  run.in(x).in(g).in(gamma).in(beta).template out<T>(s.m * s.k).template out<T>(s.m).template out<T>(s.m);
  run.template out<T>(s.m * s.k).template out<T>(s.m * s.k).template out<T>(s.m).template out<T>(s.m);
  run.temporary(s.temporary);
  run.go([&](LibraryRun& r) {
    LayerNormTiling ln;
    RmsNormTiling rms;
    DeepNormTiling deep;
    ln.bLength = 1, ln.sLength = s.m, ln.hLength = s.k, ln.originalHLength = s.cols;
    rms.bLength = s.m, rms.sLength = 1, rms.hLength = s.k, rms.originalHLength = s.cols;
    deep.bLength = s.m, deep.sLength = 1, deep.hLength = s.k, deep.originalHLength = s.cols;
    const T epsilon(1e-3f);
    if (s.temporary > 0) {
      LayerNorm(r.at<T>(4), r.at<T>(5), r.at<T>(6), r.at<T>(0), r.at<T>(2), r.at<T>(3), r.tmp(), epsilon, ln);
      RmsNorm(r.at<T>(7), r.at<T>(0), r.at<T>(2), r.tmp(), epsilon, rms);
      DeepNorm(r.at<T>(8), r.at<T>(9), r.at<T>(10), r.at<T>(0), r.at<T>(1), r.at<T>(3), r.at<T>(2), r.tmp(),
               T(0.5f), epsilon, deep);
    } else {
      LayerNorm<T, false>(r.at<T>(4), r.at<T>(5), r.at<T>(6), r.at<T>(0), r.at<T>(2), r.at<T>(3), epsilon,
                          ln);
      RmsNorm<T>(r.at<T>(7), r.at<T>(0), r.at<T>(2), epsilon, rms);
      DeepNorm(r.at<T>(8), r.at<T>(9), r.at<T>(10), r.at<T>(0), r.at<T>(1), r.at<T>(3), r.at<T>(2), T(0.5f),
               epsilon, deep);
    }
  });
  std::vector<double> deep;
  for (std::size_t i = 0; i < x.size(); ++i)
    deep.push_back(static_cast<float>(x[i]) * 0.5 + static_cast<float>(g[i]));
  const double epsilon = static_cast<float>(T(1e-3f));
  for (std::uint32_t r = 0; r < s.m; ++r) {
    double mean, variance, deep_mean, deep_variance;
    moments(x, s, r, mean, variance);
    moments(deep, s, r, deep_mean, deep_variance);
    const double square = variance + mean * mean;
    ASSERT_TRUE(near(run.template result<T>(5)[r], mean, 1e-6, 1e-6));
    ASSERT_TRUE(near(run.template result<T>(6)[r], variance, 1e-6, 1e-6));
    ASSERT_TRUE(near(run.template result<T>(9)[r], deep_mean, 1e-6, 1e-6));
    ASSERT_TRUE(near(run.template result<T>(10)[r], deep_variance, 1e-6, 1e-6));
    for (std::uint32_t c = 0; c < s.cols; ++c) {
      const std::size_t i = r * s.k + c;
      const double v = static_cast<float>(x[i]), w = static_cast<float>(gamma[c]),
                   b = static_cast<float>(beta[c]);
      ASSERT_TRUE(
          near(run.template result<T>(4)[i], (v - mean) / std::sqrt(variance + epsilon) * w + b, 4e-6, 1e-6));
      ASSERT_TRUE(near(run.template result<T>(7)[i], v / std::sqrt(square + epsilon) * w, 4e-6, 1e-6));
      ASSERT_TRUE(near(run.template result<T>(8)[i],
                       (deep[i] - deep_mean) / std::sqrt(deep_variance + epsilon) * w + b, 4e-6, 1e-6));
    }
  }
}
TEST(NormLibrary, LayerRmsAndDeepNorm) {
  COVERS("LayerNorm", "RmsNorm", "DeepNorm");
  for (const Shape& s : kShapes) {
    SCOPED_TRACE(::testing::Message() << s.m << " x " << s.k);
    expect_norms<float>(s);
    expect_norms<half>(s);
  }
}

static constexpr LayerNormConfig kNoBeta = {true, false, false};
TEST(NormLibrary, LayerNormWithReciprocalDeviations) {
  COVERS("LayerNorm", "LayerNormConfig", "LayerNormPara");
  const Shape s{24, 96, 90, 0};
  const auto x = random_values<half>(s.m * s.k, -2, 3, 1);
  const auto gamma = random_values<float>(s.k, 0.5, 2, 3), beta = random_values<float>(s.k, -1, 1, 4);
  LibraryRun run;
  run.in(x).in(gamma).in(beta).out<half>(s.m * s.k).out<float>(s.m).out<float>(s.m).out<half>(s.m * s.k);
  run.go([&](LibraryRun& r) {
    const LayerNormPara para{s.m, s.cols, s.k};
    LayerNorm<float, half>(r.at<half>(3), r.at<float>(4), r.at<float>(5), r.at<half>(0), r.at<float>(1),
                           r.at<float>(2), 1e-5f, para, LayerNormSeparateTiling());
    LayerNorm<float, half, false, kNoBeta>(r.at<half>(6), r.at<float>(4), r.at<float>(5), r.at<half>(0),
                                           r.at<float>(1), r.at<float>(2), 1e-5f, para,
                                           LayerNormSeparateTiling());
  });
  for (std::uint32_t r = 0; r < s.m; ++r) {
    double mean, variance;
    moments(x, s, r, mean, variance);
    ASSERT_TRUE(near(run.result<float>(4)[r], mean, 1e-6, 1e-6));
    ASSERT_TRUE(near(run.result<float>(5)[r], 1 / std::sqrt(variance + 1e-5), 1e-6, 1e-6));
    for (std::uint32_t c = 0; c < s.cols; ++c) {
      const double want = (static_cast<float>(x[r * s.k + c]) - mean) / std::sqrt(variance + 1e-5) * gamma[c];
      ASSERT_TRUE(near(run.result<half>(3)[r * s.k + c], want + beta[c], 4e-6, 1e-6));
      ASSERT_TRUE(near(run.result<half>(6)[r * s.k + c], want, 4e-6, 1e-6));
    }
  }
}

static constexpr CumSumConfig kOverRows = {false, false, true};
template <class T>
void expect_cumulative(std::uint32_t rows, std::uint32_t cols) {
  const auto x = random_values<T>(rows * cols, -1, 2);
  LibraryRun run;
  run.in(x)
      .template out<T>(rows * cols)
      .template out<T>(cols)
      .template out<T>(rows * cols)
      .template out<T>(cols);
  run.temporary(16384);
  run.go([&](LibraryRun& r) {
    CumSum(r.at<T>(1), r.at<T>(2), r.at<T>(0), r.tmp(), CumSumInfo{rows, cols});
    CumSum<T, kOverRows>(r.at<T>(3), r.at<T>(4), r.at<T>(0), CumSumInfo{rows, cols});
  });
  std::vector<double> over(cols);
  for (std::uint32_t r = 0; r < rows; ++r) {
    double along = 0;
    for (std::uint32_t c = 0; c < cols; ++c) {
      const std::size_t i = r * cols + c;
      along += static_cast<float>(x[i]), over[c] += static_cast<float>(x[i]);
      ASSERT_TRUE(near(run.template result<T>(1)[i], along, 1e-5, 2e-6)) << r << " " << c;
      ASSERT_TRUE(near(run.template result<T>(3)[i], over[c], 1e-5, 2e-6)) << r << " " << c;
      if (r + 1 < rows) continue;
      ASSERT_EQ(run.template result<T>(2)[c], run.template result<T>(1)[i]);
      ASSERT_EQ(run.template result<T>(4)[c], run.template result<T>(3)[i]);
    }
  }
}
TEST(MathLibrary, CumulativeSums) {
  COVERS("CumSum", "CumSumConfig", "CumSumInfo");
  expect_cumulative<float>(5, 40);
  expect_cumulative<float>(1, 1000);
  expect_cumulative<half>(20, 64);
  expect_cumulative<half>(3, 16);
}

template <class T, std::uint32_t mode>
void expect_dropped(std::uint32_t mask_last) {
  constexpr std::uint32_t rows = 6, cols = 64;
  constexpr bool bits = mode == DROPOUT_MODE_BIT_ALIGN || mode == DROPOUT_MODE_BIT_MISALIGN;
  const auto x = random_values<T>(rows * cols, -3, 3);
  std::vector<std::uint8_t> mask(std::max(rows * mask_last, 64u));
  for (std::size_t i = 0; i < mask.size(); ++i)
    mask[i] = static_cast<std::uint8_t>(bits ? i * 41 + 7 : i * i % 3 == 1);
  LibraryRun run;
  run.in(x).in(mask).template out<T>(x.size()).template out<T>(x.size()).temporary(2048);
  run.go([&](LibraryRun& r) {
    const DropOutShapeInfo info{rows, cols, mask_last};
    DropOut<T, false, mode>(r.at<T>(2), r.at<T>(0), r.at<std::uint8_t>(1), r.tmp(), 0.8f, info);
    DropOut<T>(r.at<T>(3), r.at<T>(0), r.at<std::uint8_t>(1), r.tmp(), 0.8f, info);
  });
  for (std::uint32_t i = 0; i < rows * cols; ++i) {
    const std::uint32_t r = i / cols, c = i % cols;
    const bool kept = bits ? (mask[r * mask_last + c / 8] >> (c % 8) & 1) != 0 : mask[r * mask_last + c] != 0;
    const double want = kept ? static_cast<float>(x[i]) / 0.8 : 0;
    ASSERT_TRUE(near(run.template result<T>(2)[i], want, 0, std::is_same_v<T, half> ? 1e-3 : 3e-7)) << i;
    ASSERT_EQ(run.template result<T>(3)[i], run.template result<T>(2)[i]) << i;
  }
}
TEST(FilterLibrary, DropsByBytesAndBits) {
  COVERS("DropOut", "DropOutShapeInfo", "DROPOUT_MODE_BIT_MISALIGN");
  expect_dropped<float, DROPOUT_MODE_BYTE_ALIGN>(64);
  expect_dropped<half, DROPOUT_MODE_BYTE_MISALIGN>(96);
  expect_dropped<float, DROPOUT_MODE_BIT_ALIGN>(8);
  expect_dropped<half, DROPOUT_MODE_BIT_MISALIGN>(32);
}

}  // namespace
}  // namespace etalon::ascendc
