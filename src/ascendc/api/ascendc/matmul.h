// SPDX-License-Identifier: Apache-2.0
#pragma once

// Matmul objects: C = A B (+ bias) of matrices cut into base blocks by a TCubeTiling
// (lib/matrix/matmul/object.h). MatmulImpl computes where it stands, on a cube core. Matmul, registered by
// REGIST_MATMUL_OBJ, is used on the vector cores of a mix kernel as well: its calls go to the cube core of
// the block, which serves them until all have ended.

#include "lib/matrix/matmul/server.h"

namespace AscendC {

template <class A, class B, class C, class Bias = C, const auto& config = CFG_NORM,
          class Callbacks = MatmulCallBackFunc<>,
          template <const auto&, class...> class Policy = MatmulPolicy>
using Matmul = MatmulImpl<A, B, C, Bias, config, Callbacks, Policy>;

}  // namespace AscendC

namespace matmul {
using namespace AscendC;
}  // namespace matmul

// Leaves the kernel on a cube core that has served. ASCENDC_CUBE_ONLY, defined before: cube cores use the
// objects.
#ifdef ASCENDC_CUBE_ONLY
#define REGIST_MATMUL_OBJ(pipe, workspace, ...) \
  if (AscendC::detail::mm::regist<true>(pipe, __VA_ARGS__)) return
#else
#define REGIST_MATMUL_OBJ(pipe, workspace, ...) \
  if (AscendC::detail::mm::regist<false>(pipe, __VA_ARGS__)) return
#endif
