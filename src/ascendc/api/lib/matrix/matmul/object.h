// SPDX-License-Identifier: Apache-2.0
#pragma once

// The Matmul object: C = A B (+ bias) of parts of larger matrices. On a cube core it computes where it stands; on a
// vector core of a mix kernel its calls are requests to the cube core of the block (ascendc/matmul_mailbox.h).
// Operands of a vector core's UB and results to it pass through device memory, as on dav-2201 nothing else joins the
// cores.

#include "batch.h"
#include "cube_core.h"
#include "local_side.h"

namespace AscendC {

template <class A, class B, class C, class Bias = C, const auto& config = CFG_NORM,
          class Callbacks = MatmulCallBackFunc<>, template <const auto&, class...> class Policy = MatmulPolicy>
class MatmulImpl {
  using AT = typename A::T;
  using BT = typename B::T;
  using CT = typename C::T;
  using BiasT = typename Bias::T;
  static constexpr const MatmulConfig& kConfig = detail::mm::config_of(config);
  static_assert(std::is_same<AT, BT>::value, "A and B of a Matmul have one type: the product of half and int8_t (B to be "
                                             "dequantised on its way) is not available");
  static_assert(detail::mm::multiplies<AT>, "a Matmul multiplies half, bfloat16_t, float, int8_t or int4b_t");
  static_assert(A::format == CubeFormat::ND || A::format == CubeFormat::NZ || A::format == CubeFormat::VECTOR,
                "A of a Matmul is ND, NZ or VECTOR");
  static_assert(B::format == CubeFormat::ND || B::format == CubeFormat::NZ, "B of a Matmul is ND or NZ");
  static_assert(C::format == CubeFormat::ND || C::format == CubeFormat::NZ || C::format == CubeFormat::ND_ALIGN,
                "C of a Matmul is ND, NZ or ND_ALIGN");
  static_assert(!detail::mm::in_l1(A::pos) || A::format == CubeFormat::NZ, "operands in L1 are NZ");
  static_assert(!detail::mm::in_l1(B::pos) || B::format == CubeFormat::NZ, "operands in L1 are NZ");
  static_assert(!kConfig.isEnableChannelSplit, "float results in fractals of 8 columns are not available");
  static_assert(!kConfig.intraBlockPartSum, "sums of both vector cores' products in L0C are not available: add one to "
                                            "the other with enAtomic");

