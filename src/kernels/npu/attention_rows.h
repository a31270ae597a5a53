// SPDX-License-Identifier: Apache-2.0
#pragma once

// Steps on tiles of scores in UB that the attention kernels share: reductions of rows, a value per row
// applied to rows of any pitch, the bits of the keys each row sees, weights cast into fractals.

#include "kernels/npu/attention_item.h"

namespace etalon::kernels::npu::attention_detail {

using Reals = row::Reals;
constexpr float kNever = -1e30f;

// to[r] = the largest or the sum of the first `columns` (a multiple of 64) of row r: chunks of 64 upon one
// another, then blocks of eight, then the eight. `room` holds 64 values a row.
template <bool largest>
__aicore__ inline void reduce_rows(const Reals& to, const Reals& x, const Reals& room, std::int64_t rows,
                                   std::int64_t columns) {
  using namespace AscendC;
  const auto n = static_cast<std::uint8_t>(rows);
  const auto step = static_cast<std::uint8_t>(columns / 8);
  const auto blocks = [&](const Reals& dst, const Reals& src, std::int32_t repeats, std::int32_t pitch) {
    if (largest)
      BlockReduceMax(dst, src, repeats, std::uint64_t{64}, 1, 1, pitch);
    else
      BlockReduceSum(dst, src, repeats, std::uint64_t{64}, 1, 1, pitch);
    PipeBarrier<PIPE_V>();
  };
  for (std::int64_t c = 64; c < columns; c += 64) {
    const BinaryRepeatParams p(1, 1, 1, 8, c == 64 ? step : 8, step);
    const Reals &a = c == 64 ? x : room, b = row::at(x, c);
    if (largest)
      Max(room, a, b, std::uint64_t{64}, n, p);
    else
      Add(room, a, b, std::uint64_t{64}, n, p);
    PipeBarrier<PIPE_V>();
  }
  blocks(room, columns > 64 ? room : x, static_cast<std::int32_t>(rows), 8);
  blocks(to, room, static_cast<std::int32_t>(row::ceil_div(rows, 8)), 8);
}

enum class By { subtract, multiply, divide };

// Each row of x (columns of them, `pitch` apart, a multiple of 64) by its value in `blocks`.
template <By by>
__aicore__ inline void by_row(const Reals& x, const Reals& blocks, std::int64_t rows, std::int64_t columns,
                              std::int64_t pitch) {
  using namespace AscendC;
  const auto step = static_cast<std::uint8_t>(pitch / 8);
  const BinaryRepeatParams p(1, 1, 0, step, step, 1);
  for (std::int64_t c = 0; c < columns; c += 64) {
    const auto mask = static_cast<std::uint64_t>(row::min(64, columns - c));
    const Reals t = row::at(x, c);
    if constexpr (by == By::subtract)
      Sub(t, t, blocks, mask, static_cast<std::uint8_t>(rows), p);
    else if constexpr (by == By::multiply)
      Mul(t, t, blocks, mask, static_cast<std::uint8_t>(rows), p);
    else
      Div(t, t, blocks, mask, static_cast<std::uint8_t>(rows), p);
  }
}

// Weights of a vector core's rows in fractal columns: `height` rows each, in UB.
template <class T>
__aicore__ inline void cast_to_fractals(const AscendC::LocalTensor<T>& to, const Reals& x, std::int64_t rows,
                                        std::int64_t columns, std::int64_t height) {
  using namespace AscendC;
  for (std::int64_t c = 0; c < columns; c += 64) {
    Cast(to[static_cast<std::uint32_t>(c * height)], row::at(x, c), RoundMode::CAST_RINT, std::uint64_t{64},
         static_cast<std::uint8_t>(rows),
         UnaryRepeatParams(static_cast<std::uint16_t>(height), 1, 1, static_cast<std::uint8_t>(columns / 8)));
  }
}
// Those fractal columns into ones of `tall` rows, from row `first` of them: in the workspace, or in L1.
template <class Tensor, class T>
__aicore__ inline void put_fractals(const Tensor& to, const AscendC::LocalTensor<T>& from, std::int64_t first,
                                    std::int64_t rows, std::int64_t columns, std::int64_t height,
                                    std::int64_t tall) {
  AscendC::DataCopy(
      to[static_cast<std::uint32_t>(first * kC0<T>)], from,
      AscendC::DataCopyParams(static_cast<std::uint16_t>(row::ceil_div(columns, kC0<T>)),
                              static_cast<std::uint16_t>(rows), static_cast<std::uint16_t>(height - rows),
                              static_cast<std::uint16_t>(tall - rows)));
}

// Which keys of a tile each row of a vector core sees, as bits; the last two patterns are kept.
class Visibility {
 public:
  __aicore__ void layout(AscendC::TPipe& pipe, const AttentionShape& s) {
    keys_ = s.keys;
    half_ = s.rows / 2;
    for (auto& p : patterns_) pipe.InitBuffer(p.bits, static_cast<std::uint32_t>(half_ * keys_ / 8));
  }
  // Whether some row of [row0, row0 + rows) does not see some key of [key0, key0 + keys).
  __aicore__ bool cuts(const AttentionShape& s, std::int64_t row0, std::int64_t rows, std::int64_t key0,
                       std::int64_t keys) const {
    const std::int64_t offset = s.seq_kv - s.seq_q;
    if (s.causal && row0 / s.pack + offset < key0 + keys - 1) return true;
    return s.window > 0 && (row0 + rows - 1) / s.pack + offset - s.window + 1 > key0;
  }
  // Scores of unseen keys become kNever. The scalar unit writes the bits when they are new.
  __aicore__ void apply(const AttentionShape& s, const Reals& x, std::int64_t row0, std::int64_t rows,
                        std::int64_t key0) {
    using namespace AscendC;
    const std::int64_t phase = row0 % s.pack, delta = row0 / s.pack + s.seq_kv - s.seq_q - key0;
    int which = -1;
    for (int i = 0; i < 2; ++i) {
      if (patterns_[i].made && patterns_[i].phase == phase && patterns_[i].delta == delta) which = i;
    }
    if (which < 0) {
      which = oldest_;
      oldest_ = 1 - oldest_;
      make(s, patterns_[which], phase, delta);
    }
    Select(x, patterns_[which].bits.template Get<std::uint8_t>(), x, kNever, SELMODE::VSEL_TENSOR_SCALAR_MODE,
           static_cast<std::uint32_t>(rows * keys_));
    PipeBarrier<PIPE_V>();
  }

