// SPDX-License-Identifier: Apache-2.0
// Matmul objects of every template and order, with tiling known at compile time, policies, ways of the user's
// own, and results one base block behind the other. COVERS("MatmulConfig", "MatmulConfigMode", "CONFIG_NORM",
// "CONFIG_MDL", "GetMMConfig", "GetNormalConfig", "GetMDLConfig",
//        "MatmulShapeParams", "MatmulQuantParams", "MatmulBatchParams", "MatmulFuncParams", "ScheduleType",
//        "INNER_PRODUCT", "OUTER_PRODUCT", "IterateOrder", "ORDER_M", "ORDER_N", "UNDEF", "IterateMode",
//        "ITERATE_MODE_ALL", "ITERATE_MODE_DEFAULT", "MatmulApiStaticTiling", "GetMatmulApiTiling",
//        "MatmulPolicy", "MatmulCallBackFunc", "SetUserDefInfo", "SetSelfDefineData", "MatrixTraverse",
//        "FIRSTN", "N_BUFFER_33", "SINGLE_BATCH")
#include "matmul_check.h"

using namespace AscendC;

using Half = MatmulType<TPosition::GM, CubeFormat::ND, half>;
using Float = MatmulType<TPosition::GM, CubeFormat::ND, float>;

// Sizes of a core's part and its base blocks are constants: no tiling is given.
constexpr MatmulShapeParams kShape = {M, N, K, 32, 48, 32};
constexpr MatmulFuncParams kByColumns = {
    false, false, false, false, 0, IterateOrder::ORDER_N, ScheduleType::INNER_PRODUCT};
constexpr MatmulConfig kConstant = GetMMConfig<MatmulConfigMode::CONFIG_NORM>(
    kShape, MatmulQuantParams{false, false},
    MatmulBatchParams{false, BatchMode::NONE, true, BatchOutMode::SINGLE_BATCH}, kByColumns);
constexpr MatmulApiStaticTiling kStatic = GetMatmulApiTiling<Half, Half, Float>(kConstant);
static_assert(kStatic.baseM == 32 && kStatic.singleCoreN == N && kStatic.depthA1 > 0 && kStatic.stepKa == 1);
constexpr MatmulApiStaticTiling kStaticMdl =
    GetMatmulApiTiling<Half, Half, Float>(GetMMConfig<MatmulConfigMode::CONFIG_MDL>(kShape));
static_assert(kStaticMdl.stepKb > 1);

// Templates. All give the same numbers.
constexpr MatmulConfig kLeast = {true, false, false};
constexpr MatmulConfig kNorm =
    GetNormalConfig(true, false, false, BatchMode::BATCH_LESS_THAN_L1, true, IterateOrder::ORDER_M);
constexpr MatmulConfig kMdl = GetMDLConfig(false, false, 1);
constexpr MatmulConfig kSpecial = GetSpecialMDLConfig(), kBasic = GetBasicConfig(32, 32, 32);
constexpr MatmulConfig outer() {
  MatmulConfig c = GetMDLConfig();
  c.scheduleType = ScheduleType::OUTER_PRODUCT;
  c.iterateOrder = IterateOrder::UNDEF;
  c.iterateMode = IterateMode::ITERATE_MODE_ALL;
  return c;
}
constexpr MatmulConfig kOuter = outer();
static_assert(kNorm.iterateMode == IterateMode::ITERATE_MODE_DEFAULT &&
              kOuter.iterateMode != kNorm.iterateMode && kOuter.scheduleType != ScheduleType::N_BUFFER_33);

__aicore__ void tensors(GlobalTensor<half>& a, GlobalTensor<half>& b, GlobalTensor<float>& c, GM_ADDR pa,
                        GM_ADDR pb, GM_ADDR pc) {
  a.SetGlobalBuffer((__gm__ half*)pa), b.SetGlobalBuffer((__gm__ half*)pb),
      c.SetGlobalBuffer((__gm__ float*)pc);
}

