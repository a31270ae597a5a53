// SPDX-License-Identifier: Apache-2.0
// A Matmul object in plain C++ of the host's compiler, run by ICPU_RUN_KF: blocks of the result go to UB through
// device memory that the launch provides.
#include "matmul_check.h"
#include "tikicpulib.h"

using namespace AscendC;

constexpr int kTile = 32;

extern "C" __global__ __aicore__ void halved(GM_ADDR a, GM_ADDR b, GM_ADDR c, GM_ADDR workspace, TCubeTiling tiling) {
  TPipe pipe;
  Matmul<MatmulType<TPosition::GM, CubeFormat::ND, half>, MatmulType<TPosition::GM, CubeFormat::ND, half>,
         MatmulType<TPosition::VECIN, CubeFormat::ND, float>>
      mm;
  SetSysWorkspace(workspace);
  REGIST_MATMUL_OBJ(&pipe, GetSysWorkSpacePtr(), mm, &tiling);
  if (GetBlockIdx() > 0) return;
  GlobalTensor<half> ga, gb;
  GlobalTensor<float> gc;
  ga.SetGlobalBuffer((__gm__ half*)a);
  gb.SetGlobalBuffer((__gm__ half*)b);
  gc.SetGlobalBuffer((__gm__ float*)c);
  TQue<TPosition::VECOUT, 1> out;
  pipe.InitBuffer(out, 1, kTile * kTile * sizeof(float));
  mm.SetTensorA(ga);
  mm.SetTensorB(gb);
  for (int block = 0; mm.Iterate<true>(); ++block) {
    LocalTensor<float> tile = out.AllocTensor<float>();
    mm.GetTensorC<true>(tile, 0, true);
    const int m0 = block % 3 * kTile, n0 = block / 3 * kTile, rows = M - m0 < kTile ? M - m0 : kTile,
              columns = N - n0 < kTile ? N - n0 : kTile;
    Muls(tile, tile, 0.5f, kTile * kTile);
    out.EnQue(tile);
    tile = out.DeQue<float>();
    DataCopyExtParams params(rows, columns * sizeof(float), (kTile - columns) * sizeof(float) / 32,
                             (N - columns) * sizeof(float), 0);
    DataCopyPad(gc[m0 * N + n0], tile, params);
    out.FreeTensor(tile);
  }
  mm.End();
}

int main() {
  auto* a = static_cast<half*>(GmAlloc(M * K * sizeof(half)));
  auto* b = static_cast<half*>(GmAlloc(K * N * sizeof(half)));
  auto* c = static_cast<float*>(GmAlloc(M * N * sizeof(float)));
  auto* workspace = static_cast<uint8_t*>(GmAlloc(16 << 20));
  const auto va = stored<half>(M, K, false, false, value_a), vb = stored<half>(K, N, false, false, value_b);
  std::copy(va.begin(), va.end(), a);
  std::copy(vb.begin(), vb.end(), b);
  auto api = plan(matmul_tiling::DataType::DT_FLOAT16);
  api.SetCType(matmul_tiling::TPosition::VECIN, matmul_tiling::CubeFormat::ND, matmul_tiling::DataType::DT_FLOAT);
  api.SetOrgShape(M, N, K);
  api.SetDim(1);
  api.SetFixSplit(kTile, kTile, -1);
  optiling::TCubeTiling planned;
  bool right = api.GetTiling(planned) != -1;
  TCubeTiling tiling;
  planned.SaveToBuffer(&tiling, sizeof(tiling));
  SetKernelMode(KernelMode::MIX_MODE);
  ICPU_RUN_KF(halved, 1, reinterpret_cast<uint8_t*>(a), reinterpret_cast<uint8_t*>(b), reinterpret_cast<uint8_t*>(c),
              workspace, tiling);
  right = right && close(std::vector<float>(c, c + M * N), M, N, N, [](int m, int n) { return product(m, n) / 2; }, 1e-6);
  for (void* p : {static_cast<void*>(a), static_cast<void*>(b), static_cast<void*>(c), static_cast<void*>(workspace)})
    GmFree(p);
  std::puts(right ? "all right" : "wrong numbers");
  return right ? 0 : 1;
}
