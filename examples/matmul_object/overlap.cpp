// SPDX-License-Identifier: Apache-2.0
// Cube and vector cores at work at the same time: rows of C = gelu-like(A B) in pieces. While the vector core
// works on one piece, the cube core computes the next: IterateAll<false> does not wait, WaitIterateAll does.
// Two halves of a workspace take turns, so nothing is overwritten that is still read.
#include "../common.h"
#include "kernel_operator.h"
#include "lib/matmul_intf.h"
#include "tiling/platform/platform_ascendc.h"
#include "tiling/tiling_api.h"

constexpr int M = 256, N = 192, K = 160, kPiece = 32, kPieces = M / kPiece;

__global__ __aicore__ void multiply_and_clamp(GM_ADDR a, GM_ADDR b, GM_ADDR c, GM_ADDR workspace,
                                              TCubeTiling tiling) {
  using namespace AscendC;
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIC_1_1);
  TPipe pipe;
  using Half = MatmulType<TPosition::GM, CubeFormat::ND, half>;
  Matmul<Half, Half, MatmulType<TPosition::GM, CubeFormat::ND, float>,
         MatmulType<TPosition::GM, CubeFormat::ND, float>, CFG_MDL>
      mm;
  REGIST_MATMUL_OBJ(&pipe, GetSysWorkSpacePtr(), mm, &tiling);
  GlobalTensor<half> ga, gb;
  GlobalTensor<float> gc, pieces;
  ga.SetGlobalBuffer((__gm__ half*)a, M * K);
  gb.SetGlobalBuffer((__gm__ half*)b, K * N);
  gc.SetGlobalBuffer((__gm__ float*)c, M * N);
  pieces.SetGlobalBuffer((__gm__ float*)workspace, 2 * kPiece * N);
  TQueBind<TPosition::VECIN, TPosition::VECOUT, 1> rows;
  pipe.InitBuffer(rows, 2, kPiece * N * sizeof(float));

  mm.SetTensorB(gb);
  const auto start = [&](int piece) {  // its sums go to one half of the workspace
    mm.SetTensorA(ga[piece * kPiece * K]);
    mm.IterateAll<false>(pieces[piece % 2 * kPiece * N], 0, false, true);
  };
  start(0);
  for (int piece = 0; piece < kPieces; ++piece) {
    mm.WaitIterateAll();
    LocalTensor<float> x = rows.AllocTensor<float>();
    DataCopy(x, pieces[piece % 2 * kPiece * N], kPiece * N);
    // The next piece goes to the other half, from which the copy before has long been taken.
    if (piece + 1 < kPieces) start(piece + 1);
    SetFlag<HardEvent::MTE2_V>(EVENT_ID7);
    WaitFlag<HardEvent::MTE2_V>(EVENT_ID7);
    Mins(x, x, 4.0f, kPiece * N);
    PipeBarrier<PIPE_V>();
    Maxs(x, x, -4.0f, kPiece * N);
    SetFlag<HardEvent::V_MTE3>(EVENT_ID7);
    WaitFlag<HardEvent::V_MTE3>(EVENT_ID7);
    DataCopy(gc[piece * kPiece * N], x, kPiece * N);
    rows.FreeTensor(x);
  }
  mm.End();
}

int main() {
  example::Session acl;
  matmul_tiling::MatmulApiTiling api(*platform_ascendc::PlatformAscendCManager::GetInstance());
  const auto gm = matmul_tiling::TPosition::GM;
  const auto nd = matmul_tiling::CubeFormat::ND;
  api.SetAType(gm, nd, matmul_tiling::DataType::DT_FLOAT16);
  api.SetBType(gm, nd, matmul_tiling::DataType::DT_FLOAT16);
  api.SetCType(gm, nd, matmul_tiling::DataType::DT_FLOAT);
  api.SetShape(kPiece, N, K);
  api.SetOrgShape(M, N, K);
  TCubeTiling tiling;
  if (api.GetTiling(tiling) == -1) return 1;
  const std::vector<float> a = example::halved(example::numbers(M * K, -1, 1, 1)),
                           b = example::halved(example::numbers(K * N, -1, 1, 2));
  example::Buffer<aclFloat16> da(example::to_half(a)), db(example::to_half(b));
  example::Buffer<float> dc(M * N), workspace(2 * kPiece * N);
  multiply_and_clamp<<<1, nullptr, acl.stream>>>(da, db, dc, workspace, tiling);
  acl.wait();
  const auto golden = [&](size_t i) {
    double sum = 0;
    for (size_t k = 0; k < K; ++k) sum += double(a[i / N * K + k]) * b[k * N + i % N];
    return std::fmin(std::fmax(sum, -4), 4);
  };
  return example::compare("matmul_object/overlap", dc.read(), golden, 1e-5);
}