// `packed`: base blocks of 32 x 32 one behind the other.
template <const auto& config, template <const auto&, class...> class Policy = MatmulPolicy>
__global__ __cube__ void with(GM_ADDR a, GM_ADDR b, GM_ADDR c, TCubeTiling tiling, bool given, bool packed) {
  TPipe pipe;
  Matmul<Half, Half, Float, Float, config, MatmulCallBackFunc<>, Policy> mm;
  GlobalTensor<half> ga, gb;
  GlobalTensor<float> gc;
  tensors(ga, gb, gc, a, b, c);
  mm.Init(given ? &tiling : nullptr, &pipe);
  mm.SetTensorA(ga);
  mm.SetTensorB(gb);
  mm.IterateAll(gc, 0, packed);
  mm.End();
}

// A whose blocks of 32 x 32 lie one behind the other, the numbers of them in the user's own data; B as it is;
// C twice as far apart.
struct Own {
  int blocks_across, factor;
};
__aicore__ void copy_a(const LocalTensor<int8_t>& l1, const __gm__ void* gm, int row, int col, int useM,
                       int useK, const uint64_t tilingPtr, const uint64_t dataPtr) {
  const Own* own = reinterpret_cast<const Own*>(tilingPtr);
  GlobalTensor<half> from;
  from.SetGlobalBuffer((__gm__ half*)gm + (row * own->blocks_across + col) * 32 * 32);
  DataCopy(l1.ReinterpretCast<half>(), from, Nd2NzParams(1, useM, useK, 0, 32, (useM + 15) / 16 * 16, 1, 0));
  static_cast<void>(dataPtr);
}
__aicore__ void copy_b(const LocalTensor<int8_t>& l1, const __gm__ void* gm, int row, int col, int useK,
                       int useN, const uint64_t, const uint64_t dataPtr) {
  GlobalTensor<half> from;
  from.SetGlobalBuffer((__gm__ half*)dataPtr + row * 32 * N + col * 32);
  DataCopy(l1.ReinterpretCast<half>(), from, Nd2NzParams(1, useK, useN, 0, N, (useK + 15) / 16 * 16, 1, 0));
  static_cast<void>(gm);
}
__aicore__ void copy_out(const __gm__ void* gm, const LocalTensor<int8_t>& co1, const void* params,
                         const uint64_t tilingPtr, const uint64_t) {
  const auto& p = *static_cast<const DataCopyOutParams*>(params);
  FixpipeParamsV220 f;
  f.nSize = p.oriNSize, f.mSize = p.burstLen / 2, f.srcStride = p.burstLen / 2 + p.srcStride / 2;
  f.dstStride = p.dstStride;
  f.reluEn = reinterpret_cast<const Own*>(tilingPtr)->factor == 1;
  GlobalTensor<float> to;
  to.SetGlobalBuffer((__gm__ float*)gm);
  Fixpipe(to, co1.ReinterpretCast<float>(), f);
}
__global__ __cube__ void own_ways(GM_ADDR a, GM_ADDR b, GM_ADDR c, TCubeTiling tiling) {
  TPipe pipe;
  MatmulImpl<Half, Half, Float, Float, CFG_NORM, MatmulCallBackFunc<copy_out, copy_a, copy_b>> mm;
  GlobalTensor<half> ga, gb;
  GlobalTensor<float> gc;
  tensors(ga, gb, gc, a, b, c);
  const Own own = {3, 1};
  mm.Init(&tiling, &pipe);
  mm.SetUserDefInfo(reinterpret_cast<uint64_t>(&own));
  mm.SetSelfDefineData(reinterpret_cast<uint64_t>(gb.GetPhyAddr()));
  mm.SetTensorA(ga);
  mm.SetTensorB(ga);  // the callback knows better
  mm.IterateAll(gc);
}

