// SPDX-License-Identifier: Apache-2.0
#pragma once

// For tests of the interface: a device of ascend-910b1 and short ways to run device code on it.

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "ascendc/api/kernel_operator.h"
#include "ascendc/hazards/checker.h"
#include "ascendc/launch/launch.h"
#include "catalog/catalog.h"
#include "chip/npu.h"

namespace etalon::ascendc {

inline const catalog::Chip& test_chip() {
  static const catalog::Chip chip = *catalog::find_chip("ascend-910b1");
  return chip;
}
inline chip::NpuCosts test_costs() { return chip::npu_costs(test_chip()); }

struct TestDevice : Device {
  TestDevice() : Device(test_costs(), nullptr, true) {}
};

inline Result<LaunchResult> run(Device& device, KernelType type, int blocks,
                                const std::function<void()>& kernel, Observer* observer = nullptr) {
  LaunchOptions options;
  options.observer = observer;
  options.type = type;
  options.blocks = blocks;
  return launch(device, options, kernel);
}

// Runs device code on one vector core over `in` (placed at the start of UB) and returns `out_elements` of
// what it left at byte `out_at` of UB. The hazard checker has nothing to say, but that bytes between results
// are undefined.
template <class In, class Out>
std::vector<Out> on_vector_core(const std::vector<In>& in, std::uint32_t out_at, std::size_t out_elements,
                                const std::function<void()>& code) {
  TestDevice device;
  const std::size_t in_bytes = (in.size() * sizeof(In) + 31) / 32 * 32,
                    out_bytes = (out_elements * sizeof(Out) + 31) / 32 * 32;
  auto* source = device.allocate(static_cast<std::int64_t>(in_bytes));
  auto* target = device.allocate(static_cast<std::int64_t>(out_bytes));
  std::memcpy(source, in.data(), in.size() * sizeof(In));
  HazardChecker checker("test");
  const auto kernel = [&] {
    using namespace AscendC;
    GlobalTensor<std::uint8_t> from, to;
    from.SetGlobalBuffer(reinterpret_cast<std::uint8_t*>(source));
    to.SetGlobalBuffer(reinterpret_cast<std::uint8_t*>(target));
    DataCopy(LocalTensor<std::uint8_t>(TPosition::VECIN, 0, 0), from, static_cast<std::uint32_t>(in_bytes));
    PipeBarrier<PIPE_ALL>();
    code();
    PipeBarrier<PIPE_ALL>();
    DataCopy(to, LocalTensor<std::uint8_t>(TPosition::VECOUT, out_at, 0),
             static_cast<std::uint32_t>(out_bytes));
  };
  const auto result = run(device, KernelType::aiv, 1, kernel, &checker);
  EXPECT_TRUE(result.has_value()) << result.error().text();
  for (const Finding& f : checker.findings()) {
    EXPECT_TRUE(f.severity == Severity::note || f.code == "hazard.undefined") << f.code << ' ' << f.text;
  }
  std::vector<Out> out(out_elements);
  std::memcpy(out.data(), target, out_elements * sizeof(Out));
  return out;
}

template <class T>
AscendC::LocalTensor<T> ub(std::uint32_t byte) {
  return AscendC::LocalTensor<T>(AscendC::TPosition::VECCALC, byte, 0);
}

// The code of the error a kernel ends with; empty if it ends well.
inline std::string error_code(KernelType type, const std::function<void()>& kernel, int blocks = 1) {
  TestDevice device;
  const auto result = run(device, type, blocks, kernel);
  return result ? std::string() : result.error().code;
}

}  // namespace etalon::ascendc
