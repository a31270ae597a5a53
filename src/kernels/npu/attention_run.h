// SPDX-License-Identifier: Apache-2.0
#pragma once

// The Ascend C attention kernels launched for their time. Long calls are simulated in part: a few rounds of
// items with a few key tiles each, continued at the pace between them.

#include <optional>

#include "kernels/npu/attention_tiling.h"

namespace etalon::kernels {

struct AttentionRun {
  AttentionPlan plan;
  llm::Dtype dtype = llm::Dtype::bf16;
  bool resident = false;  // keys and values lie in L2 before
};

// One launch as its shape says, whole or in part. Errors: those of ascendc::launch.
Result<chip::RunStats> run_attention(const NpuDevice& device, const AttentionRun& run, bool want_timeline);

// Time and statistics of the whole call: body, traffic, pipes and stalls. `timeline`: of a simulated part.
Result<NpuWork> attention_body(const NpuDevice& device, const AttentionRun& run, bool want_timeline,
                               std::optional<Timeline>& timeline);

}  // namespace etalon::kernels
