// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the attention kernels share: operands into L1, L0A and L0B, one product, results out of L0C, flags
// between cube and vector cores, and the memory of one core that the other reaches (dav-3510).

#include "kernels/npu/attention_item.h"

namespace etalon::kernels::npu::attention_detail {

// Flags of a block. On dav-3510 they stay inside it and name one vector core each; otherwise they reach both.
template <bool direct, pipe_t pipe>
__aicore__ inline void tell(std::uint16_t id) {
  using namespace AscendC;
  if constexpr (direct) {
    CrossCoreSetFlag<4, pipe>(id);
    if ASCEND_IS_AIC
      CrossCoreSetFlag<4, pipe>(static_cast<std::uint16_t>(id + 16));
  } else {
    CrossCoreSetFlag<2, pipe>(id);
  }
}
template <bool direct>
__aicore__ inline void hear(std::uint16_t id) {
  using namespace AscendC;
  if constexpr (direct) {
    CrossCoreWaitFlag<4, PIPE_S>(id);
    if ASCEND_IS_AIC
      CrossCoreWaitFlag<4, PIPE_S>(static_cast<std::uint16_t>(id + 16));
  } else {
    CrossCoreWaitFlag(id);
  }
}

// Places in UB for results that come straight from L0C.
constexpr std::int64_t kScorePlaces = 2;
constexpr std::int64_t output_places(const AttentionShape& s) { return s.dim_v > 256 ? 1 : 2; }

// Weights in L1, and on dav-3510 scores and outputs in UB: laid out alike, and first, by all cores of a
// block.
class SharedMemory {
 public:
  // `outputs`: also places for partial outputs.
  template <class T, bool direct>
  __aicore__ void layout(AscendC::TPipe& pipe, const AttentionShape& s, bool outputs = true) {
    const std::int64_t weights = direct ? s.lag + 1 : 2, half = s.rows / 2;
    for (std::int64_t i = 0; i < weights; ++i)
      pipe.InitBuffer(weights_[i], static_cast<std::uint32_t>(s.rows * s.keys * sizeof(T)));
    if constexpr (direct) {
      for (auto& b : scores_) pipe.InitBuffer(b, static_cast<std::uint32_t>(half * s.keys * 4));
      for (std::int64_t i = 0; outputs && i < output_places(s); ++i)
        pipe.InitBuffer(outputs_[i], static_cast<std::uint32_t>(half * row::align(s.dim_v, 64) * 4));
    }
  }
  template <class T>
  __aicore__ AscendC::LocalTensor<T> weights(std::int64_t i) const {
    return weights_[i].template Get<T>();
  }
  __aicore__ row::Reals scores(std::int64_t count) const {
    return scores_[count % kScorePlaces].template Get<float>();
  }
  __aicore__ row::Reals outputs(std::int64_t count, std::int64_t places) const {
    return outputs_[count % places].template Get<float>();
  }

