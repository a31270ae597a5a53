// SPDX-License-Identifier: Apache-2.0
#pragma once

// Latent attention. Prefill with materialised keys (head_dim 192, head_dim_v 128) is ordinary attention with
// its own costs. Absorbed decode is here: all heads share one cached latent of 576 elements a token, of which
// 512 are also the value, and a scheduler cuts the sequences, laid end to end, into runs of equal payload.

#include <vector>

#include "kernels/gpu/attention_formula.h"

namespace etalon::kernels::gpu {

// A run of one sequence's key blocks, done by every block of threads of one partition.
struct LatentSegment {
  std::int64_t sequence = 0, first = 0, blocks = 0;
};

struct LatentJob {
  int tile_heads = 64, tile_keys = 64;
  std::int64_t head_tiles = 1;                         // blocks of threads that read the same latents
  std::vector<std::vector<LatentSegment>> partitions;  // each done by `head_tiles` SMs at once
  std::int64_t most_splits = 1;                        // parts of a sequence that are combined afterwards
  std::int64_t sequences = 0, keys = 0;
  double first = 0, second = 0, softmax = 0, item = 0;  // cycles of a block's parts, and of a segment's ends
  double mask = 0;                                      // cycles more where the last block is not full
  double key_row = 0, query_bytes = 0,
         out_bytes = 0;  // bytes: of a key, and of a segment's queries and outputs
  double streamed = 0, kept = 0, flops = 0;
};
std::int64_t blocks_of(const LatentJob& job);  // key blocks of one sequence
LatentJob latent_job(const DeviceFacts& device, const llm::Attention& op, const Harness& harness);

AttentionTime around_latent_decode(const DeviceFacts& device, const llm::Attention& op, const LatentJob& job,
                                   const Harness& harness);

// Either phase in closed form.
AttentionTime latent_formula(const DeviceFacts& device, const llm::Attention& op, const Harness& harness);

}  // namespace etalon::kernels::gpu
