// SPDX-License-Identifier: Apache-2.0
// Quantising an activation before an fp8 product, as serving frameworks do it.
//
// Per tensor: several small kernels (maximum in stages, scale, cast); the 16-bit tensor is read twice. They
// stream with few bytes in flight, at a share of the rate of L2, or of the memory where the tensor does not
// fit. Per block: one kernel, one pass; finding the maximum of every 128 values holds each SM to a rate of
// its own.

#include <algorithm>

#include "kernels/gpu/gemm.h"

namespace etalon::kernels {

QuantiseCost quantise_cost(const GemmChip& chip, double elements, bool block_scales, double resident,
                           Hertz clock) {
  const double input = 2 * elements, output = elements, passes = block_scales ? 1 : 2;
  QuantiseCost q;
  q.kernels = block_scales ? 1 : chip.gemm.quantise_kernels;
  q.launch = block_scales ? chip.gemm.block_quantise_launch : chip.gpu.launch_next * q.kernels;
  q.l2_bytes = passes * input + output;
  // A second pass over a stream finds all of it in L2, or what it needs next has just been pushed out; the
  // output stays as far as it fits beside the input.
  const double again = passes > 1 && input > chip.gpu.l2_reuse.value ? input : 0;
  q.hbm_bytes = input * (1 - resident) + again + output * (1 - survival(input + output, chip.gpu));
  const double share = chip.gemm.quantise_attained;
  double time = std::max(q.l2_bytes / (share * chip.gpu.l2_rate.value),
                         q.hbm_bytes / (share * chip.gpu.hbm_declared.value));
  if (block_scales)
    time = std::max(time, q.l2_bytes / (chip.gemm.quantise_rate.value * chip.gpu.sms * clock.value));
  q.body = Seconds{time};
  return q;
}

}  // namespace etalon::kernels
