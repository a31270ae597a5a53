// SPDX-License-Identifier: Apache-2.0
// int8 times int8, summed up in int32, and one scale on the way out to half: the core of quantised inference.
//
// Two things differ from half. A fractal is 16 rows of 32 bytes, so 32 columns. And L0B cannot be filled by a
// transposing LoadData, which is for 16 bits only: LoadDataWithTranspose turns square blocks of 32 x 32.
#include "../common.h"
#include "tile.h"

constexpr uint16_t M = 32, N = 64, K = 64;

extern "C" __global__ __cube__ void multiply(GM_ADDR a, GM_ADDR b, GM_ADDR c, float scale) {
  using namespace AscendC;
  GlobalTensor<int8_t> ga, gb;
  GlobalTensor<half> gc;
  ga.SetGlobalBuffer((__gm__ int8_t*)a, M * K);
  gb.SetGlobalBuffer((__gm__ int8_t*)b, K * N);
  gc.SetGlobalBuffer((__gm__ half*)c, M * N);
  TPipe pipe;
  TQue<TPosition::A1, 1> in_a;
  TQue<TPosition::B1, 1> in_b;
  TQue<TPosition::A2, 1> left;
  TQue<TPosition::B2, 1> right;
  TQue<TPosition::CO1, 1> out;
  pipe.InitBuffer(in_a, 1, M * K);
  pipe.InitBuffer(in_b, 1, K * N);
  pipe.InitBuffer(left, 1, M * K);
  pipe.InitBuffer(right, 1, K * N);
  pipe.InitBuffer(out, 1, M * N * sizeof(int32_t));

  LocalTensor<int8_t> a1 = in_a.AllocTensor<int8_t>(), b1 = in_b.AllocTensor<int8_t>();
  ToL1(a1, ga, M, K, K);
  ToL1(b1, gb, K, N, N);
  in_a.EnQue(a1);
  in_b.EnQue(b1);
  a1 = in_a.DeQue<int8_t>();
  b1 = in_b.DeQue<int8_t>();
  LocalTensor<int8_t> a2 = left.AllocTensor<int8_t>(), b2 = right.AllocTensor<int8_t>();
  ToL0A(a2, a1, M, K);
  LoadData2dTransposeParams turn;
  turn.repeatTimes = N / 32;  // along a row of blocks of B
  turn.srcStride = K / 32;    // in L1 the next block of the row is K / 32 blocks on
  turn.dstGap = 1;            // a block is two fractals, which land beside each other,
  turn.dstFracGap = 0;
  for (uint16_t row = 0; row < K / 32; ++row) {
    turn.startIndex = row;
    LoadDataWithTranspose(b2[row * 32 * N], b1, turn);
  }
  left.EnQue(a2);
  right.EnQue(b2);
  in_a.FreeTensor(a1);
  in_b.FreeTensor(b1);
  a2 = left.DeQue<int8_t>();
  b2 = right.DeQue<int8_t>();
  LocalTensor<int32_t> c1 = out.AllocTensor<int32_t>();
  MmadParams mm;
  mm.m = M;
  mm.n = N;
  mm.k = K;
  Mmad(c1, a2, b2, mm);
  out.EnQue(c1);
  left.FreeTensor(a2);
  right.FreeTensor(b2);
  c1 = out.DeQue<int32_t>();
  FixpipeParamsV220 fix;
  fix.mSize = M;
  fix.nSize = N;
  fix.srcStride = M;
  fix.dstStride = N;
  fix.quantPre = DEQF16;
  fix.deqScalar = *reinterpret_cast<const uint32_t*>(&scale);  // the scale, as the bits of a float
  Fixpipe(gc, c1, fix);
  out.FreeTensor(c1);
}

int main() {
  example::Session acl;
  const std::vector<int8_t> a = example::integers<int8_t>(M * K, -128, 128, 1),
                            b = example::integers<int8_t>(K * N, -128, 128, 2);
  example::Buffer<int8_t> da(a), db(b);
  example::Buffer<aclFloat16> dc(M * N);
  const float scale = 1.0f / 16384;
  multiply<<<1, nullptr, acl.stream>>>(da, db, dc, scale);
  acl.wait();
  const auto golden = [&](size_t i) {
    double sum = 0;
    for (size_t k = 0; k < K; ++k) sum += double(a[i / N * K + k]) * b[k * N + i % N];
    return sum * scale;
  };
  return example::compare("cube/int8", example::from_half(dc.read()), golden, 1e-3);
}
