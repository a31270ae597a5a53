// SPDX-License-Identifier: Apache-2.0
// Batches of products: one behind the other, as heads of attention, fewer keys than queries, in steps that
// wait in a workspace; operands that lie in L1; what the host's tiling classes answer. COVERS("IterateBatch",
// "IterateNBatch", "GetBatchTensorC", "WaitIterateBatch", "SetBatchNum", "BatchMode", "BATCH_LESS_THAN_L1",
//        "BatchOutMode", "MULTI_BATCH", "LayoutMode", "BSNGD", "SBNGD", "BNGS1S2", "MatmulBatchParams",
//        "BatchMatmulTiling", "SetALayout", "SetBLayout", "SetCLayout", "SetBatchInfoForNormal", "GetBaseM",
//        "GetBaseN", "GetBaseK", "GetSingleShape", "EnableMultiCoreSplitK", "SetDoubleBuffer",
//        "SetBufferSpace", "MatmulConfigParams", "SetMatmulConfigParams", "MatrixMadType", "SetMadType",
//        "MatmulApiTilingBase", "SetAlignSplit", "SetSingleRange", "TSCM", "A1", "B1", "DT_UINT8",
//        "DT_INT32", "MXMODE", "MatmulBiasParams", "DT_INT16", "DT_INT64", "DT_UINT64", "DT_DOUBLE",
//        "DT_BOOL", "DT_COMPLEX64", "DT_UINT16", "DT_UINT32", "DT_UNDEFINED", "FIRSTN", "NOSET", "SetSparse")
#define ASCENDC_CUBE_ONLY
#include "matmul_check.h"

using namespace AscendC;

// Two sequences of S rows, N heads in G groups, D numbers each.
constexpr int kB = 2, kS = 20, kN = 2, kG = 2, kD = 32, kT = 24;
constexpr int kMatrices = kB * kN * kG;

inline float query(int x, int m, int k) { return static_cast<float>((x * 3 + m * 7 + k) % 9 - 4); }
inline float key(int x, int n, int k) { return static_cast<float>((x * 5 + n + k * 3) % 7 - 3); }
// Of matrix x, with its keys: `shared` of them by two neighbours.
double score(int x, int m, int n, int groups) {
  double sum = 0;
  for (int k = 0; k < kD; ++k) sum += static_cast<double>(query(x, m, k)) * key(x / groups, n, k);
  return sum;
}

constexpr MatmulConfig kBatches = GetMMConfig<MatmulConfigMode::CONFIG_NORM>(
    MatmulBatchParams{true, BatchMode::BATCH_LESS_THAN_L1, true, BatchOutMode::MULTI_BATCH},
    MatmulBiasParams{false});

// steps: of so many matrices of A each; 1: all in one call.
template <LayoutMode in, LayoutMode out>
__global__ __cube__ void heads(GM_ADDR a, GM_ADDR b, GM_ADDR bias, GM_ADDR c, TCubeTiling tiling, int batch_a,
                               int batch_b, int steps, bool by_number) {
  TPipe pipe;
  Matmul<MatmulType<TPosition::GM, CubeFormat::ND, half, false, in>,
         MatmulType<TPosition::GM, CubeFormat::ND, half, true, in>,
         MatmulType<TPosition::GM, CubeFormat::ND, float, false, out>,
         MatmulType<TPosition::GM, CubeFormat::ND, float>, kBatches>
      mm;
  REGIST_MATMUL_OBJ(&pipe, GetSysWorkSpacePtr(), mm, &tiling);
  GlobalTensor<half> ga, gb;
  GlobalTensor<float> gc, gbias;
  ga.SetGlobalBuffer((__gm__ half*)a), gb.SetGlobalBuffer((__gm__ half*)b),
      gc.SetGlobalBuffer((__gm__ float*)c);
  gbias.SetGlobalBuffer((__gm__ float*)bias);
  mm.SetTensorA(ga);
  mm.SetTensorB(gb, true);
  mm.SetBias(gbias);
  if (steps > 1) {
    mm.SetWorkspace(gc);
    mm.template IterateNBatch<true>(steps, batch_a, batch_b, true);
    const GlobalTensor<float> first = mm.GetBatchTensorC(batch_a, batch_b),
                              second = mm.GetBatchTensorC(batch_a, batch_b);
    if (first.GetPhyAddr() != gc.GetPhyAddr() || second.GetPhyAddr() != gc.GetPhyAddr(batch_a * kS * kT))
      return;
  } else if (by_number) {
    mm.SetBatchNum(batch_a, batch_b);
    mm.IterateBatch(gc, false, 0, false);
  } else {
    mm.template IterateBatch<false>(gc, batch_a, batch_b, false);
    mm.WaitIterateBatch();
  }
  mm.End();
}

