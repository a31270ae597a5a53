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
  // framework.*: what surrounds a kernel inside a serving framework's call.
  double launch_graph = 0;     // s: one kernel of a replayed graph to the next, both tiny
  double launch_eager = 0;     // s: the same where the host launches each
  double elementwise = 0;      // ratio of declared HBM rate of a framework's element-wise kernels
  double token_cycles = 0;     // cache-write kernel, device cycles per token
  double sequence_cycles = 0;  // metadata kernel, device cycles per sequence
  // stream.*
  double in_flight = 0;                 // bytes one SM keeps requested
  double kept_full = 0, kept_none = 0;  // working sets, as shares of L2, that replays find whole / not at all
  double tuned = 0;                     // ratio of declared HBM rate of tuned streaming kernels
  // attention.*
  double tensor_efficiency = 0;  // of the tensor rate while a tile runs
  double exposed = 0;            // share of exponential time that other warp groups' products do not hide
  double item_cycles = 0, row_cycles = 0, mask_cycles = 0, divide_cycles = 0;
  double decode_item_cycles = 0, decode_dim_cycles = 0;
  double second_cycles = 0;  // decode: the second block's page look-up and load, behind the first
  double gather = 0;         // ratio of declared HBM rate while Q, K, V, O rows are gathered
  double split_cycles = 0;   // second pass, per split read by one block of threads
  double backward_efficiency = 0, backward_exposed = 0;  // the first two, of the backward pass
  // latent.*
  double latent_launches = 0, latent_decode_launches = 0;
  double latent_item_cycles = 0, latent_mask_cycles = 0, latent_token_cycles = 0, latent_efficiency = 0;
  double latent_decode_cycles = 0, latent_head_cycles = 0, latent_row_cycles = 0;
  // moe.*
  double grouped_efficiency = 0;  // tensor rate attained inside a tile, plain operands
  double scaled_efficiency = 0;   // the same where scales are applied on the way (block fp8, 4-bit weights)
  double tile_cycles = 0;         // prologue and epilogue of one tile
  double port = 0;                // operand B/cycle into one SM
  double grouped_stream = 0;      // ratio of declared HBM rate of the grouped products
  double route_cycles = 0;        // device cycles per token x chosen x expert
  double expert_cycles = 0;       // set-up per local expert
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
