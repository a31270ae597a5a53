// SPDX-License-Identifier: Apache-2.0
// A Matmul whose result is worked on before it leaves: C = relu(A B^T + bias), block by block. Iterate
// computes the next base block, GetTensorC brings it into the unified buffer, the vector core does the rest.
#include "../common.h"
#include "kernel_operator.h"
#include "lib/matmul_intf.h"
#include "tiling/tiling_api.h"

constexpr int M = 64, N = 96, K = 80, kBaseM = 16;  // a base block: 16 rows of the whole width

__global__ __aicore__ void linear_relu(GM_ADDR a, GM_ADDR b, GM_ADDR bias, GM_ADDR c, TCubeTiling tiling) {
  using namespace AscendC;
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIC_1_2);
  TPipe pipe;
  Matmul<
      MatmulType<TPosition::GM, CubeFormat::ND, half>, MatmulType<TPosition::GM, CubeFormat::ND, half, true>,
      MatmulType<TPosition::VECIN, CubeFormat::ND, float>, MatmulType<TPosition::GM, CubeFormat::ND, float>>
      mm;
  REGIST_MATMUL_OBJ(&pipe, GetSysWorkSpacePtr(), mm, &tiling);
  if (GetBlockIdx() > 0) return;
  GlobalTensor<half> ga, gb;
  GlobalTensor<float> gbias, gc;
  ga.SetGlobalBuffer((__gm__ half*)a, M * K);
  gb.SetGlobalBuffer((__gm__ half*)b, N * K);
  gbias.SetGlobalBuffer((__gm__ float*)bias, N);
  gc.SetGlobalBuffer((__gm__ float*)c, M * N);
  TQue<TPosition::VECOUT, 1> out;
  pipe.InitBuffer(out, 1, kBaseM * N * sizeof(float));
  mm.SetTensorA(ga);
  mm.SetTensorB(gb, true);  // B is stored N x K, as weights of a linear layer are
  mm.SetBias(gbias);
  for (int row = 0; mm.Iterate(); row += kBaseM) {
    LocalTensor<float> tile = out.AllocTensor<float>();
    mm.GetTensorC(tile);
    Relu(tile, tile, kBaseM * N);
    out.EnQue(tile);
    tile = out.DeQue<float>();
    DataCopy(gc[row * N], tile, kBaseM * N);
    out.FreeTensor(tile);
  }
  mm.End();
}

int main() {
  example::Session acl;
  matmul_tiling::MatmulApiTiling api;
  const auto gm = matmul_tiling::TPosition::GM;
  const auto nd = matmul_tiling::CubeFormat::ND;
  api.SetAType(gm, nd, matmul_tiling::DataType::DT_FLOAT16);
  api.SetBType(gm, nd, matmul_tiling::DataType::DT_FLOAT16, true);
  api.SetCType(matmul_tiling::TPosition::VECIN, nd, matmul_tiling::DataType::DT_FLOAT);
  api.SetBiasType(gm, nd, matmul_tiling::DataType::DT_FLOAT);
  api.SetShape(M, N, K);
  api.SetOrgShape(M, N, K);
  api.SetBias(true);
  api.SetFixSplit(kBaseM, N, -1);
  optiling::TCubeTiling plan;
  if (api.GetTiling(plan) == -1) return 1;
  TCubeTiling tiling;
  plan.SaveToBuffer(&tiling, sizeof(tiling));

  const std::vector<float> a = example::halved(example::numbers(M * K, -1, 1, 1)),
                           b = example::halved(example::numbers(N * K, -1, 1, 2)),
                           bias = example::numbers(N, -2, 2, 3);
  example::Buffer<aclFloat16> da(example::to_half(a)), db(example::to_half(b));
  example::Buffer<float> dbias(bias), dc(M * N);
  linear_relu<<<1, nullptr, acl.stream>>>(da, db, dbias, dc, tiling);
  acl.wait();
  const auto golden = [&](size_t i) {
    double sum = bias[i % N];
    for (size_t k = 0; k < K; ++k) sum += double(a[i / N * K + k]) * b[i % N * K + k];
    return std::fmax(sum, 0.0);
  };
  return example::compare("matmul_object/epilogue", dc.read(), golden, 1e-5);
}
