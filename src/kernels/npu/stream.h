// SPDX-License-Identifier: Apache-2.0
#pragma once

// Element-wise kernels on the vector cores, in Ascend C: rows x columns elements of a few tensors come in
// tile by tile, an operation makes the outputs, tiles go out; with two buffers per tensor the three overlap.
// Arithmetic is in fp32 where the operation says so.

#include "kernels/npu/row_ops.h"

namespace etalon::kernels::npu {

using GmAddress = __gm__ std::uint8_t*;  // a type, so that arrays of it can be const

constexpr int kMostStreamBuffers = 4;

struct StreamTiling {
  std::int64_t rows = 1, columns = 0;                // contiguous tensors: one row of all elements
  std::int64_t in_pitch[4] = {}, out_pitch[4] = {};  // elements from row to row
  std::int32_t tile_rows = 1, tile_columns = 0;
  std::int32_t buffers = 2;  // 1 to kMostStreamBuffers
};

// The widest tile of one row that fits in `ub_bytes`, a multiple of 128 elements.
template <class Op>
constexpr std::int32_t stream_tile_columns(std::int64_t ub_bytes, int buffers) {
  std::int64_t per_element = 4 * Op::kScratch;
  for (int i = 0; i < Op::kInputs; ++i) per_element += buffers * Op::in_bytes(i);
  for (int i = 0; i < Op::kOutputs; ++i) per_element += buffers * Op::out_bytes(i);
  return static_cast<std::int32_t>(ub_bytes / per_element / 128 * 128);
}

namespace stream_detail {
constexpr std::int64_t min(std::int64_t a, std::int64_t b) { return a < b ? a : b; }
constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
constexpr std::int64_t align(std::int64_t x, std::int64_t to) { return ceil_div(x, to) * to; }
using Bytes = AscendC::LocalTensor<std::uint8_t>;
using Reals = AscendC::LocalTensor<float>;

// `from` as fp32: itself, or cast into `room`.
template <class T>
__aicore__ inline Reals as_reals(const Bytes& from, const Reals& room, std::int32_t n) {
  if constexpr (std::is_same<T, float>::value) {
    return from.ReinterpretCast<float>();
  } else {
    AscendC::Cast(room, from.ReinterpretCast<T>(), AscendC::RoundMode::CAST_NONE,
                  static_cast<std::uint32_t>(n));
    return room;
  }
}
// fp32 into `to`, rounded to nearest even; nothing to do if it is there already.
template <class T>
__aicore__ inline void put_reals(const Bytes& to, const Reals& from, std::int32_t n) {
  if constexpr (!std::is_same<T, float>::value) {
    AscendC::PipeBarrier<PIPE_V>();
    AscendC::Cast(to.ReinterpretCast<T>(), from, AscendC::RoundMode::CAST_RINT,
                  static_cast<std::uint32_t>(n));
  }
}
template <class T>
__aicore__ inline Reals result_room(const Bytes& to, const Reals& room) {
  if constexpr (std::is_same<T, float>::value)
    return to.ReinterpretCast<float>();
  else
    return room;
}
}  // namespace stream_detail

template <class Op>
class Stream {
  using Bytes = stream_detail::Bytes;

 public:
  __aicore__ void Init(const GmAddress* in, const GmAddress* out, const StreamTiling& tiling, const Op& op) {
    t_ = tiling;
    op_ = op;
    elements_ = t_.tile_rows * static_cast<std::int32_t>(stream_detail::align(t_.tile_columns, kPad));
    for (int i = 0; i < Op::kInputs; ++i) in_gm_[i].SetGlobalBuffer(in[i]);
    for (int i = 0; i < Op::kOutputs; ++i) out_gm_[i].SetGlobalBuffer(out[i]);
    // Buffers of one tile lie side by side: operands of one instruction are one tensor apart. So each buffer
    // has a queue of its own, and tiles take the queues in turn.
    for (int b = 0; b < t_.buffers; ++b) {
      for (int i = 0; i < Op::kInputs; ++i)
        pipe_.InitBuffer(in_[b][i], 1, static_cast<std::uint32_t>(elements_ * Op::in_bytes(i)));
    }
    for (int b = 0; b < t_.buffers; ++b) {
      for (int i = 0; i < Op::kOutputs; ++i)
        pipe_.InitBuffer(out_[b][i], 1, static_cast<std::uint32_t>(elements_ * Op::out_bytes(i)));
    }
    for (int i = 0; i < Op::kScratch; ++i)
      pipe_.InitBuffer(scratch_[i], static_cast<std::uint32_t>(elements_ * 4));
  }

