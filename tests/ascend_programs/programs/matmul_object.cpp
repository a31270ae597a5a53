// SPDX-License-Identifier: Apache-2.0
// Matmul objects of a mix kernel: host tiling, every transposition, parts that are no multiple of a block, results in device
// memory (half) and in UB (float, with bias), a core without work.
// COVERS("Matmul", "MatmulType", "CubeFormat", "REGIST_MATMUL_OBJ", "SetTensorA", "SetTensorB", "SetBias", "SetTail",
//        "IterateAll", "Iterate", "GetTensorC", "End", "MultiCoreMatmulTiling", "MatmulApiTiling", "SetDim", "SetAType",
//        "SetShape", "SetFixSplit", "GetTiling", "TCubeTiling", "DT_FLOAT16", "GetSysWorkSpacePtr")
#include "device_memory.h"
#include "kernel_operator.h"
#include "lib/matmul_intf.h"
#include "small_matmul.h"
#include "tiling/tiling_api.h"

constexpr int M = 70, N = 90, K = 100;

template <bool kA, bool kB>
__global__ __aicore__ void to_device_memory(GM_ADDR a, GM_ADDR b, GM_ADDR c, TCubeTiling tiling) {
  using namespace AscendC;
  TPipe pipe;
  matmul::Matmul<MatmulType<TPosition::GM, CubeFormat::ND, half, kA>, MatmulType<TPosition::GM, CubeFormat::ND, half, kB>,
                 MatmulType<TPosition::GM, CubeFormat::ND, half>> mm;
  REGIST_MATMUL_OBJ(&pipe, GetSysWorkSpacePtr(), mm, &tiling);
  const int index = static_cast<int>(GetBlockIdx()), rows = (M + tiling.singleCoreM - 1) / tiling.singleCoreM;
  if (index >= tiling.usedCoreNum) return;
  const int m0 = index % rows * tiling.singleCoreM, n0 = index / rows * tiling.singleCoreN;
  GlobalTensor<half> ga, gb, gc;
  ga.SetGlobalBuffer((__gm__ half*)a + (kA ? m0 : m0 * K));
  gb.SetGlobalBuffer((__gm__ half*)b + (kB ? n0 * K : n0));
  gc.SetGlobalBuffer((__gm__ half*)c + m0 * N + n0);
  mm.SetTensorA(ga, kA);
  mm.SetTensorB(gb, kB);
  mm.SetTail(M - m0 < tiling.singleCoreM ? M - m0 : tiling.singleCoreM, N - n0 < tiling.singleCoreN ? N - n0 : tiling.singleCoreN);
  mm.IterateAll(gc);
  mm.End();
}

__global__ __aicore__ void to_ub(GM_ADDR a, GM_ADDR b, GM_ADDR bias, GM_ADDR c, TCubeTiling tiling) {
  using namespace AscendC;
  TPipe pipe;
  Matmul<MatmulType<TPosition::GM, CubeFormat::ND, half>, MatmulType<TPosition::GM, CubeFormat::ND, half>,
         MatmulType<TPosition::VECIN, CubeFormat::ND, float>, MatmulType<TPosition::GM, CubeFormat::ND, float>> mm;
  REGIST_MATMUL_OBJ(&pipe, GetSysWorkSpacePtr(), mm, &tiling);
  if (GetBlockIdx() > 0) return;
  GlobalTensor<half> ga, gb;
  GlobalTensor<float> gbias, gc;
  ga.SetGlobalBuffer((__gm__ half*)a);
  gb.SetGlobalBuffer((__gm__ half*)b);
  gbias.SetGlobalBuffer((__gm__ float*)bias);
  gc.SetGlobalBuffer((__gm__ float*)c);
  TQue<TPosition::VECOUT, 1> queue;
  pipe.InitBuffer(queue, 1, tiling.baseM * tiling.baseN * sizeof(float));
  mm.SetTensorA(ga);
  mm.SetTensorB(gb);
  mm.SetBias(gbias);
  int row = 0;
  while (mm.Iterate()) {  // base blocks are 16 rows of the whole width here
    const int rows = M - row < 16 ? M - row : 16;
    LocalTensor<float> tile = queue.AllocTensor<float>();
    mm.GetTensorC(tile);
    Muls(tile, tile, 2.0f, rows * 96);
    queue.EnQue(tile);
    tile = queue.DeQue<float>();
    DataCopyPad(gc[row * N], tile, DataCopyExtParams(rows, N * sizeof(float), 0, 0, 0));
    queue.FreeTensor(tile);
    row += 16;
  }
}

bool check(const std::vector<half>& a, const std::vector<half>& b, bool ta, bool tb, const std::vector<float>& c, double scale,
           double bias, double tolerance) {
  for (int m = 0; m < M; ++m) {
    for (int n = 0; n < N; ++n) {
      double sum = bias * n;
      for (int k = 0; k < K; ++k)
        sum += static_cast<double>(static_cast<float>(a[ta ? k * M + m : m * K + k])) *
               static_cast<float>(b[tb ? n * K + k : k * N + n]);
      const double wanted = sum * scale, error = c[m * N + n] - wanted;
      if (error > tolerance * (1 + (wanted < 0 ? -wanted : wanted)) || -error > tolerance * (1 + (wanted < 0 ? -wanted : wanted)))
        return false;
    }
  }
  return true;
}

int main() {
  const aclrtStream stream = start();
  std::vector<half> a(M * K), b(K * N);
  std::vector<float> bias(N);
  for (int i = 0; i < M * K; ++i) a[i] = half(element_a(i));
  for (int i = 0; i < K * N; ++i) b[i] = half(element_b(i));
  for (int i = 0; i < N; ++i) bias[i] = static_cast<float>(i);
  uint8_t *da = to_device(a), *db = to_device(b), *dbias = to_device(bias), *dc = to_device(std::vector<float>(M * N));
  matmul_tiling::MultiCoreMatmulTiling api;
  api.SetDim(3);
  api.SetAType(matmul_tiling::TPosition::GM, matmul_tiling::CubeFormat::ND, matmul_tiling::DataType::DT_FLOAT16);
  api.SetShape(M, N, K);
  api.SetFixSplit(32, 32, 48);
  TCubeTiling tiling;
  if (api.GetTiling(tiling) != 0) return 1;
  bool right = true;
  const auto halves = [&](bool ta, bool tb) {
    MUST(aclrtSynchronizeStream(stream));
    std::vector<float> c;
    for (const half v : from_device<half>(dc, M * N)) c.push_back(static_cast<float>(v));
    right = right && check(a, b, ta, tb, c, 1, 0, 1e-3);
  };
  to_device_memory<false, false><<<2, nullptr, stream>>>(da, db, dc, tiling);
  halves(false, false);
  to_device_memory<true, false><<<2, nullptr, stream>>>(da, db, dc, tiling);
  halves(true, false);
  to_device_memory<false, true><<<2, nullptr, stream>>>(da, db, dc, tiling);
  halves(false, true);
  to_device_memory<true, true><<<2, nullptr, stream>>>(da, db, dc, tiling);
  halves(true, true);

  matmul_tiling::MatmulApiTiling one;
  one.SetShape(M, N, K);
  one.SetFixSplit(16, 96, 32);
  if (one.GetTiling(tiling) != 0) return 1;
  to_ub<<<1, nullptr, stream>>>(da, db, dbias, dc, tiling);
  MUST(aclrtSynchronizeStream(stream));
  right = right && check(a, b, false, false, from_device<float>(dc, M * N), 2, 1, 1e-6);
  return finish(right);
}