 public:
  // The tiling must outlive the object; null if the config says it all. On vector cores the cube core is told.
  void Init(const TCubeTiling* tiling, TPipe* pipe = GetTPipePtr()) {
    prepare(tiling, pipe);
    if ASCEND_IS_AIV {
      if (!registered_ || told_) return;
      etalon_matmul_request request = r_;
      request.work = kMatmulInit;
      request.a = tiling;
      detail::mm::wait_served(detail::mm::ask(request));
    }
  }
  void SetSubBlockIdx(std::uint8_t) {}
  std::uint8_t GetSubBlockIdx() const { return static_cast<std::uint8_t>(AscendC::GetSubBlockIdx()); }
  // Memory the device's own transposition and conversion would use.
  template <class T>
  void SetLocalWorkspace(const LocalTensor<T>&) {}
  template <class T>
  void SetWorkspace(const GlobalTensor<T>& addr) {
    workspace_ = reinterpret_cast<CT*>(addr.GetPhyAddr());
  }
  template <class T>
  void SetWorkspace(__gm__ T* addr, int /*size*/) {
    workspace_ = reinterpret_cast<CT*>(const_cast<std::remove_const_t<T>*>(addr));
  }
  // transMode 1: to nearest, ties to even; other values as well.
  void SetHF32(bool enableHF32 = false, int /*transMode*/ = 0) { r_.hf32 = enableHF32 ? 1 : 0; }
  void SetOrgShape(int orgM, int orgN, int orgK) { SetOrgShape(orgM, orgN, orgK, orgK); }
  void SetOrgShape(int orgM, int orgN, int orgKa, int orgKb, int orgKc = 0) {
    org_m_ = orgM, org_n_ = orgN, org_ka_ = orgKa, org_kb_ = orgKb, org_c_ = orgKc > 0 ? orgKc : orgN;
  }
  void SetSingleShape(int singleM, int singleN, int singleK) { SetTail(singleM, singleN, singleK); }
  void SetTail(int tailM = -1, int tailN = -1, int tailK = -1) {
    if (tailM != -1) r_.single_m = tailM;
    if (tailN != -1) r_.single_n = tailN;
    if (tailK != -1) r_.single_k = tailK;
    Restart();
  }
  void SetTensorA(const GlobalTensor<AT>& gm, bool isTransposeA = A::isTrans) {
    r_.a = gm.GetPhyAddr();
    a_.from_gm(), r_.a_transposed = isTransposeA ? 1 : 0;
    Restart();
  }
  void SetTensorB(const GlobalTensor<BT>& gm, bool isTransposeB = B::isTrans) {
    r_.b = gm.GetPhyAddr();
    b_.from_gm(), r_.b_transposed = isTransposeB ? 1 : 0;
    Restart();
  }
  void SetTensorA(const LocalTensor<AT>& local, bool isTransposeA = A::isTrans) {
    static_assert(!detail::mm::in_gm(A::pos), "the MatmulType of A says device memory: give its TPosition");
    a_.from_local(local), r_.local_a = local.offset(), r_.a_transposed = isTransposeA ? 1 : 0;
    Restart();
  }
  void SetTensorB(const LocalTensor<BT>& local, bool isTransposeB = B::isTrans) {
    static_assert(!detail::mm::in_gm(B::pos), "the MatmulType of B says device memory: give its TPosition");
    b_.from_local(local), r_.local_b = local.offset(), r_.b_transposed = isTransposeB ? 1 : 0;
    Restart();
  }
  void SetBias(const GlobalTensor<BiasT>& biasGlobal) {
    static_assert(detail::mm::is_bias<BiasT> &&
                      detail::mm::Element<AT>::integer == std::is_same<BiasT, std::int32_t>::value,
                  "the bias of a Matmul is float or half, of an integer product int32_t");
    r_.bias = biasGlobal.GetPhyAddr();
    bias_.from_gm();
  }
  void SetBias(const LocalTensor<BiasT>& inputBias) { bias_.from_local(inputBias); }
  void DisableBias() { r_.bias = nullptr, bias_.from_gm(); }
  void ClearBias() { DisableBias(); }
  void SetQuantScalar(const std::uint64_t quantScalar) { r_.quant_scalar = quantScalar, r_.quantise = 1; }
  void SetQuantVector(const GlobalTensor<std::uint64_t>& quantTensor) {
    r_.quant = quantTensor.GetPhyAddr(), r_.quantise = 2;
  }
  void SetUserDefInfo(const std::uint64_t tilingPtr) { r_.user = tilingPtr; }
  void SetSelfDefineData(const std::uint64_t dataPtr) { r_.data = dataPtr; }

