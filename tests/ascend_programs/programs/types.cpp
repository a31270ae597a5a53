// SPDX-License-Identifier: Apache-2.0
// Every way to say, or to leave open, which cores a kernel runs on.
#include "small_matmul.h"
#include "add.h"

extern "C" __vector__ __global__ void declared_vector(GM_ADDR) {}
extern "C" __global__ __mix__(1, 2) void declared_mix(GM_ADDR) {}

template <class T>
__global__ __aicore__ void by_macro(GM_ADDR) {
  if constexpr (sizeof(T) == 4 && T(0.5) != T(0)) {
    KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIC_1_1);
  } else {
    KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_AIV_ONLY);
  }
}
extern "C" __global__ __aicore__ void inferred_cube(GM_ADDR a, GM_ADDR b, GM_ADDR c) {
  SmallMatmul<16, 16, 16> op;
  op.Process(a, b, c);
}
extern "C" __global__ __aicore__ void inferred_mix(GM_ADDR a, GM_ADDR b, GM_ADDR c) {
  if ASCEND_IS_AIC {
    SmallMatmul<16, 16, 16> op;
    op.Process(a, b, c);
  } else {
    Add<float> op;
    op.Init(a, b, c, 64, 64);
    op.Process();
  }
}
namespace ns {
__global__ __aicore__ void inferred_vector(GM_ADDR a, GM_ADDR b, GM_ADDR c) {
  Add<float> op;
  op.Init(a, b, c, 64, 64);
  op.Process();
}
}  // namespace ns

void launch_all(void* stream, uint8_t* p) {
  by_macro<float><<<1, nullptr, stream>>>(p);
  by_macro<int><<<1, nullptr, stream>>>(p);
}
