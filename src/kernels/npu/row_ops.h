// SPDX-License-Identifier: Apache-2.0
#pragma once

// Row-wise steps on fp32 tiles in UB: a value per row from each row, and a value per row applied to each row.
// Rows are `pitch` elements apart, a multiple of 64; a value per row lives in one 32-byte block (eight times
// the same).

#include "ascendc/api/kernel_operator.h"

namespace etalon::kernels::npu::row {

using Reals = AscendC::LocalTensor<float>;

constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
constexpr std::int64_t align(std::int64_t x, std::int64_t to) { return ceil_div(x, to) * to; }
constexpr std::int64_t min(std::int64_t a, std::int64_t b) { return a < b ? a : b; }

__aicore__ inline Reals at(const Reals& t, std::int64_t element) {
  return t[static_cast<std::uint32_t>(element)];
}

// values[r] = sum of row r (elements [0, columns)); `room` holds pitch / 64 elements.
__aicore__ inline void sums(const Reals& values, const Reals& x, const Reals& room, std::int64_t rows,
                            std::int64_t columns, std::int64_t pitch) {
  for (std::int64_t r = 0; r < rows; ++r) {
    AscendC::ReduceSum(at(values, r), at(x, r * pitch), room, static_cast<std::int32_t>(columns));
  }
}
__aicore__ inline void maxima(const Reals& values, const Reals& x, const Reals& room, std::int64_t rows,
                              std::int64_t columns, std::int64_t pitch) {
  for (std::int64_t r = 0; r < rows; ++r) {
    AscendC::ReduceMax(at(values, r), at(x, r * pitch), room, static_cast<std::int32_t>(columns));
  }
}
// blocks[8 r ... 8 r + 7] = values[r]; both hold rows rounded up to eight.
__aicore__ inline void spread(const Reals& blocks, const Reals& values, std::int64_t rows) {
  AscendC::Brcb(blocks, values, static_cast<std::uint8_t>(ceil_div(rows, 8)),
                AscendC::BrcbRepeatParams(1, 8));
}

enum class Step { add, subtract, multiply, divide };

// dst[r, c] = x[r, c] op block r.
template <Step step>
__aicore__ inline void apply(const Reals& dst, const Reals& x, const Reals& blocks, std::int64_t rows,
                             std::int64_t columns, std::int64_t pitch) {
  using namespace AscendC;
  const BinaryRepeatParams p(1, 1, 0, 8, 8, 0);
  const auto one = [&](const Reals& d, const Reals& s, const Reals& b, std::uint64_t mask,
                       std::uint8_t repeat) {
    if constexpr (step == Step::add)
      Add(d, s, b, mask, repeat, p);
    else if constexpr (step == Step::subtract)
      Sub(d, s, b, mask, repeat, p);
    else if constexpr (step == Step::multiply)
      Mul(d, s, b, mask, repeat, p);
    else
      Div(d, s, b, mask, repeat, p);
  };
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::int64_t full = columns / 64, tail = columns % 64;
    for (std::int64_t done = 0; done < full; done += 255) {
      const std::int64_t c = r * pitch + done * 64;
      one(at(dst, c), at(x, c), at(blocks, 8 * r), 64, static_cast<std::uint8_t>(min(255, full - done)));
    }
    if (tail > 0) {
      const std::int64_t c = r * pitch + full * 64;
      one(at(dst, c), at(x, c), at(blocks, 8 * r), static_cast<std::uint64_t>(tail), 1);
    }
  }
}