// A of 48 x 32 and B of 32 x 64 already in L1, in fractals.
__global__ __cube__ void in_l1(GM_ADDR a, GM_ADDR b, GM_ADDR c, TCubeTiling tiling) {
  TPipe pipe;
  Matmul<MatmulType<TPosition::TSCM, CubeFormat::NZ, half>, MatmulType<TPosition::B1, CubeFormat::NZ, half>,
         MatmulType<TPosition::GM, CubeFormat::ND, float>>
      mm;
  TQue<TPosition::A1, 1> qa;
  TQue<TPosition::B1, 1> qb;
  pipe.InitBuffer(qa, 1, 48 * 32 * sizeof(half));
  pipe.InitBuffer(qb, 1, 32 * 64 * sizeof(half));
  REGIST_MATMUL_OBJ(&pipe, GetSysWorkSpacePtr(), mm, &tiling);
  GlobalTensor<half> ga, gb;
  GlobalTensor<float> gc;
  ga.SetGlobalBuffer((__gm__ half*)a), gb.SetGlobalBuffer((__gm__ half*)b),
      gc.SetGlobalBuffer((__gm__ float*)c);
  LocalTensor<half> la = qa.AllocTensor<half>(), lb = qb.AllocTensor<half>();
  DataCopy(la, ga, Nd2NzParams(1, 48, 32, 0, K, 48, 1, 0));
  DataCopy(lb, gb, Nd2NzParams(1, 32, 64, 0, N, 32, 1, 0));
  qa.EnQue(la), qb.EnQue(lb);
  la = qa.DeQue<half>(), lb = qb.DeQue<half>();
  mm.SetTensorA(la);
  mm.SetTensorB(lb);
  mm.IterateAll(gc);
  mm.End();
  qa.FreeTensor(la), qb.FreeTensor(lb);
}

// Where element (s, d) of matrix x lies.
int place(LayoutMode mode, int x, int s, int d, int rows, int columns, int matrices) {
  const int per = matrices / kB;
  if (mode == LayoutMode::BSNGD) return ((x / per * rows + s) * per + x % per) * columns + d;
  if (mode == LayoutMode::SBNGD) return (s * matrices + x) * columns + d;
  return (x * rows + s) * columns + d;
}

bool right = true;
aclrtStream stream;

template <LayoutMode in, LayoutMode out>
void check(const char* what, int groups, int batch_a, int steps = 1, bool by_number = false) {
  const int keys = kMatrices / groups;
  std::vector<half> a(kMatrices * kS * kD), b(keys * kT * kD);
  for (int x = 0; x < kMatrices; ++x)
    for (int i = 0; i < kS * kD; ++i)
      a[place(in, x, i / kD, i % kD, kS, kD, kMatrices)] = half(query(x, i / kD, i % kD));
  for (int x = 0; x < keys; ++x)
    for (int i = 0; i < kT * kD; ++i)
      b[place(in, x, i / kD, i % kD, kT, kD, keys)] = half(key(x, i / kD, i % kD));
  std::vector<float> bias(kT);
  for (int n = 0; n < kT; ++n) bias[n] = static_cast<float>(n);
  uint8_t *da = to_device(a), *db = to_device(b), *dbias = to_device(bias),
          *dc = to_device(std::vector<float>(kMatrices * kS * kT));
  using namespace matmul_tiling;
  BatchMatmulTiling api;
  api.SetAType(matmul_tiling::TPosition::GM, matmul_tiling::CubeFormat::ND, DataType::DT_FLOAT16);
  api.SetBType(matmul_tiling::TPosition::GM, matmul_tiling::CubeFormat::ND, DataType::DT_FLOAT16, true);
  if (in == LayoutMode::NORMAL) {
    api.SetBatchInfoForNormal(batch_a, batch_a / groups, kS, kT, kD);
  } else {
    api.SetShape(kS, kT, kD);
    api.SetOrgShape(kS, kT, kD);
    api.SetALayout(kB, kS, kN, kG, kD);
    api.SetBLayout(kB, kT, kN, kG / groups, kD);
    api.SetCLayout(kB, kS, kN, kG, kT);
    api.SetBatchNum(batch_a);
  }
  api.EnableBias(true);
  TCubeTiling tiling;
  CHECK(api.GetTiling(tiling) == 0 && tiling.batchM == batch_a);
  heads<in, out>
      <<<1, nullptr, stream>>>(da, db, dbias, dc, tiling, batch_a, batch_a / groups, steps, by_number);
  MUST(aclrtSynchronizeStream(stream));
  const auto c = from_device<float>(dc, kMatrices * kS * kT);
  for (int x = 0; x < kMatrices; ++x) {
    for (int i = 0; i < kS * kT; ++i) {
      if (c[place(steps > 1 ? LayoutMode::NORMAL : out, x, i / kT, i % kT, kS, kT, kMatrices)] ==
          score(x, i / kT, i % kT, groups) + i % kT)
        continue;
      std::printf("wrong: %s, matrix %d, element %d\n", what, x, i);
      right = false;
      return;
    }
  }
}

