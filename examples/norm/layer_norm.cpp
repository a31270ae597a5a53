// SPDX-License-Identifier: Apache-2.0
// LayerNorm of the library: y = (x - mean) / sqrt(variance + epsilon) * gamma + beta along rows, with the
// means and the variances beside. As for SoftMax, the host fills the tiling and says how much temporary
// memory there is.
#include "../common.h"
#include "kernel_operator.h"
#include "tiling/tiling_api.h"

constexpr uint32_t kRows = 16, kColumns = 128, kCount = kRows * kColumns;
constexpr float kEpsilon = 1e-5f;

struct Tiling {
  uint32_t temporary;  // bytes
  LayerNormTiling norm;
};

extern "C" __global__ __vector__ void layer_norm(GM_ADDR x, GM_ADDR gamma, GM_ADDR beta, GM_ADDR y,
                                                 GM_ADDR statistics, Tiling tiling) {
  using namespace AscendC;
  GlobalTensor<float> gx, ggamma, gbeta, gy, gs;
  gx.SetGlobalBuffer((__gm__ float*)x, kCount);
  ggamma.SetGlobalBuffer((__gm__ float*)gamma, kColumns);
  gbeta.SetGlobalBuffer((__gm__ float*)beta, kColumns);
  gy.SetGlobalBuffer((__gm__ float*)y, kCount);
  gs.SetGlobalBuffer((__gm__ float*)statistics, 2 * kRows);
  TPipe pipe;
  TQue<TPosition::VECIN, 1> in_x, in_gamma, in_beta;
  TQue<TPosition::VECOUT, 1> out, out_mean, out_variance;
  TBuf<TPosition::VECCALC> temporary_buffer;
  pipe.InitBuffer(in_x, 1, kCount * sizeof(float));
  pipe.InitBuffer(in_gamma, 1, kColumns * sizeof(float));
  pipe.InitBuffer(in_beta, 1, kColumns * sizeof(float));
  pipe.InitBuffer(out, 1, kCount * sizeof(float));
  pipe.InitBuffer(out_mean, 1, kRows * sizeof(float));
  pipe.InitBuffer(out_variance, 1, kRows * sizeof(float));
  pipe.InitBuffer(temporary_buffer, tiling.temporary);

  LocalTensor<float> a = in_x.AllocTensor<float>(), g = in_gamma.AllocTensor<float>(),
                     b = in_beta.AllocTensor<float>();
  DataCopy(a, gx, kCount);
  DataCopy(g, ggamma, kColumns);
  DataCopy(b, gbeta, kColumns);
  in_x.EnQue(a);
  in_gamma.EnQue(g);
  in_beta.EnQue(b);
  a = in_x.DeQue<float>();
  g = in_gamma.DeQue<float>();
  b = in_beta.DeQue<float>();
  LocalTensor<float> r = out.AllocTensor<float>(), mean = out_mean.AllocTensor<float>(),
                     variance = out_variance.AllocTensor<float>();
  LayerNorm<float>(r, mean, variance, a, g, b, temporary_buffer.Get<uint8_t>(), kEpsilon, tiling.norm);
  out.EnQue(r);
  out_mean.EnQue(mean);
  out_variance.EnQue(variance);
  in_x.FreeTensor(a);
  in_gamma.FreeTensor(g);
  in_beta.FreeTensor(b);
  r = out.DeQue<float>();
  mean = out_mean.DeQue<float>();
  variance = out_variance.DeQue<float>();
  DataCopy(gy, r, kCount);
  DataCopy(gs, mean, kRows);
  DataCopy(gs[kRows], variance, kRows);
  out.FreeTensor(r);
  out_mean.FreeTensor(mean);
  out_variance.FreeTensor(variance);
}

int main() {
  example::Session acl;
  Tiling tiling;
  const ge::Shape shape({1, kRows, kColumns, kColumns});  // batch, sequence, hidden, hidden without padding
  uint32_t least = 0;
  AscendC::GetLayerNormMaxMinTmpSize(shape, sizeof(float), false, tiling.temporary, least);
  optiling::LayerNormTiling plan;
  AscendC::GetLayerNormNDTilingInfo(shape, tiling.temporary, sizeof(float), false, plan);
  plan.SaveToBuffer(&tiling.norm, sizeof(tiling.norm));
  const std::vector<float> x = example::numbers(kCount, -3, 5, 1),
                           gamma = example::numbers(kColumns, 0.5f, 1.5f, 2),
                           beta = example::numbers(kColumns, -1, 1, 3);
  example::Buffer<float> dx(x), dgamma(gamma), dbeta(beta), dy(kCount), ds(2 * kRows);
  layer_norm<<<1, nullptr, acl.stream>>>(dx, dgamma, dbeta, dy, ds, tiling);
  acl.wait();
  std::vector<double> statistics(2 * kRows);
  for (size_t i = 0; i < kCount; ++i) statistics[i / kColumns] += double(x[i]) / kColumns;
  for (size_t i = 0; i < kCount; ++i)
    statistics[kRows + i / kColumns] += std::pow(x[i] - statistics[i / kColumns], 2) / kColumns;
  const auto golden = [&](size_t i) {
    const size_t row = i / kColumns, column = i % kColumns;
    return (x[i] - statistics[row]) / std::sqrt(statistics[kRows + row] + kEpsilon) * gamma[column] +
           beta[column];
  };
  return example::compare("norm/layer_norm", dy.read(), golden, 1e-5) |
         example::compare(
             "norm/layer_norm statistics", ds.read(), [&](size_t i) { return statistics[i]; }, 1e-5);
}
