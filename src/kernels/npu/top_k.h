// SPDX-License-Identifier: Apache-2.0
#pragma once

// Top-k gate of a mixture of experts on the vector cores, in Ascend C: softmax over the experts' scores of a
// token, the k largest with their experts, largest first (equal scores: the lower expert), weights summing to
// 1 if asked for. Sorting: 32 at a time, then merges of up to four lists.

#include "kernels/npu/row_ops.h"
#include "kernels/npu/stream.h"

namespace etalon::kernels::npu {

struct TopKTiling {
  std::int64_t tokens = 0, experts = 0;  // at most 512 experts
  std::int32_t k = 1;
  bool normalise = true;  // divide by the sum of the chosen
};

class TopK {
 public:
  // scores fp32 [tokens, experts]; weights fp32 and chosen int32 [tokens, k].
  __aicore__ void Init(GmAddress scores, GmAddress weights, GmAddress chosen, const TopKTiling& tiling) {
    t_ = tiling;
    padded_ = row::align(t_.experts, 64);
    chosen_ = row::align(t_.k, 8);
    scores_.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(scores));
    weights_.SetGlobalBuffer(reinterpret_cast<__gm__ float*>(weights));
    indices_.SetGlobalBuffer(reinterpret_cast<__gm__ std::uint32_t*>(chosen));
    const auto bytes = static_cast<std::uint32_t>(padded_ * 4);
    pipe_.InitBuffer(in_, 2, bytes);
    pipe_.InitBuffer(out_, 2, static_cast<std::uint32_t>(2 * chosen_ * 4));
    pipe_.InitBuffer(values_, bytes);
    pipe_.InitBuffer(experts_, bytes);
    pipe_.InitBuffer(pairs_[0], 2 * bytes);
    pipe_.InitBuffer(pairs_[1], 2 * bytes);
    pipe_.InitBuffer(offsets_, static_cast<std::uint32_t>(2 * chosen_ * 4));
    pipe_.InitBuffer(small_, 3 * 32 + 256);
  }
  __aicore__ void Process() {
    using namespace AscendC;
    // Constants: expert numbers, and where the scores and experts of the first k pairs are.
    CreateVecIndex(experts_.Get<std::int32_t>(), 0, static_cast<std::uint32_t>(padded_));
    const LocalTensor<std::int32_t> offsets = offsets_.Get<std::int32_t>();
    const auto n = static_cast<std::int32_t>(chosen_);
    CreateVecIndex(offsets, 0, static_cast<std::uint32_t>(chosen_));
    PipeBarrier<PIPE_V>();
    Muls(offsets, offsets, 8, n);
    PipeBarrier<PIPE_V>();
    Adds(offsets[static_cast<std::uint32_t>(chosen_)], offsets, 4, n);
    const row::Share mine = row::share_of(t_.tokens);
    for (std::int64_t i = mine.first; i < mine.last; ++i) run(i);
    in_.FreeAllEvent();
    out_.FreeAllEvent();
  }

