// SPDX-License-Identifier: Apache-2.0
// Abs, Sqrt, Rsqrt, Ln, Exp, Relu: one kernel for all functions of one tensor, as a template of the function.
//
// Kernels may be templates, launched like any other: apply<kLn><<<...>>>(...). Every instance is a kernel of
// its own.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kBlocks = 2, kTile = 1024, kCount = kBlocks * kTile;
enum Function { kAbs, kSqrt, kRsqrt, kLn, kExp, kRelu };

template <Function function>
__global__ __vector__ void apply(GM_ADDR x, GM_ADDR y) {
  using namespace AscendC;
  GlobalTensor<float> from, to;
  from.SetGlobalBuffer((__gm__ float*)x + GetBlockIdx() * kTile, kTile);
  to.SetGlobalBuffer((__gm__ float*)y + GetBlockIdx() * kTile, kTile);
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
  if constexpr (function == kAbs) Abs(b, a, kTile);
  if constexpr (function == kSqrt) Sqrt(b, a, kTile);
  if constexpr (function == kRsqrt) Rsqrt(b, a, kTile);
  if constexpr (function == kLn) Ln(b, a, kTile);
  if constexpr (function == kExp) Exp(b, a, kTile);
  if constexpr (function == kRelu) Relu(b, a, kTile);
  out.EnQue(b);
  in.FreeTensor(a);
  b = out.DeQue<float>();
  DataCopy(to, b, kTile);
  out.FreeTensor(b);
}

template <Function function, class Golden>
int run(const char* name, example::Session& acl, float low, float high, Golden golden) {
  const std::vector<float> x = example::numbers(kCount, low, high);
  example::Buffer<float> dx(x), dy(kCount);
  apply<function><<<kBlocks, nullptr, acl.stream>>>(dx, dy);
  acl.wait();
  // Hardware may approximate Rsqrt more coarsely than the others; those who need more add a Newton step.
  return example::compare(
      name, dy.read(), [&](size_t i) { return golden(double(x[i])); }, function == kRsqrt ? 1e-3 : 1e-6);
}

int main() {
  example::Session acl;
  int wrong = run<kAbs>("vector/functions Abs", acl, -5, 5, [](double v) { return std::fabs(v); });
  wrong |= run<kSqrt>("vector/functions Sqrt", acl, 0, 100, [](double v) { return std::sqrt(v); });
  wrong |= run<kRsqrt>("vector/functions Rsqrt", acl, 0.1f, 100, [](double v) { return 1 / std::sqrt(v); });
  wrong |= run<kLn>("vector/functions Ln", acl, 0.01f, 100, [](double v) { return std::log(v); });
  wrong |= run<kExp>("vector/functions Exp", acl, -5, 5, [](double v) { return std::exp(v); });
  wrong |= run<kRelu>("vector/functions Relu", acl, -5, 5, [](double v) { return v > 0 ? v : 0.0; });
  return wrong;
}
