// SPDX-License-Identifier: Apache-2.0
#pragma once

// For tests of NPU kernels: a device of ascend-910b1 with data (and its machine), filled at random.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "ascendc/api/kernel_operator.h"
#include "ascendc/hazards/checker.h"
#include "ascendc/launch/launch.h"
#include "base/rng.h"
#include "catalog/catalog.h"
#include "chip/npu.h"

namespace etalon::kernels::npu {

inline const catalog::Chip& test_chip() {
  static const catalog::Chip chip = *catalog::find_chip("ascend-910b1");
  return chip;
}
inline const chip::NpuCosts& test_costs() {
  static const chip::NpuCosts costs = chip::npu_costs(test_chip());
  return costs;
}

// A device with data, without time.
struct TestDevice : ascendc::Device {
  TestDevice() : Device(test_costs(), nullptr, true) {}
  // Normal draws of standard deviation `spread`, rounded to T.
  template <class T>
  T* random(std::int64_t n, const char* stream, double spread = 1.0) {
    T* p = allocate_of<T>(n);
    Rng rng(20261123, stream);
    for (std::int64_t i = 0; i < n; ++i) {
      if constexpr (std::is_same_v<T, std::int8_t>)
        p[i] = static_cast<T>(static_cast<int>(rng.below(255)) - 127);
      else
        p[i] = T(static_cast<float>(rng.normal() * spread));
    }
    return p;
  }
};

inline void run_functional(ascendc::Device& device, ascendc::KernelType type, int blocks,
                           const std::function<void()>& kernel) {
  ascendc::LaunchOptions options;
  options.type = type;
  options.blocks = blocks;
  ascendc::HazardChecker checker;  // every kernel is run under it, and must pass clean
  options.observer = &checker;
  const auto result = ascendc::launch(device, options, kernel);
  ASSERT_TRUE(result.has_value()) << result.error().text();
  for (const auto& f : checker.findings())
    EXPECT_EQ(f.severity, Severity::note) << f.code << " " << f.text;
}

// Largest |got - expected| over (absolute + relative * |expected|) of all elements; at most 1 passes.
template <class T>
double worst_error(const T* got, const std::vector<double>& expected, double relative, double absolute) {
  double worst = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double g = static_cast<double>(static_cast<float>(got[i]));
    const double e = std::fabs(g - expected[i]) / (absolute + relative * std::fabs(expected[i]));
    if (!(e <= worst)) worst = std::isnan(e) ? 1e30 : e;
  }
  return worst;
}

}  // namespace etalon::kernels::npu
