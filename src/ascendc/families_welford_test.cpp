// SPDX-License-Identifier: Apache-2.0
// Welford sums and Normalize of the libraries against double precision.
#include "ascendc/families_for_test.h"

namespace etalon::ascendc {
namespace {

using namespace AscendC;

static constexpr WelfordFinalizeConfig kCorrected = {true};

// Rows of samples, one by one, then all columns joined.
template <class T>
void expect_welford(std::uint32_t samples, std::uint32_t columns) {
  const auto x = random_values<T>(samples * columns, -3, 5);
  const std::vector<float> zero(columns, 0.0f);
  LibraryRun run;  // 0 x, 1 mean, 2 sum of squares, 3 mean of all, 4 variance, 5 mean, 6 corrected variance,
                   // 7 counts
  run.in(x).in_out(zero).in_out(zero).template out<float>(8).template out<float>(8).template out<float>(8);
  run.out<float>(8)
      .in(std::vector<std::int32_t>(columns, static_cast<std::int32_t>(samples)))
      .temporary(8192);
  run.go([&](LibraryRun& r) {
    const auto mean = r.at<float>(1), squares = r.at<float>(2);
    for (std::uint32_t s = 0; s < samples; ++s) {
      WelfordUpdateParam p;
      p.abLength = p.abComputeLength = columns;
      p.nRec = 1.0f / static_cast<float>(s + 1);
      if (s % 2 == 0)
        WelfordUpdate<T, float>(mean, squares, mean, squares, r.at<T>(0)[s * columns], r.tmp(), p);
      else
        WelfordUpdate<T, float>(mean, squares, mean, squares, r.at<T>(0)[s * columns], p);
    }
    WelfordFinalizePara p;
    p.rnLength = p.headCount = samples, p.abLength = p.headCountLength = columns;
    p.abRec = 1.0f / static_cast<float>(columns), p.rRec = 1.0f / static_cast<float>(columns * samples);
    WelfordFinalize(r.at<float>(3), r.at<float>(4), mean, squares, r.tmp(), p);
    WelfordFinalize<false, kCorrected>(r.at<float>(5), r.at<float>(6), mean, squares, r.at<std::int32_t>(7),
                                       r.tmp(), p);
  });
  const double n = samples * columns;
  double mean = 0, squares = 0;
  for (const T v : x) mean += static_cast<float>(v) / n;
  for (const T v : x) squares += std::pow(static_cast<float>(v) - mean, 2);
  for (std::uint32_t c = 0; c < columns; ++c) {
    double m = 0, q = 0;
    for (std::uint32_t s = 0; s < samples; ++s)
      m += static_cast<float>(x[s * columns + c]) / static_cast<double>(samples);
    for (std::uint32_t s = 0; s < samples; ++s) q += std::pow(static_cast<float>(x[s * columns + c]) - m, 2);
    ASSERT_NEAR(run.result<float>(1)[c], m, 3e-6);
    ASSERT_NEAR(run.result<float>(2)[c], q, 1e-5 * (q + 1));
  }
  EXPECT_NEAR(run.result<float>(3)[0], mean, 3e-6);
  EXPECT_NEAR(run.result<float>(5)[0], mean, 3e-6);
  EXPECT_NEAR(run.result<float>(4)[0], squares / n, 1e-5 * squares / n);
  EXPECT_NEAR(run.result<float>(6)[0], squares / (n - 1), 2e-5 * squares / n);
}
TEST(NormLibrary, WelfordSums) {
  COVERS("WelfordUpdate", "WelfordUpdateParam", "WelfordFinalize", "WelfordFinalizePara",
         "WelfordFinalizeConfig");
  expect_welford<float>(7, 64);
  expect_welford<half>(12, 160);
  expect_welford<float>(1, 16);
}

// Head columns with one sample more than the others.
TEST(NormLibrary, WelfordJoinsColumnsOfUnequalCounts) {
  COVERS("WelfordFinalize");
  const auto mean = random_values<float>(32, -1, 1, 1), squares = random_values<float>(32, 0, 5, 2);
  LibraryRun run;
  run.in(mean).in(squares).out<float>(8).out<float>(8).temporary(4096);
  run.go([](LibraryRun& r) {
    WelfordFinalizePara p;
    p.rnLength = 4, p.abLength = 32, p.headCount = 4, p.headCountLength = 24, p.tailCount = 3,
    p.tailCountLength = 8;
    p.rRec = 1.0f / (24 * 4 + 8 * 3);
    WelfordFinalize(r.at<float>(2), r.at<float>(3), r.at<float>(0), r.at<float>(1), r.tmp(), p);
  });
  double m = 0, q = 0;
  const auto count = [](std::size_t c) { return c < 24 ? 4.0 : 3.0; };
  for (std::size_t c = 0; c < 32; ++c) m += mean[c] * count(c) / 120;
  for (std::size_t c = 0; c < 32; ++c) q += squares[c] + count(c) * (mean[c] - m) * (mean[c] - m);
  EXPECT_NEAR(run.result<float>(2)[0], m, 1e-6);
  EXPECT_NEAR(run.result<float>(3)[0], q / 120, 1e-6);
}

static constexpr NormalizeConfig kPlain = {true, true, true};
template <class T>
void expect_normalized(std::uint32_t rows, std::uint32_t k, std::uint32_t temporary) {
  const auto x = random_values<T>(rows * k, -2, 3);
  const auto mean = random_values<float>(rows, -1, 1, 2), variance = random_values<float>(rows, 0.2, 4, 3),
             gamma = random_values<float>(k, -2, 2, 4), beta = random_values<float>(k, -1, 1, 5);
  LibraryRun run;
  run.in(x).in(mean).in(variance).in(gamma).in(beta).template out<T>(rows * k).template out<float>(rows);
  run.template out<T>(rows * k).temporary(temporary);
  run.go([&](LibraryRun& r) {
    const NormalizePara p{rows, k, k};
    Normalize<float, T>(r.at<T>(5), r.at<float>(6), r.at<float>(1), r.at<float>(2), r.at<T>(0),
                        r.at<float>(3), r.at<float>(4), r.tmp(), 1e-3f, p);
    Normalize<float, T, false, kPlain>(r.at<T>(7), r.at<float>(6), r.at<float>(1), r.at<float>(2), r.at<T>(0),
                                       r.at<float>(3), r.at<float>(4), 1e-3f, p);
  });
  for (std::uint32_t i = 0; i < rows * k; ++i) {
    const std::uint32_t r = i / k, c = i % k;
    const double rstd = 1 / std::sqrt(variance[r] + 1e-3),
                 plain = (static_cast<float>(x[i]) - mean[r]) * rstd;
    ASSERT_TRUE(near(run.template result<T>(5)[i], plain * gamma[c] + beta[c], 3e-6, 1e-6)) << i;
    ASSERT_TRUE(near(run.template result<T>(7)[i], plain, 3e-6, 1e-6)) << i;
    ASSERT_NEAR(run.template result<float>(6)[r], rstd, 1e-6 * rstd);
  }
}
TEST(NormLibrary, NormalizesWithGivenMoments) {
  COVERS("Normalize", "NormalizePara", "NormalizeConfig");
  expect_normalized<float>(20, 64, 8192);
  expect_normalized<half>(5, 128, 8192);
  expect_normalized<half>(33, 16, 4096);
}

}  // namespace
}  // namespace etalon::ascendc
