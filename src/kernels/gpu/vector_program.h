// SPDX-License-Identifier: Apache-2.0
#pragma once

// A streaming kernel as a tile program: every SM loads pieces of its share, computes on them and stores the
// result, as many pieces in flight as its buffers hold. Reductions wait for the last piece of a row before
// the first store.

#include "chip/machine.h"
#include "kernels/gpu/vector_stream.h"

namespace etalon::kernels::gpu {

struct StreamRun {
  double seconds = 0;
  chip::RunStats stats;
  double simulated = 1;  // share of the bytes; long streams are more of the same
};
inline constexpr double kMostPieces = 60000;  // simulated one by one
StreamRun simulate_stream(const catalog::Chip& chip, const DeviceFacts& device, const StreamShape& shape,
                          double ratio, double kept, bool want_timeline, double most_pieces = kMostPieces);

}  // namespace etalon::kernels::gpu
