// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a Matmul object gets its work done. On a cube core it computes where it stands; on a vector core of a
// mix kernel its calls are requests to the cube core of the block (ascendc/matmul_mailbox.h). Operands of a
// vector core's UB and results to it pass through device memory, as on dav-2201 nothing else joins the cores.

#include "batch.h"
#include "cube_core.h"
#include "local_side.h"

namespace AscendC {
namespace detail {
namespace mm {

template <class A, class B, class C, class Bias, const auto& config, class Callbacks, int triangle>
class MatmulRequests {
 protected:
  using AT = typename A::T;
  using BT = typename B::T;
  using CT = typename C::T;
  using BiasT = typename Bias::T;
  static constexpr const MatmulConfig& kConfig = config_of(config);

 public:
  void enlist(int object, const TCubeTiling* tiling, TPipe* pipe, bool told) {
    r_.object = object;
    registered_ = true;
    told_ = told;
    if (told) prepare(tiling, pipe);
    pipe_ = pipe;
    if ASCEND_IS_AIV
      ++channel().objects;
  }
  static constexpr bool kServed = !kConfig.enableMixDualMaster, kShared = A::ibShare && B::ibShare;
  // On the cube core: what a vector core asks for.
  void serve(const etalon_matmul_request& request) {
    if ASCEND_IS_AIC {
      if (request.work != kMatmulInit)
        core_.serve(request);
      else if (!told_)
        told_ = true, prepare(static_cast<const TCubeTiling*>(request.a), pipe_);
    }
  }
  MatmulRequests() = default;
  MatmulRequests(const MatmulRequests&) = delete;
  MatmulRequests& operator=(const MatmulRequests&) = delete;
  // The last object of a vector core to go tells the cube core that no more will come.
  ~MatmulRequests() noexcept(false) {
    if ASCEND_IS_AIV {
      if (!registered_ || !kServed || std::uncaught_exceptions() > 0) return;
      etalon_matmul_channel& mine = channel();
      if (--mine.objects > 0) return;
      wait_served(mine.asked);
      etalon_matmul_request done = {};
      done.work = kMatmulDone;
      post(done);
      ++mine.known;
    }
  }

 protected:
  static constexpr std::int64_t kAhead = 4;  // blocks that an asynchronous Iterate has asked for
  void prepare(const TCubeTiling* tiling, TPipe* pipe) {
    tiling_ = merged(config, tiling);
    pipe_ = pipe;
    r_.single_m = tiling_.singleCoreM, r_.single_n = tiling_.singleCoreN, r_.single_k = tiling_.singleCoreK;
    set_org(tiling_.M, tiling_.N, tiling_.Ka, tiling_.Kb, tiling_.N);
    batch_a_ = static_cast<std::uint32_t>(tiling_.batchM),
    batch_b_ = static_cast<std::uint32_t>(tiling_.batchN);
    if ASCEND_IS_AIC
      core_.init(&tiling_, pipe);
  }
  void set_org(int m, int n, int ka, int kb, int c) {
    org_m_ = m, org_n_ = n, org_ka_ = ka, org_kb_ = kb, org_c_ = c;
  }
  void restart() { next_ = ahead_ = 0; }
  Blocks blocks() const { return {r_, tiling_}; }
  CT* scratch() const {
    return static_cast<CT*>(etalon_matmul_scratch(static_cast<std::uint32_t>(AscendC::GetSubBlockIdx())));
  }
  void need_workspace() const {
    if (workspace_ == nullptr)
      etalon_asc_fail("ascendc.matmul",
                      "asynchronous blocks and batches wait in a workspace: call SetWorkspace first");
  }
  static std::int64_t elements_of_gm(std::int64_t m, std::int64_t n) {
    constexpr std::int64_t line = 32 / static_cast<std::int64_t>(sizeof(CT)), width = fractal_width<CT>;
    if (C::format == CubeFormat::NZ) return align(m, 16) * align(n, width);
    return C::format == CubeFormat::ND_ALIGN ? m * align(n, line) : m * n;
  }
  // Of a result in UB.
  static std::int64_t elements(std::int64_t m, std::int64_t n) {
    constexpr std::int64_t line = 32 / static_cast<std::int64_t>(sizeof(CT));
    return C::format == CubeFormat::NZ ? elements_of_gm(m, n) : m * align(n, line);
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
    r_.pitch_c = C::format == CubeFormat::NZ         ? align(org_m_, 16)
                 : C::format == CubeFormat::ND_ALIGN ? align(columns, line)
                                                     : columns;
  }