  // The next base block, into L0C; false when there is none. enPartialSum: onto what lies there. Asynchronous: the blocks
  // go to the workspace, where GetTensorC finds one after the other.
  template <bool sync = true>
  bool Iterate(bool enPartialSum = false) {
    static_assert(kConfig.scheduleType != ScheduleType::OUTER_PRODUCT,
                  "OUTER_PRODUCT gives pairs of blocks: here by IterateAll only");
    async_ = !sync;
    if (next_ >= blocks().count()) {
      Restart();
      return false;
    }
    if (sync) ask(kMatmulCompute | (enPartialSum ? kMatmulAdd : 0), next_++, nullptr);
    else ask_ahead();
    return true;
  }
  template <bool sync = true>
  void GetTensorC(const GlobalTensor<CT>& gm, std::uint8_t enAtomic = 0, bool enSequentialWrite = false) {
    const bool compute = async_;
    const std::int64_t block = async_ ? next_++ : next_ - 1;
    r_.packed = enSequentialWrite ? 1 : 0;
    set_pitch_c(org_c_);
    r_.atomic = enAtomic;
    last_ = ask(kMatmulStore | (compute ? kMatmulCompute : 0), block, gm.GetPhyAddr());
    wait();
  }
  // Rows one after another, 32 bytes each at least.
  template <bool sync = true>
  void GetTensorC(const LocalTensor<CT>& co2Local, std::uint8_t enAtomic = 0, bool = false) {
    if (enAtomic != 0) etalon_asc_fail("ascendc.matmul", "results to UB are not added to what lies there");
    const detail::mm::Place p = blocks().place(async_ ? next_ : next_ - 1);
    CT* from = scratch();
    if (async_) {
      ask_ahead();
      from = slot(next_);
      detail::mm::wait_served(ahead_numbers_[next_++ % kAhead]);
      ask_ahead();
    } else {
      r_.packed = 2, r_.to_ub = 1, r_.atomic = 0;
      last_ = ask(kMatmulStore, next_ - 1, from);
      r_.to_ub = 0;
      wait();
    }
    detail::mm::to_ub(co2Local, from, elements(p.m, p.n));
  }
  template <bool sync = true>
  void GetTensorC(const GlobalTensor<CT>& gm, const LocalTensor<CT>& co2Local, std::uint8_t enAtomic = 0,
                  bool enSequentialWrite = false) {
    const std::int64_t at = next_;
    GetTensorC<sync>(gm, enAtomic, enSequentialWrite);
    if (async_) next_ = at;
    GetTensorC<sync>(co2Local);
  }
  // Where in the workspace the block lies.
  template <bool sync = true>
  GlobalTensor<CT> GetTensorC(std::uint8_t = 0, bool = false) {
    GlobalTensor<CT> out;
    ask_ahead();
    out.SetGlobalBuffer(slot(next_));
    detail::mm::wait_served(ahead_numbers_[next_++ % kAhead]);
    ask_ahead();
    return out;
  }
  void AsyncGetTensorC(const LocalTensor<CT>& c) { GetTensorC<false>(c); }
  void WaitGetTensorC() { wait(); }

  // All base blocks. waitIterateAll: WaitIterateAll will be called. fakeMsg: only keeps step with the other vector core.
  template <bool sync = true>
  void IterateAll(const GlobalTensor<CT>& gm, std::uint8_t enAtomic = 0, bool enSequentialWrite = false,
                  bool /*waitIterateAll*/ = false, bool fakeMsg = false) {
    r_.packed = enSequentialWrite ? 1 : 0;
    set_pitch_c(org_c_);
    r_.atomic = enAtomic;
    last_ = ask(fakeMsg ? kMatmulNothing : kMatmulAll, 0, gm.GetPhyAddr());
    if (sync) wait();
    Restart();
  }
  template <bool sync = true>
  void IterateAll(const LocalTensor<CT>& ubCmatrix, std::uint8_t enAtomic = 0) {
    if (enAtomic != 0) etalon_asc_fail("ascendc.matmul", "results to UB are not added to what lies there");
    constexpr std::int64_t line = 32 / static_cast<std::int64_t>(sizeof(CT));
    const std::int64_t count = elements(r_.single_m, r_.single_n);
    if (count * static_cast<std::int64_t>(sizeof(CT)) > detail::mm::kScratchResult)
      etalon_asc_fail("ascendc.matmul", "a result to UB that is larger than UB");
    r_.packed = 0, r_.atomic = 0;
    r_.pitch_c = C::format == CubeFormat::NZ ? detail::mm::align(r_.single_m, 16) : detail::mm::align(r_.single_n, line);
    last_ = ask(kMatmulAll, 0, scratch());
    wait();
    detail::mm::to_ub(ubCmatrix, scratch(), count);
    Restart();
  }
  void WaitIterateAll() { wait(); }

