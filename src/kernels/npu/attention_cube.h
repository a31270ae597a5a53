// SPDX-License-Identifier: Apache-2.0
#pragma once

// Flash attention, the cube core's part: scores from queries and keys, outputs from weights and values.

#include "kernels/npu/attention_item.h"

namespace etalon::kernels::npu {

// The cube core's part.
template <class T>
class AttentionCube {
 public:
  __aicore__ void Init(GmAddress q, GmAddress k, GmAddress v, GmAddress workspace, const AttentionShape& s) {
    using namespace attention_detail;
    s_ = s;
    q_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(q));
    k_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(k));
    v_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(v));
    const GmAddress mine = workspace + AscendC::GetBlockIdx() * kWorkspaceBytes;
    scores_.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(mine));
    weights_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(mine + kStages * kScoreBytes));
    outputs_.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(mine + kStages * (kScoreBytes + kWeightBytes)));
    const auto bytes = [](std::int64_t elements) { return static_cast<std::uint32_t>(elements * sizeof(T)); };
    pipe_.InitBuffer(l1_q_, bytes(kQueries * s.dim));
    for (int i = 0; i < 2; ++i) {
      pipe_.InitBuffer(l1_k_[i], bytes(kKeys * s.dim));
      pipe_.InitBuffer(l1_v_[i], bytes(kKeys * s.dim_v));
      pipe_.InitBuffer(l1_p_[i], bytes(kQueries * kKeys));
      pipe_.InitBuffer(l0a_[i], bytes(kQueries * kDepth));
      pipe_.InitBuffer(l0b_[i], bytes(kKeys * kDepth));
      pipe_.InitBuffer(l0c_[i], static_cast<std::uint32_t>(kQueries * 128 * 4));
    }
  }

  __aicore__ void Process() {
    using namespace AscendC;
    using namespace attention_detail;
    for (int i = 0; i < 7; ++i) SetFlag<HardEvent::MTE1_MTE2>(i);
    for (int i = 0; i < 2; ++i) SetFlag<HardEvent::M_MTE1>(i);
    for (int i = 0; i < 2; ++i) SetFlag<HardEvent::FIX_M>(i);
    for (std::int64_t index = GetBlockIdx(); index < items_of(s_); index += GetBlockNum())
      run(item_at(s_, index));
    for (int i = 0; i < 7; ++i) WaitFlag<HardEvent::MTE1_MTE2>(i);
    for (int i = 0; i < 2; ++i) WaitFlag<HardEvent::M_MTE1>(i);
    for (int i = 0; i < 2; ++i) WaitFlag<HardEvent::FIX_M>(i);
  }

 private:
  static constexpr std::int64_t kC0 = 32 / static_cast<std::int64_t>(sizeof(T));
  static constexpr std::int64_t kDepth = 128;  // of one product
  enum { kIdK = 0, kIdV = 2, kIdP = 4, kIdQ = 6 };

  // Row-major rows x columns into fractal columns of L1.
  __aicore__ void to_l1(const AscendC::LocalTensor<T>& l1, const AscendC::GlobalTensor<T>& gm,
                        std::int64_t rows, std::int64_t columns, std::int64_t pitch) {
    using namespace AscendC;
    DataCopy(l1, gm,
             Nd2NzParams(1, static_cast<std::uint16_t>(rows), static_cast<std::uint32_t>(columns), 0,
                         static_cast<std::uint32_t>(pitch), static_cast<std::uint16_t>(row::align(rows, 16)),
                         1, 0));
  }
  __aicore__ void load_k(const attention_detail::Item& it, std::int64_t i) {
    using namespace AscendC;
    const auto id = static_cast<std::int32_t>(kIdK + i % 2);
    WaitFlag<HardEvent::MTE1_MTE2>(id);
    const std::int64_t at = it.batch * s_.kv_batch + it.head * s_.kv_heads / s_.heads * s_.kv_head +
                            i * attention_detail::kKeys * s_.kv_row;
    to_l1(l1_k_[i % 2].template Get<T>(), k_[static_cast<std::uint64_t>(at)], it.keys_of(i), s_.dim,
          s_.kv_row);
    SetFlag<HardEvent::MTE2_MTE1>(id);
  }
  __aicore__ void load_v(const attention_detail::Item& it, std::int64_t i) {
    using namespace AscendC;
    const auto id = static_cast<std::int32_t>(kIdV + i % 2);
    WaitFlag<HardEvent::MTE1_MTE2>(id);
    const std::int64_t at = it.batch * s_.v_batch + it.head * s_.kv_heads / s_.heads * s_.v_head +
                            i * attention_detail::kKeys * s_.v_row;
    to_l1(l1_v_[i % 2].template Get<T>(), v_[static_cast<std::uint64_t>(at)], it.keys_of(i), s_.dim_v,
          s_.v_row);
    SetFlag<HardEvent::MTE2_MTE1>(id);
  }

  __aicore__ void run(const attention_detail::Item& it) {
    using namespace AscendC;
    using namespace attention_detail;
    const std::int64_t steps = it.steps();
    if (steps == 0) return;
    WaitFlag<HardEvent::MTE1_MTE2>(kIdQ);
    to_l1(l1_q_.template Get<T>(),
          q_[static_cast<std::uint64_t>(it.batch * s_.q_batch + it.head * s_.q_head + it.q0 * s_.q_row)],
          it.queries, s_.dim, s_.q_row);
    SetFlag<HardEvent::MTE2_MTE1>(kIdQ);
    WaitFlag<HardEvent::MTE2_MTE1>(kIdQ);
    load_k(it, 0);
    for (std::int64_t i = 0; i < steps + kLag; ++i) {
      if (i + 1 < steps) load_k(it, i + 1);
      if (i < steps) make_scores(it, i);
      if (i >= kLag) make_output(it, i - kLag);
    }
    SetFlag<HardEvent::MTE1_MTE2>(kIdQ);
  }

  // One product of up to kDepth along K: L0 buffers, the cube.
  template <class LoadA, class LoadB>
  __aicore__ void product(const AscendC::LocalTensor<float>& l0c, std::int64_t m, std::int64_t n,
                          std::int64_t k, bool first, LoadA load_a, LoadB load_b) {
    using namespace AscendC;
    const auto id = static_cast<std::int32_t>(products_++ % 2);
    const LocalTensor<T> a = l0a_[id].template Get<T>(), b = l0b_[id].template Get<T>();
    WaitFlag<HardEvent::M_MTE1>(id);
    load_a(a);
    load_b(b);
    SetFlag<HardEvent::MTE1_M>(id);
    WaitFlag<HardEvent::MTE1_M>(id);
    MmadParams p;
    p.m = static_cast<std::uint16_t>(row::align(m, 16));
    p.n = static_cast<std::uint16_t>(n);
    p.k = static_cast<std::uint16_t>(k);
    p.cmatrixInitVal = first;
    Mmad(l0c, a, b, p);
    SetFlag<HardEvent::M_MTE1>(id);
  }
  // Rows of an NZ operand in L1 to L0A, K from k0.
  __aicore__ void rows_to_l0a(const AscendC::LocalTensor<T>& l0, const AscendC::LocalTensor<T>& l1,
                              std::int64_t rows, std::int64_t width, std::int64_t k0, std::int64_t k) {
    using namespace AscendC;
    LoadData3DParamsV2<T> p;
    p.l1H = 1;
    p.l1W = p.mExtension = static_cast<std::uint16_t>(row::align(rows, 16));
    p.channelSize = static_cast<std::uint16_t>(row::align(width, kC0));
    p.kExtension = static_cast<std::uint16_t>(row::align(k, kC0));
    p.kStartPt = static_cast<std::uint16_t>(k0);
    LoadData(l0, l1, p);
  }
  __aicore__ void store(const AscendC::GlobalTensor<float>& gm, const AscendC::LocalTensor<float>& l0c,
                        std::int32_t id, std::int64_t m, std::int64_t n, std::int64_t pitch) {
    using namespace AscendC;
    SetFlag<HardEvent::M_FIX>(id);
    WaitFlag<HardEvent::M_FIX>(id);
    FixpipeParamsV220 f;
    f.nSize = static_cast<std::uint16_t>(n);
    f.mSize = static_cast<std::uint16_t>(m);
    f.srcStride = static_cast<std::uint16_t>(row::align(m, 16));
    f.dstStride = static_cast<std::uint32_t>(pitch);
    Fixpipe(gm, l0c, f);
    SetFlag<HardEvent::FIX_M>(id);
  }

  __aicore__ void make_scores(const attention_detail::Item& it, std::int64_t i) {
    using namespace AscendC;
    using namespace attention_detail;
    const std::int64_t keys = it.keys_of(i), n1 = row::ceil_div(keys, 16);
    const auto c_id = static_cast<std::int32_t>(results_++ % 2),
               k_id = static_cast<std::int32_t>(kIdK + i % 2);
    const LocalTensor<float> l0c = l0c_[c_id].template Get<float>();
    const LocalTensor<T> l1_k = l1_k_[i % 2].template Get<T>();
    WaitFlag<HardEvent::FIX_M>(c_id);
    WaitFlag<HardEvent::MTE2_MTE1>(k_id);
    for (std::int64_t k0 = 0; k0 < s_.dim; k0 += kDepth) {
      const std::int64_t k = row::min(kDepth, s_.dim - k0);
      product(
          l0c, it.queries, keys, k, k0 == 0,
          [&](const LocalTensor<T>& a) {
            rows_to_l0a(a, l1_q_.template Get<T>(), it.queries, s_.dim, k0, k);
          },
          [&](const LocalTensor<T>& b) {  // keys are rows: fractal columns are already L0B's rows
            LoadData(
                b, l1_k,
                LoadData2DParams(static_cast<std::uint16_t>(k0 / kC0 * n1),
                                 static_cast<std::uint8_t>(row::ceil_div(k, kC0) * n1), 1, 0, 0, false, 0));
          });
    }
    SetFlag<HardEvent::MTE1_MTE2>(k_id);
    store(scores_[static_cast<std::uint64_t>(i % kStages * kQueries * kKeys)], l0c, c_id, it.queries, keys,
          kKeys);
    CrossCoreSetFlag<2, PIPE_FIX>(kScoresReady);
  }

  __aicore__ void make_output(const attention_detail::Item& it, std::int64_t i) {
    using namespace AscendC;
    using namespace attention_detail;
    const std::int64_t keys = it.keys_of(i), k1 = row::ceil_div(keys, 16), n1 = row::ceil_div(s_.dim_v, 16);
    load_v(it, i);
    CrossCoreWaitFlag(kWeightsReady);
    const auto p_id = static_cast<std::int32_t>(kIdP + i % 2), v_id = static_cast<std::int32_t>(kIdV + i % 2);
    const LocalTensor<T> l1_p = l1_p_[i % 2].template Get<T>(), l1_v = l1_v_[i % 2].template Get<T>();
    WaitFlag<HardEvent::MTE1_MTE2>(p_id);
    to_l1(l1_p, weights_[static_cast<std::uint64_t>(i % kStages * kQueries * kKeys)], it.queries, keys,
          kKeys);
    SetFlag<HardEvent::MTE2_MTE1>(p_id);
    const auto c_id = static_cast<std::int32_t>(results_++ % 2);
    const LocalTensor<float> l0c = l0c_[c_id].template Get<float>();
    WaitFlag<HardEvent::FIX_M>(c_id);
    WaitFlag<HardEvent::MTE2_MTE1>(p_id);
    WaitFlag<HardEvent::MTE2_MTE1>(v_id);
    product(
        l0c, it.queries, s_.dim_v, keys, true,
        [&](const LocalTensor<T>& a) { rows_to_l0a(a, l1_p, it.queries, keys, 0, keys); },
        [&](const LocalTensor<T>& b) {
          for (std::int64_t x = 0; x < k1; ++x) {
            LoadData(b[static_cast<std::uint32_t>(x * n1 * 256)], l1_v,
                     LoadData2DParams(static_cast<std::uint16_t>(x), static_cast<std::uint8_t>(n1),
                                      static_cast<std::uint16_t>(k1), 0, 0, true, 0));
          }
        });
    SetFlag<HardEvent::MTE1_MTE2>(p_id);
    SetFlag<HardEvent::MTE1_MTE2>(v_id);
    store(outputs_[static_cast<std::uint64_t>(i % kStages * kQueries * 128)], l0c, c_id, it.queries, s_.dim_v,
          128);
    CrossCoreSetFlag<2, PIPE_FIX>(kOutputReady);
  }

  AttentionShape s_;
  AscendC::TPipe pipe_;
  AscendC::TBuf<AscendC::TPosition::A1> l1_q_, l1_k_[2], l1_v_[2], l1_p_[2];
  AscendC::TBuf<AscendC::TPosition::A2> l0a_[2];
  AscendC::TBuf<AscendC::TPosition::B2> l0b_[2];
  AscendC::TBuf<AscendC::TPosition::CO1> l0c_[2];
  AscendC::GlobalTensor<T> q_, k_, v_, weights_;
  AscendC::GlobalTensor<float> scores_, outputs_;
  std::int64_t products_ = 0, results_ = 0;
};

}  // namespace etalon::kernels::npu
