// SPDX-License-Identifier: Apache-2.0
// The smallest matrix product: C = A B of 16 x 16 halves. One tile goes the whole way once:
//   device memory -(MTE2, ND to NZ)-> L1 -(MTE1)-> L0A, L0B -(M: Mmad)-> L0C -(FIX: Fixpipe)-> device memory
// At this size every layout is one fractal: 16 rows of 32 bytes. L0B wants its fractal column by column, so B
// is transposed on its way from L1.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint16_t kSide = 16;
constexpr uint32_t kCount = kSide * kSide;

extern "C" __global__ __cube__ void multiply(GM_ADDR a, GM_ADDR b, GM_ADDR c) {
  using namespace AscendC;
  GlobalTensor<half> ga, gb;
  GlobalTensor<float> gc;
  ga.SetGlobalBuffer((__gm__ half*)a, kCount);
  gb.SetGlobalBuffer((__gm__ half*)b, kCount);
  gc.SetGlobalBuffer((__gm__ float*)c, kCount);
  TPipe pipe;
  TQue<TPosition::A1, 1> in_a;
  TQue<TPosition::B1, 1> in_b;
  TQue<TPosition::A2, 1> left;
  TQue<TPosition::B2, 1> right;
  TQue<TPosition::CO1, 1> out;
  pipe.InitBuffer(in_a, 1, kCount * sizeof(half));
  pipe.InitBuffer(in_b, 1, kCount * sizeof(half));
  pipe.InitBuffer(left, 1, kCount * sizeof(half));
  pipe.InitBuffer(right, 1, kCount * sizeof(half));
  pipe.InitBuffer(out, 1, kCount * sizeof(float));

  LocalTensor<half> a1 = in_a.AllocTensor<half>(), b1 = in_b.AllocTensor<half>();
  Nd2NzParams nz;
  nz.ndNum = 1;
  nz.nValue = kSide;  // rows
  nz.dValue = kSide;  // columns
  nz.srcNdMatrixStride = 0;
  nz.srcDValue = kSide;      // from row to row in device memory
  nz.dstNzC0Stride = kSide;  // from one column of fractals to the next, in 32 bytes
  nz.dstNzNStride = 1;
  nz.dstNzMatrixStride = 0;
  DataCopy(a1, ga, nz);
  DataCopy(b1, gb, nz);
  in_a.EnQue(a1);
  in_b.EnQue(b1);

  a1 = in_a.DeQue<half>();
  b1 = in_b.DeQue<half>();
  LocalTensor<half> a2 = left.AllocTensor<half>(), b2 = right.AllocTensor<half>();
  LoadData2DParams fractal;
  fractal.repeatTimes = 1;
  fractal.srcStride = 1;
  fractal.ifTranspose = false;
  LoadData(a2, a1, fractal);
  fractal.ifTranspose = true;
  LoadData(b2, b1, fractal);
  left.EnQue(a2);
  right.EnQue(b2);
  in_a.FreeTensor(a1);
  in_b.FreeTensor(b1);

  a2 = left.DeQue<half>();
  b2 = right.DeQue<half>();
  LocalTensor<float> c1 = out.AllocTensor<float>();
  MmadParams mm;
  mm.m = mm.n = mm.k = kSide;
  Mmad(c1, a2, b2, mm);
  out.EnQue(c1);
  left.FreeTensor(a2);
  right.FreeTensor(b2);

  c1 = out.DeQue<float>();
  FixpipeParamsV220 fix;
  fix.mSize = fix.nSize = kSide;
  fix.srcStride = kSide;
  fix.dstStride = kSide;
  Fixpipe(gc, c1, fix);
  out.FreeTensor(c1);
}

int main() {
  example::Session acl;
  const std::vector<float> a = example::halved(example::numbers(kCount, -1, 1, 1)),
                           b = example::halved(example::numbers(kCount, -1, 1, 2));
  example::Buffer<aclFloat16> da(example::to_half(a)), db(example::to_half(b));
  example::Buffer<float> dc(kCount);
  multiply<<<1, nullptr, acl.stream>>>(da, db, dc);
  acl.wait();
  const auto golden = [&](size_t i) {
    double sum = 0;
    for (size_t k = 0; k < kSide; ++k) sum += double(a[i / kSide * kSide + k]) * b[k * kSide + i % kSide];
    return sum;
  };
  return example::compare("cube/one_fractal", dc.read(), golden, 1e-6);
}