  // Of each batch as many matrices as the larger number says; the smaller one's serve several.
  template <bool sync = true, bool waitIterateBatch = false>
  void IterateBatch(const GlobalTensor<CT>& gm, std::uint32_t batchA, std::uint32_t batchB, bool enSequentialWrite,
                    const std::uint32_t matrixStrideA = 0, const std::uint32_t matrixStrideB = 0,
                    const std::uint32_t matrixStrideC = 0, const bool enPartialSum = false,
                    const std::uint8_t enAtomic = 0) {
    if (enPartialSum) etalon_asc_fail("ascendc.matmul", "batches that add up in L0C are not available: use enAtomic");
    batches(gm.GetPhyAddr(), batchA, batchB, 0, enSequentialWrite, matrixStrideA, matrixStrideB, matrixStrideC, enAtomic);
    if (sync) wait();
  }
  void IterateBatch(const GlobalTensor<CT>& gm, bool enPartialSum, std::uint8_t enAtomic, bool enSequentialWrite,
                    const std::uint32_t matrixStrideA = 0, const std::uint32_t matrixStrideB = 0,
                    const std::uint32_t matrixStrideC = 0) {
    IterateBatch(gm, batch_a_, batch_b_, enSequentialWrite, matrixStrideA, matrixStrideB, matrixStrideC, enPartialSum,
                 enAtomic);
  }
  template <bool sync = true>
  void IterateBatch(const LocalTensor<CT>& ubCmatrix, std::uint32_t batchA, std::uint32_t batchB,
                    bool /*enSequentialWrite*/, const std::uint32_t matrixStrideA = 0,
                    const std::uint32_t matrixStrideB = 0, const std::uint32_t = 0, const bool = false,
                    const std::uint8_t = 0) {
    const std::int64_t each = elements(r_.single_m, r_.single_n), count = batchA > batchB ? batchA : batchB;
    if (count * each * static_cast<std::int64_t>(sizeof(CT)) > detail::mm::kScratchResult)
      etalon_asc_fail("ascendc.matmul", "results of a batch to UB that are larger than UB");
    batches(scratch(), batchA, batchB, 0, true, matrixStrideA, matrixStrideB, 0, 0, true);
    wait();
    detail::mm::to_ub(ubCmatrix, scratch(), count * each);
  }
  // batchLoop times as many, results to the workspace, where GetBatchTensorC finds one step after the other.
  template <bool sync = true, bool waitIterateBatch = false>
  void IterateNBatch(const std::uint32_t batchLoop, std::uint32_t batchA, std::uint32_t batchB, bool enSequentialWrite,
                     const std::uint32_t matrixStrideA = 0, const std::uint32_t matrixStrideB = 0,
                     const std::uint32_t matrixStrideC = 0) {
    need_workspace();
    for (std::uint32_t step = 0; step < batchLoop; ++step)
      batches(workspace_, batchA, batchB, step, enSequentialWrite, matrixStrideA, matrixStrideB, matrixStrideC, 0);
    if (sync) wait();
    batch_step_ = 0;
  }
  template <bool sync = true>
  GlobalTensor<CT> GetBatchTensorC(std::uint32_t batchA, std::uint32_t batchB, bool = false) {
    need_workspace();
    wait();
    GlobalTensor<CT> out;
    out.SetGlobalBuffer(workspace_ + batch_step_++ * (batchA > batchB ? batchA : batchB) *
                                         elements_of_gm(r_.single_m, r_.single_n));
    return out;
  }
  void WaitIterateBatch() { wait(); }
  void SetBatchNum(int batchA, int batchB) {
    batch_a_ = static_cast<std::uint32_t>(batchA), batch_b_ = static_cast<std::uint32_t>(batchB);
  }

  void End() {
    if ASCEND_IS_AIV wait();
  }

  // --- of the kernel's registration

