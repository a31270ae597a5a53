// SPDX-License-Identifier: Apache-2.0
// Two devices in one program: each negates half of a vector. Memory and streams belong to the device that was
// set when they were made; a launch runs where its stream lives.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kTile = 1024, kDevices = 2;

extern "C" __global__ __vector__ void negate(GM_ADDR x, GM_ADDR y) {
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
  Muls(b, a, -1.0f, kTile);
  out.EnQue(b);
  in.FreeTensor(a);
  b = out.DeQue<float>();
  DataCopy(to, b, kTile);
  out.FreeTensor(b);
}

int main() {
  constexpr size_t bytes = kTile * sizeof(float);
  MUST(aclInit(nullptr));
  uint32_t devices = 0;
  MUST(aclrtGetDeviceCount(&devices));
  if (devices < kDevices) return 1;
  const std::vector<float> x = example::numbers(kDevices * kTile, -1, 1);
  std::vector<float> y(x.size());
  aclrtStream streams[kDevices];
  void *dx[kDevices], *dy[kDevices];
  for (uint32_t d = 0; d < kDevices; ++d) {  // all are given their work first,
    MUST(aclrtSetDevice(d));
    MUST(aclrtCreateStream(&streams[d]));
    MUST(aclrtMalloc(&dx[d], bytes, ACL_MEM_MALLOC_HUGE_FIRST));
    MUST(aclrtMalloc(&dy[d], bytes, ACL_MEM_MALLOC_HUGE_FIRST));
    MUST(aclrtMemcpy(dx[d], bytes, &x[d * kTile], bytes, ACL_MEMCPY_HOST_TO_DEVICE));
    negate<<<1, nullptr, streams[d]>>>((uint8_t *)dx[d], (uint8_t *)dy[d]);
  }
  for (uint32_t d = 0; d < kDevices; ++d) {  // then asked for their results
    MUST(aclrtSetDevice(d));
    MUST(aclrtSynchronizeStream(streams[d]));
    MUST(aclrtMemcpy(&y[d * kTile], bytes, dy[d], bytes, ACL_MEMCPY_DEVICE_TO_HOST));
    MUST(aclrtFree(dx[d]));
    MUST(aclrtFree(dy[d]));
    MUST(aclrtDestroyStream(streams[d]));
    MUST(aclrtResetDevice(d));
  }
  MUST(aclFinalize());
  return example::compare("host/two_devices", y, [&](size_t i) { return -double(x[i]); }, 0);
}
