// SPDX-License-Identifier: Apache-2.0
// C = A B on several cores, with a K that does not fit: it is walked in steps, whose products add up in L0C.
// Queues with two buffers let the next step's transfers run while this one is multiplied.
#include "../common.h"
#include "tile.h"

// Each core computes a kM x kN part of C, of all of K.
constexpr uint16_t kM = 64, kN = 48, kStep = 64;
constexpr uint32_t kRowsOfBlocks = 2, kColumnsOfBlocks = 3, kBlocks = kRowsOfBlocks * kColumnsOfBlocks;
constexpr uint32_t M = kRowsOfBlocks * kM, N = kColumnsOfBlocks * kN, K = 5 * kStep;

extern "C" __global__ __cube__ void multiply(GM_ADDR a, GM_ADDR b, GM_ADDR c) {
  using namespace AscendC;
  const uint32_t m0 = GetBlockIdx() / kColumnsOfBlocks * kM, n0 = GetBlockIdx() % kColumnsOfBlocks * kN;
  GlobalTensor<half> ga, gb;
  GlobalTensor<float> gc;
  ga.SetGlobalBuffer((__gm__ half*)a + m0 * K, kM * K);
  gb.SetGlobalBuffer((__gm__ half*)b + n0, K * N - n0);
  gc.SetGlobalBuffer((__gm__ float*)c + m0 * N + n0, kM * N);
  TPipe pipe;
  TQue<TPosition::A1, 2> in_a;
  TQue<TPosition::B1, 2> in_b;
  TQue<TPosition::A2, 2> left;
  TQue<TPosition::B2, 2> right;
  TQue<TPosition::CO1, 1> out;
  pipe.InitBuffer(in_a, 2, kM * kStep * sizeof(half));
  pipe.InitBuffer(in_b, 2, kStep * kN * sizeof(half));
  pipe.InitBuffer(left, 2, kM * kStep * sizeof(half));
  pipe.InitBuffer(right, 2, kStep * kN * sizeof(half));
  pipe.InitBuffer(out, 1, kM * kN * sizeof(float));

  LocalTensor<float> sum = out.AllocTensor<float>();
  for (uint32_t k = 0; k < K; k += kStep) {
    LocalTensor<half> a1 = in_a.AllocTensor<half>(), b1 = in_b.AllocTensor<half>();
    ToL1(a1, ga[k], kM, kStep, K);
    ToL1(b1, gb[k * N], kStep, kN, N);
    in_a.EnQue(a1);
    in_b.EnQue(b1);
    a1 = in_a.DeQue<half>();
    b1 = in_b.DeQue<half>();
    LocalTensor<half> a2 = left.AllocTensor<half>(), b2 = right.AllocTensor<half>();
    ToL0A(a2, a1, kM, kStep);
    ToL0B(b2, b1, kStep, kN);
    left.EnQue(a2);
    right.EnQue(b2);
    in_a.FreeTensor(a1);
    in_b.FreeTensor(b1);
    a2 = left.DeQue<half>();
    b2 = right.DeQue<half>();
    MmadParams mm;
    mm.m = kM;
    mm.n = kN;
    mm.k = kStep;
    mm.cmatrixInitVal = k == 0;  // the first step starts from zero, the others add
    Mmad(sum, a2, b2, mm);
    left.FreeTensor(a2);
    right.FreeTensor(b2);
  }
  out.EnQue(sum);
  sum = out.DeQue<float>();
  FixpipeParamsV220 fix;
  fix.mSize = kM;
  fix.nSize = kN;
  fix.srcStride = kM;
  fix.dstStride = N;
  Fixpipe(gc, sum, fix);
  out.FreeTensor(sum);
}

int main() {
  example::Session acl;
  const std::vector<float> a = example::halved(example::numbers(M * K, -1, 1, 1)),
                           b = example::halved(example::numbers(K * N, -1, 1, 2));
  example::Buffer<aclFloat16> da(example::to_half(a)), db(example::to_half(b));
  example::Buffer<float> dc(M * N);
  multiply<<<kBlocks, nullptr, acl.stream>>>(da, db, dc);
  acl.wait();
  const auto golden = [&](size_t i) {
    double sum = 0;
    for (size_t k = 0; k < K; ++k) sum += double(a[i / N * K + k]) * b[k * N + i % N];
    return sum;
  };
  return example::compare("cube/long_k", dc.read(), golden, 1e-5);
}
