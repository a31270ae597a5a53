// SPDX-License-Identifier: Apache-2.0
#include "device_memory.h"
#include "small_matmul.h"

constexpr int M = 48, N = 80, K = 64;

extern "C" __global__ [aicore] void matmul(GM_ADDR a, GM_ADDR b, GM_ADDR c) {
  if (g_coreType == AscendC::AIV) return;
  SmallMatmul<M, N, K> op;
  op.Process(a, b, c);
}

int main() {
  const aclrtStream stream = start();
  std::vector<half> a(M * K), b(K * N);
  for (int i = 0; i < M * K; ++i) a[i] = half(element_a(i));
  for (int i = 0; i < K * N; ++i) b[i] = half(element_b(i));
  uint8_t *da = to_device(a), *db = to_device(b), *dc = to_device(std::vector<float>(M * N));
  matmul<<<1, nullptr, stream>>>(da, db, dc);
  MUST(aclrtSynchronizeStream(stream));
  const std::vector<float> c = from_device<float>(dc, M * N);
  bool right = true;
  for (int m = 0; m < M; ++m) {
    for (int n = 0; n < N; ++n) {
      double sum = 0;
      for (int k = 0; k < K; ++k) sum += static_cast<double>(element_a(m * K + k)) * element_b(k * N + n);
      right = right && c[m * N + n] == static_cast<float>(sum);
    }
  }
  return finish(right);
}
