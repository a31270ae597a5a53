// SPDX-License-Identifier: Apache-2.0
// int8 times int8, as quantised layers compute: integer sums, then on the way out of the cube a scale per
// output channel and half. No vector core is needed. The sizes are constants, so the kernel needs no tiling
// from the host.
#include <cstring>

#include "../common.h"
#include "kernel_operator.h"
#include "lib/matmul_intf.h"

constexpr int M = 48, N = 160, K = 256;
// 16-row parts of M, one to a core.
constexpr AscendC::MatmulConfig kConfig = AscendC::GetMMConfig<AscendC::MatmulConfigMode::CONFIG_MDL>(
    AscendC::MatmulShapeParams{16, N, K, 16, 96, 128});
using Int8 = AscendC::MatmulType<AscendC::TPosition::GM, CubeFormat::ND, int8_t>;
using Turned = AscendC::MatmulType<AscendC::TPosition::GM, CubeFormat::ND, int8_t, true>;  // weights: N x K
using Out = AscendC::MatmulType<AscendC::TPosition::GM, CubeFormat::ND, half>;
constexpr AscendC::MatmulApiStaticTiling kTiling = AscendC::GetMatmulApiTiling<Int8, Turned, Out>(kConfig);

__global__ __cube__ void linear(GM_ADDR x, GM_ADDR weight, GM_ADDR scales, GM_ADDR y) {
  using namespace AscendC;
  TPipe pipe;
  MatmulImpl<Int8, Turned, Out, Out, kTiling> mm;
  GlobalTensor<int8_t> gx, gw;
  GlobalTensor<uint64_t> gs;
  GlobalTensor<half> gy;
  const int row = GetBlockIdx() * 16;
  gx.SetGlobalBuffer((__gm__ int8_t*)x + row * K, 16 * K);
  gw.SetGlobalBuffer((__gm__ int8_t*)weight, N * K);
  gs.SetGlobalBuffer((__gm__ uint64_t*)scales, N);  // the bits of a float in the low half
  gy.SetGlobalBuffer((__gm__ half*)y + row * N, 16 * N);
  mm.Init(nullptr, &pipe);
  mm.SetTensorA(gx);
  mm.SetTensorB(gw, true);
  mm.SetQuantVector(gs);
  mm.IterateAll(gy);
  mm.End();
}

int main() {
  example::Session acl;
  std::vector<int8_t> x(M * K), w(N * K);
  std::vector<uint64_t> scales(N);
  const std::vector<float> rx = example::numbers(M * K, -127, 127, 1),
                           rw = example::numbers(N * K, -127, 127, 2);
  for (int i = 0; i < M * K; ++i) x[i] = static_cast<int8_t>(rx[i]);
  for (int i = 0; i < N * K; ++i) w[i] = static_cast<int8_t>(rw[i]);
  const auto scale = [](size_t n) { return 1e-4f * static_cast<float>(1 + n % 5); };
  for (int n = 0; n < N; ++n) {
    const float s = scale(n);
    uint32_t bits;
    std::memcpy(&bits, &s, sizeof(bits));
    scales[n] = bits;
  }
  example::Buffer<int8_t> dx(x), dw(w);
  example::Buffer<uint64_t> ds(scales);
  example::Buffer<aclFloat16> dy(M * N);
  linear<<<M / 16, nullptr, acl.stream>>>(dx, dw, ds, dy);
  acl.wait();
  const auto golden = [&](size_t i) {
    double sum = 0;
    for (size_t k = 0; k < K; ++k) sum += double(x[i / N * K + k]) * w[i % N * K + k];
    return sum * scale(i % N);
  };
  return example::compare("matmul_object/quantised", example::from_half(dy.read()), golden, 1e-3);
}