// A tile of rows of T between GM and UB; in UB rows are `pitch` elements apart (a multiple of 64).
template <class T>
__aicore__ inline void load_rows(const AscendC::LocalTensor<T>& dst, const AscendC::GlobalTensor<T>& src,
                                 std::int64_t rows, std::int64_t columns, std::int64_t pitch,
                                 std::int64_t gm_pitch) {
  using namespace AscendC;
  constexpr auto size = static_cast<std::int64_t>(sizeof(T));
  const std::int64_t bytes = columns * size;
  if (rows == 1 && bytes % 32 == 0) {
    DataCopy(dst, src, static_cast<std::uint32_t>(columns));
    return;
  }
  DataCopyPad(dst, src,
              DataCopyExtParams(static_cast<std::uint16_t>(rows), static_cast<std::uint32_t>(bytes),
                                static_cast<std::uint32_t>(gm_pitch * size - bytes),
                                static_cast<std::uint32_t>((pitch * size - align(bytes, 32)) / 32), 0),
              DataCopyPadExtParams<T>());
}
template <class T>
__aicore__ inline void store_rows(const AscendC::GlobalTensor<T>& dst, const AscendC::LocalTensor<T>& src,
                                  std::int64_t rows, std::int64_t columns, std::int64_t pitch,
                                  std::int64_t gm_pitch) {
  using namespace AscendC;
  constexpr auto size = static_cast<std::int64_t>(sizeof(T));
  const std::int64_t bytes = columns * size;
  if (rows == 1 && bytes % 32 == 0) {
    DataCopy(dst, src, static_cast<std::uint32_t>(columns));
    return;
  }
  DataCopyPad(dst, src,
              DataCopyExtParams(static_cast<std::uint16_t>(rows), static_cast<std::uint32_t>(bytes),
                                static_cast<std::uint32_t>((pitch * size - align(bytes, 32)) / 32),
                                static_cast<std::uint32_t>(gm_pitch * size - bytes), 0));
}

// The items of this core out of `count`: about as many for each.
struct Share {
  std::int64_t first, last;
};
__aicore__ inline Share share_of(std::int64_t count) {
  const std::int64_t sub = AscendC::GetSubBlockNum(), cores = AscendC::GetBlockNum() * (sub > 0 ? sub : 1),
                     me = AscendC::GetBlockIdx();
  return {count * me / cores, count * (me + 1) / cores};
}

// fp32 to T, to nearest even, and back.
template <class T>
__aicore__ inline void to_reals(const Reals& to, const AscendC::LocalTensor<T>& from, std::int64_t n) {
  if constexpr (std::is_same<T, float>::value)
    AscendC::Muls(to, from, 1.0f, static_cast<std::int32_t>(n));
  else
    AscendC::Cast(to, from, AscendC::RoundMode::CAST_NONE, static_cast<std::uint32_t>(n));
}
template <class T>
__aicore__ inline void from_reals(const AscendC::LocalTensor<T>& to, const Reals& from, std::int64_t n) {
  if constexpr (std::is_same<T, float>::value)
    AscendC::Muls(to, from, 1.0f, static_cast<std::int32_t>(n));
  else
    AscendC::Cast(to, from, AscendC::RoundMode::CAST_RINT, static_cast<std::uint32_t>(n));
}

// n contiguous elements from device memory through a queue into `to` as fp32; and the way out.
template <class T, class Queue>
__aicore__ inline void fetch(Queue& queue, const AscendC::GlobalTensor<T>& gm, std::int64_t n,
                             const Reals& to) {
  AscendC::LocalTensor<T> x = queue.template AllocTensor<T>();
  load_rows(x, gm, 1, n, n, n);
  queue.EnQue(x);
  x = queue.template DeQue<T>();
  AscendC::PipeBarrier<PIPE_V>();  // readers of what `to` held before
  to_reals(to, x, n);
  queue.FreeTensor(x);
}
template <class T, class Queue>
__aicore__ inline void emit(Queue& queue, const AscendC::GlobalTensor<T>& gm, std::int64_t n,
                            const Reals& from) {
  AscendC::LocalTensor<T> y = queue.template AllocTensor<T>();
  AscendC::PipeBarrier<PIPE_V>();
  from_reals(y, from, n);
  queue.EnQue(y);
  y = queue.template DeQue<T>();
  store_rows(gm, y, 1, n, n, n);
  queue.FreeTensor(y);
}

}  // namespace etalon::kernels::npu::row