 private:
  struct Pattern {
    AscendC::TBuf<AscendC::TPosition::VECCALC> bits;
    std::int64_t phase = 0, delta = 0;
    bool made = false;
  };
  static std::uint32_t below(std::int64_t n) {  // the lowest n of 32 bits
    return n >= 32 ? 0xffffffffu : n <= 0 ? 0u : (1u << n) - 1;
  }
  __aicore__ void make(const AttentionShape& s, Pattern& p, std::int64_t phase, std::int64_t delta) {
    using namespace AscendC;
    const auto bits = p.bits.template Get<std::uint32_t>();
    SetFlag<HardEvent::V_S>(0);
    WaitFlag<HardEvent::V_S>(0);
    for (std::int64_t r = 0; r < half_; ++r) {
      const std::int64_t last = (phase + r) / s.pack + delta;  // the last key this row sees if causal
      for (std::int64_t w = 0; w < keys_ / 32; ++w) {
        std::uint32_t word = s.causal ? below(last + 1 - w * 32) : 0xffffffffu;
        if (s.window > 0) word &= ~below(last - s.window + 1 - w * 32);
        bits.SetValue(static_cast<std::uint32_t>(r * keys_ / 32 + w), word);
      }
    }
    SetFlag<HardEvent::S_V>(0);
    WaitFlag<HardEvent::S_V>(0);
    p.phase = phase;
    p.delta = delta;
    p.made = true;
  }
  Pattern patterns_[2];
  int oldest_ = 0;
  std::int64_t keys_ = 0, half_ = 0;
};

}  // namespace etalon::kernels::npu::attention_detail
