// SPDX-License-Identifier: Apache-2.0
#pragma once

// Flash attention backward, in Ascend C, on cube and vector cores: gradients of queries, keys and values from
// that of the output, with scores computed anew (attention_backward_cube.h, attention_backward_vector.h). As
// in the forward pass, cube and vector cores exchange their tiles through L2 on 910B/C and directly on
// dav-3510; gradients are added up in GM on both.

#include "kernels/npu/attention_backward_vector.h"

namespace etalon::kernels::npu {

enum class BackwardPass { clear, products, finish };

// One of the three passes. Shapes: heads not packed, keys not split, keys of a tile at most 128.
template <class T, bool direct = false>
__aicore__ inline void attention_backward_pass(BackwardPass pass, const AttentionGradientPointers& p,
                                               const AttentionShape& s) {
  using namespace attention_detail;
  if (pass == BackwardPass::products) {
    if ASCEND_IS_AIC {
      AttentionBackwardCube<T, direct> cube;
      cube.Init(p, s);
      cube.Process();
    } else {
      AttentionBackwardVector<T, direct> vector;
      vector.Init(p, s);
      vector.Process();
    }
    return;
  }
  if ASCEND_IS_AIC
    return;
  const GmAddress sums = p.workspace + attention_gradients_at(s, AscendC::GetBlockNum());
  const std::int64_t q = q_elements(s), k = k_elements(s), v = v_elements(s);
  AttentionGradients<T> gradients;
  gradients.Init();
  if (pass == BackwardPass::clear) {
    gradients.Clear(sums, q + k + v);
  } else {
    gradients.Finish(sums, p.dq, q, s.scale);
    gradients.Finish(sums + 4 * q, p.dk, k, s.scale);
    gradients.Finish(sums + 4 * (q + k), p.dv, v, 1.0f);
  }
  gradients.End();
}

template <class T, bool direct = false>
__global__ __aicore__ void attention_backward_kernel(const AttentionGradientPointers& p,
                                                     const AttentionShape& s) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIC_1_2);
  attention_backward_pass<T, direct>(BackwardPass::clear, p, s);
  AscendC::SyncAll<false>();
  attention_backward_pass<T, direct>(BackwardPass::products, p, s);
  AscendC::SyncAll<false>();
  attention_backward_pass<T, direct>(BackwardPass::finish, p, s);
}

}  // namespace etalon::kernels::npu
