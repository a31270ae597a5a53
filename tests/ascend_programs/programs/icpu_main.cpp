// SPDX-License-Identifier: Apache-2.0
// The harness without AscendCL: memory by GmAlloc, the kernel by ICPU_RUN_KF.
// COVERS("ICPU_RUN_KF", "GmAlloc", "GmFree", "SetKernelMode")
#include <cstdio>

#include "by_name_tiling.h"
#include "tikicpulib.h"

extern "C" __global__ __aicore__ void scale(GM_ADDR x, GM_ADDR y, GM_ADDR tiling, int32_t times, ScaleTiling by_value);

int main() {
  auto* x = static_cast<float*>(AscendC::GmAlloc(128 * sizeof(float)));
  auto* y = static_cast<float*>(AscendC::GmAlloc(128 * sizeof(float)));
  auto* tiling = static_cast<ScaleTiling*>(AscendC::GmAlloc(sizeof(ScaleTiling)));
  for (int i = 0; i < 128; ++i) x[i] = static_cast<float>(i);
  *tiling = {64, 0.5f};
  ScaleTiling by_value = {0, 1.0f};
  AscendC::SetKernelMode(KernelMode::AIV_MODE);
  ICPU_RUN_KF(scale, 2, reinterpret_cast<uint8_t*>(x), reinterpret_cast<uint8_t*>(y), reinterpret_cast<uint8_t*>(tiling), 1,
              by_value);
  bool right = true;
  for (int i = 0; i < 128; ++i) right = right && y[i] == 0.5f * static_cast<float>(i) + 1.0f;
  AscendC::GmFree(x);
  AscendC::GmFree(y);
  AscendC::GmFree(tiling);
  std::puts(right ? "all right" : "wrong numbers");
  return right ? 0 : 1;
}
