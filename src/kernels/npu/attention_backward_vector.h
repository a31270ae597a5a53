// SPDX-License-Identifier: Apache-2.0
#pragma once

// Flash attention backward, a vector core's part: P = exp(S - lse) anew, dS = P (dP - delta), delta the sum
// of the gradient times the output of each query; before and after it all, the fp32 gradients are cleared and
// cast.

#include "kernels/npu/attention_backward_cube.h"
#include "kernels/npu/attention_rows.h"

namespace etalon::kernels::npu {

template <class T, bool direct>
class AttentionBackwardVector {
 public:
  __aicore__ void Init(const AttentionGradientPointers& p, const AttentionShape& s) {
    using namespace attention_detail;
    s_ = s;
    const BackwardExchange x(s);
    stages_ = x.stages;
    block_ = AscendC::GetBlockIdx() / AscendC::GetTaskRation();
    const GmAddress mine = p.workspace + block_ * x.block_bytes();
    scores_.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(mine));
    slopes_.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(mine + x.slopes_at()));
    weights_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(mine + x.weights_at()));
    deltas_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(mine + x.deltas_at()));
    o_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(p.o));
    grad_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(p.grad));
    lse_.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(p.lse));
    weight_memory_.layout<T, direct>(pipe_, s, false);
    delta_memory_.layout<T, direct>(pipe_, s, false);
    const std::int64_t half = s.rows / 2;
    const auto bytes = [&](std::int64_t per_row) { return static_cast<std::uint32_t>(half * per_row); };
    if constexpr (direct) {
      pipe_.InitBuffer(in_[0], 1, bytes(256));
      pipe_.InitBuffer(in_[1], 1, bytes(256));
    } else {
      pipe_.InitBuffer(in_[0], 2, bytes(s.keys * 4));
      pipe_.InitBuffer(in_[1], 2, bytes(s.keys * 4));
    }
    for (auto& out : out_) pipe_.InitBuffer(out, 1, bytes(s.keys * 2));
    pipe_.InitBuffer(room_, bytes(256));
    for (auto& b : blocks_) pipe_.InitBuffer(b, static_cast<std::uint32_t>(row::align(half, 8) * 32));
    pipe_.InitBuffer(values_, static_cast<std::uint32_t>(kMostHalf * 4 * 3));
    visible_.layout(pipe_, s);
  }

  __aicore__ void Process() {
    using namespace attention_detail;
    if constexpr (direct) {
      for (std::int64_t i = 0; i < kScorePlaces; ++i) tell<true, PIPE_V>(kScoresTaken);
    }
    const std::int64_t rounds = rounds_of(s_, AscendC::GetBlockNum());
    for (std::int64_t r = 0; r < rounds; ++r) {
      const std::int64_t index = index_of(s_, r, block_, AscendC::GetBlockNum());
      if (index >= 0) run(item_at(s_, index));
    }
    for (auto& q : in_) q.FreeAllEvent();
    for (auto& q : out_) q.FreeAllEvent();
  }

 private:
  using Reals = row::Reals;
  using Item = attention_detail::Item;
  enum { kLse, kDelta, kRow };  // values per row; the first two also spread over blocks
  __aicore__ Reals value(std::int64_t which) const {
    return values_.template Get<float>()[static_cast<std::uint32_t>(which * attention_detail::kMostHalf)];
  }

  __aicore__ void run(const Item& it) {
    const std::int64_t half = row::ceil_div(it.queries, 2), steps = it.steps();
    half_ = half;
    first_ = AscendC::GetSubBlockIdx() * half;
    rows_ = row::min(half, it.queries - first_);
    if (steps <= 0) return;
    if (rows_ > 0) prepare(it);
    for (std::int64_t i = 0; i < steps; ++i) make_weights(it, i);
  }

  // lse and delta of the rows.
  __aicore__ void prepare(const Item& it) {
    using namespace AscendC;
    using namespace attention_detail;
    const std::int64_t row0 = it.row0 + first_;
    const Reals room = room_.template Get<float>();
    SetFlag<HardEvent::V_MTE2>(7);
    WaitFlag<HardEvent::V_MTE2>(7);
    row::load_rows(value(kLse), lse_[static_cast<std::uint64_t>(it.lane * s_.seq_q + row0)], 1, rows_, 64,
                   64);
    SetFlag<HardEvent::MTE2_V>(7);
    WaitFlag<HardEvent::MTE2_V>(7);
    Duplicate(value(kDelta), 0.0f, kMostHalf);
    const auto at =
        static_cast<std::uint64_t>(it.batch * s_.o_batch + it.lane_head * s_.o_head + row0 * s_.o_row);
    for (std::int64_t c = 0; c < s_.dim_v; c += 64) {
      const std::int64_t n = row::min(64, s_.dim_v - c);
      LocalTensor<T> pair = in_[1].template AllocTensor<T>();  // 64 columns of the gradient, of the output
      const LocalTensor<T> out = pair[static_cast<std::uint32_t>(half_ * 64)];
      row::load_rows(pair, grad_[at + static_cast<std::uint64_t>(c)], rows_, n, 64, s_.o_row);
      row::load_rows(out, o_[at + static_cast<std::uint64_t>(c)], rows_, n, 64, s_.o_row);
      in_[1].EnQue(pair);
      pair = in_[1].template DeQue<T>();
      Reals x = in_[0].template AllocTensor<float>();
      const auto mask = static_cast<std::uint64_t>(n);
      const auto rows = static_cast<std::uint8_t>(rows_);
      const UnaryRepeatParams widen(1, 1, 8, 4);
      PipeBarrier<PIPE_V>();
      if (n < 64) Duplicate(x, 0.0f, static_cast<std::int32_t>(rows_ * 64));
      PipeBarrier<PIPE_V>();
      Cast(x, pair, RoundMode::CAST_NONE, mask, rows, widen);
      Cast(room, out, RoundMode::CAST_NONE, mask, rows, widen);
      in_[1].FreeTensor(pair);
      PipeBarrier<PIPE_V>();
      Mul(x, x, room, mask, rows, BinaryRepeatParams());
      PipeBarrier<PIPE_V>();
      reduce_rows<false>(value(kRow), x, room, rows_, 64);
      in_[0].FreeTensor(x);
      Add(value(kDelta), value(kDelta), value(kRow), static_cast<std::int32_t>(rows_));
    }
    PipeBarrier<PIPE_V>();
    for (int which : {kLse, kDelta}) row::spread(blocks_[which].template Get<float>(), value(which), rows_);
    PipeBarrier<PIPE_V>();
  }

  __aicore__ Reals take(int which, const AscendC::GlobalTensor<float>& gm, std::int64_t i,
                        std::int64_t keys) {
    using namespace AscendC;
    if constexpr (direct) {
      return (which == 0 ? weight_memory_ : delta_memory_).scores(seen_);
    } else {
      Reals x = in_[which].template AllocTensor<float>();
      const auto at = static_cast<std::uint64_t>((i % stages_ * s_.rows + first_) * s_.keys);
      const bool whole = keys == s_.keys;
      row::load_rows(x, gm[at], whole ? 1 : rows_, whole ? rows_ * s_.keys : keys, s_.keys, s_.keys);
      in_[which].EnQue(x);
      return in_[which].template DeQue<float>();
    }
  }
  // Casts a tile into fractals and hands it to the cube core.
  __aicore__ void give(int which, const Reals& x, const AscendC::GlobalTensor<T>& gm, const Item& it,
                       std::int64_t i) {
    using namespace AscendC;
    using namespace attention_detail;
    LocalTensor<T> p = out_[which].template AllocTensor<T>();
    cast_to_fractals(p, x, rows_, s_.keys, half_);
    if constexpr (!direct) in_[which].FreeTensor(x);
    out_[which].EnQue(p);
    p = out_[which].template DeQue<T>();
    const std::int64_t tall = row::align(it.queries, 16);
    if constexpr (direct)
      put_fractals((which == 0 ? weight_memory_ : delta_memory_).template weights<T>(i % stages_), p, first_,
                   rows_, it.keys_of(i), half_, tall);
    else
      put_fractals(gm[static_cast<std::uint64_t>(i % stages_ * s_.rows * s_.keys)], p, first_, rows_,
                   it.keys_of(i), half_, tall);
    out_[which].FreeTensor(p);
  }

  __aicore__ void make_weights(const Item& it, std::int64_t i) {
    using namespace AscendC;
    using namespace attention_detail;
    hear<direct>(kScoresReady);
    if (rows_ > 0) {
      const std::int64_t keys = it.keys_of(i), row0 = it.row0 + first_, key0 = it.key_of(i);
      const auto n = static_cast<std::int32_t>(rows_ * s_.keys);
      const Reals x = take(0, scores_, i, keys), d = take(1, slopes_, i, keys);
      PipeBarrier<PIPE_V>();
      Muls(x, x, s_.scale, n);
      PipeBarrier<PIPE_V>();
      if (visible_.cuts(s_, row0, rows_, key0, keys)) visible_.apply(s_, x, row0, rows_, key0);
      by_row<By::subtract>(x, blocks_[kLse].template Get<float>(), rows_, s_.keys, s_.keys);
      by_row<By::subtract>(d, blocks_[kDelta].template Get<float>(), rows_, s_.keys, s_.keys);
      PipeBarrier<PIPE_V>();
      Exp(x, x, n);
      PipeBarrier<PIPE_V>();
      Mul(d, d, x, n);
      give(0, x, weights_, it, i);
      PipeBarrier<PIPE_V>();
      give(1, d, deltas_, it, i);
    }
    if constexpr (direct) {
      tell<true, PIPE_V>(kScoresTaken);
      ++seen_;
    }
    tell<direct, PIPE_MTE3>(kWeightsReady);
  }

  AttentionShape s_;
  AscendC::TPipe pipe_;
  attention_detail::SharedMemory weight_memory_, delta_memory_;
  attention_detail::Visibility visible_;
  AscendC::TQue<AscendC::TPosition::VECIN, 2> in_[2];
  AscendC::TQue<AscendC::TPosition::VECOUT, 1> out_[2];
  AscendC::TBuf<AscendC::TPosition::VECCALC> room_, blocks_[2], values_;
  AscendC::GlobalTensor<T> o_, grad_, weights_, deltas_;
  AscendC::GlobalTensor<float> scores_, slopes_, lse_;
  std::int64_t first_ = 0, rows_ = 0, half_ = 0, block_ = 0, stages_ = 0, seen_ = 0;
};