int main() {
  using namespace matmul_tiling;
  bool right = true;
  const aclrtStream stream = start();
  uint8_t* da = to_device(stored<half>(M, K, false, false, value_a));
  uint8_t* db = to_device(stored<half>(K, N, false, false, value_b));
  const std::vector<float> empty(96 * 96, -1.0f);
  uint8_t* dc = to_device(empty);
  const auto exact = [](int m, int n) { return product(m, n); };
  auto api = plan(DataType::DT_FLOAT16);
  api.SetFixSplit(32, 32, 32);
  api.SetTraverse(MatrixTraverse::FIRSTN);
  TCubeTiling tiling;
  CHECK(api.GetTiling(tiling) == 0 && tiling.iterateOrder == 1);
  const auto result = [&](std::size_t count = M * N) {
    MUST(aclrtSynchronizeStream(stream));
    return from_device<float>(dc, count);
  };
  const auto reset = [&] {
    MUST(aclrtMemcpy(dc, empty.size() * 4, empty.data(), empty.size() * 4, ACL_MEMCPY_HOST_TO_DEVICE));
  };
  const auto same = [&](const char* what) {
    if (!close(result(), M, N, N, exact, 0)) std::printf("wrong: %s\n", what), right = false;
    reset();
  };
  with<kStatic><<<1, nullptr, stream>>>(da, db, dc, tiling, false, false), same("constants");
  with<kStaticMdl><<<1, nullptr, stream>>>(da, db, dc, tiling, false, false), same("constants, MDL");
  with<kLeast><<<1, nullptr, stream>>>(da, db, dc, tiling, true, false), same("a config of three");
  with<kNorm><<<1, nullptr, stream>>>(da, db, dc, tiling, true, false), same("Norm");
  with<kMdl><<<1, nullptr, stream>>>(da, db, dc, tiling, true, false), same("MDL");
  with<kSpecial><<<1, nullptr, stream>>>(da, db, dc, tiling, true, false), same("SpecialMDL");
  with<kBasic><<<1, nullptr, stream>>>(da, db, dc, tiling, true, false), same("BasicBlock");
  with<kOuter><<<1, nullptr, stream>>>(da, db, dc, tiling, true, false), same("outer product");
  with<CFG_IBSHARE_NORM><<<1, nullptr, stream>>>(da, db, dc, tiling, true, false), same("IBShare");
  // Base blocks in the order of the tiling: along N; of the config: along M.
  const auto packed = [&](bool along_m) {
    const auto c = result(9 * 32 * 32);
    return [c, along_m](int m, int n) {
      const int block = along_m ? n / 32 * 3 + m / 32 : m / 32 * 3 + n / 32;
      return static_cast<double>(c[block * 32 * 32 + m % 32 * 32 + n % 32]);
    };
  };
  std::vector<float> wanted(M * N);
  for (int i = 0; i < M * N; ++i) wanted[i] = static_cast<float>(product(i / N, i % N));
  with<CFG_NORM><<<1, nullptr, stream>>>(da, db, dc, tiling, true, true);
  CHECK(close(wanted, M, N, N, packed(false), 0));
  with<kNorm><<<1, nullptr, stream>>>(da, db, dc, tiling, true, true);
  CHECK(close(wanted, M, N, N, packed(true), 0));
  reset();
  // Blocks on one side of the diagonal stay as they were.
  with<CFG_NORM, TrianUpperMatmulPolicy><<<1, nullptr, stream>>>(da, db, dc, tiling, true, false);
  CHECK(close(result(), M, N, N, [](int m, int n) { return n / 32 >= m / 32 ? product(m, n) : -1; }, 0));
  reset();
  with<CFG_MDL, TrianLowerMatmulPolicy><<<1, nullptr, stream>>>(da, db, dc, tiling, true, false);
  CHECK(close(result(), M, N, N, [](int m, int n) { return n / 32 <= m / 32 ? product(m, n) : -1; }, 0));
  reset();
  std::vector<half> blocks(9 * 32 * 32);
  for (int m = 0; m < M; ++m)
    for (int k = 0; k < K; ++k)
      blocks[(m / 32 * 3 + k / 32) * 1024 + m % 32 * 32 + k % 32] = half(static_cast<float>(value_a(m, k)));
  uint8_t* dblocks = to_device(blocks);
  own_ways<<<1, nullptr, stream>>>(dblocks, db, dc, tiling);
  CHECK(close(result(), M, N, N, [](int m, int n) { return product(m, n) > 0 ? product(m, n) : 0; }, 0));
  return finish(right);
}
