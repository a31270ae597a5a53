// SPDX-License-Identifier: Apache-2.0
#pragma once

// Attention on GPUs: FlashAttention-3-like forward and backward, split-KV decode, and latent attention
// (mla_*).
//
// What a row of evidence means here. Published attention and latent-attention times are those of a serving
// framework's *call*, replayed in a CUDA graph on the same buffers: set Attention::framework_call = true and
// a Harness with launch = graph, warm = true, weight_copies = 1. The call then holds, besides the kernel, the
// launch that writes new keys and values into the paged cache and the one that prepares the scheduler's
// metadata. Latent prefill is forward with heads_kv = heads_q, head_dim = 192, head_dim_v = 128; latent
// decode is decode with heads_kv = 1, head_dim = 576, head_dim_v = 512, shared_kv = true. In a training step
// framework_call = false.

#include <vector>

#include "kernels/cost.h"

namespace etalon::kernels {

const std::vector<Kernel>& attention_kernels();

}  // namespace etalon::kernels