  void enlist(int object, const TCubeTiling* tiling, TPipe* pipe, bool told) {
    r_.object = object;
    registered_ = true;
    told_ = told;
    if (told) prepare(tiling, pipe);
    pipe_ = pipe;
    if ASCEND_IS_AIV ++detail::mm::channel().objects;
  }
  static constexpr bool kServed = !kConfig.enableMixDualMaster, kShared = A::ibShare && B::ibShare;
  // On the cube core: what a vector core asks for.
  void serve(const etalon_matmul_request& request) {
    if ASCEND_IS_AIC {
      if (request.work != kMatmulInit) core_.serve(request);
      else if (!told_) told_ = true, prepare(static_cast<const TCubeTiling*>(request.a), pipe_);
    }
  }
  MatmulImpl() = default;
  MatmulImpl(const MatmulImpl&) = delete;
  MatmulImpl& operator=(const MatmulImpl&) = delete;
  // The last object of a vector core to go tells the cube core that no more will come.
  ~MatmulImpl() noexcept(false) {
    if ASCEND_IS_AIV {
      if (!registered_ || !kServed || std::uncaught_exceptions() > 0) return;
      etalon_matmul_channel& mine = detail::mm::channel();
      if (--mine.objects > 0) return;
      detail::mm::wait_served(mine.asked);
      etalon_matmul_request done = {};
      done.work = kMatmulDone;
      detail::mm::ask(done);
      ++mine.known;
    }
  }

 private:
  static constexpr std::int64_t kAhead = 4;  // blocks that an asynchronous Iterate has asked for
  void prepare(const TCubeTiling* tiling, TPipe* pipe) {
    tiling_ = detail::mm::merged(config, tiling);
    pipe_ = pipe;
    r_.single_m = tiling_.singleCoreM, r_.single_n = tiling_.singleCoreN, r_.single_k = tiling_.singleCoreK;
    SetOrgShape(tiling_.M, tiling_.N, tiling_.Ka, tiling_.Kb);
    batch_a_ = static_cast<std::uint32_t>(tiling_.batchM), batch_b_ = static_cast<std::uint32_t>(tiling_.batchN);
    if ASCEND_IS_AIC core_.init(&tiling_, pipe);
  }
  void Restart() { next_ = ahead_ = 0; }
  detail::mm::Blocks blocks() const { return {r_, tiling_}; }
  CT* scratch() const {
    return static_cast<CT*>(etalon_matmul_scratch(detail::mm::block_index(), static_cast<std::uint32_t>(AscendC::GetSubBlockIdx())));
  }
  void need_workspace() const {
    if (workspace_ == nullptr)
      etalon_asc_fail("ascendc.matmul", "asynchronous blocks and batches wait in a workspace: call SetWorkspace first");
  }
  static std::int64_t elements_of_gm(std::int64_t m, std::int64_t n) {
    using detail::mm::align;
    constexpr std::int64_t line = 32 / static_cast<std::int64_t>(sizeof(CT)), width = detail::mm::fractal_width<CT>;
    if (C::format == CubeFormat::NZ) return align(m, 16) * align(n, width);
    return C::format == CubeFormat::ND_ALIGN ? m * align(n, line) : m * n;
  }
  // Of a result in UB.
  static std::int64_t elements(std::int64_t m, std::int64_t n) {
    constexpr std::int64_t line = 32 / static_cast<std::int64_t>(sizeof(CT));
    return C::format == CubeFormat::NZ ? elements_of_gm(m, n) : m * detail::mm::align(n, line);
  }
  CT* slot(std::int64_t block) const { return workspace_ + block * elements(tiling_.baseM, tiling_.baseN); }
  void ask_ahead() {
    need_workspace();
    const etalon_matmul_request kept = r_;
    for (; ahead_ < blocks().count() && ahead_ < next_ + kAhead; ++ahead_) {
      r_.packed = 2, r_.to_ub = 1, r_.atomic = 0;
      last_ = ahead_numbers_[ahead_ % kAhead] = ask(kMatmulCompute | kMatmulStore, ahead_, slot(ahead_));
    }
    r_.packed = kept.packed, r_.to_ub = 0;
  }
  void set_pitch_c(std::int64_t columns) {
    constexpr std::int64_t line = 32 / static_cast<std::int64_t>(sizeof(CT));
    r_.pitch_c = C::format == CubeFormat::NZ         ? detail::mm::align(org_m_, 16)
                 : C::format == CubeFormat::ND_ALIGN ? detail::mm::align(columns, line)
                                                     : columns;
  }

