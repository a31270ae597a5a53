// SPDX-License-Identifier: Apache-2.0
#pragma once

// Matmul objects: C = A B (+ bias) of matrices in device memory, cut into base blocks by a TCubeTiling. MatmulImpl
// computes where it stands, on a cube core. Matmul, registered by REGIST_MATMUL_OBJ in a mix kernel, is used on vector
// cores: its calls go to the cube core of the block, which serves them until all have ended.
//
// Here: half and bfloat16_t, ND, A and B in device memory, C there or in UB. One base block is in flight at a time.

#include <exception>

#include "copy.h"
#include "cube.h"
#include "kernel_tiling/kernel_tiling.h"
#include "matmul_mailbox.h"
#include "pipe.h"
#include "vector.h"

enum class CubeFormat { ND, NZ, ZN, ZZ, NN, VECTOR, SCALAR, ND_ALIGN };
enum class LayoutMode { NONE, BSNGD, SBNGD, BNGS1S2, NORMAL };

namespace AscendC {

template <TPosition position, CubeFormat layout, class Type, bool transposed = false,
          LayoutMode mode = LayoutMode::NONE, bool share = false>
struct MatmulType {
  static constexpr TPosition pos = position;
  static constexpr CubeFormat format = layout;
  static constexpr bool isTrans = transposed;
  using T = Type;
};
struct MatmulConfig {
  bool doNorm = true, doMultiDataLoad = false;
};
template <class T, class U, class = std::enable_if_t<std::is_integral<T>::value && std::is_integral<U>::value>>
constexpr auto Ceil(T a, U b) {
  return (a + b - 1) / b;
}
constexpr MatmulConfig CFG_NORM{}, CFG_MDL{false, true};

template <class A, class B, class C, class Bias = C, const auto& config = CFG_NORM>
class MatmulImpl {
  static_assert(A::pos == TPosition::GM && B::pos == TPosition::GM, "here A and B of a Matmul are in device memory");
  static_assert(A::format == CubeFormat::ND && B::format == CubeFormat::ND, "here A and B of a Matmul are ND");
  static_assert(C::format == CubeFormat::ND || C::format == CubeFormat::ND_ALIGN, "here C of a Matmul is ND");
  static_assert(sizeof(typename A::T) == 2 && sizeof(typename B::T) == 2, "here a Matmul multiplies half or bfloat16_t");
  static_assert(std::is_same<typename A::T, typename B::T>::value, "A and B of a Matmul have one type");

 public:
  using AT = typename A::T;
  using CT = typename C::T;

  // Pointers are kept: the tiling must outlive the object.
  void Init(const TCubeTiling* tiling, TPipe* pipe) {
    tiling_ = tiling;
    pipe_ = pipe;
    SetSingleShape(tiling->singleCoreM, tiling->singleCoreN, tiling->singleCoreK);
    SetOrgShape(tiling->M, tiling->N, tiling->Ka, tiling->Kb);
    if ASCEND_IS_AIV return;
    pipe->InitBuffer(a1_, bytes(tiling->baseM, tiling->baseK, sizeof(AT)));
    pipe->InitBuffer(b1_, bytes(tiling->baseN, tiling->baseK, sizeof(AT)));
    pipe->InitBuffer(a2_, bytes(tiling->baseM, tiling->baseK, sizeof(AT)));
    pipe->InitBuffer(b2_, bytes(tiling->baseN, tiling->baseK, sizeof(AT)));
    pipe->InitBuffer(c1_, bytes(tiling->baseM, tiling->baseN, 4));
  }
  void SetSubBlockIdx(std::uint8_t) {}
  template <class T>
  void SetLocalWorkspace(const LocalTensor<T>&) {}
  template <class T>
  void SetWorkspace(const GlobalTensor<T>&) {}
  void SetHF32(bool on, int = 0) { SetHF32Mode(on); }
  void SetOrgShape(int m, int n, int k) { SetOrgShape(m, n, k, k); }
  void SetOrgShape(int m, int n, int ka, int kb, int nc = 0) {
    org_m_ = m, org_n_ = n, org_ka_ = ka, org_kb_ = kb, org_nc_ = nc > 0 ? nc : n;
  }
  void SetSingleShape(int m, int n, int k) { r_.single_m = m, r_.single_n = n, r_.single_k = k; }
  void SetTail(int m = -1, int n = -1, int k = -1) {
    if (m != -1) r_.single_m = m;
    if (n != -1) r_.single_n = n;
    if (k != -1) r_.single_k = k;
  }
  void SetTensorA(const GlobalTensor<AT>& a, bool transposed = A::isTrans) {
    r_.a = a.GetPhyAddr();
    r_.a_transposed = transposed ? 1 : 0;
    next_ = 0;
  }
  void SetTensorB(const GlobalTensor<AT>& b, bool transposed = B::isTrans) {
    r_.b = b.GetPhyAddr();
    r_.b_transposed = transposed ? 1 : 0;
    next_ = 0;
  }
  void SetBias(const GlobalTensor<typename Bias::T>& bias) {
    bias_ = bias;
    has_bias_ = true;
  }
  void DisableBias() { has_bias_ = false; }
  void ClearBias() { has_bias_ = false; }

