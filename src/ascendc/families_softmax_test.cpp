// SPDX-License-Identifier: Apache-2.0
// The SoftMax family and other activations against double precision.
#include "ascendc/families_for_test.h"

namespace etalon::ascendc {
namespace {

using namespace AscendC;

struct Shape {
  std::uint32_t m, k, cols;  // rows, columns in memory, columns with data
  std::uint32_t temporary;   // bytes; 0: the framework's
};
constexpr Shape kShapes[] = {{8, 64, 64, 8192},   {20, 128, 128, 0}, {3, 32, 17, 4096},
                             {37, 80, 80, 16384}, {64, 16, 16, 0},   {1, 2304, 2300, 32768},
                             {3, 4096, 4096, 0},  {2, 64, 64, 2048}};

SoftMaxTiling tiling_of(const Shape& s) {
  SoftMaxTiling t;
  t.srcM = s.m, t.srcK = s.k;
  return t;
}
SoftMaxShapeInfo info_of(const Shape& s) { return {s.m, s.k, s.m, s.cols}; }

// Row statistics in double: max, sum of exp(x - max).
template <class T>
void reference(const std::vector<T>& x, const Shape& s, std::vector<double>& max, std::vector<double>& sum) {
  for (std::uint32_t r = 0; r < s.m; ++r) {
    double most = -INFINITY, total = 0;
    for (std::uint32_t c = 0; c < s.cols; ++c)
      most = std::max<double>(most, static_cast<float>(x[r * s.k + c]));
    for (std::uint32_t c = 0; c < s.cols; ++c) total += std::exp(static_cast<float>(x[r * s.k + c]) - most);
    max.push_back(most), sum.push_back(total);
  }
}

static constexpr SoftmaxConfig kPacked = {true, 0, 0, SoftmaxMode::SOFTMAX_OUTPUT_WITHOUT_BRC};

// Statistics: `width` equal values per row.
template <class S>
void expect_rows(const std::vector<S>& got, const std::vector<double>& want, std::uint32_t width,
                 double relative) {
  for (std::size_t i = 0; i < got.size(); ++i)
    ASSERT_TRUE(near(got[i], want[i / width], 1e-7, relative)) << "row " << i / width;
}

template <class T, class S, const SoftmaxConfig& config>
void expect_softmax(const Shape& s) {
  const auto x = random_values<T>(s.m * s.k, -4, 4, s.m);
  const std::uint32_t width = config.mode == SoftmaxMode::SOFTMAX_NORMAL ? 32 / sizeof(S) : 1;
  std::vector<double> max, sum;
  reference(x, s, max, sum);
  LibraryRun run;
  run.in(x)
      .template out<T>(x.size())
      .template out<S>(s.m * width)
      .template out<S>(s.m * width)
      .template out<T>(x.size());
  run.template out<T>(x.size()).temporary(s.temporary);
  run.go([&](LibraryRun& r) {
    const SoftMaxTiling t = tiling_of(s);
    if (s.temporary > 0) {
      SoftMax<T, false, false, false, config>(r.at<T>(1), r.at<S>(2), r.at<S>(3), r.at<T>(0), r.tmp(), t,
                                              info_of(s));
      SimpleSoftMax<T, false, false, false, config>(r.at<T>(4), r.at<S>(2), r.at<S>(3), r.at<T>(0), r.tmp(),
                                                    t, info_of(s));
      SoftMax<T>(r.at<T>(5), r.at<T>(0), r.tmp(), t, info_of(s));
    } else {
      SoftMax<T, false, false, false, config>(r.at<T>(1), r.at<S>(2), r.at<S>(3), r.at<T>(0), t, info_of(s));
      SimpleSoftMax<T, false, false, false, config>(r.at<T>(4), r.at<S>(2), r.at<S>(3), r.at<T>(0), t,
                                                    info_of(s));
      SoftMax<T>(r.at<T>(5), r.at<T>(0), t, info_of(s));
    }
  });
  expect_rows(run.template result<S>(2), sum, width, 3e-6);
  expect_rows(run.template result<S>(3), max, width, 0);
  const double from_half = std::is_same_v<S, half> ? 2e-3 : 0;  // of a sum rounded to half
  for (std::uint32_t r = 0; r < s.m; ++r) {
    for (std::uint32_t c = 0; c < s.cols; ++c) {
      const std::size_t i = r * s.k + c;
      const double want = std::exp(static_cast<float>(x[i]) - max[r]) / sum[r];
      ASSERT_TRUE(near(run.template result<T>(1)[i], want, 1e-7, 3e-6)) << r << " " << c;
      ASSERT_TRUE(near(run.template result<T>(4)[i], want, 1e-7, 3e-6 + from_half)) << r << " " << c;
      ASSERT_TRUE(near(run.template result<T>(5)[i], want, 1e-7, 3e-6)) << r << " " << c;
    }
  }
}

TEST(SoftmaxLibrary, RowsOfAnyLengthInEveryMixOfTypes) {
  COVERS("SoftMax", "SimpleSoftMax", "SoftMaxShapeInfo", "SoftmaxConfig", "SoftmaxMode",
         "SOFTMAX_OUTPUT_WITHOUT_BRC");
  for (Shape s : kShapes) {
    SCOPED_TRACE(::testing::Message() << s.m << " x " << s.k);
    if (s.k < 4096) expect_softmax<float, float, SOFTMAX_DEFAULT_CFG>(s);
    if (s.k < 4096) expect_softmax<float, float, kPacked>(s);
    expect_softmax<half, half, SOFTMAX_DEFAULT_CFG>(s);
    expect_softmax<half, float, SOFTMAX_DEFAULT_CFG>(s);
    expect_softmax<half, float, kPacked>(s);
  }
}

template <class T, class S, const SoftmaxConfig& config>
void expect_flash(const Shape& s) {
  const auto x = random_values<T>(s.m * s.k, -4, 4, s.m);
  const bool normal = config.mode == SoftmaxMode::SOFTMAX_NORMAL;
  const std::uint32_t width = normal ? 32 / sizeof(S) : 1, exp_width = normal ? 32 / sizeof(T) : 1;
  std::vector<double> max, sum, factor, new_max, new_sum;
  reference(x, s, max, sum);
  std::vector<S> in_max, in_sum;
  for (std::uint32_t r = 0; r < s.m; ++r) {
    const S m(static_cast<float>(max[r] + (r % 3 - 1.0))), l(static_cast<float>(3.0 + r % 5));
    in_max.insert(in_max.end(), width, m), in_sum.insert(in_sum.end(), width, l);
    new_max.push_back(std::max<double>(max[r], static_cast<float>(m)));
    factor.push_back(std::exp(static_cast<float>(m) - new_max[r]));
    new_sum.push_back(factor[r] * static_cast<float>(l) + sum[r] * std::exp(max[r] - new_max[r]));
  }
  LibraryRun
      run;  // 0 x, 1 dst, 2 sum and 3 max without update, 4 dst, 5 sum and 6 max updated in place, 7 expMax
  run.in(x).template out<T>(x.size()).template out<S>(s.m * width).template out<S>(s.m * width);
  run.template out<T>(x.size())
      .in_out(in_sum)
      .in_out(in_max)
      .template out<T>(s.m * exp_width)
      .temporary(s.temporary);
  run.go([&](LibraryRun& r) {
    const SoftMaxTiling t = tiling_of(s);
    if (s.temporary > 0) {
      SoftmaxFlashV2<T, false, false, false, false, config>(r.at<T>(1), r.at<S>(2), r.at<S>(3), r.at<T>(0),
                                                            r.at<T>(7), r.at<S>(5), r.at<S>(6), r.tmp(), t,
                                                            info_of(s));
      SoftmaxFlashV2<T, true, false, false, false, config>(r.at<T>(4), r.at<S>(5), r.at<S>(6), r.at<T>(0),
                                                           r.at<T>(7), r.at<S>(5), r.at<S>(6), r.tmp(), t,
                                                           info_of(s));
    } else {
      SoftmaxFlashV2<T, false, false, false, false, config>(
          r.at<T>(1), r.at<S>(2), r.at<S>(3), r.at<T>(0), r.at<T>(7), r.at<S>(5), r.at<S>(6), t, info_of(s));
      SoftmaxFlashV2<T, true, false, false, false, config>(r.at<T>(4), r.at<S>(5), r.at<S>(6), r.at<T>(0),
                                                           r.at<T>(7), r.at<S>(5), r.at<S>(6), t, info_of(s));
    }
  });
  expect_rows(run.template result<S>(2), sum, width, 3e-6);
  expect_rows(run.template result<S>(3), max, width, 0);
  expect_rows(run.template result<S>(5), new_sum, width, 3e-6);
  expect_rows(run.template result<S>(6), new_max, width, 0);
  expect_rows(run.template result<T>(7), factor, exp_width, 3e-6);
  for (std::uint32_t r = 0; r < s.m; ++r) {
    for (std::uint32_t c = 0; c < s.cols; ++c) {
      const std::size_t i = r * s.k + c;
      ASSERT_TRUE(
          near(run.template result<T>(1)[i], std::exp(static_cast<float>(x[i]) - max[r]), 1e-7, 3e-6));
      ASSERT_TRUE(
          near(run.template result<T>(4)[i], std::exp(static_cast<float>(x[i]) - new_max[r]), 1e-7, 3e-6));
    }
  }
}
TEST(SoftmaxLibrary, FlashUpdatesMaximaAndSumsInPlace) {
  COVERS("SoftmaxFlashV2");
  for (Shape s : kShapes) {
    if (s.k > 2304) continue;
    SCOPED_TRACE(::testing::Message() << s.m << " x " << s.k);
    if (s.temporary > 0) s.temporary *= 2;
    expect_flash<float, float, SOFTMAX_DEFAULT_CFG>(s);
    expect_flash<float, float, kPacked>(s);
    expect_flash<half, half, SOFTMAX_DEFAULT_CFG>(s);
    expect_flash<half, float, SOFTMAX_DEFAULT_CFG>(s);
  }
}

// Two pieces of a row through SoftmaxFlash give the softmax of the whole.
template <class T, class S>
void expect_flash_by_pieces(std::uint32_t m, std::uint32_t k) {
  const auto x = random_values<T>(m * k, -4, 4, 1), y = random_values<T>(m * k, -3, 6, 2);
  const std::uint32_t width = 32 / sizeof(S), factor_width = 32 / sizeof(T);
  LibraryRun run;
  run.in(x).in(y).template out<T>(m * k).template out<T>(m * k).template out<S>(m * width).template out<S>(
      m * width);
  run.template out<T>(m * factor_width).temporary(32768);
  run.go([&](LibraryRun& r) {
    const SoftMaxShapeInfo info{m, k, m, k};
    SoftmaxFlash<T>(r.at<T>(2), r.at<S>(4), r.at<S>(5), r.at<T>(0), r.at<T>(6), r.at<S>(4), r.at<S>(5),
                    SoftMaxTiling(), false, info);
    SoftmaxFlash<T>(r.at<T>(3), r.at<S>(4), r.at<S>(5), r.at<T>(1), r.at<T>(6), r.at<S>(4), r.at<S>(5),
                    r.tmp(), SoftMaxTiling(), true, info);
  });
  for (std::uint32_t r = 0; r < m; ++r) {
    double most = -INFINITY, sum = 0;
    for (std::uint32_t c = 0; c < k; ++c)
      most = std::max<double>({most, static_cast<float>(x[r * k + c]), static_cast<float>(y[r * k + c])});
    for (std::uint32_t c = 0; c < k; ++c)
      sum += std::exp(static_cast<float>(x[r * k + c]) - most) +
             std::exp(static_cast<float>(y[r * k + c]) - most);
    const double loose = std::is_same_v<S, half> ? 2e-3 : 3e-6,
                 factor = static_cast<float>(run.template result<T>(6)[r * factor_width]);
    ASSERT_TRUE(near(run.template result<S>(4)[r * width], sum, 0, loose));
    ASSERT_TRUE(near(run.template result<S>(5)[r * width], most, 0, 0));
    for (std::uint32_t c = 0; c < k; ++c) {
      const std::size_t i = r * k + c;
      ASSERT_TRUE(
          near(run.template result<T>(3)[i], std::exp(static_cast<float>(y[i]) - most) / sum, 1e-7, loose));
      ASSERT_NEAR(static_cast<float>(run.template result<T>(2)[i]) * factor,
                  std::exp(static_cast<float>(x[i]) - most) / sum, (std::is_same_v<T, half> ? 1e-3 : 1e-6));
    }
  }
}
TEST(SoftmaxLibrary, FlashOfPiecesIsTheSoftmaxOfTheWhole) {
  COVERS("SoftmaxFlash");
  expect_flash_by_pieces<float, float>(20, 64);
  expect_flash_by_pieces<half, half>(9, 96);
  expect_flash_by_pieces<half, float>(16, 32);
}

template <class T>
void expect_grad(const Shape& s) {
  const auto g = random_values<T>(s.m * s.k, -1, 1, 3), y = random_values<T>(s.m * s.k, 0, 1, 4);
  const std::uint32_t width = 32 / sizeof(T);
  LibraryRun run;
  run.in(g).in(y).template out<T>(g.size()).template out<T>(s.m * width).template out<T>(s.m * width);
  run.temporary(s.temporary == 0 ? 0 : s.temporary * 3);
  run.go([&](LibraryRun& r) {
    const SoftMaxTiling t = tiling_of(s);
    if (s.temporary > 0) {
      SoftmaxGrad<T>(r.at<T>(2), r.at<T>(0), r.at<T>(1), r.tmp(), t, false, info_of(s));
      SoftmaxGrad<T>(r.at<T>(3), r.at<T>(0), r.at<T>(1), r.tmp(), t, true, info_of(s));
      SoftmaxGradFront<T>(r.at<T>(4), r.at<T>(0), r.at<T>(1), r.tmp(), t, info_of(s));
    } else {
      SoftmaxGrad<T>(r.at<T>(2), r.at<T>(0), r.at<T>(1), t, false, info_of(s));
      SoftmaxGrad<T>(r.at<T>(3), r.at<T>(0), r.at<T>(1), t, true, info_of(s));
      SoftmaxGradFront<T>(r.at<T>(4), r.at<T>(0), r.at<T>(1), t, info_of(s));
    }
  });
  for (std::uint32_t r = 0; r < s.m; ++r) {
    double dot = 0;
    for (std::uint32_t c = 0; c < s.cols; ++c)
      dot += static_cast<double>(static_cast<float>(g[r * s.k + c])) * static_cast<float>(y[r * s.k + c]);
    for (std::uint32_t w = 0; w < width; ++w) {
      ASSERT_TRUE(near(run.template result<T>(3)[r * width + w], dot, 2e-6 * s.cols, 1e-6));
      ASSERT_TRUE(near(run.template result<T>(4)[r * width + w], dot, 2e-6 * s.cols, 1e-6));
    }
    for (std::uint32_t c = 0; c < s.cols; ++c) {
      const std::size_t i = r * s.k + c;
      ASSERT_TRUE(near(run.template result<T>(2)[i],
                       (static_cast<float>(g[i]) - dot) * static_cast<float>(y[i]), 2e-6 * s.cols, 1e-6));
    }
  }
}
TEST(SoftmaxLibrary, Gradients) {
  COVERS("SoftmaxGrad", "SoftmaxGradFront");
  for (const Shape& s : kShapes) {
    if (s.k > 2304) continue;
    SCOPED_TRACE(::testing::Message() << s.m << " x " << s.k);
    expect_grad<float>(s);
    expect_grad<half>(s);
  }
}

TEST(SoftmaxLibrary, TakesTheShapeAttachedToItsSource) {
  COVERS("ShapeInfo", "SetShapeInfo", "DataFormat");
  const auto x = random_values<float>(6 * 32, -1, 1);
  LibraryRun run;
  run.in(x).out<float>(x.size());
  int elements = 0;
  run.go([&](LibraryRun& r) {
    const std::uint32_t in_memory[] = {2, 3, 32}, with_data[] = {2, 3, 20};
    auto source = r.at<float>(0);
    source.SetShapeInfo(ShapeInfo(3, in_memory, 3, with_data, DataFormat::ND));
    elements = GetShapeSize(source[8].GetShapeInfo());
    SoftMax<float>(r.at<float>(1), source, SoftMaxTiling());
  });
  EXPECT_EQ(elements, 192);
  for (std::size_t r = 0; r < 6; ++r) {
    double sum = 0;
    for (std::size_t c = 0; c < 20; ++c) sum += std::exp(x[r * 32 + c]);
    for (std::size_t c = 0; c < 20; ++c)
      ASSERT_TRUE(near(run.result<float>(1)[r * 32 + c], std::exp(x[r * 32 + c]) / sum, 1e-7, 1e-6));
  }
}

TEST(SoftmaxLibrary, MaskedRowsAreReplaced) {
  COVERS("AdjustSoftMaxRes");
  std::vector<float> max(5 * 8, 1.0f), packed = {1, -3.4028235e38f, 1, 1, 2};
  std::fill_n(max.begin() + 24, 8, -3.4028235e38f);
  LibraryRun run;
  run.in_out(std::vector<half>(5 * 32, half(0.5f)))
      .in(max)
      .in(packed)
      .in_out(std::vector<float>(5 * 32, 0.5f));
  bool any = false, none = true;
  run.go([&](LibraryRun& r) {
    any =
        AdjustSoftMaxRes<half, float>(r.at<half>(0), r.at<float>(1), 0xFF7FFFFF, half(0.0f), {5, 32, 5, 32});
    AdjustSoftMaxRes<float, float, false, 1>(r.at<float>(3), r.at<float>(2), 0xFF7FFFFF, 9.0f,
                                             {5, 32, 5, 32});
    none =
        AdjustSoftMaxRes<half, float>(r.at<half>(0), r.at<float>(1), 0x12345678, half(7.0f), {5, 32, 5, 32});
  });
  EXPECT_TRUE(any);
  EXPECT_FALSE(none);
  for (std::size_t i = 0; i < 160; ++i) {
    EXPECT_EQ(run.result<half>(0)[i], i / 32 == 3 ? 0.0f : 0.5f);
    EXPECT_EQ(run.result<float>(3)[i], i / 32 == 1 ? 9.0f : 0.5f);
  }
}

template <class T, class Call, class F>
void expect_activation(const Call& call, const F& f, bool two) {
  constexpr std::uint32_t n = 3000;
  const auto a = random_values<T>(n, -6, 6, 1), b = random_values<T>(n, -6, 6, 2);
  LibraryRun run;
  run.in(a).in(b).template out<T>(n).temporary(2048);
  run.go([&](LibraryRun& r) { call(r); });
  for (std::size_t i = 0; i < n; ++i) {
    const double x = static_cast<float>(a[i]), y = static_cast<float>(b[i]);
    ASSERT_TRUE(near(run.template result<T>(2)[i], two ? f(x, y) : f(x, 0), 1e-7, 3e-6)) << x << " " << y;
  }
}
#define EXPECT_ACTIVATION(two, f, ...)                                 \
  {                                                                    \
    const auto both = [&](auto zero) {                                 \
      using T = decltype(zero);                                        \
      expect_activation<T>(                                            \
          [](LibraryRun& r) {                                          \
            const auto a = r.at<T>(0), b = r.at<T>(1), d = r.at<T>(2); \
            const auto tmp = r.tmp();                                  \
            static_cast<void>(b), static_cast<void>(tmp);              \
            __VA_ARGS__;                                               \
          },                                                           \
          f, two);                                                     \
    };                                                                 \
    both(0.0f);                                                        \
    both(half(0.0f));                                                  \
  }

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double gelu(double x) {
  return 0.5 * x * (1 + std::tanh(std::sqrt(2 / 3.14159265358979) * (x + 0.044715 * x * x * x)));
}

TEST(ActivationLibrary, OfOneSource) {
  COVERS("Sigmoid", "Silu", "Swish", "Gelu", "FasterGelu");
  EXPECT_ACTIVATION(false, [](double x, double) { return sigmoid(x); }, Sigmoid(d, a, tmp, 3000));
  EXPECT_ACTIVATION(false, [](double x, double) { return sigmoid(x); }, Sigmoid(d, a));
  EXPECT_ACTIVATION(false, [](double x, double) { return x * sigmoid(x); }, Silu<T, false>(d, a, 3000));
  EXPECT_ACTIVATION(false, [](double x, double) { return x * sigmoid(2 * x); }, Swish(d, a, 3000, T(2.0f)));
  EXPECT_ACTIVATION(false, [](double x, double) { return gelu(x); }, Gelu(d, a, tmp, 3000));
  EXPECT_ACTIVATION(false, [](double x, double) { return gelu(x); }, Gelu<T, true>(d, a, 3000));
  EXPECT_ACTIVATION(
      false, [](double x, double) { return x * sigmoid(1.702 * x); }, FasterGelu(d, a, tmp, 3000));
}
TEST(ActivationLibrary, GatedByASecondSource) {
  COVERS("SwiGLU", "GeGLU", "ReGlu");
  const auto swiglu = [](double x, double y) { return x * y * sigmoid(1.5 * y); };
  EXPECT_ACTIVATION(true, swiglu, SwiGLU(d, a, b, 1.5f, tmp, 3000));
  EXPECT_ACTIVATION(true, swiglu, SwiGLU<T, false>(d, a, b, 1.5f));
  EXPECT_ACTIVATION(true, [](double x, double y) { return x * gelu(y); }, GeGLU(d, a, b, tmp, 3000));
  EXPECT_ACTIVATION(true, [](double x, double y) { return x * std::max(y, 0.0); }, ReGlu(d, a, b, 3000));
}

}  // namespace
}  // namespace etalon::ascendc
