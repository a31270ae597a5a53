// SPDX-License-Identifier: Apache-2.0
// Sums of rows on the cube: A times a matrix of ones, which InitConstValue makes in L0B without any transfer.
// All 16 columns of the result are the same; FixPipe stores them all, the host looks at the first.
#include "../common.h"
#include "tile.h"

constexpr uint16_t M = 64, N = 16, K = 128;

extern "C" __global__ __cube__ void row_sums(GM_ADDR a, GM_ADDR sums) {
  using namespace AscendC;
  GlobalTensor<half> ga;
  GlobalTensor<float> gs;
  ga.SetGlobalBuffer((__gm__ half*)a, M * K);
  gs.SetGlobalBuffer((__gm__ float*)sums, M * N);
  TPipe pipe;
  TQue<TPosition::A1, 1> in_a;
  TQue<TPosition::A2, 1> left;
  TQue<TPosition::B2, 1> right;
  TQue<TPosition::CO1, 1> out;
  pipe.InitBuffer(in_a, 1, M * K * sizeof(half));
  pipe.InitBuffer(left, 1, M * K * sizeof(half));
  pipe.InitBuffer(right, 1, K * N * sizeof(half));
  pipe.InitBuffer(out, 1, M * N * sizeof(float));

  LocalTensor<half> ones = right.AllocTensor<half>();
  InitConstValueParams<half> fill;
  fill.repeatTimes = 1;
  fill.blockNum = K * N * sizeof(half) / 512;  // in L0A and L0B a block is a fractal of 512 bytes
  fill.dstGap = 0;
  fill.initValue = half(1.0f);
  InitConstValue(ones, fill);
  right.EnQue(ones);
  LocalTensor<half> a1 = in_a.AllocTensor<half>();
  ToL1(a1, ga, M, K, K);
  in_a.EnQue(a1);
  a1 = in_a.DeQue<half>();
  LocalTensor<half> a2 = left.AllocTensor<half>();
  ToL0A(a2, a1, M, K);
  left.EnQue(a2);
  in_a.FreeTensor(a1);

  a2 = left.DeQue<half>();
  ones = right.DeQue<half>();
  LocalTensor<float> c1 = out.AllocTensor<float>();
  MmadParams mm;
  mm.m = M;
  mm.n = N;
  mm.k = K;
  Mmad(c1, a2, ones, mm);
  out.EnQue(c1);
  left.FreeTensor(a2);
  right.FreeTensor(ones);
  c1 = out.DeQue<float>();
  FixpipeParamsV220 fix;
  fix.mSize = M;
  fix.nSize = N;
  fix.srcStride = M;
  fix.dstStride = N;
  Fixpipe(gs, c1, fix);
  out.FreeTensor(c1);
}

int main() {
  example::Session acl;
  const std::vector<float> a = example::halved(example::numbers(M * K, -1, 1));
  example::Buffer<aclFloat16> da(example::to_half(a));
  example::Buffer<float> sums(M * N);
  row_sums<<<1, nullptr, acl.stream>>>(da, sums);
  acl.wait();
  const auto golden = [&](size_t i) {
    double sum = 0;
    for (size_t k = 0; k < K; ++k) sum += a[i / N * K + k];
    return sum;
  };
  return example::compare("cube/row_sums", sums.read(), golden, 1e-5);
}
