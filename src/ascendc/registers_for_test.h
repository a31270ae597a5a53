// SPDX-License-Identifier: Apache-2.0
#pragma once

// For tests of register-based vector code: a vector core of the 950 with data in UB.
#include <cmath>
#include <random>

#include "ascendc/api/reg/reg.h"
#include "ascendc/test_core.h"

namespace etalon::ascendc {
inline const catalog::Chip& chip_950() {
  static const catalog::Chip chip = *catalog::find_chip("ascend-950pr");
  return chip;
}

template <class T>
T* ub_address(std::uint32_t byte) {
  return reinterpret_cast<T*>(static_cast<std::uintptr_t>(byte));
}

inline constexpr std::uint32_t kSecond = 1024, kOut = 4096;  // bytes of UB: a second source, results

// Runs a vector function on a vector core of the 950 over `in` (at the start of UB), and gives `n` elements
// of what is at kOut. The hazard checker has nothing to say.
template <class In, class Out>
std::vector<Out> on_registers(const std::vector<In>& in, std::size_t n, const std::function<void()>& code) {
  Device device(chip::npu_costs(chip_950()), nullptr, true);
  const auto in_bytes = static_cast<std::uint32_t>((in.size() * sizeof(In) + 31) / 32 * 32);
  const auto out_bytes = static_cast<std::uint32_t>((n * sizeof(Out) + 31) / 32 * 32);
  auto* source = device.allocate(in_bytes);
  auto* target = device.allocate(out_bytes);
  std::memcpy(source, in.data(), in.size() * sizeof(In));
  HazardChecker checker("test");
  const auto result = run(
      device, KernelType::aiv, 1,
      [&] {
        using namespace AscendC;
        GlobalTensor<std::uint8_t> from, to;
        from.SetGlobalBuffer(reinterpret_cast<std::uint8_t*>(source));
        to.SetGlobalBuffer(reinterpret_cast<std::uint8_t*>(target));
        AscendC::DataCopy(LocalTensor<std::uint8_t>(TPosition::VECIN, 0, 0), from, in_bytes);
        AscendC::Duplicate(ub<std::int16_t>(kOut), std::int16_t{0}, static_cast<std::int32_t>(out_bytes / 2));
        SetFlag<HardEvent::MTE2_V>(0);
        WaitFlag<HardEvent::MTE2_V>(0);
        code();
        SetFlag<HardEvent::V_MTE3>(0);
        WaitFlag<HardEvent::V_MTE3>(0);
        AscendC::DataCopy(to, LocalTensor<std::uint8_t>(TPosition::VECOUT, kOut, 0), out_bytes);
      },
      &checker);
  EXPECT_TRUE(result.has_value()) << result.error().text();
  for (const Finding& f : checker.findings()) ADD_FAILURE() << f.code << ' ' << f.text;
  std::vector<Out> out(n);
  std::memcpy(out.data(), target, n * sizeof(Out));
  return out;
}

template <class T>
std::vector<T> numbers(std::size_t n, double low, double high, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::vector<T> out;
  for (std::size_t i = 0; i < n; ++i) {
    const double v = low + (high - low) * static_cast<double>(random()) / 4294967296.0;
    out.push_back(static_cast<T>(std::is_integral_v<T> ? std::floor(v) : static_cast<float>(v)));
  }
  return out;
}
template <class T>
double real(T v) {
  if constexpr (std::is_integral_v<T>)
    return static_cast<double>(v);
  else
    return static_cast<double>(static_cast<float>(v));
}

}  // namespace etalon::ascendc
