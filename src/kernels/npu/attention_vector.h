// SPDX-License-Identifier: Apache-2.0
#pragma once

// Flash attention, a vector core's part: the online softmax of its half of the rows: weights from scores,
// the running maximum, sum and output.

#include "kernels/npu/attention_load.h"
#include "kernels/npu/attention_rows.h"

namespace etalon::kernels::npu {

template <class T, bool direct>
class AttentionVector {
 public:
  // `lse`: log of the sum of exponentials per query, [batch, heads, seq_q]; may be null, must be null if
  // heads are packed.
  __aicore__ void Init(GmAddress o, GmAddress lse, GmAddress workspace, const AttentionShape& s) {
    using namespace attention_detail;
    s_ = s;
    o_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(o));
    const Exchange x(s);
    pitch_v_ = x.pitch_v;
    stages_ = x.stages;
    block_ = AscendC::GetBlockIdx() / AscendC::GetTaskRation();
    const GmAddress mine = workspace + block_ * x.block_bytes();
    scores_.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(mine));
    weights_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(mine + x.weights_at()));
    outputs_.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(mine + x.outputs_at()));
    auto* partial =
        reinterpret_cast<__gm__ float*>(workspace + attention_partial_at(s, AscendC::GetBlockNum()));
    partial_.SetGlobalBuffer(partial);
    has_lse_ = s.splits > 1 || lse != nullptr;
    lse_.SetGlobalBuffer(s.splits > 1 ? partial + s.splits * all_rows(s) * s.dim_v
                                      : reinterpret_cast<__gm__ float*>(lse));
    memory_.layout<T, direct>(pipe_, s);
    const std::int64_t half = s.rows / 2;
    const auto bytes = [&](std::int64_t per_row) { return static_cast<std::uint32_t>(half * per_row); };
    pipe_.InitBuffer(out_, direct ? 2 : static_cast<std::uint8_t>(s.out_places),
                     bytes(2 * (s.keys > pitch_v_ ? s.keys : pitch_v_)));
    if constexpr (!direct) {
      pipe_.InitBuffer(in_, 2, bytes(s.keys * 4));
      pipe_.InitBuffer(parts_, 1, bytes(row::min(pitch_v_, kDepth) * 4));
    }
    pipe_.InitBuffer(total_, bytes(pitch_v_ * 4));
    pipe_.InitBuffer(room_, bytes(64 * 4));
    pipe_.InitBuffer(blocks_, static_cast<std::uint32_t>(row::align(half, 8) * 32));
    pipe_.InitBuffer(values_, static_cast<std::uint32_t>(kMostHalf * 4 * kValues));
    visible_.layout(pipe_, s);
  }

  __aicore__ void Process() {
    using namespace attention_detail;
    if constexpr (direct) {
      for (std::int64_t i = 0; i < kScorePlaces; ++i) tell<true, PIPE_V>(kScoresTaken);
      for (std::int64_t i = 0; i < output_places(s_); ++i) tell<true, PIPE_V>(kOutputTaken);
    }
    run();
    in_.FreeAllEvent();
    out_.FreeAllEvent();
    parts_.FreeAllEvent();
  }

 private:
  using Reals = row::Reals;
  using Step = attention_detail::Step;
  // One value per row each: new maximum, row results; of the last tiles their corrections; of the last items
  // (there may be as many as tiles) running maximum and sum.
  enum {
    kNewMaximum,
    kRow,
    kCorrection,
    kMaximum = kCorrection + attention_detail::kMostStages,
    kSum = kMaximum + attention_detail::kMostStages,
    kValues = kSum + attention_detail::kMostStages
  };
  __aicore__ Reals value(std::int64_t which) const {
    return values_.template Get<float>()[static_cast<std::uint32_t>(which * attention_detail::kMostHalf)];
  }
  __aicore__ Reals maximum(const Step& step) const { return value(kMaximum + step.item_count % stages_); }
  __aicore__ Reals sum(const Step& step) const { return value(kSum + step.item_count % stages_); }

  // Which rows of an item are this core's.
  __aicore__ void take_rows(const attention_detail::Item& it) {
    half_ = row::ceil_div(it.queries, 2);
    first_ = AscendC::GetSubBlockIdx() * half_;
    rows_ = row::min(half_, it.queries - first_);
  }

  // Weights of each tile, whichever item it belongs to, and the output of the one `lag` before it.
  __aicore__ void run() {
    attention_detail::Walk walk;
    attention_detail::Window begun;
    walk.Init(s_, block_, AscendC::GetBlockNum());
    for (Step step; walk.next(step, true);) {
      const bool is_empty = step.it.steps() <= 0;
      if (!is_empty) {
        make_weights(step);
        begun.begin(step);
      }
      const bool ends = is_empty || (s_.apart && step.is_last());
      while (begun.size() > (ends ? 0 : s_.lag)) add_output(begun.end());
      if (is_empty) finish(step);
    }
    while (begun.size() > 0) add_output(begun.end());
  }

  __aicore__ void make_weights(const Step& step) {
    using namespace AscendC;
    using namespace attention_detail;
    const Item& it = step.it;
    const std::int64_t keys = it.keys_of(step.i), stage = step.count % stages_;
    take_rows(it);
    hear<direct>(kScoresReady);
    if (rows_ > 0) {
      Reals x;
      if constexpr (direct) {
        x = memory_.scores(scores_seen_++);
        PipeBarrier<PIPE_V>();
      } else {
        x = in_.template AllocTensor<float>();
        const auto at = static_cast<std::uint64_t>((stage * s_.rows + first_) * s_.keys);
        const bool whole = keys == s_.keys;
        row::load_rows(x, scores_[at], whole ? 1 : rows_, whole ? rows_ * s_.keys : keys, s_.keys, s_.keys);
        in_.EnQue(x);
        x = in_.template DeQue<float>();
      }
      LocalTensor<T> p = out_.template AllocTensor<T>();
      softmax(step, x, keys);
      cast_to_fractals(p, x, rows_, s_.keys, half_);
      if constexpr (direct)
        tell<true, PIPE_V>(kScoresTaken);
      else
        in_.FreeTensor(x);
      out_.EnQue(p);
      p = out_.template DeQue<T>();
      const std::int64_t tall = row::align(it.queries, 16);
      if constexpr (direct)
        put_fractals(memory_.template weights<T>(stage), p, first_, rows_, keys, half_, tall);
      else
        put_fractals(weights_[static_cast<std::uint64_t>(stage * s_.rows * s_.keys)], p, first_, rows_, keys,
                     half_, tall);
      out_.FreeTensor(p);
    } else if constexpr (direct) {
      tell<true, PIPE_V>(kScoresTaken);
    }
    tell<direct, PIPE_MTE3>(kWeightsReady);
  }

  __aicore__ void softmax(const Step& step, const Reals& x, std::int64_t keys) {
    using namespace AscendC;
    using namespace attention_detail;
    if (step.is_first()) {
      Duplicate(maximum(step), kNever, kMostHalf);
      Duplicate(sum(step), 0.0f, kMostHalf);
    }
    const auto n = static_cast<std::int32_t>(rows_ * s_.keys);
    const auto rows = static_cast<std::uint8_t>(rows_);
    const Reals blocks = blocks_.template Get<float>(), room = room_.template Get<float>();
    for (std::int64_t c = 0; c < s_.keys && keys < s_.keys; c += 64) {  // keys beyond the end
      const std::int64_t live = keys - c;
      if (live >= 64) continue;
      const std::uint64_t dead[2] = {live <= 0 ? ~std::uint64_t{0} : ~((std::uint64_t{1} << live) - 1), 0};
      Duplicate(row::at(x, c), kNever, dead, rows, 1, static_cast<std::uint16_t>(s_.keys / 8));
      PipeBarrier<PIPE_V>();
    }
    Muls(x, x, s_.scale, n);
    PipeBarrier<PIPE_V>();
    for (std::int64_t p = 0; p < s_.more_passes; ++p) {
      Adds(x, x, 0.0f, n);
      PipeBarrier<PIPE_V>();
    }
    const std::int64_t row0 = step.it.row0 + first_, key0 = step.it.key_of(step.i);
    if (visible_.cuts(s_, row0, rows_, key0, keys)) visible_.apply(s_, x, row0, rows_, key0);
    reduce_rows<true>(value(kRow), x, room, rows_, s_.keys);
    const Reals correction = value(kCorrection + step.count % stages_);
    Max(value(kNewMaximum), maximum(step), value(kRow), kMostHalf);
    PipeBarrier<PIPE_V>();
    Sub(correction, maximum(step), value(kNewMaximum), kMostHalf);
    row::spread(blocks, value(kNewMaximum), rows_);
    PipeBarrier<PIPE_V>();
    Exp(correction, correction, kMostHalf);
    Adds(maximum(step), value(kNewMaximum), 0.0f, kMostHalf);
    by_row<By::subtract>(x, blocks, rows_, s_.keys, s_.keys);
    PipeBarrier<PIPE_V>();
    Exp(x, x, n);
    PipeBarrier<PIPE_V>();
    reduce_rows<false>(value(kRow), x, room, rows_, s_.keys);
    Mul(sum(step), sum(step), correction, kMostHalf);
    PipeBarrier<PIPE_V>();
    Add(sum(step), sum(step), value(kRow), static_cast<std::int32_t>(rows_));
  }

  __aicore__ void add_output(const Step& step) {
    using namespace AscendC;
    using namespace attention_detail;
    const std::int64_t stage = step.count % stages_;
    take_rows(step.it);
    hear<direct>(kOutputReady);
    if (rows_ <= 0) {
      if constexpr (direct) tell<true, PIPE_V>(kOutputTaken);
      return;
    }
    const Reals total = total_.template Get<float>(), blocks = blocks_.template Get<float>();
    PipeBarrier<PIPE_V>();
    if (step.is_first()) {
      Duplicate(total, 0.0f, static_cast<std::int32_t>(half_ * pitch_v_));
    } else {
      row::spread(blocks, value(kCorrection + stage), rows_);
      PipeBarrier<PIPE_V>();
      by_row<By::multiply>(total, blocks, rows_, s_.dim_v, pitch_v_);
    }
    PipeBarrier<PIPE_V>();
    if constexpr (direct) {
      add_columns(memory_.outputs(outputs_seen_++, output_places(s_)), 0, s_.dim_v, pitch_v_);
      tell<true, PIPE_V>(kOutputTaken);
    } else {
      const auto at = static_cast<std::uint64_t>((stage * s_.rows + first_) * pitch_v_);
      for (std::int64_t c = 0; c < s_.dim_v; c += kDepth) {
        const std::int64_t n = row::min(kDepth, s_.dim_v - c), pitch = row::min(kDepth, pitch_v_);
        const bool whole = n == pitch_v_;
        Reals part = parts_.template AllocTensor<float>();
        row::load_rows(part, outputs_[at + static_cast<std::uint64_t>(c)], whole ? 1 : rows_,
                       whole ? rows_ * n : n, pitch, pitch_v_);
        parts_.EnQue(part);
        part = parts_.template DeQue<float>();
        add_columns(part, c, n, pitch);
        parts_.FreeTensor(part);
      }
    }
    if (step.is_last()) finish(step);
  }
  // Adds columns [from, from + columns) of a part whose rows are `pitch` apart.
  __aicore__ void add_columns(const Reals& part, std::int64_t from, std::int64_t columns,
                              std::int64_t pitch) {
    using namespace AscendC;
    const Reals total = total_.template Get<float>();
    const auto mine = static_cast<std::uint8_t>(pitch_v_ / 8), its = static_cast<std::uint8_t>(pitch / 8);
    for (std::int64_t c = 0; c < columns; c += 64) {
      const auto mask = static_cast<std::uint64_t>(row::min(64, columns - c));
      const Reals t = row::at(total, from + c);
      Add(t, t, row::at(part, c), mask, static_cast<std::uint8_t>(rows_),
          BinaryRepeatParams(1, 1, 1, mine, mine, its));
    }
  }

  // The output of an item whose tiles are all added; zeros if it has none.
  __aicore__ void finish(const Step& step) {
    using namespace AscendC;
    using namespace attention_detail;
    const Item& it = step.it;
    const bool has_keys = it.steps() > 0;
    take_rows(it);
    if (rows_ <= 0) return;
    const Reals total = total_.template Get<float>(), blocks = blocks_.template Get<float>();
    PipeBarrier<PIPE_V>();
    if (has_keys) {
      row::spread(blocks, sum(step), rows_);
      PipeBarrier<PIPE_V>();
      by_row<By::divide>(total, blocks, rows_, s_.dim_v, pitch_v_);
    } else {
      Duplicate(total, 0.0f, static_cast<std::int32_t>(half_ * pitch_v_));
    }
    PipeBarrier<PIPE_V>();
    const std::int64_t row0 = it.row0 + first_;
    const std::int64_t flat = (it.split * lanes_of(s_) + it.lane) * lane_rows(s_) + row0;
    if (s_.splits > 1) {
      SetFlag<HardEvent::V_MTE3>(7);
      WaitFlag<HardEvent::V_MTE3>(7);
      row::store_rows(partial_[static_cast<std::uint64_t>(flat * s_.dim_v)], total, rows_, s_.dim_v, pitch_v_,
                      s_.dim_v);
      SetFlag<HardEvent::MTE3_V>(7);
      WaitFlag<HardEvent::MTE3_V>(7);
    } else {
      LocalTensor<T> out = out_.template AllocTensor<T>();
      Cast(out, total, RoundMode::CAST_RINT, static_cast<std::uint32_t>(rows_ * pitch_v_));
      out_.EnQue(out);
      out = out_.template DeQue<T>();
      for_runs(s_, row0, rows_, [&](std::int64_t at, std::int64_t n, std::int64_t query, std::int64_t head) {
        const std::int64_t to =
            it.batch * s_.o_batch + query * s_.o_row + (it.lane_head * s_.pack + head) * s_.o_head;
        row::store_rows(o_[static_cast<std::uint64_t>(to)], out[static_cast<std::uint32_t>(at * pitch_v_)], n,
                        s_.dim_v, pitch_v_, s_.pack == 1 ? s_.o_row : s_.o_head);
      });
      out_.FreeTensor(out);
    }
    if (!has_lse_) return;
    const Reals log_sum = room_.template Get<float>();
    if (has_keys) {
      Ln(log_sum, sum(step), static_cast<std::int32_t>(rows_));
      PipeBarrier<PIPE_V>();
      Add(log_sum, log_sum, maximum(step), static_cast<std::int32_t>(rows_));
    } else {
      Duplicate(log_sum, kNever, static_cast<std::int32_t>(rows_));
    }
    SetFlag<HardEvent::V_MTE3>(7);
    WaitFlag<HardEvent::V_MTE3>(7);
    DataCopyPad(lse_[static_cast<std::uint64_t>(flat)], log_sum,
                DataCopyExtParams(1, static_cast<std::uint32_t>(rows_ * 4), 0, 0, 0));
    SetFlag<HardEvent::MTE3_V>(7);
    WaitFlag<HardEvent::MTE3_V>(7);
  }

  AttentionShape s_;
  AscendC::TPipe pipe_;
  attention_detail::SharedMemory memory_;
  attention_detail::Visibility visible_;
  AscendC::TQue<AscendC::TPosition::VECIN, 2> in_;
  AscendC::TQue<AscendC::TPosition::VECIN, 1> parts_;
  AscendC::TQue<AscendC::TPosition::VECOUT, 2> out_;
  AscendC::TBuf<AscendC::TPosition::VECCALC> total_, room_, blocks_, values_;
  AscendC::GlobalTensor<T> o_, weights_;
  AscendC::GlobalTensor<float> scores_, outputs_, lse_, partial_;
  std::int64_t first_ = 0, rows_ = 0, half_ = 0, block_ = 0, pitch_v_ = 0, stages_ = 0;
  std::int64_t scores_seen_ = 0, outputs_seen_ = 0;
  bool has_lse_ = false;
};

}  // namespace etalon::kernels::npu
