// SPDX-License-Identifier: Apache-2.0
// What FixPipe does on the way out: ReLU, and rounding to half. C = half(max(A B, 0)).
#include "../common.h"
#include "tile.h"

constexpr uint16_t M = 32, N = 64, K = 48;

extern "C" __global__ __cube__ void multiply(GM_ADDR a, GM_ADDR b, GM_ADDR c) {
  using namespace AscendC;
  GlobalTensor<half> ga, gb, gc;
  ga.SetGlobalBuffer((__gm__ half*)a, M * K);
  gb.SetGlobalBuffer((__gm__ half*)b, K * N);
  gc.SetGlobalBuffer((__gm__ half*)c, M * N);
  TPipe pipe;
  TQue<TPosition::A1, 1> in_a;
  TQue<TPosition::B1, 1> in_b;
  TQue<TPosition::A2, 1> left;
  TQue<TPosition::B2, 1> right;
  TQue<TPosition::CO1, 1> out;
  pipe.InitBuffer(in_a, 1, M * K * sizeof(half));
  pipe.InitBuffer(in_b, 1, K * N * sizeof(half));
  pipe.InitBuffer(left, 1, M * K * sizeof(half));
  pipe.InitBuffer(right, 1, K * N * sizeof(half));
  pipe.InitBuffer(out, 1, M * N * sizeof(float));

  LocalTensor<half> a1 = in_a.AllocTensor<half>(), b1 = in_b.AllocTensor<half>();
  ToL1(a1, ga, M, K, K);
  ToL1(b1, gb, K, N, N);
  in_a.EnQue(a1);
  in_b.EnQue(b1);
  a1 = in_a.DeQue<half>();
  b1 = in_b.DeQue<half>();
  LocalTensor<half> a2 = left.AllocTensor<half>(), b2 = right.AllocTensor<half>();
  ToL0A(a2, a1, M, K);
  ToL0B(b2, b1, K, N);
  left.EnQue(a2);
  right.EnQue(b2);
  in_a.FreeTensor(a1);
  in_b.FreeTensor(b1);
  a2 = left.DeQue<half>();
  b2 = right.DeQue<half>();
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
  fix.reluEn = true;
  fix.quantPre = F322F16;  // said by hand: the output's type alone does not do it
  Fixpipe(gc, c1, fix);
  out.FreeTensor(c1);
}

int main() {
  example::Session acl;
  const std::vector<float> a = example::halved(example::numbers(M * K, -1, 1, 1)),
                           b = example::halved(example::numbers(K * N, -1, 1, 2));
  example::Buffer<aclFloat16> da(example::to_half(a)), db(example::to_half(b)), dc(M * N);
  multiply<<<1, nullptr, acl.stream>>>(da, db, dc);
  acl.wait();
  const auto golden = [&](size_t i) {
    double sum = 0;
    for (size_t k = 0; k < K; ++k) sum += double(a[i / N * K + k]) * b[k * N + i % N];
    return std::fmax(sum, 0.0);
  };
  return example::compare("cube/relu_half", example::from_half(dc.read()), golden, 1e-3);
}