  // The next base block; false when there is none.
  template <bool sync = true>
  bool Iterate(bool = false) {
    if (next_ >= rows() * columns()) {
      next_ = 0;
      return false;
    }
    ++next_;
    return true;
  }
  template <bool sync = true>
  void IterateAll(const GlobalTensor<CT>& c, std::uint8_t atomic = 0, bool = false, bool = false, bool = false) {
    need_no_bias();
    for (int block = 0; block < rows() * columns(); ++block) ask(block, c.GetPhyAddr(), atomic, false);
  }
  template <bool sync = true>
  void GetTensorC(const GlobalTensor<CT>& c, std::uint8_t atomic = 0, bool = false) {
    need_no_bias();
    ask(next_ - 1, c.GetPhyAddr(), atomic, false);
  }
  // Rows one after another, each as long as the base block is wide.
  template <bool sync = true>
  void GetTensorC(const LocalTensor<CT>& c, std::uint8_t = 0, bool = false) {
    const std::uint32_t block = detail::matmul_block(), sub = static_cast<std::uint32_t>(GetSubBlockIdx());
    GlobalTensor<CT> scratch;
    scratch.SetGlobalBuffer(static_cast<CT*>(etalon_matmul_scratch(block, sub)));
    ask(next_ - 1, scratch.GetPhyAddr(), 0, true);
    const Place p = place(next_ - 1);
    const int width = align(p.n, static_cast<int>(32 / sizeof(CT)));
    const event_t id = pipe_->AllocEventID<HardEvent::V_MTE2>();
    SetFlag<HardEvent::V_MTE2>(id);
    WaitFlag<HardEvent::V_MTE2>(id);
    pipe_->ReleaseEventID<HardEvent::V_MTE2>(static_cast<TEventID>(id));
    DataCopy(c, scratch, static_cast<std::uint32_t>(p.m * width));
    LocalTensor<CT> bias;
    if (has_bias_) {
      if (!bias_ready_) pipe_->InitBuffer(bias_buffer_, static_cast<std::uint32_t>(align(tiling_->baseN, 16) * 4));
      bias_ready_ = true;
      bias = bias_buffer_.template Get<CT>();
      DataCopyPad(bias, bias_[static_cast<std::uint64_t>(p.n0)],
                  DataCopyExtParams(1, static_cast<std::uint32_t>(p.n * sizeof(CT)), 0, 0, 0), DataCopyPadExtParams<CT>());
    }
    const event_t ready = pipe_->AllocEventID<HardEvent::MTE2_V>();
    SetFlag<HardEvent::MTE2_V>(ready);
    WaitFlag<HardEvent::MTE2_V>(ready);
    pipe_->ReleaseEventID<HardEvent::MTE2_V>(static_cast<TEventID>(ready));
    if (!has_bias_) return;
    for (int row = 0; row < p.m; ++row) {
      const LocalTensor<CT> line = c[static_cast<std::uint32_t>(row * width)];
      Add(line, line, bias, p.n);
    }
    PipeBarrier<PIPE_V>();
  }
  void End() {}

  // On the cube core: what a request asks for.
  void serve(const etalon_matmul_request& request) {
    if ASCEND_IS_AIC {
      const etalon_matmul_request own = r_;
      r_ = request;
      compute(request.block, static_cast<CT*>(request.c), request.atomic, request.c_stride != 0);
      r_ = own;
    }
  }

