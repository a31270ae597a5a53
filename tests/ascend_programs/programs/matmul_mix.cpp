// SPDX-License-Identifier: Apache-2.0
// Matmul objects used on vector cores: without waiting, operands and results in UB, sums over parts of K in
// L0C and in device memory, two objects, one vector core alone, both sharing operands, one or two vector
// cores to a cube core, both kinds of core at the helm. COVERS("WaitIterateAll", "WaitGetTensorC",
// "SetWorkspace", "SetLocalWorkspace", "VECIN",
//        "VECOUT", "VECCALC", "LCM", "CubeFormat", "GetTensorC", "Iterate", "SetSubBlockIdx",
//        "GetSubBlockIdx")
#include "matmul_check.h"

using namespace AscendC;

template <class T, TPosition position = TPosition::GM, CubeFormat format = CubeFormat::ND, bool share = false>
using Type = MatmulType<position, format, T, false, LayoutMode::NONE, share>;
template <class T>
__aicore__ GlobalTensor<T> at(GM_ADDR p, int offset = 0) {
  GlobalTensor<T> t;
  t.SetGlobalBuffer((__gm__ T*)p + offset);
  return t;
}

// Two products on their way at a time: c = A B and d = A (B again), by different objects; only the first
// vector core asks.
__global__ __aicore__ void two_at_once(GM_ADDR a, GM_ADDR b, GM_ADDR c, GM_ADDR d, TCubeTiling tiling) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIC_1_2);
  TPipe pipe;
  Matmul<Type<half>, Type<half>, Type<float>> first;
  Matmul<Type<half>, Type<half>, Type<half>, Type<float>, CFG_MDL> second;
  REGIST_MATMUL_OBJ(&pipe, GetSysWorkSpacePtr(), first, &tiling, second, &tiling);
  if (GetSubBlockIdx() == 0 && GetBlockIdx() == 0) {
    first.SetSubBlockIdx(0);
    first.SetTensorA(at<half>(a));
    first.SetTensorB(at<half>(b));
    second.SetTensorA(at<half>(a));
    second.SetTensorB(at<half>(b));
    first.IterateAll<false>(at<float>(c), 0, false, true);
    second.IterateAll<false>(at<half>(d), 0, false, true);
    first.WaitIterateAll();
    first.IterateAll<false>(at<float>(c), 1, false, true);  // once more, added
    second.WaitIterateAll();
    first.WaitIterateAll();
    first.End();
    second.End();
  }
  SyncAll();  // the second vector core has long been here
}

// A and the bias in UB; block after block of the result to UB, ahead of the vector core, which doubles it.
__global__ __aicore__ void through_ub(GM_ADDR a, GM_ADDR b, GM_ADDR bias, GM_ADDR c, GM_ADDR workspace,
                                      TCubeTiling tiling) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIC_1_1);
  TPipe pipe;
  Matmul<Type<half, TPosition::VECCALC>, Type<half>, Type<float, TPosition::VECIN>,
         Type<float, TPosition::VECOUT>>
      mm;
  REGIST_MATMUL_OBJ(&pipe, GetSysWorkSpacePtr(), mm, &tiling);
  if (GetBlockIdx() > 0) return;
  TBuf<TPosition::LCM> local_a, local_bias;
  TQue<TPosition::VECIN, 1> in;
  pipe.InitBuffer(local_a, M * K * sizeof(half));
  pipe.InitBuffer(local_bias, 96 * sizeof(float));
  pipe.InitBuffer(in, 1, 32 * 32 * sizeof(float));
  LocalTensor<half> ua = local_a.Get<half>();
  LocalTensor<float> ub = local_bias.Get<float>();
  DataCopy(ua, at<half>(a), M * K);
  DataCopyPad(ub, at<float>(bias), DataCopyExtParams(1, N * sizeof(float), 0, 0, 0),
              DataCopyPadExtParams<float>());
  SetFlag<HardEvent::MTE2_V>(7);
  WaitFlag<HardEvent::MTE2_V>(7);
  Adds(ub, ub, 1.0f, 96);
  PipeBarrier<PIPE_V>();
  mm.SetLocalWorkspace(local_bias.Get<uint8_t>());
  mm.SetWorkspace(at<float>(workspace));
  mm.SetTensorA(ua);
  mm.SetTensorB(at<half>(b));
  mm.SetBias(ub);
  mm.Iterate<false>();
  for (int block = 0; block < 9; ++block) {
    LocalTensor<float> tile = in.AllocTensor<float>();
    mm.GetTensorC<false>(tile);
    mm.WaitGetTensorC();
    const int m0 = block % 3 * 32, n0 = block / 3 * 32, rows = M - m0 < 32 ? M - m0 : 32,
              columns = N - n0 < 32 ? N - n0 : 32;
    Muls(tile, tile, 2.0f, 32 * 32);
    in.EnQue(tile);
    tile = in.DeQue<float>();
    SetFlag<HardEvent::V_MTE3>(7);
    WaitFlag<HardEvent::V_MTE3>(7);
    DataCopyPad(at<float>(c, m0 * N + n0), tile,
                DataCopyExtParams(rows, columns * sizeof(float), 0, (N - columns) * sizeof(float), 0));
    SetFlag<HardEvent::MTE3_V>(7);
    WaitFlag<HardEvent::MTE3_V>(7);
    in.FreeTensor(tile);
  }
  mm.End();
}

