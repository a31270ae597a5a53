// SPDX-License-Identifier: Apache-2.0
// The only list of kernel families. Adding one: a file that defines it, and a line here.

#include "kernels/cost.h"
#include "kernels/gpu/attention_kernels.h"
#include "kernels/gpu/gemm.h"
#include "kernels/gpu/moe_kernels.h"
#include "kernels/gpu/vector_kernels.h"
#include "kernels/npu/npu_kernels.h"

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
    append(list, attention_kernels());
    append(list, moe_kernels());
    append(list, vector_kernels());
    append(list, npu_kernels());
    return list;
  }();
  return all;
}

}  // namespace etalon::kernels
