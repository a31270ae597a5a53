// SPDX-License-Identifier: Apache-2.0
// What the hazard checker costs: at most four times the processor time of the run without it.
#include <time.h>

#include "kernels/npu/elementwise.h"
#include "kernels/npu/matmul.h"
#include "kernels/npu/stream.h"
#include "kernels/npu/test_device.h"

namespace etalon::kernels::npu {
namespace {

double processor_seconds() {
  timespec t = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

// Seconds of one run, the best of three.
double seconds(ascendc::Device& device, ascendc::KernelType type, int blocks, bool checked,
               const std::function<void()>& kernel) {
  double best = 1e9;
  for (int i = 0; i < 3; ++i) {
    ascendc::HazardChecker checker;
    ascendc::LaunchOptions options;
    options.type = type;
    options.blocks = blocks;
    options.observer = checked ? &checker : nullptr;
    const double begin = processor_seconds();
    const auto result = ascendc::launch(device, options, kernel);
    best = std::min(best, processor_seconds() - begin);
    EXPECT_TRUE(result.has_value()) << result.error().text();
    EXPECT_FALSE(checker.failed());
  }
  return best;
}

void expect_cheap(const char* what, ascendc::Device& device, ascendc::KernelType type, int blocks,
                  const std::function<void()>& kernel) {
  const double without = seconds(device, type, blocks, false, kernel);
  const double with = seconds(device, type, blocks, true, kernel);
  std::printf("%-28s %8.3f s, checked %8.3f s: %.2f times\n", what, without, with, with / without);
  EXPECT_LE(with / without, 4) << what;
}

TEST(NpuHazardsCost, ElementwiseAddition) {
  constexpr std::int64_t n = 16 << 20;
  TestDevice device;
  const GmAddress in[] = {reinterpret_cast<GmAddress>(device.allocate_of<half>(n)),
                          reinterpret_cast<GmAddress>(device.allocate_of<half>(n))};
  const GmAddress out[] = {reinterpret_cast<GmAddress>(device.allocate_of<half>(n))};
  StreamTiling t;
  t.columns = n;
  t.tile_columns = 8192;
  for (int i = 0; i < 4; ++i) t.in_pitch[i] = t.out_pitch[i] = n;
  expect_cheap("add of halves", device, ascendc::KernelType::aiv, 48,
               [&] { stream_kernel(in, out, t, AddOp<half>{}); });
}

TEST(NpuHazardsCost, Product) {
  constexpr std::int64_t n = 512;
  TestDevice device;
  half* a = device.random<half>(n * n, "a");
  half* b = device.random<half>(n * n, "b");
  half* c = device.allocate_of<half>(n * n);
  MatmulTiling t;
  t.m = t.n = t.k = t.lda = t.ldb = t.ldc = n;
  t.base_m = t.base_n = 128;
  t.base_k = 64;
  t.step_ka = t.step_kb = 4;
  expect_cheap("product of 512 x 512 halves", device, ascendc::KernelType::aic, 16, [&] {
    matmul_kernel<half, half>(reinterpret_cast<GM_ADDR>(a), reinterpret_cast<GM_ADDR>(b),
                              reinterpret_cast<GM_ADDR>(c), t);
  });
}

}  // namespace
}  // namespace etalon::kernels::npu
