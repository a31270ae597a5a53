// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the attention, expert and streaming kernels read of a GPU's chip file, in plain structs: rates in SI
// units or per SM cycle. Every member is a fact; none is a constant of the code.

#include "catalog/chip_facts.h"
#include "chip/gpu.h"
#include "chip/power.h"
#include "kernels/cost.h"
#include "llm/operation.h"

namespace etalon::kernels::gpu {

struct DeviceFacts {
  int sms = 0;
  double clock = 0;                              // cycle/s while the kernel runs
  double bf16 = 0, fp8 = 0, int8 = 0, tf32 = 0;  // tensor FLOP/cycle per SM; 0: not there
  double cuda = 0, sfu = 0;                      // fp32 FLOP/cycle and exponentials/cycle per SM
  double smem = 0;                               // B per SM
  bool asynchronous = true;                      // matrix unit that runs beside the warps (wgmma, tcgen05)
  double hbm = 0;                                // declared B/s
  double hbm_attained = 0;                       // ratio of it that long streams reach
  double hbm_latency = 0;                        // s, load to use
  double l2_latency = 0;                         // s, load to use on a hit
  double l2_capacity = 0;                        // B
  double l2_rate = 0;                            // B/s, all SMs together
  double l2_port = 0;                            // B/cycle into one SM
  // framework.*: what surrounds a kernel inside a serving framework's call.
  double launch_graph = 0;     // s: one kernel of a replayed graph to the next, both tiny
  double launch_eager = 0;     // s: the same where the host launches each
  double elementwise = 0;      // ratio of declared HBM rate of a framework's element-wise kernels
  double cache_cycles = 0;     // cache-write kernel: one block of threads, one token
  double sequence_cycles = 0;  // metadata kernel, device cycles per sequence
  // stream.*
  double kept_full = 0, kept_none = 0;  // working sets, as shares of L2, that replays find whole / not at all
  double stream_ramp = 0;   // s lost once by a kernel that streams more than L2 holds: start, uneven channels
  double tuned = 0;         // ratio of declared HBM rate of tuned streaming kernels
  double load_latency = 0;  // s, from asking for a block until it can be used, memory busy
  // attention.*
  double gather = 0;             // ratio of declared HBM rate while short rows of Q, K, V and O move together
  double tensor_efficiency = 0;  // of the tensor rate while products run
  double softmax = 0;            // cycles per score of a thread while groups of rows take turns
  double softmax_alone = 0;      // the same of a group with the SM to itself, as a share of softmax
  double mask_cycles = 0;        // a key block that the causal edge crosses, one group
  double row_cycles = 0;         // gathering one query row and scattering its output
  double look_up_cycles =
      0;  // paged keys: look-up and row predicates of an item's first block, per 64 of head size
  double split_cycles = 0;      // second pass, per split read by one block of threads
  double scan_cycles = 0;       // one step of a block's search through the sequences, 31 at a time
  double backward_softmax = 0;  // as softmax, of the backward pass
  // latent.*
  double latent_launches = 0, latent_decode_launches = 0;
  double latent_softmax = 0;  // as softmax
  double latent_item_cycles = 0, latent_token_cycles = 0;
  double latent_decode_cycles = 0, latent_head_cycles = 0, latent_row_cycles = 0, latent_mask_cycles = 0;
  // moe.*
  double grouped_efficiency = 0;  // tensor rate attained inside a tile, plain operands
  double scaled_efficiency = 0;   // the same where scales are applied on the way (block fp8, 4-bit weights)
  double tile_cycles = 0;         // prologue and epilogue of one tile
  double port = 0;                // operand B/cycle into one SM
  double grouped_stream = 0;      // ratio of declared HBM rate of the grouped products
  double route_cycles = 0;        // device cycles per token x chosen x expert
  double expert_cycles = 0;       // set-up per local expert
  double moe_elementwise = 0;     // ratio of declared HBM rate of permute, activation and unpermute
  double moe_launches = 0, moe_launches_mxfp4 = 0;
};

// Throws as FactSheet::get does, which the schema excludes for GPUs of the catalog.
DeviceFacts read_device(const catalog::Chip& chip);

// Tensor rate of one SM for this kind of operand, FLOP/cycle; 0 if the chip has none.
double tensor_rate(const DeviceFacts& device, llm::Dtype dtype);

// Seconds one launch costs under the harness.
double launch_seconds(const DeviceFacts& device, const Harness& harness);

// The clock at which work of `flops` matrix FLOP and `hbm` bytes in `seconds` (of which `scaling` follow the
// clock) settles under the chip's power budget, and the energy of one call.
chip::Settled settle(const catalog::Chip& chip, const DeviceFacts& device, const Harness& harness,
                     llm::Dtype dtype, double flops, double l2_bytes, double hbm_bytes, double seconds,
                     double scaling);

}  // namespace etalon::kernels::gpu
