// SPDX-License-Identifier: Apache-2.0
// A Matmul on a cube core alone, of parts of larger matrices of bfloat16, with a bias that is taken back; host tiling of them.
// COVERS("MatmulImpl", "MatmulConfig", "SetOrgShape", "SetSingleShape", "SetSubBlockIdx", "SetWorkspace", "SetHF32",
//        "LayoutMode", "NONE", "ND_ALIGN", "ClearBias", "DisableBias", "DT_BF16", "DT_FLOAT", "SetBType", "SetCType",
//        "SetBiasType", "EnableBias", "SetTraverse", "MatrixTraverse", "FIRSTM", "SetSysWorkspace", "__cube__")
#include "device_memory.h"
#include "kernel_operator.h"
#include "lib/matmul_intf.h"
#include "tiling/tiling_api.h"

// A is M x K in rows of KA, B is K x N in rows of NB, C in rows of NB.
constexpr int M = 40, N = 50, K = 70, KA = 96, NB = 80;
constexpr AscendC::MatmulConfig kOne = {true, false};

__global__ __cube__ void part(GM_ADDR a, GM_ADDR b, GM_ADDR c, TCubeTiling tiling) {
  using namespace AscendC;
  TPipe pipe;
  using Type = MatmulType<TPosition::GM, CubeFormat::ND, bfloat16_t, false, LayoutMode::NONE>;
  MatmulImpl<Type, Type, MatmulType<TPosition::GM, CubeFormat::ND_ALIGN, float>, MatmulType<TPosition::GM, CubeFormat::ND, float>,
             kOne>
      mm;
  SetSysWorkspace(nullptr);
  mm.SetSubBlockIdx(0);
  mm.Init(&tiling, &pipe);
  GlobalTensor<bfloat16_t> ga, gb;
  GlobalTensor<float> gc;
  ga.SetGlobalBuffer((__gm__ bfloat16_t*)a);
  gb.SetGlobalBuffer((__gm__ bfloat16_t*)b);
  gc.SetGlobalBuffer((__gm__ float*)c);
  mm.SetWorkspace(gc);
  mm.SetHF32(false);
  mm.SetOrgShape(M, NB, KA, K);
  mm.SetSingleShape(M, N, K);
  mm.SetTensorA(ga);
  mm.SetTensorB(gb);
  mm.SetBias(gc);
  mm.ClearBias();
  mm.IterateAll(gc);
  mm.SetBias(gc);
  mm.DisableBias();
  mm.IterateAll(gc[M * NB]);
}

int main() {
  const aclrtStream stream = start();
  std::vector<bfloat16_t> a(M * KA), b(K * NB);
  const auto value_a = [](int m, int k) { return static_cast<float>((m * 3 + k) % 11 - 5); };
  const auto value_b = [](int k, int n) { return static_cast<float>((k + n * 5) % 13) * 0.25f; };
  for (int i = 0; i < M * KA; ++i) a[i] = bfloat16_t(i % KA < K ? value_a(i / KA, i % KA) : 1000.0f);
  for (int i = 0; i < K * NB; ++i) b[i] = bfloat16_t(value_b(i / NB, i % NB));
  uint8_t *da = to_device(a), *db = to_device(b), *dc = to_device(std::vector<float>(2 * M * NB));

  matmul_tiling::MatmulApiTiling api;
  using matmul_tiling::CubeFormat;
  using matmul_tiling::DataType;
  api.SetAType(matmul_tiling::TPosition::GM, CubeFormat::ND, DataType::DT_BF16);
  api.SetBType(matmul_tiling::TPosition::GM, CubeFormat::ND, DataType::DT_BF16);
  api.SetCType(matmul_tiling::TPosition::GM, CubeFormat::ND, DataType::DT_FLOAT);
  api.SetBiasType(matmul_tiling::TPosition::GM, CubeFormat::ND, DataType::DT_FLOAT);
  api.SetShape(M, N, K);
  api.SetOrgShape(M, NB, KA);
  api.EnableBias(true);
  api.SetTraverse(matmul_tiling::MatrixTraverse::FIRSTM);
  TCubeTiling tiling;
  if (api.GetTiling(tiling) != 0) return 1;
  bool right = tiling.isBias == 1 && tiling.singleCoreN == N && tiling.N == NB && tiling.Ka == KA;
  part<<<1, nullptr, stream>>>(da, db, dc, tiling);
  MUST(aclrtSynchronizeStream(stream));
  const std::vector<float> c = from_device<float>(dc, 2 * M * NB);
  for (int i = 0; i < 2 * M * NB; ++i) {
    const int m = i / NB % M, n = i % NB;
    double sum = 0;
    for (int k = 0; k < K && n < N; ++k) sum += static_cast<double>(value_a(m, k)) * value_b(k, n);
    right = right && c[i] == sum;
  }
  return finish(right);
}
