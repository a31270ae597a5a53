// SPDX-License-Identifier: Apache-2.0
// The high-level Matmul: an object that does what cube/long_k.cpp does by hand. The host cuts the product
// into parts and blocks (TCubeTiling); each vector core of the kernel takes a part, says where its operands
// lie, and IterateAll has the cube core of its block compute it. Sizes need not be multiples of anything.
#include "../common.h"
#include "kernel_operator.h"
#include "lib/matmul_intf.h"
#include "tiling/platform/platform_ascendc.h"
#include "tiling/tiling_api.h"

constexpr int M = 150, N = 200, K = 130;

__global__ __aicore__ void multiply(GM_ADDR a, GM_ADDR b, GM_ADDR c, GM_ADDR workspace, TCubeTiling tiling) {
  using namespace AscendC;
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIC_1_2);
  SetSysWorkspace(workspace);
  using Half = MatmulType<TPosition::GM, CubeFormat::ND, half>;
  using Float = MatmulType<TPosition::GM, CubeFormat::ND, float>;
  TPipe pipe;
  Matmul<Half, Half, Float> mm;
  REGIST_MATMUL_OBJ(&pipe, GetSysWorkSpacePtr(), mm, &tiling);

  const int part = GetBlockIdx(), parts_down = Ceil(M, tiling.singleCoreM);
  if (part >= tiling.usedCoreNum) return;  // more cores than parts
  const int m0 = part % parts_down * tiling.singleCoreM, n0 = part / parts_down * tiling.singleCoreN;
  GlobalTensor<half> ga, gb;
  GlobalTensor<float> gc;
  ga.SetGlobalBuffer((__gm__ half*)a + m0 * K, M * K - m0 * K);
  gb.SetGlobalBuffer((__gm__ half*)b + n0, K * N - n0);
  gc.SetGlobalBuffer((__gm__ float*)c + m0 * N + n0, M * N - m0 * N - n0);
  mm.SetTensorA(ga);
  mm.SetTensorB(gb);
  const int rows = M - m0 < tiling.singleCoreM ? M - m0 : tiling.singleCoreM;
  const int columns = N - n0 < tiling.singleCoreN ? N - n0 : tiling.singleCoreN;
  mm.SetTail(rows, columns);  // the last parts are smaller
  mm.IterateAll(gc);
  mm.End();
}

int main() {
  example::Session acl;
  const auto* platform = platform_ascendc::PlatformAscendCManager::GetInstance();
  const uint32_t blocks = 4;
  matmul_tiling::MultiCoreMatmulTiling api(*platform);
  api.SetDim(2 * blocks);  // vector cores
  const auto gm = matmul_tiling::TPosition::GM;
  const auto nd = matmul_tiling::CubeFormat::ND;
  api.SetAType(gm, nd, matmul_tiling::DataType::DT_FLOAT16);
  api.SetBType(gm, nd, matmul_tiling::DataType::DT_FLOAT16);
  api.SetCType(gm, nd, matmul_tiling::DataType::DT_FLOAT);
  api.SetOrgShape(M, N, K);
  api.SetShape(M, N, K);
  api.SetBufferSpace(-1, -1, -1);
  optiling::TCubeTiling plan;
  if (api.GetTiling(plan) == -1) return 1;
  TCubeTiling tiling;
  plan.SaveToBuffer(&tiling, sizeof(tiling));

  const std::vector<float> a = example::halved(example::numbers(M * K, -1, 1, 1)),
                           b = example::halved(example::numbers(K * N, -1, 1, 2));
  example::Buffer<aclFloat16> da(example::to_half(a)), db(example::to_half(b));
  example::Buffer<float> dc(M * N);
  example::Buffer<uint8_t> workspace(platform->GetLibApiWorkSpaceSize());
  multiply<<<blocks, nullptr, acl.stream>>>(da, db, dc, workspace, tiling);
  acl.wait();
  const auto golden = [&](size_t i) {
    double sum = 0;
    for (size_t k = 0; k < K; ++k) sum += double(a[i / N * K + k]) * b[k * N + i % N];
    return sum;
  };
  return example::compare("matmul_object/multi_core", dc.read(), golden, 1e-5);
}
