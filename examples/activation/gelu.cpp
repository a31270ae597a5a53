// SPDX-License-Identifier: Apache-2.0
// The activations of language models, from the library: Gelu, Silu and SwiGLU. They take temporary memory of
// their own from what is left of the unified buffer, if none is given.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kTile = 1024;
enum Function { kGelu, kSilu, kSwiGlu };

template <Function function>
__global__ __vector__ void activate(GM_ADDR x, GM_ADDR gate, GM_ADDR y) {
  using namespace AscendC;
  GlobalTensor<float> from, from_gate, to;
  from.SetGlobalBuffer((__gm__ float*)x, kTile);
  from_gate.SetGlobalBuffer((__gm__ float*)gate, kTile);
  to.SetGlobalBuffer((__gm__ float*)y, kTile);
  TPipe pipe;
  TQue<TPosition::VECIN, 2> in;
  TQue<TPosition::VECOUT, 1> out;
  pipe.InitBuffer(in, 2, kTile * sizeof(float));
  pipe.InitBuffer(out, 1, kTile * sizeof(float));

  LocalTensor<float> a = in.AllocTensor<float>();
  DataCopy(a, from, kTile);
  in.EnQue(a);
  LocalTensor<float> g = in.AllocTensor<float>();
  DataCopy(g, from_gate, kTile);
  in.EnQue(g);
  a = in.DeQue<float>();
  g = in.DeQue<float>();
  LocalTensor<float> b = out.AllocTensor<float>();
  if constexpr (function == kGelu) Gelu(b, a, kTile);
  if constexpr (function == kSilu) Silu(b, a, kTile);
  const float beta = 1.0f;
  if constexpr (function == kSwiGlu) SwiGLU(b, a, g, beta, kTile);  // a * g / (1 + exp(-beta g))
  out.EnQue(b);
  in.FreeTensor(a);
  in.FreeTensor(g);
  b = out.DeQue<float>();
  DataCopy(to, b, kTile);
  out.FreeTensor(b);
}

template <Function function, class Golden>
int run(const char* name, example::Session& acl, double tolerance, Golden golden) {
  const std::vector<float> x = example::numbers(kTile, -6, 6, 1), gate = example::numbers(kTile, -6, 6, 2);
  example::Buffer<float> dx(x), dgate(gate), dy(kTile);
  activate<function><<<1, nullptr, acl.stream>>>(dx, dgate, dy);
  acl.wait();
  return example::compare(
      name, dy.read(), [&](size_t i) { return golden(double(x[i]), double(gate[i])); }, tolerance);
}

int main() {
  example::Session acl;
  const auto silu = [](double v) { return v / (1 + std::exp(-v)); };
  // Gelu is computed by the form with tanh, which differs from the exact one by less than 5e-4.
  int wrong = run<kGelu>("activation/gelu Gelu", acl, 5e-4,
                         [](double v, double) { return 0.5 * v * (1 + std::erf(v / std::sqrt(2.0))); });
  wrong |= run<kSilu>("activation/gelu Silu", acl, 1e-5, [&](double v, double) { return silu(v); });
  wrong |= run<kSwiGlu>("activation/gelu SwiGLU", acl, 1e-5, [&](double v, double g) { return v * silu(g); });
  return wrong;
}
