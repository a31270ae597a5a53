// SPDX-License-Identifier: Apache-2.0
#pragma once

// For tests of the cube: tensors of its memories and one core between an input and an output.

#include "ascendc/test_core.h"

namespace etalon::ascendc {

template <class T>
AscendC::LocalTensor<T> l1(std::uint32_t byte) {
  return AscendC::LocalTensor<T>(AscendC::TPosition::A1, byte, 0);
}
template <class T>
AscendC::LocalTensor<T> l0a() {
  return AscendC::LocalTensor<T>(AscendC::TPosition::A2, 0, 0);
}
template <class T>
AscendC::LocalTensor<T> l0b() {
  return AscendC::LocalTensor<T>(AscendC::TPosition::B2, 0, 0);
}
template <class T>
AscendC::LocalTensor<T> l0c() {
  return AscendC::LocalTensor<T>(AscendC::TPosition::CO1, 0, 0);
}

// Runs device code on one cube core between an input and an output in device memory.
template <class In, class Out>
std::vector<Out> on_cube_core(
    const std::vector<In>& in, std::size_t out_elements,
    const std::function<void(AscendC::GlobalTensor<In>, AscendC::GlobalTensor<Out>)>& code) {
  TestDevice device;
  In* from = device.allocate_of<In>(static_cast<std::int64_t>(in.size()));
  Out* to = device.allocate_of<Out>(static_cast<std::int64_t>(out_elements));
  std::copy(in.begin(), in.end(), from);
  const auto result = run(device, KernelType::aic, 1, [&] {
    AscendC::GlobalTensor<In> a;
    AscendC::GlobalTensor<Out> b;
    a.SetGlobalBuffer(from);
    b.SetGlobalBuffer(to);
    code(a, b);
    AscendC::PipeBarrier<PIPE_ALL>();
  });
  EXPECT_TRUE(result.has_value()) << result.error().text();
  return std::vector<Out>(to, to + out_elements);
}

inline double value_a(int i, int k) { return (i * 7 + k * 3) % 11 - 5; }
inline double value_b(int k, int j) { return (k * 5 + j) % 13 - 6; }
inline AscendC::MmadParams product(int m, int n, int k) {
  AscendC::MmadParams p;
  p.m = static_cast<std::uint16_t>(m);
  p.n = static_cast<std::uint16_t>(n);
  p.k = static_cast<std::uint16_t>(k);
  return p;
}
inline AscendC::LoadData2DParams fractals(int n) {
  AscendC::LoadData2DParams p;
  p.repeatTimes = static_cast<std::uint8_t>(n);
  p.srcStride = 1;
  return p;
}

}  // namespace etalon::ascendc
