// SPDX-License-Identifier: Apache-2.0
#pragma once

// Attention with split keys, the last pass: the parts' outputs, each weighted by its share of the sum of
// exponentials, become one. Rows are dealt to all vector cores.

#include "kernels/npu/attention_rows.h"

namespace etalon::kernels::npu {

template <class T>
class AttentionCombine {
 public:
  __aicore__ void Init(GmAddress o, GmAddress lse, GmAddress workspace, const AttentionShape& s) {
    using namespace attention_detail;
    s_ = s;
    pitch_ = row::align(s.dim_v, 64);
    auto* partial =
        reinterpret_cast<__gm__ float*>(workspace + attention_partial_at(s, AscendC::GetBlockNum()));
    partial_.SetGlobalBuffer(partial);
    sums_.SetGlobalBuffer(partial + s.splits * all_rows(s) * s.dim_v);
    o_.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(o));
    has_lse_ = lse != nullptr;
    lse_.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(lse));
    const auto tile = static_cast<std::uint32_t>(kRows * pitch_);
    pipe_.InitBuffer(in_, 2, tile * 4);
    pipe_.InitBuffer(out_, 1, tile * 2);
    pipe_.InitBuffer(total_, tile * 4);
    pipe_.InitBuffer(blocks_, kRows * 32);
    pipe_.InitBuffer(weights_, static_cast<std::uint32_t>(s.splits * kPlace * 4));
    pipe_.InitBuffer(values_, 2 * kPlace * 4);
  }

  __aicore__ void Process() {
    using namespace attention_detail;
    const std::int64_t cores = AscendC::GetBlockNum() * AscendC::GetTaskRation(), of_lane = lane_rows(s_),
                       per_lane = row::ceil_div(of_lane, kRows), tiles = lanes_of(s_) * per_lane;
    for (std::int64_t i = AscendC::GetBlockIdx(); i < tiles; i += cores) {
      const std::int64_t lane = i / per_lane, row0 = i % per_lane * kRows;
      combine(lane, row0, row::min(kRows, of_lane - row0));
    }
    in_.FreeAllEvent();
    out_.FreeAllEvent();
  }

 private:
  using Reals = row::Reals;
  static constexpr std::int64_t kRows = 16, kPlace = 16;  // rows of a tile, values kept for them

  __aicore__ void combine(std::int64_t lane, std::int64_t row0, std::int64_t rows) {
    using namespace AscendC;
    using namespace attention_detail;
    const std::int64_t flat = lane * lane_rows(s_) + row0, all = all_rows(s_);
    const Reals weights = weights_.template Get<float>(), values = values_.template Get<float>(),
                sum = row::at(values, kPlace), total = total_.template Get<float>(),
                blocks = blocks_.template Get<float>();
    const auto place = static_cast<std::int32_t>(kPlace);
    Duplicate(weights, kNever, static_cast<std::int32_t>(s_.splits * kPlace));
    SetFlag<HardEvent::V_MTE2>(7);
    WaitFlag<HardEvent::V_MTE2>(7);
    row::load_rows(weights, sums_[static_cast<std::uint64_t>(flat)], s_.splits, rows, kPlace, all);
    SetFlag<HardEvent::MTE2_V>(7);
    WaitFlag<HardEvent::MTE2_V>(7);
    Duplicate(values, kNever, place);
    Duplicate(sum, 0.0f, place);
    Duplicate(total, 0.0f, static_cast<std::int32_t>(kRows * pitch_));
    PipeBarrier<PIPE_V>();
    for (std::int64_t p = 0; p < s_.splits; ++p) {
      Max(values, values, row::at(weights, p * kPlace), place);
      PipeBarrier<PIPE_V>();
    }
    for (std::int64_t p = 0; p < s_.splits; ++p) {
      const Reals w = row::at(weights, p * kPlace);
      Sub(w, w, values, place);
      PipeBarrier<PIPE_V>();
      Exp(w, w, place);
      PipeBarrier<PIPE_V>();
      Add(sum, sum, w, place);
      row::spread(blocks, w, rows);
      Reals part = in_.template AllocTensor<float>();
      row::load_rows(part, partial_[static_cast<std::uint64_t>((p * all + flat) * s_.dim_v)], rows, s_.dim_v,
                     pitch_, s_.dim_v);
      in_.EnQue(part);
      part = in_.template DeQue<float>();
      PipeBarrier<PIPE_V>();
      by_row<By::multiply>(part, blocks, rows, s_.dim_v, pitch_);
      PipeBarrier<PIPE_V>();
      Add(total, total, part, static_cast<std::int32_t>(rows * pitch_));
      in_.FreeTensor(part);
      PipeBarrier<PIPE_V>();
    }
    row::spread(blocks, sum, rows);
    PipeBarrier<PIPE_V>();
    by_row<By::divide>(total, blocks, rows, s_.dim_v, pitch_);
    PipeBarrier<PIPE_V>();
    LocalTensor<T> out = out_.template AllocTensor<T>();
    Cast(out, total, RoundMode::CAST_RINT, static_cast<std::uint32_t>(rows * pitch_));
    out_.EnQue(out);
    out = out_.template DeQue<T>();
    const std::int64_t lanes = s_.heads / s_.pack;
    for_runs(s_, row0, rows, [&](std::int64_t at, std::int64_t n, std::int64_t query, std::int64_t head) {
      const std::int64_t to =
          lane / lanes * s_.o_batch + query * s_.o_row + (lane % lanes * s_.pack + head) * s_.o_head;
      row::store_rows(o_[static_cast<std::uint64_t>(to)], out[static_cast<std::uint32_t>(at * pitch_)], n,
                      s_.dim_v, pitch_, s_.pack == 1 ? s_.o_row : s_.o_head);
    });
    out_.FreeTensor(out);
    if (!has_lse_) return;
    Ln(sum, sum, place);
    PipeBarrier<PIPE_V>();
    Add(sum, sum, values, place);
    SetFlag<HardEvent::V_MTE3>(7);
    WaitFlag<HardEvent::V_MTE3>(7);
    DataCopyPad(lse_[static_cast<std::uint64_t>(flat)], sum,
                DataCopyExtParams(1, static_cast<std::uint32_t>(rows * 4), 0, 0, 0));
    SetFlag<HardEvent::MTE3_V>(7);
    WaitFlag<HardEvent::MTE3_V>(7);
  }

  AttentionShape s_;
  AscendC::TPipe pipe_;
  AscendC::TQue<AscendC::TPosition::VECIN, 2> in_;
  AscendC::TQue<AscendC::TPosition::VECOUT, 1> out_;
  AscendC::TBuf<AscendC::TPosition::VECCALC> total_, blocks_, weights_, values_;
  AscendC::GlobalTensor<T> o_;
  AscendC::GlobalTensor<float> partial_, sums_, lse_;
  std::int64_t pitch_ = 0;
  bool has_lse_ = false;
};

}  // namespace etalon::kernels::npu
