// SPDX-License-Identifier: Apache-2.0
// Cube and vector cores of one block: the product goes through device memory, a flag says when, each vector core halves
// its rows and adds one.
#include "device_memory.h"
#include "small_matmul.h"

constexpr int M = 32, N = 64, K = 32;

template <int kCore>
struct Part;
template <>
struct Part<AscendC::AIC> {
  __aicore__ static void run(GM_ADDR a, GM_ADDR b, GM_ADDR c, GM_ADDR) {
    SmallMatmul<M, N, K> op;
    op.Process(a, b, c);
    AscendC::CrossCoreSetFlag<2, PIPE_FIX>(3);
  }
};
template <>
struct Part<AscendC::AIV> {
  __aicore__ static void run(GM_ADDR, GM_ADDR, GM_ADDR c, GM_ADDR out) {
    using namespace AscendC;
    constexpr int kRows = M / 2, kCount = kRows * N;
    TPipe pipe;
    TBuf<TPosition::VECCALC> buffer;
    pipe.InitBuffer(buffer, kCount * sizeof(float));
    LocalTensor<float> local = buffer.Get<float>();
    GlobalTensor<float> in, result;
    in.SetGlobalBuffer((__gm__ float*)c + GetSubBlockIdx() * kCount, kCount);
    result.SetGlobalBuffer((__gm__ float*)out + GetSubBlockIdx() * kCount, kCount);
    CrossCoreWaitFlag(3);
    DataCopy(local, in, kCount);
    SetFlag<HardEvent::MTE2_V>(EVENT_ID1);
    WaitFlag<HardEvent::MTE2_V>(EVENT_ID1);
    Muls(local, local, 0.5f, kCount);
    PipeBarrier<PIPE_V>();
    Adds(local, local, 1.0f, kCount);
    SetFlag<HardEvent::V_MTE3>(EVENT_ID1);
    WaitFlag<HardEvent::V_MTE3>(EVENT_ID1);
    DataCopy(result, local, kCount);
  }
};

// The core type is a constant: a template argument.
__global__ __mix__(1, 2) void product_and_more(GM_ADDR a, GM_ADDR b, GM_ADDR c, GM_ADDR out) {
  Part<g_coreType>::run(a, b, c, out);
}

int main() {
  const aclrtStream stream = start();
  std::vector<half> a(M * K), b(K * N);
  for (int i = 0; i < M * K; ++i) a[i] = half(element_a(i));
  for (int i = 0; i < K * N; ++i) b[i] = half(element_b(i));
  uint8_t *da = to_device(a), *db = to_device(b), *dc = to_device(std::vector<float>(M * N)),
          *dout = to_device(std::vector<float>(M * N));
  product_and_more<<<1, nullptr, stream>>>(da, db, dc, dout);
  MUST(aclrtSynchronizeStream(stream));
  const std::vector<float> out = from_device<float>(dout, M * N);
  bool right = true;
  for (int m = 0; m < M; ++m) {
    for (int n = 0; n < N; ++n) {
      double sum = 0;
      for (int k = 0; k < K; ++k) sum += static_cast<double>(element_a(m * K + k)) * element_b(k * N + n);
      right = right && out[m * N + n] == static_cast<float>(sum * 0.5 + 1.0);
    }
  }
  return finish(right);
}
