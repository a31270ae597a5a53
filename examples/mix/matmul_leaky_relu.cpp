// SPDX-License-Identifier: Apache-2.0
// Cube and vector cores of one block: D = leaky_relu(A B). They share no on-chip memory, so the product goes
// through device memory (in truth L2), and a flag between cores says when it is there. Each block has one
// cube core and two vector cores, which take half of the rows each.
#include "../common.h"
#include "../cube/tile.h"

constexpr uint16_t M = 32, N = 64, K = 64;
constexpr uint32_t kBlocks = 3;       // each its own A and B
constexpr uint16_t kProductDone = 3;  // id of the flag

__aicore__ inline void Product(GM_ADDR a, GM_ADDR b, GM_ADDR c) {
  using namespace AscendC;
  GlobalTensor<half> ga, gb;
  GlobalTensor<float> gc;
  ga.SetGlobalBuffer((__gm__ half*)a + GetBlockIdx() * M * K, M * K);
  gb.SetGlobalBuffer((__gm__ half*)b + GetBlockIdx() * K * N, K * N);
  gc.SetGlobalBuffer((__gm__ float*)c + GetBlockIdx() * M * N, M * N);
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
  Fixpipe(gc, c1, fix);
  out.FreeTensor(c1);
  CrossCoreSetFlag<2, PIPE_FIX>(
      kProductDone);  // once FIX has stored; mode 2: to both vector cores of this block
}

__aicore__ inline void Activation(GM_ADDR c, GM_ADDR d) {
  using namespace AscendC;
  // Vector cores are numbered 0 .. 2 blocks - 1: consecutive halves of consecutive products.
  constexpr uint32_t kHalf = M / 2 * N;
  GlobalTensor<float> from, to;
  from.SetGlobalBuffer((__gm__ float*)c + GetBlockIdx() * kHalf, kHalf);
  to.SetGlobalBuffer((__gm__ float*)d + GetBlockIdx() * kHalf, kHalf);
  TPipe pipe;
  TQue<TPosition::VECIN, 1> in;
  TQue<TPosition::VECOUT, 1> out;
  pipe.InitBuffer(in, 1, kHalf * sizeof(float));
  pipe.InitBuffer(out, 1, kHalf * sizeof(float));
  CrossCoreWaitFlag(kProductDone);
  LocalTensor<float> x = in.AllocTensor<float>();
  DataCopy(x, from, kHalf);
  in.EnQue(x);
  x = in.DeQue<float>();
  LocalTensor<float> y = out.AllocTensor<float>();
  LeakyRelu(y, x, 0.01f, kHalf);
  out.EnQue(y);
  in.FreeTensor(x);
  y = out.DeQue<float>();
  DataCopy(to, y, kHalf);
  out.FreeTensor(y);
}

__global__ __mix__(1, 2) void matmul_leaky_relu(GM_ADDR a, GM_ADDR b, GM_ADDR c, GM_ADDR d) {
  if ASCEND_IS_AIC {  // the same kernel is compiled for both kinds of core
    Product(a, b, c);
  }
  if ASCEND_IS_AIV {
    Activation(c, d);
  }
}

int main() {
  example::Session acl;
  const std::vector<float> a = example::halved(example::numbers(kBlocks * M * K, -1, 1, 1)),
                           b = example::halved(example::numbers(kBlocks * K * N, -1, 1, 2));
  example::Buffer<aclFloat16> da(example::to_half(a)), db(example::to_half(b));
  example::Buffer<float> dc(kBlocks * M * N), dd(kBlocks * M * N);
  matmul_leaky_relu<<<kBlocks, nullptr, acl.stream>>>(da, db, dc, dd);
  acl.wait();
  const auto golden = [&](size_t i) {
    const size_t block = i / (M * N), row = i / N % M;
    double sum = 0;
    for (size_t k = 0; k < K; ++k)
      sum += double(a[(block * M + row) * K + k]) * b[(block * K + k) * N + i % N];
    return sum < 0 ? 0.01 * sum : sum;
  };
  return example::compare("mix/matmul_leaky_relu", dd.read(), golden, 1e-5);
}
