// SPDX-License-Identifier: Apache-2.0
// The other way round: vector cores prepare what the cube multiplies. Weights lie in device memory as int8
// with a scale for each row; the vector core of a block makes halves of them, step by step through a
// workspace of two slots, and the cube core adds up the products. Flags go both ways: "slot is full" and
// "slot is free again".
#include "../common.h"
#include "../cube/tile.h"

constexpr uint16_t M = 32, N = 64, kStep = 32, kSteps = 6, K = kStep * kSteps;
constexpr uint16_t kFull = 4, kFree = 6;  // ids; + slot

__aicore__ inline void Widen(GM_ADDR weights, GM_ADDR scales, GM_ADDR slots) {
  using namespace AscendC;
  constexpr uint32_t kCount = kStep * N;
  GlobalTensor<int8_t> gw;
  GlobalTensor<float> gs;
  GlobalTensor<half> gslots;
  gw.SetGlobalBuffer((__gm__ int8_t*)weights, K * N);
  gs.SetGlobalBuffer((__gm__ float*)scales, K);
  gslots.SetGlobalBuffer((__gm__ half*)slots, 2 * kCount);
  TPipe pipe;
  TQue<TPosition::VECIN, 2> in;
  TQue<TPosition::VECIN, 1> in_scales;
  TQue<TPosition::VECOUT, 2> out;
  TBuf<TPosition::VECCALC> half_buffer, wide_buffer, spread_buffer;
  pipe.InitBuffer(in, 2, kCount);
  pipe.InitBuffer(in_scales, 1, K * sizeof(float));
  pipe.InitBuffer(out, 2, kCount * sizeof(half));
  pipe.InitBuffer(half_buffer, kCount * sizeof(half));
  pipe.InitBuffer(wide_buffer, kCount * sizeof(float));
  pipe.InitBuffer(spread_buffer, K * 32);
  const LocalTensor<half> h = half_buffer.Get<half>();
  const LocalTensor<float> w = wide_buffer.Get<float>(), spread = spread_buffer.Get<float>();
  LocalTensor<float> s = in_scales.AllocTensor<float>();
  DataCopy(s, gs, K);
  in_scales.EnQue(s);
  s = in_scales.DeQue<float>();
  Brcb(spread, s, K / 8, BrcbRepeatParams(1, 8));  // each scale eight times: a block
  in_scales.FreeTensor(s);
  for (uint16_t step = 0; step < kSteps; ++step) {
    const uint16_t slot = step % 2;
    LocalTensor<int8_t> q = in.AllocTensor<int8_t>();
    DataCopy(q, gw[step * kCount], kCount);
    in.EnQue(q);
    q = in.DeQue<int8_t>();
    PipeBarrier<PIPE_V>();
    Cast(h, q, RoundMode::CAST_NONE, kCount);  // int8 goes to half only, and exactly
    PipeBarrier<PIPE_V>();
    in.FreeTensor(q);
    Cast(w, h, RoundMode::CAST_NONE, kCount);
    PipeBarrier<PIPE_V>();
    BinaryRepeatParams rows;  // a repeat is a row of 64 floats
    rows.src1BlkStride = 0;
    rows.src1RepStride = 1;
    Mul(w, w, spread[step * kStep * 8], uint64_t(N), kStep, rows);
    PipeBarrier<PIPE_V>();
    LocalTensor<half> r = out.AllocTensor<half>();
    Cast(r, w, RoundMode::CAST_RINT, kCount);
    out.EnQue(r);
    r = out.DeQue<half>();
    if (step >= 2) CrossCoreWaitFlag(kFree + slot);
    DataCopy(gslots[slot * kCount], r, kCount);
    CrossCoreSetFlag<2, PIPE_MTE3>(kFull + slot);
    out.FreeTensor(r);
  }
}