 protected:
  struct Place {
    int m0, n0, m, n;
  };
  static constexpr int align(int value, int unit) { return (value + unit - 1) / unit * unit; }
  static std::uint32_t bytes(int rows, int columns, int each) {
    return static_cast<std::uint32_t>(align(rows, 16) * align(columns, 16) * each);
  }
  int rows() const { return (r_.single_m + tiling_->baseM - 1) / tiling_->baseM; }
  int columns() const { return (r_.single_n + tiling_->baseN - 1) / tiling_->baseN; }
  Place place(int block) const {
    const bool along_m = tiling_->iterateOrder == 0;
    const int row = along_m ? block % rows() : block / columns(), column = along_m ? block / rows() : block % columns();
    Place p{row * tiling_->baseM, column * tiling_->baseN, 0, 0};
    p.m = r_.single_m - p.m0 < tiling_->baseM ? r_.single_m - p.m0 : tiling_->baseM;
    p.n = r_.single_n - p.n0 < tiling_->baseN ? r_.single_n - p.n0 : tiling_->baseN;
    return p;
  }
  void need_no_bias() const {
    if (has_bias_) etalon_asc_fail("ascendc.matmul", "a Matmul with bias gives its result to UB only here");
  }
  void ask(int block, CT* c, std::uint8_t atomic, bool packed) {
    // Known per pass, so that the vector cores' code holds no cube instruction.
    if ASCEND_IS_AIC {
      compute(block, c, atomic, packed);
    } else {
      etalon_matmul_request request = r_;
      request.object = object_;
      request.block = block;
      request.c = c;
      request.atomic = atomic;
      request.c_stride = packed ? 1 : 0;
      detail::matmul_turn(request);
    }
  }

  // Rows x columns of a matrix in device memory into fractal columns in L1.
  void to_l1(const LocalTensor<AT>& l1, const AT* from, int rows, int columns, int pitch) {
    GlobalTensor<AT> gm;
    gm.SetGlobalBuffer(const_cast<AT*>(from));
    Nd2NzParams p;
    p.nValue = static_cast<std::uint16_t>(rows);
    p.dValue = static_cast<std::uint32_t>(columns);
    p.srcDValue = static_cast<std::uint32_t>(pitch);
    p.dstNzC0Stride = static_cast<std::uint16_t>(align(rows, 16));
    DataCopy(l1, gm, p);
  }
  // Fractals of L1 (rows x columns there) into L0, row by row of the result; `turned`: the result is the transpose.
  void to_l0(const LocalTensor<AT>& l0, const LocalTensor<AT>& l1, int rows, int columns, bool turned, bool transpose) {
    const int down = align(rows, 16) / 16, across = align(columns, 16) / 16;
    const int outer = turned ? across : down, inner = turned ? down : across;
    for (int i = 0; i < outer; ++i) {
      LoadData2DParams p;
      p.startIndex = static_cast<std::uint16_t>(turned ? i * down : i);
      p.repeatTimes = static_cast<std::uint8_t>(inner);
      p.srcStride = static_cast<std::uint16_t>(turned ? 1 : down);
      p.ifTranspose = transpose;
      LoadData(l0[static_cast<std::uint32_t>(i * inner * 256)], l1, p);
    }
  }
  void compute(int block, CT* c, std::uint8_t atomic, bool packed) {
    const Place p = place(block);
    const LocalTensor<AT> a1 = a1_.template Get<AT>(), b1 = b1_.template Get<AT>(), a2 = a2_.template Get<AT>(),
                          b2 = b2_.template Get<AT>();
    const LocalTensor<float> c1 = c1_.template Get<float>();
    const auto *a = static_cast<const AT*>(r_.a), *b = static_cast<const AT*>(r_.b);
    for (int k0 = 0; k0 < r_.single_k; k0 += tiling_->baseK) {
      const int k = r_.single_k - k0 < tiling_->baseK ? r_.single_k - k0 : tiling_->baseK;
      PipeBarrier<PIPE_ALL>();
      const auto at = [](int row, int column, int pitch) { return static_cast<std::int64_t>(row) * pitch + column; };
      if (r_.a_transposed != 0) to_l1(a1, a + at(k0, p.m0, org_m_), k, p.m, org_m_);
      else to_l1(a1, a + at(p.m0, k0, org_ka_), p.m, k, org_ka_);
      if (r_.b_transposed != 0) to_l1(b1, b + at(p.n0, k0, org_kb_), p.n, k, org_kb_);
      else to_l1(b1, b + at(k0, p.n0, org_n_), k, p.n, org_n_);
      PipeBarrier<PIPE_ALL>();
      if (r_.a_transposed != 0) to_l0(a2, a1, k, p.m, true, true);
      else to_l0(a2, a1, p.m, k, false, false);
      if (r_.b_transposed != 0) to_l0(b2, b1, p.n, k, true, false);
      else to_l0(b2, b1, k, p.n, false, true);
      PipeBarrier<PIPE_ALL>();
      MmadParams mm;
      mm.m = static_cast<std::uint16_t>(p.m);
      mm.n = static_cast<std::uint16_t>(p.n);
      mm.k = static_cast<std::uint16_t>(k);
      mm.cmatrixInitVal = k0 == 0;
      Mmad(c1, a2, b2, mm);
    }
    PipeBarrier<PIPE_ALL>();
    GlobalTensor<CT> out;
    out.SetGlobalBuffer(packed ? c : c + static_cast<std::int64_t>(p.m0) * org_nc_ + p.n0);
    FixpipeParamsV220 f;
    f.nSize = static_cast<std::uint16_t>(p.n);
    f.mSize = static_cast<std::uint16_t>(p.m);
    f.srcStride = static_cast<std::uint16_t>(align(p.m, 16));
    f.dstStride = static_cast<std::uint32_t>(packed ? align(p.n, static_cast<int>(32 / sizeof(CT))) : org_nc_);
    if (std::is_same<CT, half>::value) f.quantPre = F322F16;
    if (std::is_same<CT, bfloat16_t>::value) f.quantPre = F322BF16;
    if (atomic != 0) SetAtomicAdd<CT>();
    Fixpipe<CT, float, CFG_ROW_MAJOR>(out, c1, f);
    if (atomic != 0) SetAtomicNone();
    PipeBarrier<PIPE_ALL>();
  }

