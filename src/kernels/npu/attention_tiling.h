// SPDX-License-Identifier: Apache-2.0
#pragma once

// From an attention operation and a device to what the Ascend C kernel is launched with.

#include "kernels/npu/attention_item.h"
#include "kernels/npu/npu_cost.h"

namespace etalon::kernels {

struct AttentionPlan {
  npu::AttentionShape shape;
  int blocks = 1;
  bool direct = false;  // dav-3510: from core to core
  bool backward = false;
  std::int64_t element = 2;  // bytes
  // The busiest block's and all blocks' items and key tiles, of rounds [0, rounds) and at most `tiles` an
  // item.
  struct Load {
    double most_tiles = 0, all_tiles = 0, most_items = 0, all_items = 0;
  };
  Load load(std::int64_t rounds, std::int64_t tiles) const;
  std::int64_t rounds() const { return npu::attention_detail::rounds_of(shape, blocks); }
};

// `split_keys`: share out the keys where there are fewer tiles of rows than cores.
AttentionPlan plan_attention(const NpuDevice& device, const llm::Attention& a, bool split_keys);

// On-chip memory of the tiling, whether it fits.
bool attention_fits(const NpuDevice& device, const AttentionPlan& plan);

}  // namespace etalon::kernels
