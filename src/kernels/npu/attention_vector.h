// SPDX-License-Identifier: Apache-2.0
#pragma once

// Flash attention, a vector core's part: weights from scores, the running maximum, sum and output.

#include "kernels/npu/attention_item.h"

namespace etalon::kernels::npu {

// A vector core's part: the online softmax of its 64 queries.
template <class T>
class AttentionVector {
 public:
  // `lse`: log of the sum of exponentials per query, [batch, heads, seq_q]; may be null.
  __aicore__ void Init(GmAddress o, GmAddress lse, GmAddress workspace, const AttentionShape& s) {
    using namespace attention_detail;
    s_ = s;
    o_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(o));
    lse_.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(lse));
    has_lse_ = lse != nullptr;
    const std::int64_t block = AscendC::GetBlockIdx() / AscendC::GetTaskRation();
    const GmAddress mine = workspace + block * kWorkspaceBytes;
    first_ = AscendC::GetSubBlockIdx() * kHalf;
    scores_.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(mine));
    weights_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(mine + kStages * kScoreBytes));
    outputs_.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(mine + kStages * (kScoreBytes + kWeightBytes)));
    pipe_.InitBuffer(in_, 2, kHalf * kKeys * 4);
    pipe_.InitBuffer(out_, 1, kHalf * kKeys * 2);
    pipe_.InitBuffer(parts_, 1, kHalf * 128 * 4);
    pipe_.InitBuffer(total_, kHalf * 128 * 4);
    pipe_.InitBuffer(room_, kHalf * 64 * 4);
    pipe_.InitBuffer(blocks_, kHalf * 32);
    pipe_.InitBuffer(bits_, kHalf * kKeys / 8);
    pipe_.InitBuffer(values_, kHalf * 4 * (4 + kStages));
  }

  __aicore__ void Process() {
    using namespace attention_detail;
    const std::int64_t block = AscendC::GetBlockIdx() / AscendC::GetTaskRation();
    for (std::int64_t index = block; index < items_of(s_); index += AscendC::GetBlockNum())
      run(item_at(s_, index));
    in_.FreeAllEvent();
    out_.FreeAllEvent();
    parts_.FreeAllEvent();
  }

 private:
  using Reals = row::Reals;
  static constexpr float kNever = -1e30f;
  // One value per query each: running maximum and sum, new maximum, row results, corrections of kStages
  // steps.
  __aicore__ Reals value(int which) const {
    return values_.template Get<float>()[static_cast<std::uint32_t>(which * attention_detail::kHalf)];
  }
  enum { kMaximum, kSum, kNewMaximum, kRow, kCorrection };

  __aicore__ void run(const attention_detail::Item& it) {
    using namespace AscendC;
    using namespace attention_detail;
    const std::int64_t steps = it.steps();
    rows_ = row::min(kHalf, it.queries - first_);
    if (rows_ < 0) rows_ = 0;
    Duplicate(value(kMaximum), kNever, kHalf);
    Duplicate(value(kSum), 0.0f, kHalf);
    Duplicate(total_.template Get<float>(), 0.0f, kHalf * 128);
    PipeBarrier<PIPE_V>();
    for (std::int64_t i = 0; i < steps + kLag && steps > 0; ++i) {
      if (i < steps) make_weights(it, i);
      if (i >= kLag) add_output(i - kLag);
    }
    if (rows_ > 0) finish(it);
  }

  // Bits of the keys each query sees: key c of row r if c <= r + delta. Written once for all blocks on the
  // diagonal.
  __aicore__ void make_bits(std::int64_t delta) {
    using namespace AscendC;
    using namespace attention_detail;
    if (bits_made_ && delta == bits_delta_) return;
    const auto bits = bits_.template Get<std::uint32_t>();
    SetFlag<HardEvent::V_S>(0);
    WaitFlag<HardEvent::V_S>(0);
    for (std::int64_t r = 0; r < kHalf; ++r) {
      for (std::int64_t w = 0; w < kKeys / 32; ++w) {
        const std::int64_t seen = r + delta + 1 - w * 32;  // of these 32 keys
        const std::uint32_t word = seen >= 32 ? 0xffffffffu : seen <= 0 ? 0u : (1u << seen) - 1;
        bits.SetValue(static_cast<std::uint32_t>(r * kKeys / 32 + w), word);
      }
    }
    SetFlag<HardEvent::S_V>(0);
    WaitFlag<HardEvent::S_V>(0);
    bits_made_ = true;
    bits_delta_ = delta;
  }

  // The largest or the sum of each row of 128: halves of a row, then blocks of eight, then the eight.
  template <bool largest>
  __aicore__ void reduce_rows(const Reals& to, const Reals& x) {
    using namespace AscendC;
    const Reals room = room_.template Get<float>();
    const auto rows = static_cast<std::uint8_t>(rows_);
    const BinaryRepeatParams halves(1, 1, 1, 8, 16, 16);
    if (largest)
      Max(room, x, x[64], std::uint64_t{64}, rows, halves);
    else
      Add(room, x, x[64], std::uint64_t{64}, rows, halves);
    PipeBarrier<PIPE_V>();
    if (largest)
      BlockReduceMax(room, room, rows_, std::uint64_t{64}, 1, 1, 8);
    else
      BlockReduceSum(room, room, rows_, std::uint64_t{64}, 1, 1, 8);
    PipeBarrier<PIPE_V>();
    const auto repeats = static_cast<std::int32_t>(row::ceil_div(rows_, 8));
    if (largest)
      BlockReduceMax(to, room, repeats, std::uint64_t{64}, 1, 1, 8);
    else
      BlockReduceSum(to, room, repeats, std::uint64_t{64}, 1, 1, 8);
  }

  __aicore__ void make_weights(const attention_detail::Item& it, std::int64_t i) {
    using namespace AscendC;
    using namespace attention_detail;
    const std::int64_t keys = it.keys_of(i);
    CrossCoreWaitFlag(kScoresReady);
    if (rows_ > 0) {
      Reals x = in_.template AllocTensor<float>();
      const std::uint64_t at = static_cast<std::uint64_t>((i % kStages * kQueries + first_) * kKeys);
      row::load_rows(x, scores_[at], keys == kKeys ? 1 : rows_, keys == kKeys ? rows_ * kKeys : keys, kKeys,
                     kKeys);
      in_.EnQue(x);
      x = in_.template DeQue<float>();
      LocalTensor<T> p = out_.template AllocTensor<T>();
      softmax(it, i, x, keys);
      Cast(p, x, RoundMode::CAST_RINT, static_cast<std::uint32_t>(rows_ * kKeys));
      in_.FreeTensor(x);
      out_.EnQue(p);
      p = out_.template DeQue<T>();
      DataCopy(weights_[at], p, static_cast<std::uint32_t>(rows_ * kKeys));
      out_.FreeTensor(p);
    }
    CrossCoreSetFlag<2, PIPE_MTE3>(kWeightsReady);
  }

  __aicore__ void softmax(const attention_detail::Item& it, std::int64_t i, const Reals& x,
                          std::int64_t keys) {
    using namespace AscendC;
    using namespace attention_detail;
    const auto n = static_cast<std::int32_t>(rows_ * kKeys);
    const auto rows = static_cast<std::uint8_t>(rows_);
    const Reals blocks = blocks_.template Get<float>();
    for (std::int64_t half = 0; half < 2 && keys < kKeys; ++half) {  // keys beyond the end
      const std::int64_t live = keys - half * 64;
      if (live >= 64) continue;
      const std::uint64_t dead[2] = {live <= 0 ? ~std::uint64_t{0} : ~((std::uint64_t{1} << live) - 1), 0};
      Duplicate(x[static_cast<std::uint32_t>(half * 64)], kNever, dead, rows, 1, 16);
      PipeBarrier<PIPE_V>();
    }
    Muls(x, x, s_.scale, n);
    PipeBarrier<PIPE_V>();
    const std::int64_t delta = it.q0 + first_ + s_.seq_kv - s_.seq_q - i * kKeys;
    if (s_.causal && delta < kKeys - 1) {
      make_bits(delta);
      Select(x, bits_.template Get<std::uint8_t>(), x, kNever, SELMODE::VSEL_TENSOR_SCALAR_MODE,
             static_cast<std::uint32_t>(n));
      PipeBarrier<PIPE_V>();
    }
    reduce_rows<true>(value(kRow), x);
    PipeBarrier<PIPE_V>();
    const Reals correction = value(kCorrection + static_cast<int>(i % kStages));
    Max(value(kNewMaximum), value(kMaximum), value(kRow), kHalf);
    PipeBarrier<PIPE_V>();
    Sub(correction, value(kMaximum), value(kNewMaximum), kHalf);
    row::spread(blocks, value(kNewMaximum), kHalf);
    PipeBarrier<PIPE_V>();
    Exp(correction, correction, kHalf);
    Adds(value(kMaximum), value(kNewMaximum), 0.0f, kHalf);
    const BinaryRepeatParams by_row(1, 1, 0, 16, 16, 1);
    for (std::uint32_t half = 0; half < 2; ++half) {
      Sub(x[half * 64], x[half * 64], blocks, std::uint64_t{64}, rows, by_row);
    }
    PipeBarrier<PIPE_V>();
    Exp(x, x, n);
    PipeBarrier<PIPE_V>();
    reduce_rows<false>(value(kRow), x);
    Mul(value(kSum), value(kSum), correction, kHalf);
    PipeBarrier<PIPE_V>();
    Add(value(kSum), value(kSum), value(kRow), static_cast<std::int32_t>(rows_));
  }

  __aicore__ void add_output(std::int64_t i) {
    using namespace AscendC;
    using namespace attention_detail;
    CrossCoreWaitFlag(kOutputReady);
    if (rows_ == 0) return;
    Reals part = parts_.template AllocTensor<float>();
    const auto from = outputs_[static_cast<std::uint64_t>((i % kStages * kQueries + first_) * 128)];
    const bool whole = s_.dim_v == 128;
    row::load_rows(part, from, whole ? 1 : rows_, whole ? rows_ * 128 : s_.dim_v, 128, 128);
    parts_.EnQue(part);
    part = parts_.template DeQue<float>();
    const Reals total = total_.template Get<float>(), blocks = blocks_.template Get<float>();
    const auto rows = static_cast<std::uint8_t>(rows_);
    const BinaryRepeatParams by_row(1, 1, 0, 16, 16, 1), alike(1, 1, 1, 16, 16, 16);
    PipeBarrier<PIPE_V>();
    row::spread(blocks, value(kCorrection + static_cast<int>(i % kStages)), kHalf);
    PipeBarrier<PIPE_V>();
    for (std::int64_t c = 0; c < s_.dim_v; c += 64) {
      const auto mask = static_cast<std::uint64_t>(row::min(64, s_.dim_v - c));
      const Reals t = row::at(total, c);
      Mul(t, t, blocks, mask, rows, by_row);
    }
    PipeBarrier<PIPE_V>();
    for (std::int64_t c = 0; c < s_.dim_v; c += 64) {
      const auto mask = static_cast<std::uint64_t>(row::min(64, s_.dim_v - c));
      Add(row::at(total, c), row::at(total, c), row::at(part, c), mask, rows, alike);
    }
    parts_.FreeTensor(part);
  }

  __aicore__ void finish(const attention_detail::Item& it) {
    using namespace AscendC;
    const Reals total = total_.template Get<float>(), blocks = blocks_.template Get<float>();
    const auto rows = static_cast<std::uint8_t>(rows_);
    PipeBarrier<PIPE_V>();
    row::spread(blocks, value(kSum), attention_detail::kHalf);
    PipeBarrier<PIPE_V>();
    for (std::int64_t c = 0; c < s_.dim_v && it.keys > 0; c += 64) {
      const auto mask = static_cast<std::uint64_t>(row::min(64, s_.dim_v - c));
      Div(row::at(total, c), row::at(total, c), blocks, mask, rows, BinaryRepeatParams(1, 1, 0, 16, 16, 1));
    }
    PipeBarrier<PIPE_V>();
    LocalTensor<T> out = out_.template AllocTensor<T>();
    Cast(out, total, RoundMode::CAST_RINT, static_cast<std::uint32_t>(rows_ * 128));
    out_.EnQue(out);
    out = out_.template DeQue<T>();
    const std::int64_t query = it.q0 + first_;
    row::store_rows(
        o_[static_cast<std::uint64_t>(it.batch * s_.o_batch + it.head * s_.o_head + query * s_.o_row)], out,
        rows_, s_.dim_v, 128, s_.o_row);
    out_.FreeTensor(out);
    if (!has_lse_) return;
    Reals log_sum = parts_.template AllocTensor<float>();
    Ln(log_sum, value(kSum), static_cast<std::int32_t>(rows_));
    PipeBarrier<PIPE_V>();
    Add(log_sum, log_sum, value(kMaximum), static_cast<std::int32_t>(rows_));
    SetFlag<HardEvent::V_MTE3>(7);
    WaitFlag<HardEvent::V_MTE3>(7);
    DataCopyPad(lse_[static_cast<std::uint64_t>((it.batch * s_.heads + it.head) * s_.seq_q + query)], log_sum,
                DataCopyExtParams(1, static_cast<std::uint32_t>(rows_ * 4), 0, 0, 0));
    SetFlag<HardEvent::MTE3_MTE2>(7);
    WaitFlag<HardEvent::MTE3_MTE2>(7);
    parts_.FreeTensor(log_sum);
  }

  AttentionShape s_;
  AscendC::TPipe pipe_;
  AscendC::TQue<AscendC::TPosition::VECIN, 2> in_;
  AscendC::TQue<AscendC::TPosition::VECIN, 1> parts_;
  AscendC::TQue<AscendC::TPosition::VECOUT, 1> out_;
  AscendC::TBuf<AscendC::TPosition::VECCALC> total_, room_, blocks_, bits_, values_;
  AscendC::GlobalTensor<T> o_, weights_;
  AscendC::GlobalTensor<float> scores_, outputs_, lse_;
  std::int64_t first_ = 0, rows_ = 0, bits_delta_ = 0;
  bool has_lse_ = false, bits_made_ = false;
};

}  // namespace etalon::kernels::npu