 private:
  AscendC::TBuf<AscendC::TPosition::A1> weights_[kMostStages];
  AscendC::TBuf<AscendC::TPosition::VECIN> scores_[kScorePlaces], outputs_[2];
};

// Row-major rows x columns into fractal columns of L1, whose fractal columns have `height` rows.
template <class T>
__aicore__ inline void to_l1(const AscendC::LocalTensor<T>& l1, const AscendC::GlobalTensor<T>& gm,
                             std::int64_t rows, std::int64_t columns, std::int64_t pitch,
                             std::int64_t height) {
  using namespace AscendC;
  DataCopy(l1, gm,
           Nd2NzParams(1, static_cast<std::uint16_t>(rows), static_cast<std::uint32_t>(columns), 0,
                       static_cast<std::uint32_t>(pitch), static_cast<std::uint16_t>(height), 1, 0));
}

// Rows of an NZ operand in L1 (`width` columns of K) to L0A, K from k0.
template <class T>
__aicore__ inline void rows_to_l0a(const AscendC::LocalTensor<T>& l0, const AscendC::LocalTensor<T>& l1,
                                   std::int64_t rows, std::int64_t width, std::int64_t k0, std::int64_t k) {
  using namespace AscendC;
  LoadData3DParamsV2<T> p;
  p.l1H = 1;
  p.l1W = p.mExtension = static_cast<std::uint16_t>(row::align(rows, 16));
  p.channelSize = static_cast<std::uint16_t>(row::align(width, kC0<T>));
  p.kExtension = static_cast<std::uint16_t>(row::align(k, kC0<T>));
  p.kStartPt = static_cast<std::uint16_t>(k0);
  LoadData(l0, l1, p);
}
// Columns of an NZ operand in L1 as rows of L0A: m = columns [m0, m0 + m), K = its `rows`.
template <class T>
__aicore__ inline void columns_to_l0a(const AscendC::LocalTensor<T>& l0, const AscendC::LocalTensor<T>& l1,
                                      std::int64_t rows, std::int64_t m0, std::int64_t m) {
  using namespace AscendC;
  const std::int64_t k1 = row::ceil_div(rows, 16);
  if (etalon_asc_current->dav_3510 != 0) {  // L0A's fractals lie column by column
    const auto m1 = static_cast<std::uint16_t>(row::ceil_div(m, 16)), high = static_cast<std::uint16_t>(k1);
    LoadData(l0, l1, LoadData2DParamsV2(0, static_cast<std::uint32_t>(m0 / 16), high, m1, high, m1, true));
    return;
  }
  LoadData(l0, l1,
           LoadData2DParams(static_cast<std::uint16_t>(m0 / 16 * k1),
                            static_cast<std::uint8_t>(row::ceil_div(m, 16) * k1), 1, 0, 0, true, 0));
}
// An NZ operand in L1 whose rows (n1 fractals of them) are the columns of B: n0 ... n0 + n, K from k0. Its
// fractal columns are L0B's rows already.
template <class T>
__aicore__ inline void rows_to_l0b(const AscendC::LocalTensor<T>& l0, const AscendC::LocalTensor<T>& l1,
                                   std::int64_t n1, std::int64_t n0, std::int64_t n, std::int64_t k0,
                                   std::int64_t k) {
  using namespace AscendC;
  const std::int64_t take = row::ceil_div(n, 16), columns = row::ceil_div(k, kC0<T>);
  const std::int64_t at = k0 / kC0<T> * n1 + n0 / 16;
  if (take == n1) {
    LoadData(l0, l1,
             LoadData2DParams(static_cast<std::uint16_t>(at), static_cast<std::uint8_t>(columns * n1), 1, 0,
                              0, false, 0));
    return;
  }
  for (std::int64_t c = 0; c < columns; ++c) {
    LoadData(l0[static_cast<std::uint32_t>(c * take * 16 * kC0<T>)], l1,
             LoadData2DParams(static_cast<std::uint16_t>(at + c * n1), static_cast<std::uint8_t>(take), 1, 0,
                              0, false, 0));
  }
}
// An NZ operand in L1 whose columns are the columns of B, its rows (k1 fractals) are K.
template <class T>
__aicore__ inline void columns_to_l0b(const AscendC::LocalTensor<T>& l0, const AscendC::LocalTensor<T>& l1,
                                      std::int64_t k1, std::int64_t n0, std::int64_t n, std::int64_t k0,
                                      std::int64_t k) {
  using namespace AscendC;
  const std::int64_t n1 = row::ceil_div(n, 16);
  if constexpr (sizeof(T) == 1) {  // square blocks of 32 make two fractals each
    for (std::int64_t x = 0; x < row::ceil_div(k, 32); ++x) {
      LoadDataWithTranspose(l0[static_cast<std::uint32_t>(x * n1 * 512)], l1,
                            LoadData2dTransposeParams(
                                static_cast<std::uint16_t>(n0 / 32 * (k1 / 2) + k0 / 32 + x),
                                static_cast<std::uint8_t>(n1 / 2), static_cast<std::uint16_t>(k1 / 2), 1, 0));
    }
    return;
  }
  for (std::int64_t x = 0; x < row::ceil_div(k, 16); ++x) {
    LoadData(l0[static_cast<std::uint32_t>(x * n1 * 256)], l1,
             LoadData2DParams(static_cast<std::uint16_t>(n0 / 16 * k1 + k0 / 16 + x),
                              static_cast<std::uint8_t>(n1), static_cast<std::uint16_t>(k1), 0, 0, true, 0));
  }
}

// L0C to rows in GM, `pitch` apart.
__aicore__ inline void store_result(const AscendC::GlobalTensor<float>& gm,
                                    const AscendC::LocalTensor<float>& l0c, std::int64_t m, std::int64_t n,
                                    std::int64_t pitch) {
  using namespace AscendC;
  FixpipeParamsV220 f;
  f.nSize = static_cast<std::uint16_t>(n);
  f.mSize = static_cast<std::uint16_t>(m);
  f.srcStride = static_cast<std::uint16_t>(row::align(m, 16));
  f.dstStride = static_cast<std::uint32_t>(pitch);
  Fixpipe(gm, l0c, f);
}

// dav-3510: L0C to rows in the UB of the block's vector cores, half of them to each.
__aicore__ inline void store_to_vector_cores(const AscendC::LocalTensor<float>& ub,
                                             const AscendC::LocalTensor<float>& l0c, std::int64_t m,
                                             std::int64_t n, std::int64_t pitch) {
  using namespace AscendC;
  FixpipeParamsC310<> f;
  f.nSize = static_cast<std::uint16_t>(n);
  f.mSize = static_cast<std::uint16_t>(m);
  f.srcStride = static_cast<std::uint16_t>(row::align(m, 16));
  f.dstStride = static_cast<std::uint32_t>(pitch);
  f.dualDstCtl = 1;
  Fixpipe(ub, l0c, f);
}

// L0A, L0B and L0C, two of each: results of at most kMostRows x kDepth made of products of up to kDepth in K.
template <class T>
class CubeBuffers {
 public:
  __aicore__ void layout(AscendC::TPipe& pipe, std::int64_t rows) {
    for (int i = 0; i < 2; ++i) {
      pipe.InitBuffer(l0a_[i], static_cast<std::uint32_t>(rows * kDepth * sizeof(T)));
      pipe.InitBuffer(l0b_[i], static_cast<std::uint32_t>(kDepth * kDepth * sizeof(T)));
      pipe.InitBuffer(l0c_[i], static_cast<std::uint32_t>(rows * kDepth * 4));
    }
  }
  __aicore__ void begin() {
    using namespace AscendC;
    for (int i = 0; i < 2; ++i) SetFlag<HardEvent::M_MTE1>(i);
    for (int i = 0; i < 2; ++i) SetFlag<HardEvent::FIX_M>(i);
  }
  __aicore__ void end() {
    using namespace AscendC;
    for (int i = 0; i < 2; ++i) WaitFlag<HardEvent::M_MTE1>(i);
    for (int i = 0; i < 2; ++i) WaitFlag<HardEvent::FIX_M>(i);
  }

