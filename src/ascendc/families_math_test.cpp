// SPDX-License-Identifier: Apache-2.0
// The math libraries against double precision: every form of a call, half and float, ragged counts, small
// temporary memory.
#include "ascendc/families_for_test.h"

namespace etalon::ascendc {
namespace {

using namespace AscendC;
using Function = double (*)(double);

struct Tolerance {
  double absolute, relative;
};

// `call(dst, src, tmp, count)` with temporary memory of the caller and `call(dst, src, count)` with that of
// the framework, out of place and in place.
template <class T, class Call>
void expect_unary(const char* name, const Call& call, Function f, double low, double high,
                  Tolerance tolerance) {
  for (const std::uint32_t count : {16u, 100u, 1000u, 4096u}) {
    for (const bool framework : {false, true}) {
      auto x = random_values<T>(4096, low, high, count);
      x[0] = T(static_cast<float>(low)), x[1] = T(static_cast<float>(high));
      if (low < 0 && high > 0) x[2] = T(0.0f);
      LibraryRun run;
      run.in(x).in_out(std::vector<T>(4096, T(-77.0f))).temporary(2048);
      run.go([&](LibraryRun& r) {
        if (framework)
          call(r.at<T>(1), r.at<T>(0), count);
        else
          call(r.at<T>(1), r.at<T>(0), r.tmp(), count);
      });
      const auto y = run.template result<T>(1);
      for (std::size_t i = 0; i < 4096; ++i) {
        const double want = i < count ? f(static_cast<float>(x[i])) : -77.0;
        ASSERT_TRUE(near(y[i], want, tolerance.absolute, tolerance.relative))
            << name << " of " << static_cast<float>(x[i]) << ", element " << i << " of " << count;
      }
    }
  }
  auto x = random_values<T>(512, low, high, 9);
  LibraryRun run;
  run.in_out(x).temporary(16384);
  run.go([&](LibraryRun& r) { call(r.at<T>(0), r.at<T>(0), r.tmp(), 512u); });
  const auto y = run.template result<T>(0);
  for (std::size_t i = 0; i < 512; ++i)
    ASSERT_TRUE(near(y[i], f(static_cast<float>(x[i])), tolerance.absolute, tolerance.relative))
        << name << " in place";
}

#define EXPECT_UNARY(Name, f, low, high, absolute, relative)                                       \
  expect_unary<float>(#Name, [](auto&&... a) { Name(a...); }, f, low, high, {absolute, relative}); \
  expect_unary<half>(#Name, [](auto&&... a) { Name(a...); }, f, low, high, {absolute, relative})

TEST(MathLibrary, RoundsToIntegers) {
  COVERS("Ceil", "Floor", "Round", "Rint", "Trunc", "Frac", "Sign");
  EXPECT_UNARY(Ceil, std::ceil, -40.0, 40.0, 0, 0);
  EXPECT_UNARY(Floor, std::floor, -40.0, 40.0, 0, 0);
  EXPECT_UNARY(Round, std::round, -40.0, 40.0, 0, 0);
  EXPECT_UNARY(Rint, std::nearbyint, -40.0, 40.0, 0, 0);
  EXPECT_UNARY(Trunc, std::trunc, -40.0, 40.0, 0, 0);
  EXPECT_UNARY(Frac, [](double x) { return x - std::trunc(x); }, -40.0, 40.0, 0, 0);
  EXPECT_UNARY(Sign, [](double x) { return x > 0 ? 1.0 : x < 0 ? -1.0 : 0.0; }, -1e-3, 1e-3, 0, 0);
  const std::vector<float> ties = {0.5f, 1.5f, 2.5f, -0.5f, -2.5f, 3.49f, 1e20f, -7};
  LibraryRun run;
  run.in(ties).out<float>(8).out<float>(8);
  run.go([](LibraryRun& r) {
    Round(r.at<float>(1), r.at<float>(0));
    Rint(r.at<float>(2), r.at<float>(0));
  });
  EXPECT_EQ(run.result<float>(1), (std::vector<float>{1, 2, 3, -1, -3, 3, 1e20f, -7}));
  EXPECT_EQ(run.result<float>(2), (std::vector<float>{0, 2, 2, -0.0f, -2, 3, 1e20f, -7}));
}

TEST(MathLibrary, ExponentialsAndLogarithms) {
  COVERS("Log", "Log2", "Log10", "Sinh", "Cosh", "Tanh", "Asinh", "Acosh");
  EXPECT_UNARY(Log, std::log, 1e-3, 5e4, 1e-7, 2e-7);
  EXPECT_UNARY(Log2, std::log2, 1e-3, 5e4, 1e-7, 3e-7);
  EXPECT_UNARY(Log10, std::log10, 1e-3, 5e4, 1e-7, 3e-7);
  EXPECT_UNARY(Sinh, std::sinh, -10.0, 10.0, 2e-7, 3e-7);
  EXPECT_UNARY(Cosh, std::cosh, -10.0, 10.0, 2e-7, 3e-7);
  EXPECT_UNARY(Tanh, std::tanh, -12.0, 12.0, 3e-7, 0);
  EXPECT_UNARY(Asinh, std::asinh, -1000.0, 1000.0, 3e-7, 3e-7);
  EXPECT_UNARY(Acosh, std::acosh, 1.0, 1000.0, 4e-7, 3e-7);
  EXPECT_UNARY(Atanh, std::atanh, -0.99, 0.99, 3e-7, 3e-7);
}

TEST(MathLibrary, ExponentialBySeries) {
  COVERS("Exp");
  expect_unary<float>("Exp<0>", [](auto d, auto s, auto... a) { Exp<float, 0>(d, s, a...); }, std::exp, -20.0,
                      20.0, {0, 2e-7});
  expect_unary<half>("Exp<0>", [](auto d, auto s, auto... a) { Exp<half, 0>(d, s, a...); }, std::exp, -10.0,
                     10.0, {0, 2e-7});
  expect_unary<float>("Exp<12>", [](auto d, auto s, auto... a) { Exp<float, 12>(d, s, a...); }, std::exp,
                      -20.0, 20.0, {0, 5e-7});
  // Two terms beyond one: e^floor (1 + f + f^2 / 2).
  expect_unary<float>(
      "Exp<2>", [](auto d, auto s, auto... a) { Exp<float, 2>(d, s, a...); },
      [](double x) {
        const double f = x - std::floor(x);
        return std::exp(std::floor(x)) * (1 + f + f * f / 2);
      },
      -20.0, 20.0, {0, 5e-7});
}

TEST(MathLibrary, Trigonometry) {
  COVERS("Sin", "Cos", "Tan", "Asin", "Acos", "Atan");
  for (const double range : {3.0, 1000.0, 65504.0}) {
    EXPECT_UNARY(Sin, std::sin, -range, range, 3e-7, 0);
    EXPECT_UNARY(Cos, std::cos, -range, range, 3e-7, 0);
    EXPECT_UNARY(Tan, std::tan, -range, range, 3e-7, 1e-5);
  }
  EXPECT_UNARY(Asin, std::asin, -1.0, 1.0, 1e-7, 5e-7);
  EXPECT_UNARY(Acos, std::acos, -1.0, 1.0, 1e-7, 5e-7);
  EXPECT_UNARY(Atan, std::atan, -1.0, 1.0, 1e-9, 5e-7);
  EXPECT_UNARY(Atan, std::atan, -6e4, 6e4, 1e-9, 5e-7);
}

TEST(MathLibrary, ErrorFunctions) {
  COVERS("Erf", "Erfc");
  EXPECT_UNARY(Erf, std::erf, -5.0, 5.0, 3e-7, 2e-7);
  EXPECT_UNARY(Erfc, std::erfc, -5.0, 5.0, 2e-7, 3e-6);
  expect_unary<float>("Erfc", [](auto&&... a) { Erfc(a...); }, std::erfc, 0.0, 9.0, {1e-37, 1e-5});
}

template <class T, class Call, class F>
void expect_binary(const char* name, const std::vector<T>& a, const std::vector<T>& b, const Call& call,
                   const F& f, Tolerance tolerance) {
  for (const bool framework : {false, true}) {
    LibraryRun run;
    run.in(a).in(b).template out<T>(a.size()).temporary(3072);
    const auto count = static_cast<std::uint32_t>(a.size());
    run.go([&](LibraryRun& r) {
      if (framework)
        call(r.at<T>(2), r.at<T>(0), r.at<T>(1), count);
      else
        call(r.at<T>(2), r.at<T>(0), r.at<T>(1), r.tmp(), count);
    });
    const auto y = run.template result<T>(2);
    for (std::size_t i = 0; i < a.size(); ++i) {
      const double p = static_cast<float>(a[i]), q = static_cast<float>(b[i]);
      ASSERT_TRUE(near(y[i], f(p, q), tolerance.absolute, tolerance.relative))
          << name << "(" << p << ", " << q << ") element " << i;
    }
  }
}

template <class T>
void expect_power() {
  auto a = random_values<T>(1000, 0.01, 8.0, 1), b = random_values<T>(1000, -4.0, 4.0, 2);
  const auto call = [](auto&&... p) { Power(p...); };
  const auto pow = [](double x, double y) { return std::pow(x, y); };
  expect_binary("Power", a, b, call, pow, {0, 3e-6});
  for (std::size_t i = 0; i < 1000; ++i)
    a[i] = -a[i], b[i] = T(static_cast<float>(static_cast<int>(i % 9) - 4));
  a[0] = a[1] = a[2] = T(0.0f), b[1] = T(2.0f), b[2] = T(0.0f);
  a[4] = T(-2.0f), b[4] = T(0.5f);
  expect_binary("Power", a, b, call, pow, {0, 3e-6});
  LibraryRun run;
  run.in(a).template out<T>(1000).template out<T>(1000).temporary(8192);
  run.go([](LibraryRun& r) {
    Power(r.at<T>(1), r.at<T>(0), T(3.0f), r.tmp());
    Power<T, false>(r.at<T>(2), T(1.5f), r.at<T>(0), 1000);
  });
  for (std::size_t i = 0; i < 1000; ++i) {
    const double x = static_cast<float>(a[i]);
    ASSERT_TRUE(near(run.result<T>(1)[i], x * x * x, 0, 3e-6));
    ASSERT_TRUE(near(run.result<T>(2)[i], std::pow(1.5, x), 0, 3e-6));
  }
}
TEST(MathLibrary, PowersWithBothSigns) {
  COVERS("Power");
  expect_power<float>();
  expect_power<half>();
}

TEST(MathLibrary, RemaindersAreExact) {
  COVERS("Fmod");
  const auto a = random_values<float>(1000, -1000.0, 1000.0, 1), b = random_values<float>(1000, 0.1, 7.0, 2);
  auto c = a;
  for (std::size_t i = 0; i < c.size(); ++i) c[i] = std::round(b[i] * 1024) / 1024 * std::round(a[i]);
  const auto f = [](double x, double y) { return std::fmod(x, y); };
  expect_binary("Fmod", a, b, [](auto&&... p) { Fmod(p...); }, f, {0, 0});
  expect_binary("Fmod", c, b, [](auto&&... p) { Fmod(p...); }, f, {0, 0});
}

TEST(MathLibrary, ExclusiveOr) {
  COVERS("Xor");
  std::vector<std::int16_t> a, b;
  for (int i = 0; i < 1000; ++i)
    a.push_back(static_cast<std::int16_t>(i * 7919)), b.push_back(static_cast<std::int16_t>(i * 104729));
  LibraryRun run;
  run.in(a).in(b).out<std::int16_t>(1000).temporary(256);
  run.go([](LibraryRun& r) {
    Xor(r.at<std::int16_t>(2), r.at<std::int16_t>(0), r.at<std::int16_t>(1), r.tmp(), 1000);
  });
  for (std::size_t i = 0; i < 1000; ++i)
    EXPECT_EQ(run.result<std::int16_t>(2)[i], static_cast<std::int16_t>(a[i] ^ b[i]));
}

TEST(MathLibrary, ClampsAndAxpy) {
  COVERS("ClampMax", "ClampMin", "Axpy");
  const auto x = random_values<float>(500, -5.0, 5.0);
  const auto h = random_values<half>(500, -5.0, 5.0);
  LibraryRun run;
  run.in(x).out<float>(500).out<float>(500).in_out(x).in(h).temporary(256);
  run.go([](LibraryRun& r) {
    ClampMax(r.at<float>(1), r.at<float>(0), r.tmp(), 2.0f, 500);
    ClampMin(r.at<float>(2), r.at<float>(0), -1.0f, 500);
    Axpy(r.at<float>(3), r.at<half>(4), half(0.5f), r.tmp(), 500);
  });
  for (std::size_t i = 0; i < 500; ++i) {
    EXPECT_EQ(run.result<float>(1)[i], std::min(x[i], 2.0f));
    EXPECT_EQ(run.result<float>(2)[i], std::max(x[i], -1.0f));
    EXPECT_NEAR(run.result<float>(3)[i], x[i] + 0.5 * static_cast<float>(h[i]), 1e-6);
  }
}

TEST(MathLibrary, TooLittleTemporaryMemoryIsAnError) {
  LibraryRun run;
  run.in(random_values<float>(64, 0, 1)).out<float>(64).temporary(64);
  run.run([](LibraryRun& r) { Sin(r.at<float>(1), r.at<float>(0), r.tmp(), 64); });
  EXPECT_EQ(run.error_code(), "ascendc.memory");
}

}  // namespace
}  // namespace etalon::ascendc