  const TCubeTiling* tiling_ = nullptr;
  TPipe* pipe_ = nullptr;
  etalon_matmul_request r_ = {};
  int org_m_ = 0, org_n_ = 0, org_ka_ = 0, org_kb_ = 0, org_nc_ = 0, next_ = 0, object_ = 0;
  bool has_bias_ = false, bias_ready_ = false;
  GlobalTensor<typename Bias::T> bias_;
  TBuf<TPosition::A1> a1_;
  TBuf<TPosition::B1> b1_;
  TBuf<TPosition::A2> a2_;
  TBuf<TPosition::B2> b2_;
  TBuf<TPosition::CO1> c1_;
  TBuf<TPosition::VECCALC> bias_buffer_;
};

// On vector cores. The first registered object of a kernel keeps in step with the cube core until the kernel's end.
template <class A, class B, class C, class Bias = C, const auto& config = CFG_NORM>
class Matmul : public MatmulImpl<A, B, C, Bias, config> {
 public:
  void enlist(int object, const TCubeTiling* tiling, TPipe* pipe) {
    this->object_ = object;
    this->Init(tiling, pipe);
    leads_ = object == 0;
  }
  ~Matmul() noexcept(false) {
    if ASCEND_IS_AIC return;
    if (!leads_ || std::uncaught_exceptions() > 0) return;
    etalon_matmul_request done = {};
    done.object = -2;
    while (!detail::matmul_turn(done)) {
    }
  }
  Matmul() = default;
  Matmul(const Matmul&) = delete;
  Matmul& operator=(const Matmul&) = delete;

 private:
  bool leads_ = false;
};

namespace detail {

template <int index>
inline void enlist_all(TPipe*) {}
template <int index, class M, class... Rest>
inline void enlist_all(TPipe* pipe, M& object, const TCubeTiling* tiling, Rest&&... rest) {
  object.enlist(index, tiling, pipe);
  enlist_all<index + 1>(pipe, rest...);
}
template <int index>
inline void serve_one(const etalon_matmul_request&) {}
template <int index, class M, class... Rest>
inline void serve_one(const etalon_matmul_request& request, M& object, const TCubeTiling*, Rest&&... rest) {
  if (request.object == index) object.serve(request);
  else serve_one<index + 1>(request, rest...);
}
// On the cube core until all vector cores of the block have ended; true there.
template <class... Objects>
inline bool regist_matmul(TPipe* pipe, Objects&&... objects) {
  enlist_all<0>(pipe, objects...);
  if ASCEND_IS_AIV return false;
  const std::uint32_t block = matmul_block(), cores = static_cast<std::uint32_t>(GetTaskRation());
  for (bool ended = false; !ended;) {
    CrossCoreWaitFlag(kMatmulFlag);
    ended = true;
    for (std::uint32_t sub = 0; sub < cores; ++sub) {
      const etalon_matmul_request& request = *etalon_matmul_mailbox(block, sub);
      ended = ended && request.object == -2;
      serve_one<0>(request, objects...);
    }
    for (std::uint32_t sub = 0; sub < cores; ++sub) etalon_matmul_mailbox(block, sub)->ended = ended ? 1 : 0;
    CrossCoreSetFlag<2, PIPE_FIX>(kMatmulFlag);
  }
  return true;
}

}  // namespace detail

inline void* GetSysWorkSpacePtr() { return etalon_matmul_scratch(detail::matmul_block(), 0); }
inline void SetSysWorkspace(const void*) {}

}  // namespace AscendC

namespace matmul {
using AscendC::Matmul;
using AscendC::MatmulConfig;
using AscendC::MatmulImpl;
using AscendC::MatmulType;
}  // namespace matmul

// Leaves the kernel on the cube core, which has then served.
#define REGIST_MATMUL_OBJ(pipe, workspace, ...)                      \
  if (AscendC::detail::regist_matmul(pipe, __VA_ARGS__)) return
