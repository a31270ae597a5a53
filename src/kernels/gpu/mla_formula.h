// SPDX-License-Identifier: Apache-2.0
#pragma once

// Latent attention: prefill with materialised keys (head_dim 192, head_dim_v 128) and absorbed decode, where
// all heads share one cached latent of 576 elements a token of which 512 are also the value.

#include "kernels/gpu/attention_formula.h"

namespace etalon::kernels::gpu {

bool is_latent(const llm::Attention& op);

// How absorbed decode cuts its work: `partitions` runs of equal payload over the sequences laid end to end.
struct LatentDecodePlan {
  int tile_heads = 64, tile_keys = 64;
  std::int64_t head_tiles = 1;  // blocks of threads that read the same latents
  std::int64_t partitions = 1;
  std::int64_t blocks = 0;   // key blocks of one sequence
  std::int64_t payload = 0;  // key blocks (and set-up charged as blocks) of one partition
  bool split = false;        // some sequence is cut, so partial results are combined
};
LatentDecodePlan plan_latent_decode(const llm::Attention& op, int sms, int setup_blocks);

AttentionTime latent_formula(const DeviceFacts& device, const llm::Attention& op, const Harness& harness);

}  // namespace etalon::kernels::gpu
