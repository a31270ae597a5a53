// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the attention, expert and streaming kernels read of a GPU's chip file, in plain structs: rates in SI
// units or per SM cycle. Every member is a fact; none is a constant of the code.

#include "catalog/chip_facts.h"
#include "chip/gpu.h"
#include "chip/power.h"
#include "kernels/cost.h"
#include "kernels/gpu/gemm_plan.h"
#include "llm/operation.h"

namespace etalon::kernels::gpu {

struct DeviceFacts {
  int sms = 0;
  double clock = 0;                              // cycle/s while the kernel runs
  double bf16 = 0, fp8 = 0, int8 = 0, tf32 = 0;  // tensor FLOP/cycle per SM; 0: not there
  double cuda = 0, sfu = 0;                      // fp32 FLOP/cycle and exponentials/cycle per SM
  double smem_rate = 0;                          // B/cycle of shared memory
  bool asynchronous = true;                      // matrix unit that runs beside the warps (wgmma, tcgen05)
  double hbm = 0;                                // declared B/s
  double hbm_attained = 0;                       // ratio of it that products reach, reads and writes mixed
  double hbm_latency = 0;                        // s, load to use
  double l2_latency = 0;                         // s, load to use on a hit
  double l2_capacity = 0;                        // B
  double l2_rate = 0;                            // B/s, all SMs together
  double kept_full = 0;     // working sets up to this share of L2 are found whole by replays
  double load_latency = 0;  // s, from asking for a block until it can be used, memory busy
  double launch_graph = 0;  // s: launch of a kernel of a replayed graph
  double launch_eager = 0;  // s: the same where the host launches each
  GemmChip gemm;            // tiles of grouped products cost what tiles of products cost
  // framework.*: what surrounds a kernel inside a serving framework's call.
  double elementwise = 0;  // ratio of declared HBM rate while short rows are read and written at once
  double cache_write = 0;  // the same while new keys and values go into a paged cache
  // stream.*
  double tuned = 0;  // ratio of declared HBM rate of long reading streams
  // attention.*
  double tensor_efficiency = 0;  // of the tensor rate while products run
  double softmax = 0;            // cycles per score of a thread while groups of rows take turns
  double softmax_alone = 0;      // the same of a group with the SM to itself, as a share of softmax
  double row_cycles = 0;         // gathering one query row and scattering its output
  double scan_cycles = 0;        // one step of a block's search through the sequences, 31 at a time
  double backward_softmax = 0;   // as softmax, of the backward pass
  // latent.*
  double latent_mask_cycles = 0;  // a last block that is not full
  // moe.*
  double route_cycles = 0;  // device cycles per token x chosen x expert
  double moe_launches_mxfp4 = 0;
};

// Throws as FactSheet::get does, which the schema excludes for GPUs of the catalog.
DeviceFacts read_device(const catalog::Chip& chip);

// Tensor rate of one SM for this kind of operand, FLOP/cycle; 0 if the chip has none.
double tensor_rate(const DeviceFacts& device, llm::Dtype dtype);

// Seconds one launch costs under the harness.
double launch_seconds(const DeviceFacts& device, const Harness& harness);

// The clock at which work of `flops` matrix FLOP and `hbm` bytes in `seconds` (of which `scaling` follow the
// clock) settles under the chip's power budget, and the energy of one call. `vector` FLOP are the CUDA
// cores'.
chip::Settled settle(const catalog::Chip& chip, const DeviceFacts& device, const Harness& harness,
                     llm::Dtype dtype, double flops, double l2_bytes, double hbm_bytes, double seconds,
                     double scaling, double vector = 0);

}  // namespace etalon::kernels::gpu
