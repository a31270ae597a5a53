// SPDX-License-Identifier: Apache-2.0
#include "kernels/npu/activations.h"
#include "kernels/npu/test_device.h"

namespace etalon::kernels::npu {
namespace {

template <class T>
constexpr double kEpsilon = std::is_same_v<T, half>         ? 1.0 / 1024
                            : std::is_same_v<T, bfloat16_t> ? 1.0 / 128
                                                            : 2e-6;

StreamTiling flat(std::int64_t n, std::int32_t tile) {
  StreamTiling t;
  t.columns = n;
  t.tile_columns = tile;
  for (int i = 0; i < 4; ++i) t.in_pitch[i] = t.out_pitch[i] = n;
  return t;
}

const std::int64_t kSizes[] = {1, 15, 16, 1000, 4096, 100003};

// Runs Op on T inputs of n elements and compares each output element with f(inputs).
template <class Op, class T, class F>
void expect(F f, double absolute) {
  for (std::int64_t n : kSizes) {
    TestDevice device;
    T* x = device.random<T>(n, "x", 2.0);
    T* y = device.random<T>(n, "y", 2.0);
    T* z = device.allocate_of<T>(n);
    const GmAddress in[] = {reinterpret_cast<GmAddress>(x), reinterpret_cast<GmAddress>(y)};
    const GmAddress out[] = {reinterpret_cast<GmAddress>(z)};
    const StreamTiling t = flat(n, 1024);
    run_functional(device, ascendc::KernelType::aiv, 7, [&] { stream_kernel(in, out, t, Op{}); });
    std::vector<double> expected;
    for (std::int64_t i = 0; i < n; ++i)
      expected.push_back(
          f(static_cast<double>(static_cast<float>(x[i])), static_cast<double>(static_cast<float>(y[i]))));
    EXPECT_LE(worst_error(z, expected, kEpsilon<T>, absolute), 1) << n;
  }
}

template <class T>
void expect_all() {
  expect<AddOp<T>, T>([](double x, double y) { return x + y; }, 1e-6);
  expect<SwigluOp<T>, T>([](double x, double y) { return x / (1 + std::exp(-x)) * y; }, 1e-6);
  expect<GeluOp<T>, T>(
      [](double x, double) {
        return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
      },
      1e-5);
  expect<SquaredReluOp<T>, T>([](double x, double) { return x > 0 ? x * x : 0; }, 1e-6);
}

TEST(NpuElementwise, ComputesSumsAndActivationsInHalf) { expect_all<half>(); }
TEST(NpuElementwise, ComputesSumsAndActivationsInBfloat16) { expect_all<bfloat16_t>(); }
TEST(NpuElementwise, ComputesSumsAndActivationsInFloat) { expect_all<float>(); }

// Numerical derivative, in double precision.
template <class F>
double slope(F f, double x) {
  return (f(x + 1e-5) - f(x - 1e-5)) / 2e-5;
}
double silu(double x) { return x / (1 + std::exp(-x)); }
double gelu(double x) { return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))); }

template <class T>
void expect_gradients() {
  expect<GeluGradientOp<T>, T>([](double x, double dy) { return dy * slope(gelu, x); }, 2e-5);
  expect<SquaredReluGradientOp<T>, T>([](double x, double dy) { return x > 0 ? 2 * x * dy : 0; }, 1e-6);
  for (std::int64_t n : kSizes) {
    TestDevice device;
    T *gate = device.random<T>(n, "gate", 2.0), *up = device.random<T>(n, "up"),
      *dy = device.random<T>(n, "dy"), *d_gate = device.allocate_of<T>(n), *d_up = device.allocate_of<T>(n);
    const auto p = [](T* q) { return reinterpret_cast<GmAddress>(q); };
    const GmAddress in[] = {p(gate), p(up), p(dy)}, out[] = {p(d_gate), p(d_up)};
    const StreamTiling t = flat(n, 1024);
    run_functional(device, ascendc::KernelType::aiv, 5,
                   [&] { stream_kernel(in, out, t, SwigluGradientOp<T>{}); });
    std::vector<double> of_gate, of_up;
    const auto real = [](T v) { return static_cast<double>(static_cast<float>(v)); };
    for (std::int64_t i = 0; i < n; ++i) {
      of_gate.push_back(real(dy[i]) * real(up[i]) * slope(silu, real(gate[i])));
      of_up.push_back(real(dy[i]) * silu(real(gate[i])));
    }
    EXPECT_LE(worst_error(d_gate, of_gate, kEpsilon<T>, 2e-5), 1) << n;
    EXPECT_LE(worst_error(d_up, of_up, kEpsilon<T>, 2e-6), 1) << n;
  }
}
TEST(NpuElementwise, GivesTheGradientsOfActivationsInHalf) { expect_gradients<half>(); }
TEST(NpuElementwise, GivesTheGradientsOfActivationsInBfloat16) { expect_gradients<bfloat16_t>(); }
TEST(NpuElementwise, GivesTheGradientsOfActivationsInFloat) { expect_gradients<float>(); }

