// SPDX-License-Identifier: Apache-2.0
#pragma once

// The Matmul object: C = A B (+ bias) of parts of larger matrices, with what kernels call.

#include "requests.h"

namespace AscendC {

template <class A, class B, class C, class Bias = C, const auto& config = CFG_NORM,
          class Callbacks = MatmulCallBackFunc<>,
          template <const auto&, class...> class Policy = MatmulPolicy>
class MatmulImpl
    : public detail::mm::MatmulRequests<A, B, C, Bias, config, Callbacks, Policy<config>::triangle> {
  using Base = detail::mm::MatmulRequests<A, B, C, Bias, config, Callbacks, Policy<config>::triangle>;
  using Base::a_;
  using Base::ahead_numbers_;
  using Base::ask;
  using Base::ask_ahead;
  using Base::async_;
  using Base::b_;
  using Base::batch_a_;
  using Base::batch_b_;
  using Base::batch_step_;
  using Base::batches;
  using Base::bias_;
  using Base::blocks;
  using Base::core_;
  using Base::elements;
  using Base::elements_of_gm;
  using Base::kAhead;
  using Base::kConfig;
  using Base::last_;
  using Base::need_workspace;
  using Base::next_;
  using Base::org_c_;
  using Base::prepare;
  using Base::r_;
  using Base::registered_;
  using Base::restart;
  using Base::scratch;
  using Base::set_org;
  using Base::set_pitch_c;
  using Base::slot;
  using Base::tiling_;
  using Base::told_;
  using Base::wait;
  using Base::workspace_;
  using typename Base::AT;
  using typename Base::BiasT;
  using typename Base::BT;
  using typename Base::CT;
  static_assert(std::is_same<AT, BT>::value,
                "A and B of a Matmul have one type: the product of half and int8_t (B to be "
                "dequantised on its way) is not available");
  static_assert(detail::mm::multiplies<AT>, "a Matmul multiplies half, bfloat16_t, float, int8_t or int4b_t");
  static_assert(A::format == CubeFormat::ND || A::format == CubeFormat::NZ || A::format == CubeFormat::VECTOR,
                "A of a Matmul is ND, NZ or VECTOR");
  static_assert(B::format == CubeFormat::ND || B::format == CubeFormat::NZ, "B of a Matmul is ND or NZ");
  static_assert(C::format == CubeFormat::ND || C::format == CubeFormat::NZ ||
                    C::format == CubeFormat::ND_ALIGN,
                "C of a Matmul is ND, NZ or ND_ALIGN");
  static_assert(!detail::mm::in_l1(A::pos) || A::format == CubeFormat::NZ, "operands in L1 are NZ");
  static_assert(!detail::mm::in_l1(B::pos) || B::format == CubeFormat::NZ, "operands in L1 are NZ");
  static_assert(!kConfig.isEnableChannelSplit, "float results in fractals of 8 columns are not available");
  static_assert(!kConfig.intraBlockPartSum,
                "sums of both vector cores' products in L0C are not available: add one to "
                "the other with enAtomic");

 public:
  // The tiling must outlive the object; null if the config says it all. On vector cores the cube core is
  // told.
  void Init(const TCubeTiling* tiling, TPipe* pipe = GetTPipePtr()) {
    prepare(tiling, pipe);
    if ASCEND_IS_AIV {
      if (!registered_ || told_) return;
      etalon_matmul_request request = r_;
      request.work = kMatmulInit;
      request.a = tiling;
      detail::mm::wait_served(detail::mm::post(request));
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
    set_org(orgM, orgN, orgKa, orgKb, orgKc > 0 ? orgKc : orgN);
  }
  void SetSingleShape(int singleM, int singleN, int singleK) { SetTail(singleM, singleN, singleK); }
  void SetTail(int tailM = -1, int tailN = -1, int tailK = -1) {
    if (tailM != -1) r_.single_m = tailM;
    if (tailN != -1) r_.single_n = tailN;
    if (tailK != -1) r_.single_k = tailK;
    restart();
  }
  void SetTensorA(const GlobalTensor<AT>& gm, bool isTransposeA = A::isTrans) {
    r_.a = gm.GetPhyAddr();
    a_.from_gm(), r_.a_transposed = isTransposeA ? 1 : 0;
    restart();
  }
  void SetTensorB(const GlobalTensor<BT>& gm, bool isTransposeB = B::isTrans) {
    r_.b = gm.GetPhyAddr();
    b_.from_gm(), r_.b_transposed = isTransposeB ? 1 : 0;
    restart();
  }
  void SetTensorA(const LocalTensor<AT>& local, bool isTransposeA = A::isTrans) {
    static_assert(!detail::mm::in_gm(A::pos), "the MatmulType of A says device memory: give its TPosition");
    a_.from_local(local), r_.local_a = local.offset(), r_.a_transposed = isTransposeA ? 1 : 0;
    restart();
  }
  void SetTensorB(const LocalTensor<BT>& local, bool isTransposeB = B::isTrans) {
    static_assert(!detail::mm::in_gm(B::pos), "the MatmulType of B says device memory: give its TPosition");
    b_.from_local(local), r_.local_b = local.offset(), r_.b_transposed = isTransposeB ? 1 : 0;
    restart();
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

  // The next base block, into L0C; false when there is none. enPartialSum: onto what lies there.
  // Asynchronous: the blocks go to the workspace, where GetTensorC finds one after the other.
  template <bool sync = true>
  bool Iterate(bool enPartialSum = false) {
    static_assert(kConfig.scheduleType != ScheduleType::OUTER_PRODUCT,
                  "OUTER_PRODUCT gives pairs of blocks: here by IterateAll only");
    async_ = !sync;
    if (next_ >= blocks().count()) {
      restart();
      return false;
    }
    if (sync)
      ask(kMatmulCompute | (enPartialSum ? kMatmulAdd : 0), next_++, nullptr);
    else
      ask_ahead();
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

  // All base blocks. waitIterateAll: WaitIterateAll will be called. fakeMsg: only keeps step with the other
  // vector core.
  template <bool sync = true>
  void IterateAll(const GlobalTensor<CT>& gm, std::uint8_t enAtomic = 0, bool enSequentialWrite = false,
                  bool /*waitIterateAll*/ = false, bool fakeMsg = false) {
    r_.packed = enSequentialWrite ? 1 : 0;
    set_pitch_c(org_c_);
    r_.atomic = enAtomic;
    last_ = ask(fakeMsg ? kMatmulNothing : kMatmulAll, 0, gm.GetPhyAddr());
    if (sync) wait();
    restart();
  }
  template <bool sync = true>
  void IterateAll(const LocalTensor<CT>& ubCmatrix, std::uint8_t enAtomic = 0) {
    if (enAtomic != 0) etalon_asc_fail("ascendc.matmul", "results to UB are not added to what lies there");
    constexpr std::int64_t line = 32 / static_cast<std::int64_t>(sizeof(CT));
    const std::int64_t count = elements(r_.single_m, r_.single_n);
    if (count * static_cast<std::int64_t>(sizeof(CT)) > detail::mm::kScratchResult)
      etalon_asc_fail("ascendc.matmul", "a result to UB that is larger than UB");
    r_.packed = 0, r_.atomic = 0;
    r_.pitch_c = C::format == CubeFormat::NZ ? detail::mm::align(r_.single_m, 16)
                                             : detail::mm::align(r_.single_n, line);
    last_ = ask(kMatmulAll, 0, scratch());
    wait();
    detail::mm::to_ub(ubCmatrix, scratch(), count);
    restart();
  }
  void WaitIterateAll() { wait(); }

  // Of each batch as many matrices as the larger number says; the smaller one's serve several.
  template <bool sync = true, bool waitIterateBatch = false>
  void IterateBatch(const GlobalTensor<CT>& gm, std::uint32_t batchA, std::uint32_t batchB,
                    bool enSequentialWrite, const std::uint32_t matrixStrideA = 0,
                    const std::uint32_t matrixStrideB = 0, const std::uint32_t matrixStrideC = 0,
                    const bool enPartialSum = false, const std::uint8_t enAtomic = 0) {
    if (enPartialSum)
      etalon_asc_fail("ascendc.matmul", "batches that add up in L0C are not available: use enAtomic");
    batches(gm.GetPhyAddr(), batchA, batchB, 0, enSequentialWrite, matrixStrideA, matrixStrideB,
            matrixStrideC, enAtomic);
    if (sync) wait();
  }
  void IterateBatch(const GlobalTensor<CT>& gm, bool enPartialSum, std::uint8_t enAtomic,
                    bool enSequentialWrite, const std::uint32_t matrixStrideA = 0,
                    const std::uint32_t matrixStrideB = 0, const std::uint32_t matrixStrideC = 0) {
    IterateBatch(gm, batch_a_, batch_b_, enSequentialWrite, matrixStrideA, matrixStrideB, matrixStrideC,
                 enPartialSum, enAtomic);
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
  void IterateNBatch(const std::uint32_t batchLoop, std::uint32_t batchA, std::uint32_t batchB,
                     bool enSequentialWrite, const std::uint32_t matrixStrideA = 0,
                     const std::uint32_t matrixStrideB = 0, const std::uint32_t matrixStrideC = 0) {
    need_workspace();
    for (std::uint32_t step = 0; step < batchLoop; ++step)
      batches(workspace_, batchA, batchB, step, enSequentialWrite, matrixStrideA, matrixStrideB,
              matrixStrideC, 0);
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
    if ASCEND_IS_AIV
      wait();
    else
      core_.end();
  }
};

}  // namespace AscendC
