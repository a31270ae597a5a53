// SPDX-License-Identifier: Apache-2.0
#pragma once

// Absorbed latent decode as a tile program: each SM holds 64 heads and walks through its partition's
// segments; a block of 64 latents is loaded once and used by both products. Segments follow one another
// without overlap.

#include "kernels/gpu/attention_program.h"
#include "kernels/gpu/mla_formula.h"

namespace etalon::kernels::gpu {

AttentionRun simulate_latent_decode(const catalog::Chip& chip, const DeviceFacts& device,
                                    const LatentJob& job, bool want_timeline);

}  // namespace etalon::kernels::gpu
