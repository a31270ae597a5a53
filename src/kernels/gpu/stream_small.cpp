// SPDX-License-Identifier: Apache-2.0
#include "kernels/gpu/stream_small.h"

namespace etalon::kernels::gpu {

double small_formula(const DeviceFacts& d, const std::vector<SmallKernel>& kernels) {
  double seconds = 0;
  for (const SmallKernel& k : kernels)
    seconds += stream_body(d, k.shape, k.ratio, k.kept).seconds + k.serial / d.clock;
  return seconds;
}

double simulate_small(const catalog::Chip& chip, const DeviceFacts& d,
                      const std::vector<SmallKernel>& kernels) {
  constexpr double kMostPieces = 1600;  // a dozen of each SM
  double seconds = 0;
  for (const SmallKernel& k : kernels)
    seconds +=
        simulate_stream(chip, d, k.shape, k.ratio, k.kept, false, kMostPieces).seconds + k.serial / d.clock;
  return seconds;
}

}  // namespace etalon::kernels::gpu
