// SPDX-License-Identifier: Apache-2.0
#pragma once

// Flash attention backward, the cube core's part. Per tile of queries and tile of keys:
//   S = Q K^T, dP = dO V^T to the vector cores; from them P and dS; then
//   dV += P^T dO, dK += dS^T Q, dQ += dS K, added up in GM by FixPipe's atomic additions (fp32).

#include "kernels/npu/attention_load.h"

namespace etalon::kernels::npu {

// Operands and results of the backward pass. Gradients of queries, keys and values are made in fp32 copies
// laid out as their tensors, then cast.
struct AttentionGradientPointers {
  GmAddress q = nullptr, k = nullptr, v = nullptr, o = nullptr, grad = nullptr, lse = nullptr;
  GmAddress dq = nullptr, dk = nullptr, dv = nullptr;  // results
  GmAddress workspace = nullptr;
};

namespace attention_detail {

// What a block's cores exchange, lag + 1 deep, and the fp32 gradients behind it.
struct BackwardExchange {
  explicit BackwardExchange(const AttentionShape& s)
      : stages(s.lag + 1), score_bytes(s.rows * s.keys * 4), weight_bytes(s.rows * s.keys * 2) {}
  std::int64_t stages, score_bytes, weight_bytes;
  std::int64_t slopes_at() const { return stages * score_bytes; }                  // dP
  std::int64_t weights_at() const { return 2 * stages * score_bytes; }             // P
  std::int64_t deltas_at() const { return weights_at() + stages * weight_bytes; }  // dS
  std::int64_t block_bytes() const { return weights_at() + 2 * stages * weight_bytes; }
};
constexpr std::int64_t q_elements(const AttentionShape& s) { return s.batch * s.q_batch; }
constexpr std::int64_t k_elements(const AttentionShape& s) { return s.batch * s.kv_batch; }
constexpr std::int64_t v_elements(const AttentionShape& s) { return s.batch * s.v_batch; }

}  // namespace attention_detail

inline std::int64_t attention_gradients_at(const AttentionShape& s, std::int64_t blocks) {
  return blocks * attention_detail::BackwardExchange(s).block_bytes();
}
inline std::int64_t attention_backward_workspace(const AttentionShape& s, std::int64_t blocks) {
  using namespace attention_detail;
  return attention_gradients_at(s, blocks) + 4 * (q_elements(s) + k_elements(s) + v_elements(s));
}

template <class T, bool direct>
class AttentionBackwardCube {
 public:
  __aicore__ void Init(const AttentionGradientPointers& p, const AttentionShape& s) {
    using namespace attention_detail;
    s_ = s;
    const BackwardExchange x(s);
    stages_ = x.stages;
    const auto tensor = [](AscendC::GlobalTensor<T>& t, GmAddress at) {
      t.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(at));
    };
    const auto reals = [](AscendC::GlobalTensor<float>& t, GmAddress at) {
      t.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(at));
    };
    tensor(q_, p.q), tensor(k_, p.k), tensor(v_, p.v), tensor(grad_, p.grad);
    const GmAddress mine = p.workspace + AscendC::GetBlockIdx() * x.block_bytes(),
                    sums = p.workspace + attention_gradients_at(s, AscendC::GetBlockNum());
    reals(scores_, mine), reals(slopes_, mine + x.slopes_at());
    tensor(weights_, mine + x.weights_at()), tensor(deltas_, mine + x.deltas_at());
    reals(dq_, sums), reals(dk_, sums + 4 * q_elements(s));
    reals(dv_, sums + 4 * (q_elements(s) + k_elements(s)));
    weight_memory_.layout<T, direct>(pipe_, s, false);
    delta_memory_.layout<T, direct>(pipe_, s, false);
    const auto bytes = [](std::int64_t elements) { return static_cast<std::uint32_t>(elements * sizeof(T)); };
    pipe_.InitBuffer(l1_q_, bytes(s.rows * s.dim));
    pipe_.InitBuffer(l1_grad_, bytes(s.rows * s.dim_v));
    for (std::int64_t i = 0; i < stages_; ++i) pipe_.InitBuffer(l1_k_[i], bytes(s.keys * s.dim));
    for (auto& b : l1_v_) pipe_.InitBuffer(b, bytes(s.keys * s.dim_v));
    l0_.layout(pipe_, s.rows > s.keys ? s.rows : s.keys);
  }

  __aicore__ void Process() {
    using namespace AscendC;
    using namespace attention_detail;
    for (int i = 0; i < 8; ++i) SetFlag<HardEvent::MTE1_MTE2>(i);
    l0_.begin();
    const std::int64_t rounds = rounds_of(s_, GetBlockNum());
    for (std::int64_t r = 0; r < rounds; ++r) {
      const std::int64_t index = index_of(s_, r, GetBlockIdx(), GetBlockNum());
      if (index >= 0) run(item_at(s_, index));
    }
    l0_.end();
    for (int i = 0; i < 8; ++i) WaitFlag<HardEvent::MTE1_MTE2>(i);
    if constexpr (direct) {
      for (std::int64_t i = 0; i < kScorePlaces; ++i) hear<true>(kScoresTaken);
    }
  }

 private:
  enum { kIdK = 0, kIdV = 3, kIdP = 5, kIdQ = 7 };
  using Item = attention_detail::Item;

  __aicore__ void run(const Item& it) {
    using namespace AscendC;
    const std::int64_t steps = it.steps();
    if (steps <= 0) return;
    load_queries(it);
    load_keys(it, 0);
    for (std::int64_t i = 0; i < steps + s_.lag; ++i) {
      if (i < steps) make_scores(it, i);
      if (i >= s_.lag) make_gradients(it, i - s_.lag);
      if (i + 1 < steps) load_keys(it, i + 1);  // into the place of keys just done with
    }
    SetFlag<HardEvent::MTE1_MTE2>(kIdQ);
  }

  __aicore__ void load_queries(const Item& it) {
    using namespace AscendC;
    using namespace attention_detail;
    WaitFlag<HardEvent::MTE1_MTE2>(kIdQ);
    const std::int64_t tall = row::align(it.queries, 16);
    to_l1(
        l1_q_.template Get<T>(),
        q_[static_cast<std::uint64_t>(it.batch * s_.q_batch + it.lane_head * s_.q_head + it.row0 * s_.q_row)],
        it.queries, s_.dim, s_.q_row, tall);
    to_l1(l1_grad_.template Get<T>(),
          grad_[static_cast<std::uint64_t>(it.batch * s_.o_batch + it.lane_head * s_.o_head +
                                           it.row0 * s_.o_row)],
          it.queries, s_.dim_v, s_.o_row, tall);
    SetFlag<HardEvent::MTE2_MTE1>(kIdQ);
    WaitFlag<HardEvent::MTE2_MTE1>(kIdQ);
  }
  __aicore__ std::int64_t key_at(const Item& it, std::int64_t i) const {
    return it.batch * s_.kv_batch + it.lane_head * s_.kv_heads / s_.heads * s_.kv_head +
           it.key_of(i) * s_.kv_row;
  }
  __aicore__ std::int64_t value_at(const Item& it, std::int64_t i) const {
    return it.batch * s_.v_batch + it.lane_head * s_.kv_heads / s_.heads * s_.v_head +
           it.key_of(i) * s_.v_row;
  }
  __aicore__ void load_keys(const Item& it, std::int64_t i) {
    using namespace AscendC;
    using namespace attention_detail;
    const auto k_id = static_cast<std::int32_t>(kIdK + i % stages_),
               v_id = static_cast<std::int32_t>(kIdV + i % 2);
    const std::int64_t keys = it.keys_of(i), tall = row::align(keys, 16);
    WaitFlag<HardEvent::MTE1_MTE2>(k_id);
    to_l1(l1_k_[i % stages_].template Get<T>(), k_[static_cast<std::uint64_t>(key_at(it, i))], keys, s_.dim,
          s_.kv_row, tall);
    SetFlag<HardEvent::MTE2_MTE1>(k_id);
    WaitFlag<HardEvent::MTE1_MTE2>(v_id);
    to_l1(l1_v_[i % 2].template Get<T>(), v_[static_cast<std::uint64_t>(value_at(it, i))], keys, s_.dim_v,
          s_.v_row, tall);
    SetFlag<HardEvent::MTE2_MTE1>(v_id);
  }

  // a (rows of the tile) times b^T (rows of keys), both `width` wide, to the vector cores.
  __aicore__ void make_pairs(const Item& it, std::int64_t i, const AscendC::LocalTensor<T>& a,
                             const AscendC::LocalTensor<T>& b, std::int64_t width,
                             const AscendC::GlobalTensor<float>& gm, const AscendC::LocalTensor<float>& ub) {
    using namespace AscendC;
    using namespace attention_detail;
    const std::int64_t keys = it.keys_of(i), n1 = row::ceil_div(keys, 16);
    l0_.begin_result();
    for (std::int64_t k0 = 0; k0 < width; k0 += kDepth) {
      const std::int64_t k = row::min(kDepth, width - k0);
      l0_.product(
          it.queries, keys, k, k0 == 0,
          [&](const LocalTensor<T>& l0) { rows_to_l0a(l0, a, it.queries, width, k0, k); },
          [&](const LocalTensor<T>& l0) { rows_to_l0b(l0, b, n1, 0, keys, k0, k); });
    }
    l0_.ready_to_store();
    if constexpr (direct)
      store_to_vector_cores(ub, l0_.result(), it.queries, keys, s_.keys);
    else
      store_result(gm[static_cast<std::uint64_t>(i % stages_ * s_.rows * s_.keys)], l0_.result(), it.queries,
                   keys, s_.keys);
    l0_.stored();
  }
  __aicore__ void make_scores(const Item& it, std::int64_t i) {
    using namespace AscendC;
    using namespace attention_detail;
    const auto v_id = static_cast<std::int32_t>(kIdV + i % 2);
    LocalTensor<float> scores, slopes;
    if constexpr (direct) {
      hear<true>(kScoresTaken);
      scores = weight_memory_.scores(made_);
      slopes = delta_memory_.scores(made_++);
    }
    WaitFlag<HardEvent::MTE2_MTE1>(static_cast<std::int32_t>(kIdK + i % stages_));
    make_pairs(it, i, l1_q_.template Get<T>(), l1_k_[i % stages_].template Get<T>(), s_.dim, scores_, scores);
    WaitFlag<HardEvent::MTE2_MTE1>(v_id);
    make_pairs(it, i, l1_grad_.template Get<T>(), l1_v_[i % 2].template Get<T>(), s_.dim_v, slopes_, slopes);
    SetFlag<HardEvent::MTE1_MTE2>(v_id);
    tell<direct, PIPE_FIX>(kScoresReady);
  }

  // Adds m x n products to fp32 gradients, 128 columns at a time; load_b(l0, first column, columns).
  template <class LoadA, class LoadB>
  __aicore__ void add_product(const AscendC::GlobalTensor<float>& gm, std::int64_t at, std::int64_t pitch,
                              std::int64_t m, std::int64_t n, std::int64_t k, LoadA load_a, LoadB load_b) {
    using namespace AscendC;
    using namespace attention_detail;
    for (std::int64_t n0 = 0; n0 < n; n0 += kDepth) {
      const std::int64_t columns = row::min(kDepth, n - n0);
      l0_.begin_result();
      l0_.product(m, columns, k, true, load_a, [&](const LocalTensor<T>& l0) { load_b(l0, n0, columns); });
      l0_.ready_to_store();
      SetAtomicAdd<float>();
      store_result(gm[static_cast<std::uint64_t>(at + n0)], l0_.result(), m, columns, pitch);
      SetAtomicNone();
      l0_.stored();
    }
  }
  __aicore__ void make_gradients(const Item& it, std::int64_t i) {
    using namespace AscendC;
    using namespace attention_detail;
    const std::int64_t keys = it.keys_of(i), k1 = row::ceil_div(keys, 16), q1 = row::ceil_div(it.queries, 16);
    hear<direct>(kWeightsReady);
    const auto p_id = static_cast<std::int32_t>(kIdP + i % 2),
               k_id = static_cast<std::int32_t>(kIdK + i % stages_);
    const std::int64_t place = direct ? i % stages_ : i % 2;
    const LocalTensor<T> p = weight_memory_.template weights<T>(place),
                         ds = delta_memory_.template weights<T>(place), q = l1_q_.template Get<T>(),
                         grad = l1_grad_.template Get<T>(), k = l1_k_[i % stages_].template Get<T>();
    if constexpr (!direct) {
      WaitFlag<HardEvent::MTE1_MTE2>(p_id);
      const auto at = static_cast<std::uint64_t>(i % stages_ * s_.rows * s_.keys);
      const auto n = static_cast<std::uint32_t>(q1 * k1 * 256);
      DataCopy(p, weights_[at], n);
      DataCopy(ds, deltas_[at], n);
      SetFlag<HardEvent::MTE2_MTE1>(p_id);
      WaitFlag<HardEvent::MTE2_MTE1>(p_id);
    }
    add_product(
        dv_, value_at(it, i), s_.v_row, keys, s_.dim_v, it.queries,
        [&](const LocalTensor<T>& l0) { columns_to_l0a(l0, p, it.queries, 0, keys); },
        [&](const LocalTensor<T>& l0, std::int64_t n0, std::int64_t n) {
          columns_to_l0b(l0, grad, q1, n0, n, 0, it.queries);
        });
    add_product(
        dk_, key_at(it, i), s_.kv_row, keys, s_.dim, it.queries,
        [&](const LocalTensor<T>& l0) { columns_to_l0a(l0, ds, it.queries, 0, keys); },
        [&](const LocalTensor<T>& l0, std::int64_t n0, std::int64_t n) {
          columns_to_l0b(l0, q, q1, n0, n, 0, it.queries);
        });
    add_product(
        dq_, it.batch * s_.q_batch + it.lane_head * s_.q_head + it.row0 * s_.q_row, s_.q_row, it.queries,
        s_.dim, keys, [&](const LocalTensor<T>& l0) { rows_to_l0a(l0, ds, it.queries, keys, 0, keys); },
        [&](const LocalTensor<T>& l0, std::int64_t n0, std::int64_t n) {
          columns_to_l0b(l0, k, k1, n0, n, 0, keys);
        });
    if constexpr (!direct) SetFlag<HardEvent::MTE1_MTE2>(p_id);
    SetFlag<HardEvent::MTE1_MTE2>(k_id);
  }

  AttentionShape s_;
  AscendC::TPipe pipe_;
  attention_detail::SharedMemory weight_memory_, delta_memory_;
  attention_detail::CubeBuffers<T> l0_;
  AscendC::TBuf<AscendC::TPosition::A1> l1_q_, l1_grad_, l1_k_[attention_detail::kMostStages], l1_v_[2];
  AscendC::GlobalTensor<T> q_, k_, v_, grad_, weights_, deltas_;
  AscendC::GlobalTensor<float> scores_, slopes_, dq_, dk_, dv_;
  std::int64_t stages_ = 0, made_ = 0;
};

}  // namespace etalon::kernels::npu
