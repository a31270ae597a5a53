// SPDX-License-Identifier: Apache-2.0
#pragma once

// An Ascend device for the machine that runs tile programs, and what its instructions cost, both from facts.
// Facts that a chip's file does not give are those of the reference chip of the oldest modelled architecture,
// ascend-910b1: a newer core is assumed to behave like it until somebody measures.
//
// A core of the machine is one AIC or one AIV with its six pipes. L2 has partitions (l2.partitions): cores
// [0, n/2) of a launch use the first half, the others the second, unless the emitter says otherwise.

#include "catalog/chip_facts.h"
#include "chip/machine.h"
#include "chip/npu_costs.h"

namespace etalon::chip {

MachineSpec npu_machine_spec(const catalog::Chip& chip);
NpuCosts npu_costs(const catalog::Chip& chip);

// What one start of a kernel costs beside its instructions.
struct NpuLaunch {
  Seconds profiler;    // task minus core time, as the profiler prints them
  Seconds graph;       // after another kernel of a captured graph
  Seconds eager;       // by the host
  Seconds library;     // inside the cores: arguments, tiling data
  Seconds dequantise;  // kernels that cube and vector cores share
  Seconds framework_attention;
};
NpuLaunch npu_launch(const catalog::Chip& chip);

// Lines that a row of `row_bytes` at `address` touches beyond those an aligned row of its size would, in
// bytes.
double unaligned_bytes(const NpuCosts& costs, std::int64_t address, std::int64_t row_bytes);

// Cycles of a vector instruction of `repeats` repeats of 256 bytes behind another, no barrier between them.
// `wide`: elements of 32 bits. Two sources on the same bank groups cost NpuCosts::bank_conflict per repeat more.
double vector_cycles(const NpuCosts& costs, VectorClass kind, bool wide, double repeats);

bool is_dav_3510(const catalog::Chip& chip);

}  // namespace etalon::chip