  // The number of the request; where the object computes itself, it is served when this returns.
  std::uint32_t ask(int work, std::int64_t block, CT* c) {
    if (r_.single_m <= 0 || r_.single_n <= 0 || r_.single_k <= 0) return last_;  // nothing to multiply
    r_.work = work, r_.block = static_cast<std::int32_t>(block), r_.c = c;
    const bool a_turned = r_.a_transposed != 0, b_turned = r_.b_transposed == 0;
    if (batch_pitch_a_ == 0) r_.pitch_a = a_.pitch(a_turned ? r_.single_k : r_.single_m, a_turned ? r_.single_m : r_.single_k,
                                                   a_turned ? org_ka_ : org_m_, a_turned ? org_m_ : org_ka_);
    else r_.pitch_a = batch_pitch_a_;
    if (batch_pitch_b_ == 0) r_.pitch_b = b_.pitch(b_turned ? r_.single_k : r_.single_n, b_turned ? r_.single_n : r_.single_k,
                                                   b_turned ? org_kb_ : org_n_, b_turned ? org_n_ : org_kb_);
    else r_.pitch_b = batch_pitch_b_;
    if ASCEND_IS_AIC {
      const auto subs = static_cast<int>(kServed ? 0 : etalon_asc_current->sub_blocks);
      using namespace detail::mm;
      for (int s = 0; s < subs; ++s) etalon_asc_cross_wait_mode(kOneFlag, kOwnFlag + 16 * s);
      core_.serve(r_);
      for (int s = 0; s < subs; ++s) tell_served(s);
      return 0;
    } else {
      return ask_cube_core();
    }
  }
  std::uint32_t ask_cube_core() {
    using namespace detail::mm;
    if (!kServed) {
      etalon_asc_cross_set(kMessage, kAscPipeMte3, kOwnFlag + 16 * static_cast<int>(AscendC::GetSubBlockIdx()));
      etalon_asc_cross_wait_mode(kOneFlag, kOwnFlag);
      return 0;
    }
    if (!registered_)
      etalon_asc_fail("ascendc.matmul", "a Matmul on a vector core that REGIST_MATMUL_OBJ does not know");
    if (in_l1(A::pos) || in_l1(B::pos))
      etalon_asc_fail("ascendc.matmul", "operands in L1 belong to the cube core: vector cores do not reach it on "
                                        "dav-2201; use the object where ASCEND_IS_AIC");
    auto* room = reinterpret_cast<std::uint8_t*>(scratch()) + kScratchResult;
    const bool a_turned = r_.a_transposed != 0, b_turned = r_.b_transposed == 0;
    if constexpr (in_ub(A::pos)) {
      if (a_.is_local()) r_.a = a_.to_gm(room, a_turned ? r_.single_k : r_.single_m, a_turned ? r_.single_m : r_.single_k);
    }
    if constexpr (in_ub(B::pos)) {
      if (b_.is_local())
        r_.b = b_.to_gm(room, b_turned ? r_.single_k : r_.single_n, b_turned ? r_.single_n : r_.single_k);
    }
    if constexpr (in_ub(Bias::pos) && is_bias<BiasT>) {
      if (bias_.is_local()) r_.bias = bias_.to_gm(room, 1, r_.single_n);
    }
    return detail::mm::ask(r_);
  }
  void wait() {
    if ASCEND_IS_AIV {
      if (kServed) detail::mm::wait_served(last_);
    }
  }

