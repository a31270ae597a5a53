// SPDX-License-Identifier: Apache-2.0
// C = A B + bias: one row of biases goes through L1 into the bias table (C2), and Mmad starts from it instead
// of zero.
#include "../common.h"
#include "tile.h"

constexpr uint16_t M = 32, N = 64, K = 32;

extern "C" __global__ __cube__ void multiply_and_add(GM_ADDR a, GM_ADDR b, GM_ADDR bias, GM_ADDR c) {
  using namespace AscendC;
  GlobalTensor<half> ga, gb;
  GlobalTensor<float> gbias, gc;
  ga.SetGlobalBuffer((__gm__ half*)a, M * K);
  gb.SetGlobalBuffer((__gm__ half*)b, K * N);
  gbias.SetGlobalBuffer((__gm__ float*)bias, N);
  gc.SetGlobalBuffer((__gm__ float*)c, M * N);
  TPipe pipe;
  TQue<TPosition::A1, 1> in_a;
  TQue<TPosition::B1, 1> in_b;
  TQue<TPosition::C1, 1> in_bias;
  TQue<TPosition::A2, 1> left;
  TQue<TPosition::B2, 1> right;
  TQue<TPosition::C2, 1> table;
  TQue<TPosition::CO1, 1> out;
  pipe.InitBuffer(in_a, 1, M * K * sizeof(half));
  pipe.InitBuffer(in_b, 1, K * N * sizeof(half));
  pipe.InitBuffer(in_bias, 1, N * sizeof(float));
  pipe.InitBuffer(left, 1, M * K * sizeof(half));
  pipe.InitBuffer(right, 1, K * N * sizeof(half));
  pipe.InitBuffer(table, 1, N * sizeof(float));
  pipe.InitBuffer(out, 1, M * N * sizeof(float));

  LocalTensor<half> a1 = in_a.AllocTensor<half>(), b1 = in_b.AllocTensor<half>();
  LocalTensor<float> bias1 = in_bias.AllocTensor<float>();
  ToL1(a1, ga, M, K, K);
  ToL1(b1, gb, K, N, N);
  DataCopy(bias1, gbias, N);
  in_a.EnQue(a1);
  in_b.EnQue(b1);
  in_bias.EnQue(bias1);

  a1 = in_a.DeQue<half>();
  b1 = in_b.DeQue<half>();
  bias1 = in_bias.DeQue<float>();
  LocalTensor<half> a2 = left.AllocTensor<half>(), b2 = right.AllocTensor<half>();
  LocalTensor<float> bias2 = table.AllocTensor<float>();
  ToL0A(a2, a1, M, K);
  ToL0B(b2, b1, K, N);
  DataCopy(bias2, bias1, N);  // L1 to the bias table, by MTE1
  left.EnQue(a2);
  right.EnQue(b2);
  table.EnQue(bias2);
  in_a.FreeTensor(a1);
  in_b.FreeTensor(b1);
  in_bias.FreeTensor(bias1);

  a2 = left.DeQue<half>();
  b2 = right.DeQue<half>();
  bias2 = table.DeQue<float>();
  LocalTensor<float> c1 = out.AllocTensor<float>();
  MmadParams mm;
  mm.m = M;
  mm.n = N;
  mm.k = K;
  mm.cmatrixInitVal = false;
  Mmad(c1, a2, b2, bias2, mm);
  out.EnQue(c1);
  left.FreeTensor(a2);
  right.FreeTensor(b2);
  table.FreeTensor(bias2);

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
  const std::vector<float> a = example::halved(example::numbers(M * K, -1, 1, 1)),
                           b = example::halved(example::numbers(K * N, -1, 1, 2)),
                           bias = example::numbers(N, -9, 9, 3);
  example::Buffer<aclFloat16> da(example::to_half(a)), db(example::to_half(b));
  example::Buffer<float> dbias(bias), dc(M * N);
  multiply_and_add<<<1, nullptr, acl.stream>>>(da, db, dbias, dc);
  acl.wait();
  const auto golden = [&](size_t i) {
    double sum = bias[i % N];
    for (size_t k = 0; k < K; ++k) sum += double(a[i / N * K + k]) * b[k * N + i % N];
    return sum;
  };
  return example::compare("cube/bias", dc.read(), golden, 1e-5);
}
