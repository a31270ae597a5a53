// SPDX-License-Identifier: Apache-2.0
#include "kernels/npu/npu_kernels.h"

namespace etalon::kernels {

const std::vector<Kernel>& npu_kernels() {
  static const std::vector<Kernel> all;
  return all;
}

}  // namespace etalon::kernels
