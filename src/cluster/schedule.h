// SPDX-License-Identifier: Apache-2.0
#pragma once

// The pipeline of one step: which stage works on which micro-batch when. The order of each rank is that of
// 1F1B (interleaved when a rank holds several chunks of layers); a task starts when its rank is free and its
// input has arrived.

#include <cstdint>
#include <vector>

#include "base/document.h"
#include "base/units.h"

namespace etalon::cluster {

struct StageTime {
  Seconds forward, backward;
};
struct Pipeline {
  std::vector<std::vector<StageTime>> chunks;  // [rank][chunk]; all ranks hold equally many chunks
  std::int64_t micro_batches = 1;
  Seconds transfer;  // of activations or their gradients between neighbouring stages
};
struct PipelineRun {
  Seconds span;                   // first start to last end
  std::vector<Seconds> busy;      // per rank
  std::vector<Seconds> last_end;  // per rank
  Timeline timeline;              // one lane a rank, if asked for
};
PipelineRun run_pipeline(const Pipeline&, bool want_timeline = false);

}  // namespace etalon::cluster