  __aicore__ void begin_result() {
    ++results_;
    AscendC::WaitFlag<AscendC::HardEvent::FIX_M>(id());
  }
  __aicore__ AscendC::LocalTensor<float> result() const { return l0c_[id()].template Get<float>(); }
  // Adds one product; `first` begins anew.
  template <class LoadA, class LoadB>
  __aicore__ void product(std::int64_t m, std::int64_t n, std::int64_t k, bool first, LoadA load_a,
                          LoadB load_b) {
    using namespace AscendC;
    const auto buffer = static_cast<std::int32_t>(products_++ % 2);
    const LocalTensor<T> a = l0a_[buffer].template Get<T>(), b = l0b_[buffer].template Get<T>();
    WaitFlag<HardEvent::M_MTE1>(buffer);
    load_a(a);
    load_b(b);
    SetFlag<HardEvent::MTE1_M>(buffer);
    WaitFlag<HardEvent::MTE1_M>(buffer);
    MmadParams p;
    p.m = static_cast<std::uint16_t>(row::align(m, 16));
    p.n = static_cast<std::uint16_t>(n);
    p.k = static_cast<std::uint16_t>(k);
    p.cmatrixInitVal = first;
    Mmad(result(), a, b, p);
    SetFlag<HardEvent::M_MTE1>(buffer);
  }
  __aicore__ void ready_to_store() {
    using namespace AscendC;
    SetFlag<HardEvent::M_FIX>(id());
    WaitFlag<HardEvent::M_FIX>(id());
  }
  __aicore__ void stored() { AscendC::SetFlag<AscendC::HardEvent::FIX_M>(id()); }

 private:
  __aicore__ std::int32_t id() const { return static_cast<std::int32_t>(results_ % 2); }
  AscendC::TBuf<AscendC::TPosition::A2> l0a_[2];
  AscendC::TBuf<AscendC::TPosition::B2> l0b_[2];
  AscendC::TBuf<AscendC::TPosition::CO1> l0c_[2];
  std::int64_t products_ = 0, results_ = 0;
};

}  // namespace etalon::kernels::npu::attention_detail