__aicore__ inline void Multiply(GM_ADDR a, GM_ADDR slots, GM_ADDR c) {
  using namespace AscendC;
  GlobalTensor<half> ga, gslots;
  GlobalTensor<float> gc;
  ga.SetGlobalBuffer((__gm__ half*)a, M * K);
  gslots.SetGlobalBuffer((__gm__ half*)slots, 2 * kStep * N);
  gc.SetGlobalBuffer((__gm__ float*)c, M * N);
  TPipe pipe;
  TQue<TPosition::A1, 2> in_a;
  TQue<TPosition::B1, 2> in_b;
  TQue<TPosition::A2, 2> left;
  TQue<TPosition::B2, 2> right;
  TQue<TPosition::CO1, 1> out;
  pipe.InitBuffer(in_a, 2, M * kStep * sizeof(half));
  pipe.InitBuffer(in_b, 2, kStep * N * sizeof(half));
  pipe.InitBuffer(left, 2, M * kStep * sizeof(half));
  pipe.InitBuffer(right, 2, kStep * N * sizeof(half));
  pipe.InitBuffer(out, 1, M * N * sizeof(float));
  LocalTensor<float> sum = out.AllocTensor<float>();
  for (uint16_t step = 0; step < kSteps; ++step) {
    const uint16_t slot = step % 2;
    LocalTensor<half> a1 = in_a.AllocTensor<half>(), b1 = in_b.AllocTensor<half>();
    ToL1(a1, ga[step * kStep], M, kStep, K);
    CrossCoreWaitFlag(kFull + slot);
    ToL1(b1, gslots[slot * kStep * N], kStep, N, N);
    if (step + 2 < kSteps) CrossCoreSetFlag<2, PIPE_MTE2>(kFree + slot);  // once MTE2 has read it
    in_a.EnQue(a1);
    in_b.EnQue(b1);
    a1 = in_a.DeQue<half>();
    b1 = in_b.DeQue<half>();
    LocalTensor<half> a2 = left.AllocTensor<half>(), b2 = right.AllocTensor<half>();
    ToL0A(a2, a1, M, kStep);
    ToL0B(b2, b1, kStep, N);
    left.EnQue(a2);
    right.EnQue(b2);
    in_a.FreeTensor(a1);
    in_b.FreeTensor(b1);
    a2 = left.DeQue<half>();
    b2 = right.DeQue<half>();
    MmadParams mm;
    mm.m = M;
    mm.n = N;
    mm.k = kStep;
    mm.cmatrixInitVal = step == 0;
    Mmad(sum, a2, b2, mm);
    left.FreeTensor(a2);
    right.FreeTensor(b2);
  }
  out.EnQue(sum);
  sum = out.DeQue<float>();
  FixpipeParamsV220 fix;
  fix.mSize = M;
  fix.nSize = N;
  fix.srcStride = M;
  fix.dstStride = N;
  Fixpipe(gc, sum, fix);
  out.FreeTensor(sum);
}

__global__ __mix__(1, 1) void matmul_int8_weights(GM_ADDR a, GM_ADDR weights, GM_ADDR scales, GM_ADDR slots,
                                                  GM_ADDR c) {
  if ASCEND_IS_AIC {
    Multiply(a, slots, c);
  }
  if ASCEND_IS_AIV {
    Widen(weights, scales, slots);
  }
}

int main() {
  example::Session acl;
  const std::vector<float> a = example::halved(example::numbers(M * K, -1, 1, 1)),
                           scales = example::numbers(K, 0.001f, 0.01f, 2);
  const std::vector<int8_t> weights = example::integers<int8_t>(K * N, -128, 128, 3);
  example::Buffer<aclFloat16> da(example::to_half(a)), slots(2 * kStep * N);
  example::Buffer<int8_t> dw(weights);
  example::Buffer<float> ds(scales), dc(M * N);
  matmul_int8_weights<<<1, nullptr, acl.stream>>>(da, dw, ds, slots, dc);
  acl.wait();
  std::vector<float> b(K * N);
  for (size_t i = 0; i < b.size(); ++i) b[i] = static_cast<float>(weights[i]) * scales[i / N];
  b = example::halved(b);  // as the vector core rounds them
  const auto golden = [&](size_t i) {
    double sum = 0;
    for (size_t k = 0; k < K; ++k) sum += double(a[i / N * K + k]) * b[k * N + i % N];
    return sum;
  };
  return example::compare("mix/weights_in_int8", dc.read(), golden, 1e-5);
}
