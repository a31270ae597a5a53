// SPDX-License-Identifier: Apache-2.0
// Reductions, sums, broadcasts, selections, progressions and fills of the libraries.
#include "ascendc/families_for_test.h"

namespace etalon::ascendc {
namespace {

using namespace AscendC;

struct Matrix {
  std::uint32_t rows, cols;
};
constexpr Matrix kMatrices[] = {{1, 64}, {7, 33}, {16, 130}, {40, 8}, {300, 24}, {2, 5000}, {5, 256}};

template <class T>
std::uint32_t padded(std::uint32_t cols) {
  constexpr std::uint32_t block = 32 / sizeof(T);
  return (cols + block - 1) / block * block;
}

template <class T, class pattern, class Call>
void expect_reduced(const Call& call, Matrix m, double low, double high, double unit,
                    const std::function<double(const std::vector<double>&)>& f) {
  const std::uint32_t pitch = padded<T>(m.cols);
  auto x = random_values<T>(m.rows * pitch, low, high, m.cols);
  if (low == 0) {
    for (auto& v : x) v = T(std::round(static_cast<float>(v)));
  }
  constexpr bool along = std::is_same_v<pattern, Pattern::Reduce::AR>;
  LibraryRun run;
  run.in(x).template out<T>(along ? m.rows : m.cols).temporary(m.rows * pitch > 4000 ? 24576 : 16384);
  run.go([&](LibraryRun& r) {
    const std::uint32_t shape[] = {m.rows, m.cols};
    call(pattern(), r.at<T>(1), r.at<T>(0), r.tmp(), shape);
  });
  for (std::uint32_t i = 0; i < (along ? m.rows : m.cols); ++i) {
    std::vector<double> values;
    for (std::uint32_t j = 0; j < (along ? m.cols : m.rows); ++j)
      values.push_back(static_cast<float>(along ? x[i * pitch + j] : x[j * pitch + i]));
    ASSERT_TRUE(near(run.template result<T>(1)[i], f(values), unit * static_cast<double>(values.size()), 0))
        << m.rows << " x " << m.cols << ", " << i;
  }
}
double sum_of(const std::vector<double>& v) {
  double s = 0;
  for (double x : v) s += x;
  return s;
}
double mean_of(const std::vector<double>& v) { return sum_of(v) / static_cast<double>(v.size()); }
double max_of(const std::vector<double>& v) { return *std::max_element(v.begin(), v.end()); }
double min_of(const std::vector<double>& v) { return *std::min_element(v.begin(), v.end()); }

#define EXPECT_REDUCED(Name, low, high, unit, f)                                               \
  for (const Matrix m : kMatrices) {                                                           \
    const auto call = [](auto pattern, auto d, auto s, auto tmp, const std::uint32_t* shape) { \
      Name<float, decltype(pattern), false>(d, s, tmp, shape, true);                           \
    };                                                                                         \
    expect_reduced<float, Pattern::Reduce::AR>(call, m, low, high, unit, f);                   \
    expect_reduced<float, Pattern::Reduce::RA>(call, m, low, high, unit, f);                   \
  }

TEST(ReduceLibrary, MatricesAlongAndOverRows) {
  COVERS("ReduceSum", "ReduceMax", "ReduceMin", "ReduceMean", "ReduceAny", "ReduceAll", "Pattern");
  EXPECT_REDUCED(ReduceSum, -1, 1, 1e-7, sum_of);
  EXPECT_REDUCED(ReduceMean, -1, 1, 4e-8, mean_of);
  EXPECT_REDUCED(ReduceMax, -9, 9, 0, max_of);
  EXPECT_REDUCED(ReduceMin, -9, 9, 0, min_of);
  EXPECT_REDUCED(ReduceAny, 0, 0.52, 0, max_of);
  EXPECT_REDUCED(ReduceAll, 0, 20, 0, min_of);
}

template <class T>
void expect_sums(Matrix m, double unit) {
  const std::uint32_t pitch = padded<T>(m.cols);
  const auto x = random_values<T>(m.rows * pitch, 0, 1, m.cols);
  LibraryRun run;
  run.in(x).template out<T>(m.rows).template out<T>(m.rows).template out<T>(m.rows).temporary(24576);
  run.go([&](LibraryRun& r) {
    Sum(r.at<T>(1), r.at<T>(0), r.tmp(), SumParams{m.rows, pitch, m.cols});
    Mean(r.at<T>(2), r.at<T>(0), r.tmp(), MeanParams{m.rows, pitch, m.cols});
    Mean<T, float>(r.at<T>(3), r.at<T>(0), r.tmp(), MeanParams{m.rows, pitch, m.cols});
  });
  for (std::uint32_t r = 0; r < m.rows; ++r) {
    double want = 0;
    for (std::uint32_t c = 0; c < m.cols; ++c) want += static_cast<float>(x[r * pitch + c]);
    ASSERT_TRUE(near(run.template result<T>(1)[r], want, 0, unit)) << r;
    ASSERT_TRUE(near(run.template result<T>(2)[r], want / m.cols, 0, unit)) << r;
    ASSERT_TRUE(near(run.template result<T>(3)[r], want / m.cols, 0, 1e-6)) << r;
  }
}
TEST(ReduceLibrary, SumsAndMeansOfRows) {
  COVERS("Sum", "SumParams", "Mean", "MeanParams");
  for (const Matrix m : kMatrices) {
    expect_sums<float>(m, 2e-6);
    expect_sums<half>(m, 4e-3);  // every addition rounds to half
  }
}

template <class T>
void expect_broadcasts() {
  const auto x = random_values<T>(96, -50, 50);
  LibraryRun run;
  run.in(x).template out<T>(20 * 32).template out<T>(20 * 96).template out<T>(64).temporary(16384);
  run.go([](LibraryRun& r) {
    const std::uint32_t column[] = {20, 1}, row[] = {1, 96}, one[] = {1};
    const std::uint32_t wide[] = {20, 32}, tall[] = {20, 96}, line[] = {64};
    Broadcast<T, 2, 1>(r.at<T>(1), r.at<T>(0), wide, column, r.tmp());
    BroadCast<T, 2, 0>(r.at<T>(2), r.at<T>(0), tall, row, r.tmp());
    Broadcast<T, 1, 0>(r.at<T>(3), r.at<T>(0), line, one, r.tmp());
  });
  for (std::size_t i = 0; i < 20 * 32; ++i) ASSERT_EQ(run.template result<T>(1)[i], x[i / 32]) << i;
  for (std::size_t i = 0; i < 20 * 96; ++i) ASSERT_EQ(run.template result<T>(2)[i], x[i % 96]) << i;
  for (std::size_t i = 0; i < 64; ++i) ASSERT_EQ(run.template result<T>(3)[i], x[0]) << i;
}
TEST(TransposeLibrary, BroadcastsRowsColumnsAndElements) {
  COVERS("Broadcast", "BroadCast");
  expect_broadcasts<float>();
  expect_broadcasts<half>();
  expect_broadcasts<std::int32_t>();
  expect_broadcasts<std::int8_t>();
  expect_broadcasts<std::uint16_t>();
}

template <class T>
void expect_transposed(std::uint32_t h, std::uint32_t w) {
  std::vector<T> x;
  for (std::uint32_t i = 0; i < h * w; ++i) x.push_back(T(static_cast<float>(i % 2000)));
  LibraryRun run;
  run.in(x).template out<T>(x.size());
  run.go([&](LibraryRun& r) {
    ConfusionTransposeTiling tiling;
    tiling.param0 = h, tiling.param1 = w;
    ConfusionTranspose(r.at<T>(1), r.at<T>(0), TransposeType::TRANSPOSE_ND2ND_ONLY, tiling);
  });
  for (std::uint32_t i = 0; i < h * w; ++i)
    ASSERT_EQ(run.template result<T>(1)[i % w * h + i / w], x[i]) << i;
}
TEST(TransposeLibrary, TransposesMatrices) {
  COVERS("ConfusionTranspose", "TransposeType", "TRANSPOSE_ND2ND_ONLY");
  expect_transposed<half>(16, 16);
  expect_transposed<half>(48, 80);
  expect_transposed<float>(64, 32);
  expect_transposed<std::int32_t>(16, 96);
  expect_transposed<std::uint16_t>(32, 16);
}

template <class T, class U>
void expect_selected(std::uint32_t mask_cols) {
  constexpr std::uint32_t rows = 9, cols = 160;
  const auto x = random_values<T>(rows * cols, -5, 5);
  std::vector<U> mask(rows * mask_cols);
  for (std::size_t i = 0; i < mask.size(); ++i) mask[i] = static_cast<U>(i * i % 7 < 3 ? 0 : i % 3 + 1);
  LibraryRun run;
  run.in(x).in(mask).template out<T>(x.size()).template out<T>(x.size()).temporary(2048);
  run.go([&](LibraryRun& r) {
    const SelectWithBytesMaskShapeInfo info{rows, cols, mask_cols};
    SelectWithBytesMask(r.at<T>(2), r.at<T>(0), T(7.0f), r.at<U>(1), r.tmp(), info);
    Select<T, U>(r.at<T>(3), T(-8.0f), r.at<T>(0), r.at<U>(1), r.tmp(), info);
  });
  for (std::uint32_t r = 0; r < rows; ++r) {
    for (std::uint32_t c = 0; c < cols; ++c) {
      const bool zero = mask[r * mask_cols + c] == 0;
      ASSERT_EQ(run.template result<T>(2)[r * cols + c], zero ? x[r * cols + c] : T(7.0f)) << r << " " << c;
      ASSERT_EQ(run.template result<T>(3)[r * cols + c], zero ? T(-8.0f) : x[r * cols + c]) << r << " " << c;
    }
  }
}
TEST(FilterLibrary, SelectsByMasksOfBytes) {
  COVERS("SelectWithBytesMask", "SelectWithBytesMaskShapeInfo", "Select");
  for (const std::uint32_t mask_cols : {160u, 192u}) {
    expect_selected<float, std::uint8_t>(mask_cols);
    expect_selected<half, std::uint8_t>(mask_cols);
    expect_selected<half, std::int16_t>(mask_cols);
    expect_selected<float, std::uint32_t>(mask_cols);
  }
}

template <class T>
void expect_progression(double first, double step, int count, double unit) {
  LibraryRun run;
  run.in_out(std::vector<T>(2000, T(0.0f))).in_out(std::vector<T>(2000, T(0.0f)));
  run.go([&](LibraryRun& r) {
    Arange(r.at<T>(0), T(static_cast<float>(first)), T(static_cast<float>(step)), count);
    ArithProgression(r.at<T>(1), T(static_cast<float>(first)), T(static_cast<float>(step)), count);
  });
  for (int i = 0; i < 2000; ++i) {
    const double want = i < count
                            ? static_cast<float>(T(static_cast<float>(first))) +
                                  static_cast<float>(T(static_cast<float>(step))) * static_cast<double>(i)
                            : 0;
    const auto at = static_cast<std::size_t>(i);
    ASSERT_NEAR(static_cast<float>(run.template result<T>(0)[at]), want, unit * std::fabs(want)) << i;
    ASSERT_EQ(run.template result<T>(0)[at], run.template result<T>(1)[at]);
  }
}
TEST(IndexLibrary, ArithmeticProgressions) {
  COVERS("Arange", "ArithProgression");
  for (const int count : {1, 5, 8, 16, 33, 1000, 2000}) {
    expect_progression<std::int32_t>(-3, 7, count, 0);
    expect_progression<std::int16_t>(5, -3, count, 0);
    expect_progression<float>(0.5, 0.25, count, 0);
    expect_progression<float>(1, 0.1, count, 1e-6);
    expect_progression<half>(1, 0.5, count, 0x1p-10);
  }
}

TEST(UtilityLibrary, DeviceMemoryIsFilled) {
  COVERS("InitGlobalMemory", "InitOutput", "Fill");
  TestDevice device;
  constexpr std::size_t n = 150000;
  auto* x = device.allocate_of<half>(n);
  auto* y = device.allocate_of<float>(n);
  auto* z = device.allocate_of<std::int32_t>(n);
  std::fill_n(x, n, half(1.0f)), std::fill_n(y, n, 1.0f), std::fill_n(z, n, 1);
  HazardChecker checker("fill");
  LaunchOptions options;
  options.blocks = 2;
  options.observer = &checker;
  const auto launched = launch(device, options, [&] {
    TPipe pipe;
    GlobalTensor<half> gx;
    GlobalTensor<float> gy;
    GlobalTensor<std::int32_t> gz;
    const std::size_t half_of = n / 2, first = static_cast<std::size_t>(GetBlockIdx()) * half_of;
    gx.SetGlobalBuffer(x + first), gy.SetGlobalBuffer(y + first), gz.SetGlobalBuffer(z + first);
    InitGlobalMemory(gx, half_of - 3, half(-2.0f));
    InitOutput(gy, static_cast<std::uint32_t>(half_of), 4.0f);
    Fill(gz, std::uint64_t{11}, -7);
    InitOutput<float>(gy, 5);
  });
  ASSERT_TRUE(launched.has_value()) << launched.error().text();
  EXPECT_FALSE(checker.failed());
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t at = i % (n / 2);
    ASSERT_EQ(x[i], at < n / 2 - 3 ? -2.0f : 1.0f) << i;
    ASSERT_EQ(y[i], at < 5 ? 0.0f : 4.0f) << i;
    ASSERT_EQ(z[i], at < 11 ? -7 : 1) << i;
  }
}

template <class T>
void expect_channels_moved() {
  constexpr std::uint32_t n = 2, c = 16, h = 6, w = 8, image = h * w;
  std::vector<T> x;
  for (std::uint32_t i = 0; i < n * c * image; ++i) x.push_back(static_cast<T>(i * 3 + 1));
  LibraryRun run;
  run.in(x).template out<T>(x.size()).template out<T>(x.size()).temporary(256);
  run.go([](LibraryRun& r) {
    Transpose(r.at<T>(1), r.at<T>(0), r.tmp(),
              TransposeParamsExt{n, c, h, w, TransposeType::TRANSPOSE_NCHW2NHWC});
    Transpose(r.at<T>(2), r.at<T>(0), r.tmp(),
              TransposeParamsExt{n, c, h, w, TransposeType::TRANSPOSE_NHWC2NCHW});
  });
  const auto last = run.template result<T>(1), first = run.template result<T>(2);
  for (std::uint32_t b = 0; b < n; ++b) {
    for (std::uint32_t k = 0; k < c; ++k) {
      for (std::uint32_t p = 0; p < image; ++p) {
        ASSERT_EQ(last[(b * image + p) * c + k], x[(b * c + k) * image + p]);
        ASSERT_EQ(first[(b * c + k) * image + p], x[(b * image + p) * c + k]);
      }
    }
  }
}
TEST(TransposeLibrary, ChannelsFirstAndLast) {
  COVERS("Transpose", "TransposeParamsExt", "TRANSPOSE_NHWC2NCHW", "TRANSPOSE_NCHW2NHWC");
  expect_channels_moved<std::uint16_t>();
  expect_channels_moved<std::int32_t>();
  EXPECT_EQ(error_code(KernelType::aiv,
                       [] {
                         Transpose(ub<float>(0), ub<float>(1024), ub<std::uint8_t>(2048),
                                   TransposeParamsExt{1, 8, 1, 8, TransposeType::TRANSPOSE_ND_UB_GM});
                       }),
            "ascendc.unsupported");
}

}  // namespace
}  // namespace etalon::ascendc