 private:
  __aicore__ void run(std::int64_t token) {
    using namespace AscendC;
    const row::Reals values = values_.Get<float>(), small = small_.Get<float>(), reduce = small[16],
                     block = small[24];
    const auto n = static_cast<std::int32_t>(t_.experts);
    row::Reals x = in_.AllocTensor<float>();
    row::load_rows(x, scores_[static_cast<std::uint64_t>(token * t_.experts)], 1, t_.experts, padded_,
                   t_.experts);
    in_.EnQue(x);
    x = in_.DeQue<float>();
    PipeBarrier<PIPE_V>();
    ReduceMax(small, x, reduce, n);
    Duplicate(values, -1.0f,
              static_cast<std::int32_t>(padded_));  // beyond the experts: below any probability
    PipeBarrier<PIPE_V>();
    row::spread(block, small, 1);
    PipeBarrier<PIPE_V>();
    row::apply<row::Step::subtract>(x, x, block, 1, t_.experts, padded_);
    PipeBarrier<PIPE_V>();
    Exp(values, x, n);
    in_.FreeTensor(x);
    PipeBarrier<PIPE_V>();
    if (!t_.normalise) {
      ReduceSum(small, values, reduce, n);
      PipeBarrier<PIPE_V>();
      row::spread(block, small, 1);
      PipeBarrier<PIPE_V>();
      row::apply<row::Step::divide>(values, values, block, 1, t_.experts, padded_);
      PipeBarrier<PIPE_V>();
    }
    const row::Reals sorted = sort(values);
    PipeBarrier<PIPE_V>();
    row::Reals out = out_.AllocTensor<float>();
    const LocalTensor<std::uint32_t> offsets = offsets_.Get<std::uint32_t>();
    const auto k = static_cast<std::uint32_t>(t_.k);
    const row::Reals experts = row::at(out, chosen_);
    Gather(out, sorted, offsets, 0u, k);
    Gather(experts, sorted, offsets[static_cast<std::uint32_t>(chosen_)], 0u, k);
    PipeBarrier<PIPE_V>();
    if (t_.normalise) {
      ReduceSum(small, out, reduce, t_.k);
      PipeBarrier<PIPE_V>();
      row::spread(block, small, 1);
      PipeBarrier<PIPE_V>();
      row::apply<row::Step::divide>(out, out, block, 1, t_.k, chosen_);
    }
    out_.EnQue(out);
    out = out_.DeQue<float>();
    const auto at = static_cast<std::uint64_t>(token * t_.k);
    row::store_rows(weights_[at], out, 1, t_.k, chosen_, t_.k);
    row::store_rows(indices_[at], experts.ReinterpretCast<std::uint32_t>(), 1, t_.k, chosen_, t_.k);
    out_.FreeTensor(out);
  }

  // (score, expert) pairs of the whole row, largest first.
  __aicore__ row::Reals sort(const row::Reals& values) {
    using namespace AscendC;
    row::Reals from = pairs_[0].Get<float>(), to = pairs_[1].Get<float>();
    Sort32(from, values, experts_.Get<std::uint32_t>(), static_cast<std::int32_t>(padded_ / 32));
    for (std::int64_t length = 32; length < padded_; length *= 4) {
      PipeBarrier<PIPE_V>();
      for (std::int64_t at = 0; at < padded_; at += 4 * length) {
        MrgSort4Info info;
        std::uint32_t starts[4] = {};
        for (int i = 0; i < 4; ++i) {
          const std::int64_t begin = at + i * length;
          if (begin >= padded_) continue;
          starts[i] = static_cast<std::uint32_t>(2 * begin);
          info.elementLengths[i] = static_cast<std::uint16_t>(row::min(length, padded_ - begin));
          info.validBit = static_cast<std::uint16_t>(info.validBit | (1u << i));
        }
        MrgSort(to[static_cast<std::uint32_t>(2 * at)],
                MrgSortSrcList<float>{from[starts[0]], from[starts[1]], from[starts[2]], from[starts[3]]},
                info);
      }
      const row::Reals swap = from;
      from = to;
      to = swap;
    }
    return from;
  }

  TopKTiling t_;
  std::int64_t padded_ = 0, chosen_ = 0;
  AscendC::TPipe pipe_;
  AscendC::TQue<AscendC::TPosition::VECIN, 2> in_;
  AscendC::TQue<AscendC::TPosition::VECOUT, 2> out_;
  AscendC::TBuf<AscendC::TPosition::VECCALC> values_, experts_, pairs_[2], offsets_, small_;
  AscendC::GlobalTensor<float> scores_, weights_;
  AscendC::GlobalTensor<std::uint32_t> indices_;
};

inline __global__ __aicore__ void top_k_kernel(GmAddress scores, GmAddress weights, GmAddress chosen,
                                               const TopKTiling& tiling) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_AIV_ONLY);
  TopK kernel;
  kernel.Init(scores, weights, chosen, tiling);
  kernel.Process();
}

}  // namespace etalon::kernels::npu