  __aicore__ void Process() {
    using stream_detail::ceil_div;
    const std::int64_t across = ceil_div(t_.columns, t_.tile_columns);
    const row::Share mine = row::share_of(across * ceil_div(t_.rows, t_.tile_rows));
    for (std::int64_t i = mine.first; i < mine.last; ++i) {
      const std::int64_t row = i / across * t_.tile_rows, column = i % across * t_.tile_columns;
      const Tile tile{row, column, stream_detail::min(t_.tile_rows, t_.rows - row),
                      stream_detail::min(t_.tile_columns, t_.columns - column)};
      const auto turn = static_cast<int>((i - mine.first) % t_.buffers);
      load(tile, in_[turn]);
      compute(tile, in_[turn], out_[turn]);
      store(tile, out_[turn]);
    }
    for (int b = 0; b < t_.buffers; ++b) {
      for (auto& q : in_[b]) q.FreeAllEvent();
      for (auto& q : out_[b]) q.FreeAllEvent();
    }
  }

 private:
  static constexpr std::int64_t kPad = 32;  // rows of a tile begin at 32 bytes for every type
  using In = AscendC::TQue<AscendC::TPosition::VECIN, 1>;
  using Out = AscendC::TQue<AscendC::TPosition::VECOUT, 1>;
  struct Tile {
    std::int64_t row, column, rows, columns;
  };

  __aicore__ void load(const Tile& t, In* in) {
    for (int i = 0; i < Op::kInputs; ++i) {
      const std::int64_t size = Op::in_bytes(i);
      Bytes local = in[i].template AllocTensor<std::uint8_t>();
      row::load_rows(local, in_gm_[i][static_cast<std::uint64_t>((t.row * t_.in_pitch[i] + t.column) * size)],
                     t.rows, t.columns * size, stream_detail::align(t.columns, kPad) * size,
                     t_.in_pitch[i] * size);
      in[i].EnQue(local);
    }
  }
  __aicore__ void compute(const Tile& t, In* from, Out* to) {
    using namespace AscendC;
    Bytes in[Op::kInputs + 1], out[Op::kOutputs];
    stream_detail::Reals scratch[Op::kScratch + 1];
    for (int i = 0; i < Op::kInputs; ++i) in[i] = from[i].template DeQue<std::uint8_t>();
    for (int i = 0; i < Op::kOutputs; ++i) out[i] = to[i].template AllocTensor<std::uint8_t>();
    for (int i = 0; i < Op::kScratch; ++i) scratch[i] = scratch_[i].template Get<float>();
    PipeBarrier<PIPE_V>();  // scratch of the tile before
    op_(in, out, scratch,
        static_cast<std::int32_t>((t.rows - 1) * stream_detail::align(t.columns, kPad) + t.columns));
    for (int i = 0; i < Op::kInputs; ++i) from[i].FreeTensor(in[i]);
    for (int i = 0; i < Op::kOutputs; ++i) to[i].EnQue(out[i]);
  }
  __aicore__ void store(const Tile& t, Out* out) {
    for (int i = 0; i < Op::kOutputs; ++i) {
      const std::int64_t size = Op::out_bytes(i);
      Bytes local = out[i].template DeQue<std::uint8_t>();
      row::store_rows(out_gm_[i][static_cast<std::uint64_t>((t.row * t_.out_pitch[i] + t.column) * size)],
                      local, t.rows, t.columns * size, stream_detail::align(t.columns, kPad) * size,
                      t_.out_pitch[i] * size);
      out[i].FreeTensor(local);
    }
  }

  StreamTiling t_;
  Op op_;
  std::int32_t elements_ = 0;
  AscendC::TPipe pipe_;
  In in_[kMostStreamBuffers][Op::kInputs + 1];
  Out out_[kMostStreamBuffers][Op::kOutputs];
  AscendC::TBuf<AscendC::TPosition::VECCALC> scratch_[Op::kScratch + 1];
  AscendC::GlobalTensor<std::uint8_t> in_gm_[Op::kInputs + 1], out_gm_[Op::kOutputs];
};

template <class Op>
__global__ __aicore__ void stream_kernel(const GmAddress* in, const GmAddress* out,
                                         const StreamTiling& tiling, const Op& op) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_AIV_ONLY);
  Stream<Op> kernel;
  kernel.Init(in, out, tiling, op);
  kernel.Process();
}

}  // namespace etalon::kernels::npu
