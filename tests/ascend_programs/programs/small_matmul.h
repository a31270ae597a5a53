// SPDX-License-Identifier: Apache-2.0
#pragma once

// C[M x N] = A[M x K] B[K x N] of fp16 on one cube core, all of it in one step.

#include "kernel_operator.h"

template <uint16_t M, uint16_t N, uint16_t K>
class SmallMatmul {
 public:
  __aicore__ inline void Process(GM_ADDR a, GM_ADDR b, GM_ADDR c) {
    using namespace AscendC;
    a_.SetGlobalBuffer((__gm__ half*)a, M * K);
    b_.SetGlobalBuffer((__gm__ half*)b, K * N);
    c_.SetGlobalBuffer((__gm__ float*)c, M * N);
    pipe_.InitBuffer(a1_, 1, M * K * sizeof(half));
    pipe_.InitBuffer(b1_, 1, K * N * sizeof(half));
    pipe_.InitBuffer(a2_, 1, M * K * sizeof(half));
    pipe_.InitBuffer(b2_, 1, K * N * sizeof(half));
    pipe_.InitBuffer(c1_, 1, M * N * sizeof(float));
    CopyIn();
    Split();
    Compute();
    CopyOut();
  }

 private:
  __aicore__ inline void CopyIn() {
    using namespace AscendC;
    LocalTensor<half> a = a1_.AllocTensor<half>(), b = b1_.AllocTensor<half>();
    DataCopy(a, a_, Nd2NzParams(1, M, K, 0, K, M, 1, 0));
    DataCopy(b, b_, Nd2NzParams(1, K, N, 0, N, K, 1, 0));
    a1_.EnQue(a);
    b1_.EnQue(b);
  }
  __aicore__ inline void Split() {
    using namespace AscendC;
    LocalTensor<half> a = a1_.DeQue<half>(), b = b1_.DeQue<half>();
    LocalTensor<half> a2 = a2_.AllocTensor<half>(), b2 = b2_.AllocTensor<half>();
    for (int row = 0; row < M / 16; ++row)
      LoadData(a2[row * 16 * K], a[row * 256], LoadData2DParams(0, K / 16, M / 16, 0, 0, false, 0));
    for (int row = 0; row < K / 16; ++row)
      LoadData(b2[row * 16 * N], b[row * 256], LoadData2DParams(0, N / 16, K / 16, 0, 0, true, 0));
    a2_.EnQue(a2);
    b2_.EnQue(b2);
    a1_.FreeTensor(a);
    b1_.FreeTensor(b);
  }
  __aicore__ inline void Compute() {
    using namespace AscendC;
    LocalTensor<half> a = a2_.DeQue<half>(), b = b2_.DeQue<half>();
    LocalTensor<float> c = c1_.AllocTensor<float>();
    MmadParams p;
    p.m = M;
    p.n = N;
    p.k = K;
    Mmad(c, a, b, p);
    c1_.EnQue(c);
    a2_.FreeTensor(a);
    b2_.FreeTensor(b);
  }
  __aicore__ inline void CopyOut() {
    using namespace AscendC;
    LocalTensor<float> c = c1_.DeQue<float>();
    FixpipeParamsV220 p;
    p.nSize = N;
    p.mSize = M;
    p.srcStride = M;
    p.dstStride = N;
    Fixpipe<float, float, CFG_ROW_MAJOR>(c_, c, p);
    c1_.FreeTensor(c);
  }

  AscendC::TPipe pipe_;
  AscendC::TQue<AscendC::QuePosition::A1, 1> a1_;
  AscendC::TQue<AscendC::QuePosition::B1, 1> b1_;
  AscendC::TQue<AscendC::QuePosition::A2, 1> a2_;
  AscendC::TQue<AscendC::QuePosition::B2, 1> b2_;
  AscendC::TQue<AscendC::QuePosition::CO1, 1> c1_;
  AscendC::GlobalTensor<half> a_, b_;
  AscendC::GlobalTensor<float> c_;
};

inline float element_a(int i) { return static_cast<float>(i % 13) - 6.0f; }
inline float element_b(int i) { return static_cast<float>(i % 7) * 0.25f; }
