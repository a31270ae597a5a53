// SPDX-License-Identifier: Apache-2.0
#pragma once

// Flash attention forward on 910B/C, in Ascend C: one cube core with its two vector cores per block of 128
// queries. Scores and partial outputs pass through a workspace in GM (which stays in L2), three deep:
//   cube    S(i) = Q K(i)^T to the workspace
//   vector  P(i) = exp(S(i) - running maximum) to the workspace; running sum
//   cube    O(i) = P(i) V(i) to the workspace
//   vector  output = output * correction(i) + O(i)
// At step i the cube makes S(i) and then O(i - 2), the vector cores P(i) and then the sum of i - 2, so that
// each has work while the other's is on its way. A vector core takes 64 of the 128 queries.

#include "kernels/npu/attention_cube.h"
#include "kernels/npu/attention_vector.h"

namespace etalon::kernels::npu {

template <class T>
__global__ __aicore__ void flash_attention_kernel(GmAddress q, GmAddress k, GmAddress v, GmAddress o,
                                                  GmAddress lse, GmAddress workspace,
                                                  const AttentionShape& shape) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIC_1_2);
  if ASCEND_IS_AIC {
    AttentionCube<T> cube;
    cube.Init(q, k, v, workspace, shape);
    cube.Process();
  } else {
    AttentionVector<T> vector;
    vector.Init(o, lse, workspace, shape);
    vector.Process();
  }
}

}  // namespace etalon::kernels::npu
