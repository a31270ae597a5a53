// SPDX-License-Identifier: Apache-2.0
// The host's side: two streams, asynchronous copies from pinned memory, and an event by which one stream
// waits for the other. y = (2 x) + 1, the doubling on one stream, the addition on the other.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kTile = 1024;

template <bool doubles>
__global__ __vector__ void step(GM_ADDR x, GM_ADDR y) {
  using namespace AscendC;
  GlobalTensor<float> from, to;
  from.SetGlobalBuffer((__gm__ float *)x, kTile);
  to.SetGlobalBuffer((__gm__ float *)y, kTile);
  TPipe pipe;
  TQue<TPosition::VECIN, 1> in;
  TQue<TPosition::VECOUT, 1> out;
  pipe.InitBuffer(in, 1, kTile * sizeof(float));
  pipe.InitBuffer(out, 1, kTile * sizeof(float));
  LocalTensor<float> a = in.AllocTensor<float>();
  DataCopy(a, from, kTile);
  in.EnQue(a);
  a = in.DeQue<float>();
  LocalTensor<float> b = out.AllocTensor<float>();
  if constexpr (doubles) {
    Add(b, a, a, kTile);
  } else {
    Adds(b, a, 1.0f, kTile);
  }
  out.EnQue(b);
  in.FreeTensor(a);
  b = out.DeQue<float>();
  DataCopy(to, b, kTile);
  out.FreeTensor(b);
}

int main() {
  constexpr size_t bytes = kTile * sizeof(float);
  example::Session first;
  aclrtStream second;
  aclrtEvent doubled;
  MUST(aclrtCreateStream(&second));
  MUST(aclrtCreateEvent(&doubled));
  void *in = nullptr, *out = nullptr;
  MUST(aclrtMallocHost(&in, bytes));
  MUST(aclrtMallocHost(&out, bytes));
  const std::vector<float> x = example::numbers(kTile, -1, 1);
  std::copy(x.begin(), x.end(), static_cast<float *>(in));
  example::Buffer<float> dx(kTile), middle(kTile), dy(kTile);

  MUST(aclrtMemcpyAsync(dx, bytes, in, bytes, ACL_MEMCPY_HOST_TO_DEVICE, first.stream));
  step<true><<<1, nullptr, first.stream>>>(dx, middle);
  MUST(aclrtRecordEvent(doubled, first.stream));
  MUST(aclrtStreamWaitEvent(second, doubled));
  step<false><<<1, nullptr, second>>>(middle, dy);
  MUST(aclrtMemcpyAsync(out, bytes, dy, bytes, ACL_MEMCPY_DEVICE_TO_HOST, second));
  MUST(aclrtSynchronizeStream(second));

  const std::vector<float> y(static_cast<float *>(out), static_cast<float *>(out) + kTile);
  MUST(aclrtFreeHost(in));
  MUST(aclrtFreeHost(out));
  MUST(aclrtDestroyEvent(doubled));
  MUST(aclrtDestroyStream(second));
  return example::compare("host/streams", y, [&](size_t i) { return 2.0 * x[i] + 1; }, 1e-6);
}
