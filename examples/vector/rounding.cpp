// SPDX-License-Identifier: Apache-2.0
// Cast from float to int32 in each rounding mode. The inputs sit on ties (k + 0.5) and between, where modes
// differ.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kCount = 512, kModes = 5;

extern "C" __global__ __vector__ void round_all(GM_ADDR x, GM_ADDR y) {
  using namespace AscendC;
  constexpr RoundMode modes[kModes] = {RoundMode::CAST_RINT, RoundMode::CAST_FLOOR, RoundMode::CAST_CEIL,
                                       RoundMode::CAST_ROUND, RoundMode::CAST_TRUNC};
  GlobalTensor<float> from;
  GlobalTensor<int32_t> to;
  from.SetGlobalBuffer((__gm__ float*)x, kCount);
  to.SetGlobalBuffer((__gm__ int32_t*)y, kModes * kCount);
  TPipe pipe;
  TQue<TPosition::VECIN, 1> in;
  TQue<TPosition::VECOUT, 2> out;
  pipe.InitBuffer(in, 1, kCount * sizeof(float));
  pipe.InitBuffer(out, 2, kCount * sizeof(int32_t));

  LocalTensor<float> a = in.AllocTensor<float>();
  DataCopy(a, from, kCount);
  in.EnQue(a);
  a = in.DeQue<float>();
  for (uint32_t i = 0; i < kModes; ++i) {
    LocalTensor<int32_t> b = out.AllocTensor<int32_t>();
    Cast(b, a, modes[i], kCount);
    out.EnQue(b);
    b = out.DeQue<int32_t>();
    DataCopy(to[i * kCount], b, kCount);
    out.FreeTensor(b);
  }
  in.FreeTensor(a);
}

int main() {
  example::Session acl;
  std::vector<float> x(kCount);
  for (uint32_t i = 0; i < kCount; ++i)
    x[i] = (static_cast<float>(i) - 256.0f) * 0.25f;  // all quarters, both signs
  example::Buffer<float> dx(x);
  example::Buffer<int32_t> dy(kModes * kCount);
  round_all<<<1, nullptr, acl.stream>>>(dx, dy);
  acl.wait();
  const auto golden = [&](size_t i) {
    const double v = x[i % kCount];
    switch (i / kCount) {
      case 0:
        return std::nearbyint(v);  // ties to even
      case 1:
        return std::floor(v);
      case 2:
        return std::ceil(v);
      case 3:
        return std::round(v);  // ties away from zero
      default:
        return std::trunc(v);
    }
  };
  return example::compare("vector/rounding", dy.read(), golden, 0);
}