TEST(NpuElementwise, FillsWithZeroes) {
  TestDevice device;
  auto* x = device.random<float>(1001, "x");
  const GmAddress out[] = {reinterpret_cast<GmAddress>(x)};
  const StreamTiling t = flat(1000, 256);
  run_functional(device, ascendc::KernelType::aiv, 3, [&] { stream_kernel(out, out, t, ZeroOp<float>{}); });
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(x[i], 0.0f);
  EXPECT_NE(x[1000], 0.0f);
}

TEST(NpuElementwise, CastsBetweenAllRealTypes) {
  expect<CastOp<half, half>, half>([](double x, double) { return x; }, 1e-9);
  for (std::int64_t n : kSizes) {
    TestDevice device;
    float* x = device.random<float>(n, "x");
    auto* b = device.allocate_of<bfloat16_t>(n);
    auto* h = device.allocate_of<half>(n);
    const GmAddress px[] = {reinterpret_cast<GmAddress>(x)}, pb[] = {reinterpret_cast<GmAddress>(b)},
                    ph[] = {reinterpret_cast<GmAddress>(h)};
    const StreamTiling t = flat(n, 2048);
    run_functional(device, ascendc::KernelType::aiv, 3,
                   [&] { stream_kernel(px, pb, t, CastOp<float, bfloat16_t>{}); });
    run_functional(device, ascendc::KernelType::aiv, 3,
                   [&] { stream_kernel(pb, ph, t, CastOp<bfloat16_t, half>{}); });
    for (std::int64_t i = 0; i < n; ++i) {
      EXPECT_EQ(b[i].bits(), bfloat16_t(x[i]).bits());
      EXPECT_EQ(h[i].bits(), half(static_cast<float>(b[i])).bits());
    }
  }
}

TEST(NpuElementwise, ReadsGateAndUpFromTheHalvesOfOneTensor) {
  const std::int64_t rows = 37, inter = 50;
  TestDevice device;
  half* x = device.random<half>(rows * 2 * inter, "x");
  half* z = device.allocate_of<half>(rows * inter);
  StreamTiling t;
  t.rows = rows, t.columns = inter;
  t.in_pitch[0] = t.in_pitch[1] = 2 * inter;
  t.out_pitch[0] = inter;
  t.tile_rows = 5, t.tile_columns = 50;
  const GmAddress in[] = {reinterpret_cast<GmAddress>(x), reinterpret_cast<GmAddress>(x + inter)},
                  out[] = {reinterpret_cast<GmAddress>(z)};
  run_functional(device, ascendc::KernelType::aiv, 4, [&] { stream_kernel(in, out, t, SwigluOp<half>{}); });
  std::vector<double> expected;
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t i = 0; i < inter; ++i) {
      const double g = static_cast<float>(x[r * 2 * inter + i]),
                   u = static_cast<float>(x[r * 2 * inter + inter + i]);
      expected.push_back(g / (1 + std::exp(-g)) * u);
    }
  }
  EXPECT_LE(worst_error(z, expected, 1.0 / 1024, 1e-6), 1);
}

TEST(NpuElementwise, TakesAnAdamWStep) {
  const std::int64_t n = 5000;
  TestDevice device;
  float* w = device.random<float>(n, "w");
  auto* g = device.random<bfloat16_t>(n, "g", 0.1);
  float* m = device.random<float>(n, "m", 0.1);
  float* v = device.allocate_of<float>(n);
  for (std::int64_t i = 0; i < n; ++i) v[i] = m[i] * m[i];
  float* w2 = device.allocate_of<float>(n);
  float* m2 = device.allocate_of<float>(n);
  float* v2 = device.allocate_of<float>(n);
  auto* b = device.allocate_of<bfloat16_t>(n);
  AdamWOp<bfloat16_t> op;
  op.correction1 = 0.5f, op.correction2 = 0.3f;
  const GmAddress in[] = {reinterpret_cast<GmAddress>(w), reinterpret_cast<GmAddress>(g),
                          reinterpret_cast<GmAddress>(m), reinterpret_cast<GmAddress>(v)};
  const GmAddress out[] = {reinterpret_cast<GmAddress>(w2), reinterpret_cast<GmAddress>(m2),
                           reinterpret_cast<GmAddress>(v2), reinterpret_cast<GmAddress>(b)};
  const StreamTiling t = flat(n, 1024);
  run_functional(device, ascendc::KernelType::aiv, 3, [&] { stream_kernel(in, out, t, op); });
  std::vector<double> ew, em, ev;
  for (std::int64_t i = 0; i < n; ++i) {
    const double gi = static_cast<float>(g[i]);
    em.push_back(0.9 * m[i] + 0.1 * gi);
    ev.push_back(0.95 * v[i] + 0.05 * gi * gi);
    ew.push_back(w[i] * (1 - 1e-3 * 0.1) - 1e-3 * (em.back() / 0.5) / (std::sqrt(ev.back() / 0.3) + 1e-8));
  }
  EXPECT_LE(worst_error(m2, em, 1e-6, 1e-7), 1);
  EXPECT_LE(worst_error(v2, ev, 1e-6, 1e-7), 1);
  EXPECT_LE(worst_error(w2, ew, 1e-6, 1e-6), 1);
  for (std::int64_t i = 0; i < n; ++i) EXPECT_EQ(b[i].bits(), bfloat16_t(w2[i]).bits());
}

}  // namespace
}  // namespace etalon::kernels::npu
