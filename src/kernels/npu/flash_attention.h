// SPDX-License-Identifier: Apache-2.0
#pragma once

// Flash attention forward and decode, in Ascend C: one cube core with its two vector cores per tile of query
// rows (up to 128; in decode the query heads that share keys are the rows):
//   cube    S(i) = Q K(i)^T
//   vector  P(i) = exp(S(i) - running maximum); running sum
//   cube    O(i) = P(i) V(i)
//   vector  output = output * correction(i) + O(i)
// At step i the cube makes S(i) and then O(i - lag), the vector cores P(i) and then the sum of i - lag, so
// that each has work while the other's is on its way. Steps are the key tiles of all items of a block, one
// after another: scores of the next item are made while the last outputs of this one are not yet added
// (`apart`: they are not). A vector core takes half of the rows.
//
// On 910B/C (dav-c220) scores, weights and partial outputs pass through a workspace in GM, which stays in L2,
// lag + 1 deep. On dav-3510 (`direct`) FixPipe writes scores and outputs into the vector cores' UB, and the
// weights go from UB to L1: nothing of it meets L2. With split keys a last pass adds up the parts.

#include "kernels/npu/attention_combine.h"
#include "kernels/npu/attention_cube.h"
#include "kernels/npu/attention_vector.h"

namespace etalon::kernels::npu {

template <class T, bool direct = false>
__global__ __aicore__ void flash_attention_kernel(GmAddress q, GmAddress k, GmAddress v, GmAddress o,
                                                  GmAddress lse, GmAddress workspace,
                                                  const AttentionShape& shape) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIC_1_2);
  if ASCEND_IS_AIC {
    AttentionCube<T, direct> cube;
    cube.Init(q, k, v, workspace, shape);
    cube.Process();
    return;
  }
  {
    AttentionVector<T, direct> vector;
    vector.Init(o, lse, workspace, shape);
    vector.Process();
  }
  if (shape.splits <= 1) return;
  AscendC::SyncAll();
  AttentionCombine<T> combine;
  combine.Init(o, lse, workspace, shape);
  combine.Process();
}

}  // namespace etalon::kernels::npu
