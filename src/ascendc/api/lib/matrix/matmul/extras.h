// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a base block needs beside A and B: a row of biases in the bias table, a row of scales in the FixPipe
// buffer. Both get their room in L1 when they are first used.

#include "ascendc/cube.h"
#include "blocks.h"
#include "handshake.h"

namespace AscendC {
namespace detail {
namespace mm {

// `count` elements in a row of device memory, of any length and address.
template <class T>
inline void row_to_l1(const LocalTensor<T>& l1, const T* from, std::int64_t count) {
  GlobalTensor<T> gm;
  gm.SetGlobalBuffer(const_cast<T*>(from));
  DataCopy(
      l1, gm,
      Nd2NzParams(1, 1, static_cast<std::uint32_t>(count), 0, static_cast<std::uint32_t>(count), 1, 1, 0));
}

template <class T>
constexpr bool is_bias = sizeof(T) == 4 || std::is_same<T, half>::value;

template <class T>
class BiasRow {
 public:
  // The biases of a block into the table; the flag of the first load to L0 tells the cube.
  void fetch(TPipe* pipe, const void* bias, const Place& p, std::int64_t base_n) {
    if (base_n * 4 > 1024)
      etalon_asc_fail("ascendc.matmul", "a base block with bias is 256 columns wide at most");
    if (!room_) {
      TBuf<TPosition::C1> row;
      pipe->InitBuffer(row,
                       static_cast<std::uint32_t>(align(base_n * static_cast<std::int64_t>(sizeof(T)), 64)));
      at_ = row.template Get<T>().offset();
      room_ = true;
    }
    if (!out_) {
      l1_.begin(pipe);
      table_.begin(pipe);
      out_ = true;
    }
    const LocalTensor<T> l1(TPosition::C1, at_, 0);
    l1_.to_fill();
    row_to_l1(l1, static_cast<const T*>(bias) + p.n0, p.n);
    l1_.full();
    l1_.to_empty();
    table_.to_fill();
    DataCopy(LocalTensor<T>(TPosition::C2, 0, 0), l1,
             static_cast<std::uint32_t>(align(p.n, 64 / static_cast<std::int64_t>(sizeof(T)))));
    l1_.empty();
  }
  void used() const { table_.empty(); }
  void end(TPipe* pipe) {
    if (!out_) return;
    l1_.end(pipe);
    table_.end(pipe);
    out_ = false;
  }

 private:
  L1Buffer l1_;
  L0Buffer table_;
  std::uint32_t at_ = 0;
  bool room_ = false, out_ = false;
};

class ScaleRow {
 public:
  void fetch(TPipe* pipe, const void* scales, const Place& p, std::int64_t base_n) {
    if (base_n * 8 > 2048)
      etalon_asc_fail("ascendc.matmul", "a base block with scales per channel is 256 columns wide at most");
    if (!room_) {
      TBuf<TPosition::C1> row;
      pipe->InitBuffer(row, static_cast<std::uint32_t>(align(base_n * 8, 128)));
      at_ = row.template Get<std::uint64_t>().offset();
      room_ = true;
    }
    if (!out_) l1_.begin(pipe), out_ = true;
    const LocalTensor<std::uint32_t> words(TPosition::C1, at_, 0);
    l1_.to_fill();
    row_to_l1(words, static_cast<const std::uint32_t*>(scales) + 2 * p.n0, 2 * p.n);
    l1_.full();
    l1_.to_empty();
    PipeBarrier<PIPE_FIX>();  // the block before has read its own
    DataCopy(LocalTensor<std::uint32_t>(TPosition::C2PIPE2GM, 0, 0), words,
             static_cast<std::uint32_t>(align(2 * p.n, 32)));
    l1_.empty();
    PipeBarrier<PIPE_FIX>();
  }
  void end(TPipe* pipe) {
    if (out_) l1_.end(pipe);
    out_ = false;
  }

 private:
  ScaleBuffer l1_;
  std::uint32_t at_ = 0;
  bool room_ = false, out_ = false;
};

}  // namespace mm
}  // namespace detail
}  // namespace AscendC
