// SPDX-License-Identifier: Apache-2.0
// Integers as bits: unpacks 4-bit weights. Each 16-bit word holds four of them; ShiftRight brings one to the
// bottom, And keeps its four bits.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kWords = 1024, kCount = 4 * kWords;

extern "C" __global__ __vector__ void unpack(GM_ADDR packed, GM_ADDR nibbles) {
  using namespace AscendC;
  GlobalTensor<uint16_t> from, to;
  from.SetGlobalBuffer((__gm__ uint16_t*)packed, kWords);
  to.SetGlobalBuffer((__gm__ uint16_t*)nibbles, kCount);
  TPipe pipe;
  TQue<TPosition::VECIN, 1> in;
  TQue<TPosition::VECOUT, 2> out;
  TBuf<TPosition::VECCALC> low_bits;
  pipe.InitBuffer(in, 1, kWords * sizeof(uint16_t));
  pipe.InitBuffer(out, 2, kWords * sizeof(uint16_t));
  pipe.InitBuffer(low_bits, kWords * sizeof(uint16_t));

  LocalTensor<uint16_t> words = in.AllocTensor<uint16_t>(), low = low_bits.Get<uint16_t>();
  DataCopy(words, from, kWords);
  in.EnQue(words);
  words = in.DeQue<uint16_t>();
  Duplicate(low, uint16_t(15), kWords);
  for (uint16_t i = 0; i < 4; ++i) {  // plane i: nibble i of all words
    LocalTensor<uint16_t> plane = out.AllocTensor<uint16_t>();
    ShiftRight(plane, words, uint16_t(4 * i), kWords);
    PipeBarrier<PIPE_V>();
    And(plane, plane, low, kWords);
    out.EnQue(plane);
    plane = out.DeQue<uint16_t>();
    DataCopy(to[i * kWords], plane, kWords);
    out.FreeTensor(plane);
  }
  in.FreeTensor(words);
}

int main() {
  example::Session acl;
  const std::vector<uint16_t> packed = example::integers<uint16_t>(kWords, 0, 65536);
  example::Buffer<uint16_t> dp(packed), dn(kCount);
  unpack<<<1, nullptr, acl.stream>>>(dp, dn);
  acl.wait();
  const auto golden = [&](size_t i) { return double((packed[i % kWords] >> (4 * (i / kWords))) & 15); };
  return example::compare("vector/bits", dn.read(), golden, 0);
}