  // Step `step` of batches; to_ub: results one behind the other, rows of 32 bytes.
  void batches(CT* c, std::uint32_t batch_a, std::uint32_t batch_b, std::uint32_t step, bool sequential,
               std::int64_t stride_a, std::int64_t stride_b, std::int64_t stride_c, std::uint8_t atomic,
               bool to_ub = false) {
    using detail::mm::Batch;
    const TCubeTiling& t = tiling_;
    const Batch a(A::layout_mode, {t.ALayoutInfoB, t.ALayoutInfoS, t.ALayoutInfoN, t.ALayoutInfoG, t.ALayoutInfoD},
                  stride_a, std::int64_t{org_m_} * org_ka_);
    const Batch b(B::layout_mode, {t.BLayoutInfoB, t.BLayoutInfoS, t.BLayoutInfoN, t.BLayoutInfoG, t.BLayoutInfoD},
                  stride_b, std::int64_t{org_n_} * org_kb_);
    const bool packed = sequential || to_ub;
    const std::int64_t each = to_ub ? elements(r_.single_m, r_.single_n) : elements_of_gm(r_.single_m, r_.single_n);
    const Batch out(packed ? LayoutMode::NONE : C::layout_mode,
                    {t.CLayoutInfoB, t.CLayoutInfoS1, t.CLayoutInfoN, t.CLayoutInfoG, t.CLayoutInfoS2},
                    packed ? 0 : stride_c, packed ? each : elements_of_gm(org_m_, org_c_));
    const etalon_matmul_request first = r_;
    const std::int64_t count = batch_a > batch_b ? batch_a : batch_b;
    batch_pitch_a_ = a.pitch, batch_pitch_b_ = b.pitch;
    r_.packed = 0, r_.atomic = atomic;
    set_pitch_c(packed ? r_.single_n : org_c_);
    if (to_ub && C::format != CubeFormat::NZ) r_.pitch_c = each / r_.single_m;
    if (packed && C::format == CubeFormat::NZ) r_.pitch_c = detail::mm::align(r_.single_m, 16);
    if (out.pitch != 0) r_.pitch_c = out.pitch;
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t at = step * count + i, at_a = step * std::int64_t{batch_a} + i * batch_a / count,
                         at_b = step * std::int64_t{batch_b} + i * batch_b / count;
      r_.a = static_cast<const AT*>(first.a) + a.offset(at_a);
      r_.b = static_cast<const BT*>(first.b) + b.offset(at_b);
      if (first.bias != nullptr && kConfig.isBiasBatch)
        r_.bias = static_cast<const BiasT*>(first.bias) + at * r_.single_n;
      last_ = ask(kMatmulAll, 0, c + out.offset(at));
    }
    r_ = first;
    batch_pitch_a_ = batch_pitch_b_ = 0;
    Restart();
  }

  TCubeTiling tiling_;
  TPipe* pipe_ = nullptr;
  etalon_matmul_request r_ = {};
  detail::mm::LocalSide<AT, A::format == CubeFormat::NZ> a_;
  detail::mm::LocalSide<BT, B::format == CubeFormat::NZ> b_;
  detail::mm::LocalSide<BiasT, false> bias_;
  std::int32_t org_m_ = 0, org_n_ = 0, org_ka_ = 0, org_kb_ = 0, org_c_ = 0;
  std::int64_t next_ = 0, ahead_ = 0, batch_step_ = 0, batch_pitch_a_ = 0, batch_pitch_b_ = 0;
  std::uint32_t last_ = 0, ahead_numbers_[kAhead] = {}, batch_a_ = 1, batch_b_ = 1;
  bool async_ = false, registered_ = false, told_ = false;
  CT* workspace_ = nullptr;
  detail::mm::CubeCore<A, B, C, Bias, config, Callbacks, Policy<config>::triangle> core_;
};

}  // namespace AscendC
