// SPDX-License-Identifier: Apache-2.0
// float times float: a fractal is 16 rows of 8 floats. The left operand loads as ever. For the right one,
// which is given transposed (N x K, as weights of linear layers are), the fractals of B^T are already what
// L0B wants: no transposition, only another order of fractals.
#include "../common.h"
#include "tile.h"

constexpr uint16_t M = 32, N = 48, K = 64;

extern "C" __global__ __cube__ void multiply(GM_ADDR a, GM_ADDR bt, GM_ADDR c) {
  using namespace AscendC;
  GlobalTensor<float> ga, gb, gc;
  ga.SetGlobalBuffer((__gm__ float*)a, M * K);
  gb.SetGlobalBuffer((__gm__ float*)bt, N * K);
  gc.SetGlobalBuffer((__gm__ float*)c, M * N);
  TPipe pipe;
  TQue<TPosition::A1, 1> in_a;
  TQue<TPosition::B1, 1> in_b;
  TQue<TPosition::A2, 1> left;
  TQue<TPosition::B2, 1> right;
  TQue<TPosition::CO1, 1> out;
  pipe.InitBuffer(in_a, 1, M * K * sizeof(float));
  pipe.InitBuffer(in_b, 1, N * K * sizeof(float));
  pipe.InitBuffer(left, 1, M * K * sizeof(float));
  pipe.InitBuffer(right, 1, N * K * sizeof(float));
  pipe.InitBuffer(out, 1, M * N * sizeof(float));

  LocalTensor<float> a1 = in_a.AllocTensor<float>(), b1 = in_b.AllocTensor<float>();
  ToL1(a1, ga, M, K, K);
  ToL1(b1, gb, N, K, K);
  in_a.EnQue(a1);
  in_b.EnQue(b1);
  a1 = in_a.DeQue<float>();
  b1 = in_b.DeQue<float>();
  LocalTensor<float> a2 = left.AllocTensor<float>(), b2 = right.AllocTensor<float>();
  ToL0A(a2, a1, M, K);
  // In L1: K / 8 columns of N / 16 fractals. In L0B: K / 8 rows of N / 16 fractals. The same order.
  LoadData2DParams all;
  all.repeatTimes = K / 8 * (N / 16);
  all.srcStride = 1;
  all.ifTranspose = false;
  LoadData(b2, b1, all);
  left.EnQue(a2);
  right.EnQue(b2);
  in_a.FreeTensor(a1);
  in_b.FreeTensor(b1);
  a2 = left.DeQue<float>();
  b2 = right.DeQue<float>();
  LocalTensor<float> c1 = out.AllocTensor<float>();
  MmadParams mm;
  mm.m = M;
  mm.n = N;
  mm.k = K;
  Mmad(c1, a2, b2, mm);
  out.EnQue(c1);
  left.FreeTensor(a2);
  right.FreeTensor(b2);
  c1 = out.DeQue<float>();
  FixpipeParamsV220 fix;
  fix.mSize = M;
  fix.nSize = N;
  fix.srcStride = M;
  fix.dstStride = N;
  Fixpipe(gc, c1, fix);
  out.FreeTensor(c1);
}

int main() {
  example::Session acl;
  const std::vector<float> a = example::numbers(M * K, -1, 1, 1), bt = example::numbers(N * K, -1, 1, 2);
  example::Buffer<float> da(a), db(bt), dc(M * N);
  multiply<<<1, nullptr, acl.stream>>>(da, db, dc);
  acl.wait();
  const auto golden = [&](size_t i) {
    double sum = 0;
    for (size_t k = 0; k < K; ++k) sum += double(a[i / N * K + k]) * bt[i % N * K + k];
    return sum;
  };
  return example::compare("cube/float32", dc.read(), golden, 1e-5);
}
