// SPDX-License-Identifier: Apache-2.0
#pragma once

// Flash attention, the cube core's part: scores from queries and keys, outputs from weights and values.
// `direct` (dav-3510): FixPipe writes into the vector cores' UB and the weights arrive in L1; otherwise both
// go through the workspace.

#include "kernels/npu/attention_load.h"

namespace etalon::kernels::npu {

template <class T, bool direct>
class AttentionCube {
 public:
  __aicore__ void Init(GmAddress q, GmAddress k, GmAddress v, GmAddress workspace, const AttentionShape& s) {
    using namespace attention_detail;
    s_ = s;
    const Exchange x(s);
    pitch_v_ = x.pitch_v;
    stages_ = x.stages;
    q_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(q));
    k_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(k));
    v_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(v));
    const GmAddress mine = workspace + AscendC::GetBlockIdx() * x.block_bytes();
    scores_.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(mine));
    weights_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(mine + x.weights_at()));
    outputs_.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(mine + x.outputs_at()));
    memory_.layout<T, direct>(pipe_, s);
    const auto bytes = [](std::int64_t elements) { return static_cast<std::uint32_t>(elements * sizeof(T)); };
    for (int i = 0; i < 2; ++i) {
      pipe_.InitBuffer(l1_q_[i], bytes(s.rows * row::align(s.dim, kC0<T>)));
      pipe_.InitBuffer(l1_k_[i], bytes(s.keys * row::align(s.dim, kC0<T>)));
      if (!s.shared_kv) pipe_.InitBuffer(l1_v_[i], bytes(s.keys * row::align(s.dim_v, kC0<T>)));
    }
    l0_.layout(pipe_, s.rows);
  }

  __aicore__ void Process() {
    using namespace AscendC;
    using namespace attention_detail;
    for (int i = 0; i < 8; ++i) SetFlag<HardEvent::MTE1_MTE2>(i);
    l0_.begin();
    run();
    l0_.end();
    for (int i = 0; i < 8; ++i) WaitFlag<HardEvent::MTE1_MTE2>(i);
    if constexpr (direct) {  // take back the tokens of the places in UB
      for (std::int64_t i = 0; i < kScorePlaces; ++i) hear<true>(kScoresTaken);
      for (std::int64_t i = 0; i < output_places(s_); ++i) hear<true>(kOutputTaken);
    }
  }

 private:
  enum { kIdK = 0, kIdV = 2, kIdP = 4, kIdQ = 6 };  // two of each
  using Step = attention_detail::Step;

  __aicore__ void load_k(const Step& step) {
    using namespace AscendC;
    using namespace attention_detail;
    const Item& it = step.it;
    const std::int64_t i = step.i, place = step.count % 2;
    const auto id = static_cast<std::int32_t>(kIdK + place);
    WaitFlag<HardEvent::MTE1_MTE2>(id);
    const std::int64_t at = it.batch * s_.kv_batch + kv_head(it) * s_.kv_head + it.key_of(i) * s_.kv_row;
    to_l1(l1_k_[place].template Get<T>(), k_[static_cast<std::uint64_t>(at)], it.keys_of(i), s_.dim,
          s_.kv_row, row::align(it.keys_of(i), kBlock<T>));
    SetFlag<HardEvent::MTE2_MTE1>(id);
  }
  __aicore__ void load_v(const Step& step) {
    using namespace AscendC;
    using namespace attention_detail;
    const Item& it = step.it;
    const std::int64_t i = step.i, place = step.count % 2;
    const auto id = static_cast<std::int32_t>(kIdV + place);
    WaitFlag<HardEvent::MTE1_MTE2>(id);
    const std::int64_t at = it.batch * s_.v_batch + kv_head(it) * s_.v_head + it.key_of(i) * s_.v_row;
    to_l1(l1_v_[place].template Get<T>(), v_[static_cast<std::uint64_t>(at)], it.keys_of(i), s_.dim_v,
          s_.v_row, row::align(it.keys_of(i), kBlock<T>));
    SetFlag<HardEvent::MTE2_MTE1>(id);
  }
  __aicore__ std::int64_t kv_head(const attention_detail::Item& it) const {
    return it.lane_head * s_.pack * s_.kv_heads / s_.heads;
  }
  __aicore__ void load_q(const Step& step) {
    using namespace AscendC;
    using namespace attention_detail;
    const Item& it = step.it;
    const auto id = static_cast<std::int32_t>(kIdQ + step.item_count % 2);
    WaitFlag<HardEvent::MTE1_MTE2>(id);
    const LocalTensor<T> l1 = l1_q_[step.item_count % 2].template Get<T>();
    for_runs(s_, it.row0, it.queries,
             [&](std::int64_t at, std::int64_t n, std::int64_t query, std::int64_t head) {
               const std::int64_t from =
                   it.batch * s_.q_batch + query * s_.q_row + (it.lane_head * s_.pack + head) * s_.q_head;
               to_l1(l1[static_cast<std::uint32_t>(at * kC0<T>)], q_[static_cast<std::uint64_t>(from)], n,
                     s_.dim, s_.pack == 1 ? s_.q_row : s_.q_head, row::align(it.queries, 16));
             });
    SetFlag<HardEvent::MTE2_MTE1>(id);
  }
  __aicore__ void load(const Step& step) {
    if (step.is_first()) load_q(step);
    load_k(step);
  }

  // Scores of each tile, whichever item it belongs to, and the output of the one `lag` before it.
  __aicore__ void run() {
    attention_detail::Walk walk;
    attention_detail::Window begun;
    walk.Init(s_, AscendC::GetBlockIdx(), AscendC::GetBlockNum());
    Step now, next;
    bool more = walk.next(next);
    if (more) load(next);
    while (more) {
      now = next;
      more = walk.next(next);
      // Keys that are also the values keep their place in L1 until the output product has read them.
      const bool ends = !more || (s_.apart && next.is_first()), early = more && !s_.shared_kv && !ends;
      if (early) load(next);
      make_scores(now);
      begun.begin(now);
      while (begun.size() > (ends ? 0 : s_.lag)) make_output(begun.end());
      if (more && !early) load(next);
    }
  }

  // A result in L0C to the vector cores, columns [n0, n0 + n) of rows `pitch` apart.
  __aicore__ void hand_over(const AscendC::GlobalTensor<float>& gm, const AscendC::LocalTensor<float>& ub,
                            std::int64_t m, std::int64_t n0, std::int64_t n, std::int64_t pitch) {
    using namespace AscendC;
    l0_.ready_to_store();
    if constexpr (direct)
      attention_detail::store_to_vector_cores(ub[static_cast<std::uint32_t>(n0)], l0_.result(), m, n, pitch);
    else
      attention_detail::store_result(gm[static_cast<std::uint64_t>(n0)], l0_.result(), m, n, pitch);
    l0_.stored();
  }

  __aicore__ void make_scores(const Step& step) {
    using namespace AscendC;
    using namespace attention_detail;
    const Item& it = step.it;
    const std::int64_t keys = it.keys_of(step.i), n1 = row::align(keys, kBlock<T>) / 16;
    const auto k_id = static_cast<std::int32_t>(kIdK + step.count % 2),
               q_id = static_cast<std::int32_t>(kIdQ + step.item_count % 2);
    const LocalTensor<T> l1_k = l1_k_[step.count % 2].template Get<T>(),
                         l1_q = l1_q_[step.item_count % 2].template Get<T>();
    LocalTensor<float> place;
    if constexpr (direct) {
      hear<true>(kScoresTaken);
      place = memory_.scores(scores_made_++);
    }
    if (step.is_first()) WaitFlag<HardEvent::MTE2_MTE1>(q_id);
    WaitFlag<HardEvent::MTE2_MTE1>(k_id);
    for (std::int64_t n0 = 0; n0 < keys; n0 += kDepth) {
      const std::int64_t n = row::min(kDepth, keys - n0);
      l0_.begin_result();
      for (std::int64_t k0 = 0; k0 < s_.dim; k0 += kDepth) {
        const std::int64_t k = row::min(kDepth, s_.dim - k0);
        l0_.product(
            it.queries, n, k, k0 == 0,
            [&](const LocalTensor<T>& a) { rows_to_l0a(a, l1_q, it.queries, s_.dim, k0, k); },
            [&](const LocalTensor<T>& b) { rows_to_l0b(b, l1_k, n1, n0, n, k0, k); });
      }
      if (n0 + kDepth >= keys) {
        if (!s_.shared_kv) SetFlag<HardEvent::MTE1_MTE2>(k_id);
        if (step.is_last()) SetFlag<HardEvent::MTE1_MTE2>(q_id);
      }
      hand_over(scores_[static_cast<std::uint64_t>(step.count % stages_ * s_.rows * s_.keys)], place,
                it.queries, n0, n, s_.keys);
    }
    tell<direct, PIPE_FIX>(kScoresReady);
  }

  __aicore__ void make_output(const Step& step) {
    using namespace AscendC;
    using namespace attention_detail;
    const Item& it = step.it;
    const std::int64_t keys = it.keys_of(step.i), k1 = row::align(keys, kBlock<T>) / 16;
    const std::int64_t stage = step.count % stages_, place_l1 = step.count % 2;
    if (!s_.shared_kv) load_v(step);
    hear<direct>(kWeightsReady);
    const auto p_id = static_cast<std::int32_t>(kIdP + place_l1),
               v_id = static_cast<std::int32_t>((s_.shared_kv ? kIdK : kIdV) + place_l1);
    const LocalTensor<T> l1_p = memory_.template weights<T>(direct ? stage : place_l1),
                         l1_v = (s_.shared_kv ? l1_k_ : l1_v_)[place_l1].template Get<T>();
    if constexpr (!direct) {  // the vector cores wrote them in fractals
      WaitFlag<HardEvent::MTE1_MTE2>(p_id);
      DataCopy(l1_p, weights_[static_cast<std::uint64_t>(stage * s_.rows * s_.keys)],
               static_cast<std::uint32_t>(row::align(it.queries, 16) * row::align(keys, kC0<T>)));
      SetFlag<HardEvent::MTE2_MTE1>(p_id);
    }
    LocalTensor<float> place;
    if constexpr (direct) {
      hear<true>(kOutputTaken);
      place = memory_.outputs(outputs_made_++, output_places(s_));
    } else {
      WaitFlag<HardEvent::MTE2_MTE1>(p_id);
    }
    if (!s_.shared_kv) WaitFlag<HardEvent::MTE2_MTE1>(v_id);
    for (std::int64_t n0 = 0; n0 < s_.dim_v; n0 += kDepth) {
      const std::int64_t n = row::min(kDepth, s_.dim_v - n0);
      l0_.begin_result();
      for (std::int64_t k0 = 0; k0 < keys; k0 += kDepth) {
        const std::int64_t k = row::min(kDepth, keys - k0);
        l0_.product(
            it.queries, n, k, k0 == 0,
            [&](const LocalTensor<T>& a) { rows_to_l0a(a, l1_p, it.queries, keys, k0, k); },
            [&](const LocalTensor<T>& b) { columns_to_l0b(b, l1_v, k1, n0, n, k0, k); });
      }
      if (n0 + kDepth >= s_.dim_v) {
        if constexpr (!direct) SetFlag<HardEvent::MTE1_MTE2>(p_id);
        SetFlag<HardEvent::MTE1_MTE2>(v_id);
      }
      hand_over(outputs_[static_cast<std::uint64_t>(stage * s_.rows * pitch_v_)], place, it.queries, n0, n,
                pitch_v_);
    }
    tell<direct, PIPE_FIX>(kOutputReady);
  }

  AttentionShape s_;
  AscendC::TPipe pipe_;
  attention_detail::SharedMemory memory_;
  attention_detail::CubeBuffers<T> l0_;
  AscendC::TBuf<AscendC::TPosition::A1> l1_q_[2], l1_k_[2], l1_v_[2];
  AscendC::GlobalTensor<T> q_, k_, v_, weights_;
  AscendC::GlobalTensor<float> scores_, outputs_;
  std::int64_t pitch_v_ = 0, stages_ = 0, scores_made_ = 0, outputs_made_ = 0;
};

}  // namespace etalon::kernels::npu