void host() {
  using namespace matmul_tiling;
  auto api = plan(DataType::DT_FLOAT16, false, false, 256, 256, 4096);
  api.SetDim(8);
  TCubeTiling t;
  int m = 0, n = 0, k = 0;
  CHECK(api.GetTiling(t) == 0 && t.usedCoreNum == 8 && t.singleCoreK == 4096);
  CHECK(api.GetBaseM() == t.baseM && api.GetBaseN() == t.baseN && api.GetBaseK() == t.baseK &&
        t.depthA1 == 2 * t.stepKa);
  CHECK(api.GetSingleShape(m, n, k) == 0 && m == t.singleCoreM && n == t.singleCoreN && k == 4096);
  api.SetDoubleBuffer(false, true, false, false);
  api.SetMadType(MatrixMadType::HF32);
  CHECK(api.SetSparse(true) == -1 && api.GetTiling(t) == 0 && t.depthA1 == t.stepKa && t.dbL0C == 1);
  CHECK(api.SetSingleRange() == 0 && api.SetAlignSplit(16, 16, 16) == 0);
  api.SetSingleShape(256, 256);
  api.EnableMultiCoreSplitK(true);
  CHECK(api.GetTiling(t) == 0 && t.usedCoreNum == 8 && t.singleCoreK == 512);
  MatmulConfigParams params;
  params.traverse = MatrixTraverse::FIRSTN;
  api.SetMatmulConfigParams(params);
  CHECK(api.GetTiling(t) == 0 && t.iterateOrder == 1);
  api.SetMatmulConfigParams(1, false, ScheduleType::INNER_PRODUCT, MatrixTraverse::NOSET);
  CHECK(api.GetTiling(t) == 0 && t.iterateOrder == 1);
  api.SetBufferSpace(64 * 1024, 32 * 1024);
  CHECK(api.GetTiling(t) == 0 && t.shareL1Size <= 64 * 1024 && t.baseM * t.baseN * 4 <= 32 * 1024);
  // What a cube does not multiply is refused.
  for (const DataType other :
       {DataType::DT_INT16, DataType::DT_INT64, DataType::DT_UINT64, DataType::DT_DOUBLE, DataType::DT_BOOL,
        DataType::DT_COMPLEX64, DataType::DT_UINT16, DataType::DT_UINT32, DataType::DT_UNDEFINED}) {
    CHECK(api.SetAType(matmul_tiling::TPosition::GM, matmul_tiling::CubeFormat::ND, other) == -1);
    CHECK(api.SetCType(matmul_tiling::TPosition::GM, matmul_tiling::CubeFormat::ND, other) == -1);
  }
  CHECK(api.SetCType(matmul_tiling::TPosition::GM, matmul_tiling::CubeFormat::ND, DataType::DT_INT32) == 0);
  CHECK(api.SetMadType(MatrixMadType::MXMODE) == -1);
  CHECK(api.SetAType(matmul_tiling::TPosition::GM, matmul_tiling::CubeFormat::ND, DataType::DT_UINT8) == 0);
  MatmulApiTilingBase& base = api;
  CHECK(base.SetFixSplit(256, 256, 64) == 0 && api.GetTiling(t) == -1);
}

int main() {
  stream = start();
  check<LayoutMode::NORMAL, LayoutMode::NORMAL>("one behind the other", 1, kMatrices);
  check<LayoutMode::NORMAL, LayoutMode::NORMAL>("two share a key", 2, kMatrices, 1, true);
  check<LayoutMode::BSNGD, LayoutMode::BNGS1S2>("BSNGD", 1, kMatrices);
  check<LayoutMode::BSNGD, LayoutMode::BSNGD>("BSNGD in and out", 2, kMatrices);
  check<LayoutMode::SBNGD, LayoutMode::BNGS1S2>("SBNGD", 2, kMatrices);
  check<LayoutMode::SBNGD, LayoutMode::SBNGD>("SBNGD in and out", 1, kMatrices);
  check<LayoutMode::BSNGD, LayoutMode::BNGS1S2>("in two steps", 2, kMatrices / 2, 2);
  host();
  auto api = plan(matmul_tiling::DataType::DT_FLOAT16, false, false, 48, 64, 32);
  api.SetFixSplit(32, 32, 16);
  TCubeTiling tiling;
  CHECK(api.GetTiling(tiling) == 0);
  uint8_t *da = to_device(stored<half>(M, K, false, false, value_a)),
          *db = to_device(stored<half>(K, N, false, false, value_b));
  uint8_t* dc = to_device(std::vector<float>(48 * 64));
  in_l1<<<1, nullptr, stream>>>(da, db, dc, tiling);
  MUST(aclrtSynchronizeStream(stream));
  CHECK(
      close(from_device<float>(dc, 48 * 64), 48, 64, 64, [](int m, int n) { return product(m, n, 32); }, 0));
  return finish(right);
}
