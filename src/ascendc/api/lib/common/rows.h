// SPDX-License-Identifier: Apache-2.0
#pragma once

// Vector instructions over rows: element (r, c) of an operand lies at r * pitch + c. An operand may instead
// have one block of 32 bytes per row that stands for all its columns (spread), or one row for all rows (pitch
// 0).

#include "../../ascendc/reduce.h"
#include "steps.h"

namespace AscendC {
namespace detail {
namespace lib {

template <class T>
constexpr std::uint32_t kPerRepeat = 256 / sizeof(T);
template <class T>
constexpr std::uint32_t kPerBlock = 32 / sizeof(T);
constexpr std::uint32_t kMostRepeats = 255;

inline std::uint32_t round_up(std::uint32_t value, std::uint32_t unit) {
  return (value + unit - 1) / unit * unit;
}

template <class T>
struct Rows {
  LocalTensor<T> tensor;
  std::uint32_t pitch = 0;  // elements, whole blocks
  bool spread = false;

  LocalTensor<T> at(std::uint32_t row, std::uint32_t column) const {
    return tensor[row * pitch + (spread ? 0 : column)];
  }
  std::uint8_t block_stride() const { return spread ? 0 : 1; }
  std::uint32_t row_stride() const { return pitch / kPerBlock<T>; }
};
template <class T>
inline Rows<T> rows_of(const LocalTensor<T>& tensor, std::uint32_t pitch) {
  return {tensor, pitch, false};
}
template <class T>
inline Rows<T> spread_rows(const LocalTensor<T>& tensor, std::uint32_t pitch = kPerBlock<T>) {
  return {tensor, pitch, true};
}

// op(d, a, b, mask, repeats, BinaryRepeatParams) over rows x cols: repeats go down the rows, or along a row
// where strides do not fit or rows are few.
template <class T, class Op>
inline void each_row(std::uint32_t rows, std::uint32_t cols, const Rows<T>& d, const Rows<T>& a,
                     const Rows<T>& b, Op op) {
  constexpr std::uint32_t per = kPerRepeat<T>;
  const bool fits = d.row_stride() <= 255 && a.row_stride() <= 255 && b.row_stride() <= 255;
  const auto u8 = [](std::uint32_t v) { return static_cast<std::uint8_t>(v); };
  if (fits && rows * per >= cols) {
    for (std::uint32_t c = 0; c < cols; c += per) {
      const std::uint64_t mask = cols - c < per ? cols - c : per;
      for (std::uint32_t r = 0; r < rows; r += kMostRepeats) {
        const std::uint32_t n = rows - r < kMostRepeats ? rows - r : kMostRepeats;
        op(d.at(r, c), a.at(r, c), b.at(r, c), mask, u8(n),
           BinaryRepeatParams(1, a.block_stride(), b.block_stride(), u8(d.row_stride()), u8(a.row_stride()),
                              u8(b.row_stride())));
      }
    }
  } else {
    const BinaryRepeatParams along(1, a.block_stride(), b.block_stride(), 8, a.spread ? 0 : 8,
                                   b.spread ? 0 : 8);
    const std::uint32_t full = cols / per, tail = cols % per;
    for (std::uint32_t r = 0; r < rows; ++r) {
      for (std::uint32_t f = 0; f < full; f += kMostRepeats) {
        const std::uint32_t n = full - f < kMostRepeats ? full - f : kMostRepeats;
        op(d.at(r, f * per), a.at(r, f * per), b.at(r, f * per), std::uint64_t{per}, u8(n), along);
      }
      if (tail > 0)
        op(d.at(r, full * per), a.at(r, full * per), b.at(r, full * per), std::uint64_t{tail}, u8(1), along);
    }
  }
  then();
}

#define ETALON_ROWS_BINARY(name, Instruction)                                                  \
  template <class T>                                                                           \
  inline void name(std::uint32_t rows, std::uint32_t cols, const Rows<T>& d, const Rows<T>& a, \
                   const Rows<T>& b) {                                                         \
    each_row(rows, cols, d, a, b, [](auto&&... x) { Instruction(x...); });                     \
  }
ETALON_ROWS_BINARY(rows_add, Add)
ETALON_ROWS_BINARY(rows_sub, Sub)
ETALON_ROWS_BINARY(rows_mul, Mul)
ETALON_ROWS_BINARY(rows_div, Div)
ETALON_ROWS_BINARY(rows_max, Max)
ETALON_ROWS_BINARY(rows_min, Min)
#undef ETALON_ROWS_BINARY

template <class T>
inline void rows_copy(std::uint32_t rows, std::uint32_t cols, const Rows<T>& d, const Rows<T>& a) {
  each_row(rows, cols, d, a, a,
           [](const auto& to, const auto& from, const auto&, std::uint64_t mask, std::uint8_t n,
              const BinaryRepeatParams& p) {
             Copy(to, from, mask, n,
                  CopyRepeatParams(p.dstBlkStride, p.src0BlkStride, p.dstRepStride, p.src0RepStride));
           });
}

enum class Reduction { sum, max, min };
template <class T>
inline void reduce_repeats(Reduction kind, const LocalTensor<T>& d, const LocalTensor<T>& s,
                           std::uint32_t mask, std::uint32_t repeats, std::uint32_t stride) {
  const auto m = static_cast<std::int32_t>(mask), n = static_cast<std::int32_t>(repeats),
             step = static_cast<std::int32_t>(stride);
  if (kind == Reduction::sum)
    WholeReduceSum(d, s, m, n, 1, 1, step);
  else if (kind == Reduction::max)
    WholeReduceMax(d, s, m, n, 1, 1, step, ReduceOrder::ORDER_ONLY_VALUE);
  else
    WholeReduceMin(d, s, m, n, 1, 1, step, ReduceOrder::ORDER_ONLY_VALUE);
}
template <class T>
inline void combine_rows(Reduction kind, std::uint32_t rows, std::uint32_t cols, const Rows<T>& d,
                         const Rows<T>& a, const Rows<T>& b) {
  if (kind == Reduction::sum)
    rows_add(rows, cols, d, a, b);
  else if (kind == Reduction::max)
    rows_max(rows, cols, d, a, b);
  else
    rows_min(rows, cols, d, a, b);
}

// Elements of scratch that row_reduce needs for each row of `cols`.
template <class T>
inline std::uint32_t reduce_scratch(std::uint32_t cols) {
  constexpr std::uint32_t per = kPerRepeat<T>;
  if (cols <= per) return 0;
  const std::uint32_t long_row = round_up((cols + per - 1) / per, kPerBlock<T>);
  return long_row > per ? long_row : per;
}
// out[r] = sum, max or min of the first `cols` elements of row r, packed.
template <class T>
inline void row_reduce(Reduction kind, const LocalTensor<T>& out, std::uint32_t rows, std::uint32_t cols,
                       const Rows<T>& s, const LocalTensor<T>& scratch) {
  constexpr std::uint32_t per = kPerRepeat<T>;
  const auto down = [&](const Rows<T>& from, std::uint32_t width) {
    for (std::uint32_t r = 0; r < rows; r += kMostRepeats)
      reduce_repeats(kind, out[r], from.at(r, 0), width, rows - r < kMostRepeats ? rows - r : kMostRepeats,
                     from.row_stride());
    then();
  };
  if (cols <= per) {
    down(s, cols);
  } else if (s.row_stride() <= 255 && rows > 1) {
    // Pieces of a repeat folded onto the first, then one reduction per row.
    const Rows<T> folded = rows_of(scratch, per);
    const std::uint32_t second = cols - per < per ? cols - per : per;
    rows_copy(rows, per, folded, s);
    combine_rows(kind, rows, second, folded, folded, rows_of(s.tensor[per], s.pitch));
    for (std::uint32_t c = 2 * per; c < cols; c += per)
      combine_rows(kind, rows, cols - c < per ? cols - c : per, folded, folded,
                   rows_of(s.tensor[c], s.pitch));
    down(folded, per);
  } else {
    const int op = kind == Reduction::sum   ? kAscWholeSum
                   : kind == Reduction::max ? kAscWholeMax
                                            : kAscWholeMin;
    for (std::uint32_t r = 0; r < rows; ++r) {
      detail::reduce_all(op, out[r], s.at(r, 0), scratch, static_cast<std::int32_t>(cols),
                         kind == Reduction::sum ? 0 : static_cast<int>(ReduceOrder::ORDER_ONLY_VALUE));
      then();
    }
  }
}

// out[r * width + ...] = in[r], width one or two blocks; `in` and `out` reach to a multiple of eight rows.
template <class T>
inline void spread_values(const LocalTensor<T>& out, const LocalTensor<T>& in, std::uint32_t rows,
                          std::uint32_t width) {
  const auto blocks = static_cast<std::uint16_t>(width / kPerBlock<T>);
  for (std::uint16_t b = 0; b < blocks; ++b) {
    for (std::uint32_t r = 0; r < rows; r += 8 * kMostRepeats) {
      const std::uint32_t eights = (rows - r + 7) / 8;
      Brcb(out[r * width + b * kPerBlock<T>], in[r],
           static_cast<std::uint8_t>(eights < kMostRepeats ? eights : kMostRepeats),
           BrcbRepeatParams(blocks, static_cast<std::uint16_t>(8 * blocks)));
    }
  }
  then();
}

}  // namespace lib
}  // namespace detail
}  // namespace AscendC
