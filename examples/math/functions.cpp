// SPDX-License-Identifier: Apache-2.0
// Functions that are no single instruction come from the library: Tanh, Sin, Erf, Power, Floor. Some keep
// intermediate results in memory that they take from what is left of the unified buffer.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kTile = 1024;
enum Function { kTanh, kSin, kErf, kPower, kFloor };

template <Function function>
__global__ __vector__ void apply(GM_ADDR x, GM_ADDR y) {
  using namespace AscendC;
  GlobalTensor<float> from, to;
  from.SetGlobalBuffer((__gm__ float*)x, kTile);
  to.SetGlobalBuffer((__gm__ float*)y, kTile);
  TPipe pipe;
  TQue<TPosition::VECIN, 1> in;
  TQue<TPosition::VECOUT, 1> out;
  pipe.InitBuffer(in, 1, kTile * sizeof(float));
  pipe.InitBuffer(out, 1, kTile * sizeof(float));

  LocalTensor<float> a = in.AllocTensor<float>();
  DataCopy(a, from, kTile);
  in.EnQue(a);
  a = in.DeQue<float>();
  LocalTensor<float> b = out.AllocTensor<float>();
  if constexpr (function == kTanh) Tanh(b, a, kTile);
  if constexpr (function == kSin) Sin(b, a, kTile);
  if constexpr (function == kErf) Erf(b, a, kTile);
  if constexpr (function == kPower) Power(b, a, 2.5f, kTile);
  if constexpr (function == kFloor) Floor(b, a, kTile);
  out.EnQue(b);
  in.FreeTensor(a);
  b = out.DeQue<float>();
  DataCopy(to, b, kTile);
  out.FreeTensor(b);
}

template <Function function, class Golden>
int run(const char* name, example::Session& acl, float low, float high, Golden golden) {
  const std::vector<float> x = example::numbers(kTile, low, high);
  example::Buffer<float> dx(x), dy(kTile);
  apply<function><<<1, nullptr, acl.stream>>>(dx, dy);
  acl.wait();
  return example::compare(name, dy.read(), [&](size_t i) { return golden(double(x[i])); }, 1e-5);
}

int main() {
  example::Session acl;
  int wrong = run<kTanh>("math/functions Tanh", acl, -5, 5, [](double v) { return std::tanh(v); });
  wrong |= run<kSin>("math/functions Sin", acl, -9, 9, [](double v) { return std::sin(v); });
  wrong |= run<kErf>("math/functions Erf", acl, -3, 3, [](double v) { return std::erf(v); });
  wrong |= run<kPower>("math/functions Power", acl, 0.1f, 9, [](double v) { return std::pow(v, 2.5); });
  wrong |= run<kFloor>("math/functions Floor", acl, -99, 99, [](double v) { return std::floor(v); });
  return wrong;
}
