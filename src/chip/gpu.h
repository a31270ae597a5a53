// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a GPU is to the kernels that run on it: the facts of one device, read once, and the machine built from
// them. One SM is one core of the machine; its pipes are copy in (TMA or cp.async), tensor core, CUDA-core
// vector, special function and store.
//
// Left out: warp scheduling and register pressure inside an SM (the emitters charge cycles), texture and
// constant caches, the crossbar's topology, the two halves of L2 (inside its effective capacity).

#include "base/units.h"
#include "catalog/chip_facts.h"
#include "chip/machine.h"

namespace etalon::chip {

// Where the tensor core finds its operands. It decides how many bytes a matrix step moves through shared
// memory.
enum class OperandPath {
  shared,         // wgmma: both operands are read from shared memory, per 64 rows
  registers,      // mma.sync: warps load fragments of their own 64 x 64 part of the tile
  tensor_memory,  // tcgen05: accumulators in tensor memory; two SMs may share one tile
};

// Facts of one device (not package) in SI units. A rate of 0 means that the tensor cores lack that type.
struct GpuFacts {
  int sms = 0;
  FlopsPerCycle bf16, fp16, fp8, int8, tf32, fp4;  // dense, per SM
  FlopsPerCycle cuda_fp32;                         // per SM
  double tensor_issue = 1;                         // share of the rate that a full pipeline of instructions reaches
  OperandPath operands = OperandPath::shared;
  Bytes smem_size, register_size;
  BytesPerCycle smem_bandwidth;

  BytesPerSecond hbm_declared;
  BytesPerSecond hbm_rate;  // declared x attained
  Seconds hbm_latency;      // idle, L2 miss
  BytesPerSecond l2_rate;   // all SMs together
  Cycles l2_latency;        // hit
  BytesPerSecond tma_rate;  // asynchronous copies into shared memory, multicast counted as often as received
  BytesPerCycle l2_port;    // of one SM
  Bytes l2_capacity;        // nominal
  Bytes l2_reuse;           // of it, surely usable for reuse between kernels
  Bytes l2_kernel;          // of it, usable inside one kernel
  std::int64_t l2_block = 16384;

  Hertz clock_max, clock_reference;
  Seconds launch_graph, launch_eager, launch_profiler, launch_next, launch_fill;
};

// Reads the facts; throws as FactSheet::get does, which the schema excludes for files of kind "gpu".
GpuFacts read_gpu_facts(const catalog::Chip&);

// Pipes of one SM, and its transfer paths.
enum GpuPipe : PipeId { kCopyIn, kTensor, kCuda, kSfu, kStore, kGpuPipes };
// Two load paths of equal properties: streams of two operands that do not queue behind each other.
enum GpuPath : std::uint8_t { kLoadPath, kStorePath, kSecondLoadPath };
inline constexpr int kGpuFlags = 64;

MachineSpec gpu_machine_spec(const GpuFacts&, Hertz clock);
MachineSpec gpu_machine_spec(const catalog::Chip&, Hertz clock);

}  // namespace etalon::chip
