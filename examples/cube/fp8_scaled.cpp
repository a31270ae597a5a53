// SPDX-License-Identifier: Apache-2.0
// arch: dav-3510
// A product of fp8 numbers of which each 32 along K share a scale, a power of two (MX). The scales lie in L1
// in pieces of 32 bytes, 16 rows of A (columns of B) by two scales, and go to L0 with their operand; the cube
// applies them. A is M x K and B N x K in memory, so neither is turned around on its way.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint16_t M = 48, N = 32, K = 128, kFractal = 32;  // fractals of 16 rows by 32 fp8
constexpr uint16_t kPieces = K / 64;

__global__ __cube__ void scaled_product(GM_ADDR a, GM_ADDR b, GM_ADDR scale_a, GM_ADDR scale_b, GM_ADDR c) {
  using namespace AscendC;
  TPipe pipe;
  TBuf<TPosition::A1> a1, a1_scales;
  TBuf<TPosition::B1> b1, b1_scales;
  TBuf<TPosition::A2> a2;
  TBuf<TPosition::B2> b2;
  TBuf<TPosition::CO1> c1;
  pipe.InitBuffer(a1, M * K);
  pipe.InitBuffer(b1, N * K);
  pipe.InitBuffer(a1_scales, M * K / 32);
  pipe.InitBuffer(b1_scales, N * K / 32);
  pipe.InitBuffer(a2, M * K);
  pipe.InitBuffer(b2, N * K);
  pipe.InitBuffer(c1, M * N * sizeof(float));
  GlobalTensor<fp8_e4m3fn_t> ga, gb;
  GlobalTensor<fp8_e8m0_t> gsa, gsb;
  GlobalTensor<float> gc;
  ga.SetGlobalBuffer((__gm__ fp8_e4m3fn_t*)a, M * K);
  gb.SetGlobalBuffer((__gm__ fp8_e4m3fn_t*)b, N * K);
  gsa.SetGlobalBuffer((__gm__ fp8_e8m0_t*)scale_a, M * K / 32);
  gsb.SetGlobalBuffer((__gm__ fp8_e8m0_t*)scale_b, N * K / 32);
  gc.SetGlobalBuffer((__gm__ float*)c, M * N);
  DataCopy(a1.Get<fp8_e4m3fn_t>(), ga, Nd2NzParams(1, M, K, 0, K, M, 1, 0));
  DataCopy(b1.Get<fp8_e4m3fn_t>(), gb, Nd2NzParams(1, N, K, 0, K, N, 1, 0));
  DataCopy(a1_scales.Get<fp8_e8m0_t>(), gsa, M * K / 32);
  DataCopy(b1_scales.Get<fp8_e8m0_t>(), gsb, N * K / 32);
  SetFlag<HardEvent::MTE2_MTE1>(EVENT_ID0);
  WaitFlag<HardEvent::MTE2_MTE1>(EVENT_ID0);
  LoadData2DMxParams scales_a, scales_b;
  scales_a.xStep = M / 16, scales_b.xStep = N / 16;
  scales_a.yStep = scales_b.yStep = kPieces;
  scales_a.srcStride = scales_a.dstStride = scales_b.srcStride = scales_b.dstStride = kPieces;
  LoadData(a2.Get<mx_fp8_e4m3_t>(), a1.Get<fp8_e4m3fn_t>(), a1_scales.Get<fp8_e8m0_t>(),
           LoadData2DParamsV2(0, 0, M / 16, K / kFractal, M / 16, M / 16, false), scales_a);
  LoadData(b2.Get<mx_fp8_e4m3_t>(), b1.Get<fp8_e4m3fn_t>(), b1_scales.Get<fp8_e8m0_t>(),
           LoadData2DParamsV2(0, 0, N / 16, K / kFractal, N / 16, N / 16, false), scales_b);
  SetFlag<HardEvent::MTE1_M>(EVENT_ID0);
  WaitFlag<HardEvent::MTE1_M>(EVENT_ID0);
  MmadParams mm;
  mm.m = M, mm.n = N, mm.k = K;
  Mmad(c1.Get<float>(), a2.Get<mx_fp8_e4m3_t>(), b2.Get<mx_fp8_e4m3_t>(), mm);
  SetFlag<HardEvent::M_FIX>(EVENT_ID0);
  WaitFlag<HardEvent::M_FIX>(EVENT_ID0);
  FixpipeParamsC310<CO2Layout::ROW_MAJOR> fix;
  fix.mSize = M, fix.nSize = N, fix.srcStride = M, fix.dstStride = N;
  Fixpipe(gc, c1.Get<float>(), fix);
}

// Whole numbers from -8 to 8 as fp8 with four exponent and three mantissa bits.
uint8_t fp8_of(int v) {
  if (v == 0) return 0;
  int e = 0;
  for (int a = std::abs(v); a >= 2; a /= 2) ++e;
  return static_cast<uint8_t>((v < 0 ? 128 : 0) | (e + 7) << 3 | ((std::abs(v) << 3 >> e) & 7));
}

int main() {
  example::Session acl;
  const std::vector<int> a = example::integers<int>(M * K, -8, 9, 1),
                         b = example::integers<int>(N * K, -8, 9, 2);
  const std::vector<int> ea = example::integers<int>(M * K / 32, -3, 4, 3),
                         eb = example::integers<int>(N * K / 32, -3, 4, 4);
  std::vector<uint8_t> qa, qb, sa(ea.size()), sb(eb.size());
  for (const int v : a) qa.push_back(fp8_of(v));
  for (const int v : b) qb.push_back(fp8_of(v));
  const auto place = [](size_t row, size_t group) {
    return (row / 16 * kPieces + group / 2) * 32 + row % 16 * 2 + group % 2;
  };
  for (size_t i = 0; i < ea.size(); ++i)
    sa[place(i / (K / 32), i % (K / 32))] = static_cast<uint8_t>(127 + ea[i]);
  for (size_t i = 0; i < eb.size(); ++i)
    sb[place(i / (K / 32), i % (K / 32))] = static_cast<uint8_t>(127 + eb[i]);
  example::Buffer<uint8_t> da(qa), db(qb), dsa(sa), dsb(sb);
  example::Buffer<float> dc(M * N);
  scaled_product<<<1, nullptr, acl.stream>>>(da, db, dsa, dsb, dc);
  acl.wait();
  const auto golden = [&](size_t i) {
    const size_t m = i / N, n = i % N;
    double sum = 0;
    for (size_t k = 0; k < K; ++k)
      sum += std::ldexp(double(a[m * K + k]) * b[n * K + k],
                        ea[m * (K / 32) + k / 32] + eb[n * (K / 32) + k / 32]);
    return sum;
  };
  return example::compare("cube/fp8_scaled", dc.read(), golden, 1e-6);
}
