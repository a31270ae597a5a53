// SPDX-License-Identifier: Apache-2.0
// The only list of kernel families. Adding one: a file that defines it, and a line here.

#include "kernels/cost.h"
#include "kernels/gpu/gemm.h"
#if __has_include("kernels/gpu/attention_kernels.h")
#include "kernels/gpu/attention_kernels.h"
#endif
#if __has_include("kernels/gpu/moe_kernels.h")
#include "kernels/gpu/moe_kernels.h"
#endif
#if __has_include("kernels/gpu/vector_kernels.h")
#include "kernels/gpu/vector_kernels.h"
#endif
#if __has_include("kernels/npu/npu_kernels.h")
#include "kernels/npu/npu_kernels.h"
#endif

namespace etalon::kernels {
namespace {

void append(std::vector<Kernel>& all, const std::vector<Kernel>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

}  // namespace

const std::vector<Kernel>& builtin_kernels() {
  static const std::vector<Kernel> all = [] {
    std::vector<Kernel> list;
    append(list, gemm_kernels());
#if __has_include("kernels/gpu/attention_kernels.h")
    append(list, attention_kernels());
#endif
#if __has_include("kernels/gpu/moe_kernels.h")
    append(list, moe_kernels());
#endif
#if __has_include("kernels/gpu/vector_kernels.h")
    append(list, vector_kernels());
#endif
#if __has_include("kernels/npu/npu_kernels.h")
    append(list, npu_kernels());
#endif
    return list;
  }();
  return all;
}

}  // namespace etalon::kernels