// One block of 32 x 32: K in three parts that add up in L0C; then parts of the first half added in device
// memory.
__global__ __aicore__ void by_parts(GM_ADDR a, GM_ADDR b, GM_ADDR c, TCubeTiling tiling) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIC_1_2);
  TPipe pipe;
  Matmul<Type<half>, Type<half>, Type<float>> mm;
  REGIST_MATMUL_OBJ(&pipe, GetSysWorkSpacePtr(), mm, &tiling);
  if (GetBlockIdx() > 0) return;
  mm.SetOrgShape(M, N, K);
  mm.SetSingleShape(32, 32, 32);
  for (int k = 0; k < K; k += 32) {
    mm.SetTensorA(at<half>(a, k));
    mm.SetTensorB(at<half>(b, k * N));
    mm.Iterate(k > 0);
  }
  mm.GetTensorC(at<float>(c));
  for (int k = 0; k < 64; k += 32) {
    mm.SetTensorA(at<half>(a, 32 * K + k));
    mm.SetTensorB(at<half>(b, k * N));
    mm.Iterate();
    mm.GetTensorC(at<float>(c, 32 * N), k == 0 ? 0 : 1);
  }
  mm.SetTail(6, 26, 96);
  mm.SetTensorA(at<half>(a, 64 * K));
  mm.SetTensorB(at<half>(b, 64));
  mm.IterateAll(at<float>(c, 64 * N + 64), 2);  // larger than what is there
  mm.End();
}

// Both vector cores give the same operands and ask for the same product, which is added once.
__global__ __aicore__ void shared(GM_ADDR a, GM_ADDR b, GM_ADDR c, TCubeTiling tiling) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIC_1_2);
  TPipe pipe;
  Matmul<Type<half, TPosition::GM, CubeFormat::ND, true>, Type<half, TPosition::GM, CubeFormat::ND, true>,
         Type<float>, Type<float>, CFG_IBSHARE_NORM>
      mm;
  REGIST_MATMUL_OBJ(&pipe, GetSysWorkSpacePtr(), mm, &tiling);
  mm.SetTensorA(at<half>(a));
  mm.SetTensorB(at<half>(b));
  mm.IterateAll(at<float>(c), 1);
  mm.IterateAll(at<float>(c), 1, false, false, mm.GetSubBlockIdx() == 1);
  mm.End();
}

// The cube core calls the object too.
constexpr MatmulConfig kBoth = GetNormalConfig(false, false, false, BatchMode::NONE, true,
                                               IterateOrder::UNDEF, ScheduleType::INNER_PRODUCT, true, true);
__global__ __aicore__ void both(GM_ADDR a, GM_ADDR b, GM_ADDR c, TCubeTiling tiling) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIC_1_1);
  TPipe pipe;
  Matmul<Type<half>, Type<half>, Type<float>, Type<float>, kBoth> mm;
  REGIST_MATMUL_OBJ(&pipe, GetSysWorkSpacePtr(), mm, &tiling);
  mm.SetTensorA(at<half>(a));
  mm.SetTensorB(at<half>(b));
  mm.IterateAll(at<float>(c));
  if ASCEND_IS_AIV {
    TBuf<TPosition::VECCALC> buffer;
    pipe.InitBuffer(buffer, 96 * sizeof(float));
    LocalTensor<float> line = buffer.Get<float>();
    DataCopyPad(line, at<float>(c), DataCopyExtParams(1, N * sizeof(float), 0, 0, 0),
                DataCopyPadExtParams<float>());
    PipeBarrier<PIPE_ALL>();
    Muls(line, line, -1.0f, 96);
    PipeBarrier<PIPE_ALL>();
    DataCopyPad(at<float>(c), line, DataCopyExtParams(1, N * sizeof(float), 0, 0, 0));
  }
  mm.End();
}