  // The number of the request; where the object computes itself, it is served when this returns.
  std::uint32_t ask(int work, std::int64_t block, CT* c) {
    if (r_.single_m <= 0 || r_.single_n <= 0 || r_.single_k <= 0) return last_;  // nothing to multiply
    r_.work = work, r_.block = static_cast<std::int32_t>(block), r_.c = c;
    const bool a_turned = r_.a_transposed != 0, b_turned = r_.b_transposed == 0;
    if (batch_pitch_a_ == 0)
      r_.pitch_a = a_.pitch(a_turned ? r_.single_k : r_.single_m, a_turned ? r_.single_m : r_.single_k,
                            a_turned ? org_ka_ : org_m_, a_turned ? org_m_ : org_ka_);
    else
      r_.pitch_a = batch_pitch_a_;
    if (batch_pitch_b_ == 0)
      r_.pitch_b = b_.pitch(b_turned ? r_.single_k : r_.single_n, b_turned ? r_.single_n : r_.single_k,
                            b_turned ? org_kb_ : org_n_, b_turned ? org_n_ : org_kb_);
    else
      r_.pitch_b = batch_pitch_b_;
    if ASCEND_IS_AIC {
      const auto subs = static_cast<int>(kServed ? 0 : etalon_asc_current->sub_blocks);
      for (int s = 0; s < subs; ++s) etalon_asc_cross_wait_mode(kOneFlag, kOwnFlag + 16 * s);
      core_.serve(r_);
      for (int s = 0; s < subs; ++s) tell_served(s);
      return 0;
    } else {
      return ask_cube_core();
    }
  }
  std::uint32_t ask_cube_core() {
    if (!kServed) {
      etalon_asc_cross_set(kMessage, kAscPipeMte3,
                           kOwnFlag + 16 * static_cast<int>(AscendC::GetSubBlockIdx()));
      etalon_asc_cross_wait_mode(kOneFlag, kOwnFlag);
      return 0;
    }
    if (!registered_)
      etalon_asc_fail("ascendc.matmul", "a Matmul on a vector core that REGIST_MATMUL_OBJ does not know");
    if (in_l1(A::pos) || in_l1(B::pos))
      etalon_asc_fail("ascendc.matmul",
                      "operands in L1 belong to the cube core: vector cores do not reach it on "
                      "dav-2201; use the object where ASCEND_IS_AIC");
    auto* room = reinterpret_cast<std::uint8_t*>(scratch()) + kScratchResult;
    const bool a_turned = r_.a_transposed != 0, b_turned = r_.b_transposed == 0;
    if constexpr (in_ub(A::pos)) {
      if (a_.is_local())
        r_.a = a_.to_gm(room, a_turned ? r_.single_k : r_.single_m, a_turned ? r_.single_m : r_.single_k);
    }
    if constexpr (in_ub(B::pos)) {
      if (b_.is_local())
        r_.b = b_.to_gm(room, b_turned ? r_.single_k : r_.single_n, b_turned ? r_.single_n : r_.single_k);
    }
    if constexpr (in_ub(Bias::pos) && is_bias<BiasT>) {
      if (bias_.is_local()) r_.bias = bias_.to_gm(room, 1, r_.single_n);
    }
    return post(r_);
  }
  void wait() {
    if ASCEND_IS_AIV {
      if (kServed) wait_served(last_);
    }
  }

  // Step `step` of batches; to_ub: results one behind the other, rows of 32 bytes.
  void batches(CT* c, std::uint32_t batch_a, std::uint32_t batch_b, std::uint32_t step, bool sequential,
               std::int64_t stride_a, std::int64_t stride_b, std::int64_t stride_c, std::uint8_t atomic,
               bool to_ub = false) {
    const TCubeTiling& t = tiling_;
    const Batch a(A::layout_mode,
                  {t.ALayoutInfoB, t.ALayoutInfoS, t.ALayoutInfoN, t.ALayoutInfoG, t.ALayoutInfoD}, stride_a,
                  std::int64_t{org_m_} * org_ka_);
    const Batch b(B::layout_mode,
                  {t.BLayoutInfoB, t.BLayoutInfoS, t.BLayoutInfoN, t.BLayoutInfoG, t.BLayoutInfoD}, stride_b,
                  std::int64_t{org_n_} * org_kb_);
    const bool packed = sequential || to_ub;
    const std::int64_t each =
        to_ub ? elements(r_.single_m, r_.single_n) : elements_of_gm(r_.single_m, r_.single_n);
    const Batch out(packed ? LayoutMode::NONE : C::layout_mode,
                    {t.CLayoutInfoB, t.CLayoutInfoS1, t.CLayoutInfoN, t.CLayoutInfoG, t.CLayoutInfoS2},
                    packed ? 0 : stride_c, packed ? each : elements_of_gm(org_m_, org_c_));
    const etalon_matmul_request first = r_;
    const std::int64_t count = batch_a > batch_b ? batch_a : batch_b;
    batch_pitch_a_ = a.pitch, batch_pitch_b_ = b.pitch;
    r_.packed = 0, r_.atomic = atomic;
    set_pitch_c(packed ? r_.single_n : org_c_);
    if (to_ub && C::format != CubeFormat::NZ) r_.pitch_c = each / r_.single_m;
    if (packed && C::format == CubeFormat::NZ) r_.pitch_c = align(r_.single_m, 16);
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
    restart();
  }

  TCubeTiling tiling_;
  TPipe* pipe_ = nullptr;
  etalon_matmul_request r_ = {};
  LocalSide<AT, A::format == CubeFormat::NZ> a_;
  LocalSide<BT, B::format == CubeFormat::NZ> b_;
  LocalSide<BiasT, false> bias_;
  std::int32_t org_m_ = 0, org_n_ = 0, org_ka_ = 0, org_kb_ = 0, org_c_ = 0;
  std::int64_t next_ = 0, ahead_ = 0, batch_step_ = 0, batch_pitch_a_ = 0, batch_pitch_b_ = 0;
  std::uint32_t last_ = 0, ahead_numbers_[kAhead] = {}, batch_a_ = 1, batch_b_ = 1;
  bool async_ = false, registered_ = false, told_ = false;
  CT* workspace_ = nullptr;
  CubeCore<A, B, C, Bias, config, Callbacks, triangle> core_;
};

}  // namespace mm
}  // namespace detail
}  // namespace AscendC
