// SPDX-License-Identifier: Apache-2.0
// The cube's pipes without queues: C_i = A_i B for five A, with one B that stays in L0B. Four pipes, four
// kinds of flags forward and three back; tensors are places in on-chip memory, named by TBuf. bfloat16 in,
// float out.
#include <cstring>

#include "../common.h"
#include "tile.h"

constexpr uint16_t M = 32, N = 32, K = 32, kProducts = 5;

extern "C" __global__ __cube__ void multiply(GM_ADDR a, GM_ADDR b, GM_ADDR c) {
  using namespace AscendC;
  GlobalTensor<bfloat16_t> ga, gb;
  GlobalTensor<float> gc;
  ga.SetGlobalBuffer((__gm__ bfloat16_t*)a, kProducts * M * K);
  gb.SetGlobalBuffer((__gm__ bfloat16_t*)b, K * N);
  gc.SetGlobalBuffer((__gm__ float*)c, kProducts * M * N);
  TPipe pipe;
  TBuf<TPosition::A1> a1_buffer;
  TBuf<TPosition::B1> b1_buffer;
  TBuf<TPosition::A2> a2_buffer;
  TBuf<TPosition::B2> b2_buffer;
  TBuf<TPosition::CO1> c1_buffer;
  pipe.InitBuffer(a1_buffer, M * K * sizeof(bfloat16_t));
  pipe.InitBuffer(b1_buffer, K * N * sizeof(bfloat16_t));
  pipe.InitBuffer(a2_buffer, M * K * sizeof(bfloat16_t));
  pipe.InitBuffer(b2_buffer, K * N * sizeof(bfloat16_t));
  pipe.InitBuffer(c1_buffer, M * N * sizeof(float));
  const LocalTensor<bfloat16_t> a1 = a1_buffer.Get<bfloat16_t>(), b1 = b1_buffer.Get<bfloat16_t>();
  const LocalTensor<bfloat16_t> a2 = a2_buffer.Get<bfloat16_t>(), b2 = b2_buffer.Get<bfloat16_t>();
  const LocalTensor<float> c1 = c1_buffer.Get<float>();

  SetFlag<HardEvent::MTE1_MTE2>(EVENT_ID0);  // a1 is free
  SetFlag<HardEvent::M_MTE1>(EVENT_ID0);     // a2 is free
  SetFlag<HardEvent::FIX_M>(EVENT_ID0);      // c1 is free
  ToL1(b1, gb, K, N, N);
  for (uint32_t i = 0; i < kProducts; ++i) {
    WaitFlag<HardEvent::MTE1_MTE2>(EVENT_ID0);
    ToL1(a1, ga[i * M * K], M, K, K);
    SetFlag<HardEvent::MTE2_MTE1>(EVENT_ID0);

    WaitFlag<HardEvent::MTE2_MTE1>(EVENT_ID0);
    WaitFlag<HardEvent::M_MTE1>(EVENT_ID0);
    if (i == 0) ToL0B(b2, b1, K, N);
    ToL0A(a2, a1, M, K);
    SetFlag<HardEvent::MTE1_MTE2>(EVENT_ID0);
    SetFlag<HardEvent::MTE1_M>(EVENT_ID0);

    WaitFlag<HardEvent::MTE1_M>(EVENT_ID0);
    WaitFlag<HardEvent::FIX_M>(EVENT_ID0);
    MmadParams mm;
    mm.m = M;
    mm.n = N;
    mm.k = K;
    Mmad(c1, a2, b2, mm);
    SetFlag<HardEvent::M_MTE1>(EVENT_ID0);
    SetFlag<HardEvent::M_FIX>(EVENT_ID0);

    WaitFlag<HardEvent::M_FIX>(EVENT_ID0);
    FixpipeParamsV220 fix;
    fix.mSize = M;
    fix.nSize = N;
    fix.srcStride = M;
    fix.dstStride = N;
    Fixpipe(gc[i * M * N], c1, fix);
    SetFlag<HardEvent::FIX_M>(EVENT_ID0);
  }
  WaitFlag<HardEvent::MTE1_MTE2>(EVENT_ID0);
  WaitFlag<HardEvent::M_MTE1>(EVENT_ID0);
  WaitFlag<HardEvent::FIX_M>(EVENT_ID0);
}

int main() {
  example::Session acl;
  // Small integers are exact in bfloat16, whose bits are the upper half of a float's.
  const std::vector<float> a = example::integers<float>(kProducts * M * K, -8, 8, 1),
                           b = example::integers<float>(K * N, -8, 8, 2);
  const auto upper = [](const std::vector<float>& values) {
    std::vector<uint16_t> out;
    for (const float v : values) {
      uint32_t bits;
      std::memcpy(&bits, &v, 4);
      out.push_back(static_cast<uint16_t>(bits >> 16));
    }
    return out;
  };
  example::Buffer<uint16_t> da(upper(a)), db(upper(b));
  example::Buffer<float> dc(kProducts * M * N);
  multiply<<<1, nullptr, acl.stream>>>(da, db, dc);
  acl.wait();
  const auto golden = [&](size_t i) {
    double sum = 0;
    for (size_t k = 0; k < K; ++k) sum += double(a[i / N * K + k]) * b[k * N + i % N];
    return sum;
  };
  return example::compare("cube/flags", dc.read(), golden, 0);
}