// All of the result to UB; fractals there. The tiling comes with Init.
__global__ __aicore__ void all_to_ub(GM_ADDR a, GM_ADDR b, GM_ADDR c, TCubeTiling tiling) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIC_1_2);
  TPipe pipe;
  Matmul<Type<half>, Type<half>, Type<half, TPosition::VECOUT, CubeFormat::NZ>> mm;
  REGIST_MATMUL_OBJ(&pipe, GetSysWorkSpacePtr(), mm);
  if (GetBlockIdx() > 0) return;
  mm.Init(&tiling);
  TBuf<TPosition::VECOUT> buffer;
  pipe.InitBuffer(buffer, 80 * 96 * sizeof(half));
  LocalTensor<half> out = buffer.Get<half>();
  mm.SetTensorA(at<half>(a));
  mm.SetTensorB(at<half>(b));
  mm.IterateAll(out);
  SetFlag<HardEvent::MTE2_MTE3>(7);
  WaitFlag<HardEvent::MTE2_MTE3>(7);
  DataCopy(at<half>(c), out, 80 * 96);
}

// A row per block: more blocks than cores, at different places at a time.
__global__ __aicore__ void a_row_each(GM_ADDR a, GM_ADDR b, GM_ADDR c, TCubeTiling tiling) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIC_1_2);
  TPipe pipe;
  Matmul<Type<half, TPosition::GM, CubeFormat::VECTOR>, Type<half>, Type<float>> mm;
  REGIST_MATMUL_OBJ(&pipe, GetSysWorkSpacePtr(), mm, &tiling);
  const int row = GetBlockIdx() / 2;
  if (GetBlockIdx() % 2 != row % 2) return;  // one of the vector cores
  mm.SetSingleShape(1, N, K);
  mm.SetTensorA(at<half>(a, row * K));
  mm.SetTensorB(at<half>(b));
  mm.IterateAll(at<float>(c, row * N));
  mm.End();
}

int main() {
  bool right = true;
  const aclrtStream stream = start();
  uint8_t* da = to_device(stored<half>(M, K, false, false, value_a));
  uint8_t* db = to_device(stored<half>(K, N, false, false, value_b));
  std::vector<float> bias(N);
  for (int n = 0; n < N; ++n) bias[n] = static_cast<float>(value_bias(n));
  const std::vector<float> empty(96 * 96);
  uint8_t *dbias = to_device(bias), *dc = to_device(empty), *dd = to_device(empty), *dw = to_device(empty);
  auto api = plan(matmul_tiling::DataType::DT_FLOAT16);
  api.SetFixSplit(32, 32, 32);
  api.EnableBias(true);
  TCubeTiling tiling;
  CHECK(api.GetTiling(tiling) == 0);
  const auto result = [&] {
    MUST(aclrtSynchronizeStream(stream));
    auto c = from_device<float>(dc, M * N);
    MUST(aclrtMemcpy(dc, empty.size() * 4, empty.data(), empty.size() * 4, ACL_MEMCPY_HOST_TO_DEVICE));
    return c;
  };
  two_at_once<<<2, nullptr, stream>>>(da, db, dc, dd, tiling);
  CHECK(close(result(), M, N, N, [](int m, int n) { return 2 * product(m, n); }, 0));
  CHECK(close(from_device<half>(dd, M * N), M, N, N, [](int m, int n) { return product(m, n); }, 1.0 / 2048));
  through_ub<<<1, nullptr, stream>>>(da, db, dbias, dc, dw, tiling);
  CHECK(close(result(), M, N, N, [](int m, int n) { return 2 * (product(m, n) + value_bias(n) + 1); }, 0));
  by_parts<<<1, nullptr, stream>>>(da, db, dc, tiling);
  CHECK(close(
      result(), M, N, N,
      [](int m, int n) {
        if (m < 32) return n < 32 ? product(m, n) : 0.0;
        if (m < 64) return n < 32 ? product(m, n, 64) : 0.0;
        return n >= 64 && product(m, n) > 0 ? product(m, n) : 0.0;
      },
      0));
  shared<<<1, nullptr, stream>>>(da, db, dc, tiling);
  CHECK(close(result(), M, N, N, [](int m, int n) { return 2 * product(m, n); }, 0));
  both<<<1, nullptr, stream>>>(da, db, dc, tiling);
  CHECK(close(result(), M, N, N, [](int m, int n) { return m == 0 ? -product(m, n) : product(m, n); }, 0));
  a_row_each<<<M, nullptr, stream>>>(da, db, dc, tiling);
  CHECK(close(result(), M, N, N, [](int m, int n) { return product(m, n); }, 0));
  all_to_ub<<<1, nullptr, stream>>>(da, db, dd, tiling);
  MUST(aclrtSynchronizeStream(stream));
  const auto nz = from_device<half>(dd, 80 * 96);
  std::vector<half> flat(M * N);
  for (int m = 0; m < M; ++m)
    for (int n = 0; n < N; ++n) flat[m * N + n] = nz[(n / 16 * 80 + m) * 16 + n % 16];
  CHECK(close(flat, M, N, N, [](int m, int n) { return product(m, n); }, 1.0 / 2048));
  return finish(right);
}