// Clears fp32 gradients, and casts them into tensors of T: elements [0, n), dealt in chunks to all vector
// cores.
template <class T>
class AttentionGradients {
 public:
  __aicore__ void Init() {
    pipe_.InitBuffer(in_, 2, kChunk * 4);
    pipe_.InitBuffer(out_, 2, kChunk * 4);
  }
  __aicore__ void Clear(GmAddress sums, std::int64_t n) {
    using namespace AscendC;
    GlobalTensor<float> gm;
    gm.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(sums));
    LocalTensor<float> zero = out_.template AllocTensor<float>();
    Duplicate(zero, 0.0f, static_cast<std::int32_t>(kChunk));
    out_.EnQue(zero);
    zero = out_.template DeQue<float>();
    for_chunks(n, [&](std::int64_t at, std::int64_t count) {
      row::store_rows(gm[static_cast<std::uint64_t>(at)], zero, 1, count, kChunk, kChunk);
    });
    out_.FreeTensor(zero);
  }
  __aicore__ void Finish(GmAddress sums, GmAddress result, std::int64_t n, float scale) {
    using namespace AscendC;
    GlobalTensor<float> from;
    GlobalTensor<T> to;
    from.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(sums));
    to.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(result));
    for_chunks(n, [&](std::int64_t at, std::int64_t count) {
      LocalTensor<float> x = in_.template AllocTensor<float>();
      row::load_rows(x, from[static_cast<std::uint64_t>(at)], 1, count, kChunk, kChunk);
      in_.EnQue(x);
      x = in_.template DeQue<float>();
      LocalTensor<T> y = out_.template AllocTensor<T>();
      PipeBarrier<PIPE_V>();
      Muls(x, x, scale, static_cast<std::int32_t>(count));
      PipeBarrier<PIPE_V>();
      Cast(y, x, RoundMode::CAST_RINT, static_cast<std::uint32_t>(count));
      in_.FreeTensor(x);
      out_.EnQue(y);
      y = out_.template DeQue<T>();
      row::store_rows(to[static_cast<std::uint64_t>(at)], y, 1, count, kChunk, kChunk);
      out_.FreeTensor(y);
    });
  }
  __aicore__ void End() {
    in_.FreeAllEvent();
    out_.FreeAllEvent();
  }

 private:
  static constexpr std::int64_t kChunk = 8192;
  template <class F>
  __aicore__ void for_chunks(std::int64_t n, F f) {
    const std::int64_t cores = AscendC::GetBlockNum() * AscendC::GetTaskRation();
    for (std::int64_t at = AscendC::GetBlockIdx() * kChunk; at < n; at += cores * kChunk)
      f(at, row::min(kChunk, n - at));
  }
  AscendC::TPipe pipe_;
  AscendC::TQue<AscendC::TPosition::VECIN, 2> in_;
  AscendC::TQue<AscendC::TPosition::VECOUT, 2> out_;
};

}  // namespace etalon::kernels::npu
