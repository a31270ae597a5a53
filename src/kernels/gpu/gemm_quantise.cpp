// SPDX-License-Identifier: Apache-2.0
// Quantising an activation before an fp8 product, as serving frameworks do it.
//
// Per tensor: several small kernels (maximum in stages, scale, cast) that read the 16-bit tensor twice.
// Per block: one kernel, one pass; its launch overlaps the end of the kernel before it.
// Both run far below the memory's rate on large tensors, because each element costs conversions and shuffles
// on the CUDA cores: the rate is one of the SMs (per cycle), with memory as the other bound.

#include <algorithm>
#include <cmath>

#include "kernels/gpu/gemm.h"

namespace etalon::kernels {

QuantiseCost quantise_cost(const GemmChip& chip, double elements, bool block_scales, double resident,
                           Hertz clock) {
  const double input = 2 * elements, output = elements;
  QuantiseCost q;
  q.kernels = block_scales ? 1 : chip.gemm.quantise_kernels;
  q.launch = block_scales ? chip.gemm.block_quantise_launch : chip.gpu.launch_next * q.kernels;
  const double passes = block_scales ? 1 : 2;
  const BytesPerCycle per_sm = block_scales ? chip.gemm.block_quantise_rate : chip.gemm.quantise_rate;
  const double sm = input / (per_sm.value * chip.gpu.sms * clock.value);
  // The second pass finds in L2 what the first left there.
  // The second pass finds in L2 what the first left there; the output stays as far as it fits beside the
  // input.
  const double again = passes > 1 ? input * (1 - survival(input, chip.gpu)) : 0;
  q.hbm_bytes = input * (1 - resident) + again + output * (1 - survival(input + output, chip.gpu));
  q.l2_bytes = passes * input + output;
  const double hbm = q.hbm_bytes / chip.gpu.hbm_rate.value;
  const double p = chip.gemm.overlap, high = std::max(sm, hbm), low = std::min(sm, hbm);
  q.body = Seconds{high > 0 ? high * std::pow(1 + std::pow(low / high, p), 1 / p) : 0};
  return q;
}

}  // namespace etalon::kernels
