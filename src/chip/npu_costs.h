// SPDX-License-Identifier: Apache-2.0
#pragma once

// What each instruction of an Ascend core costs, as plain numbers. Filled from the facts of a chip (npu.h), read
// by the Ascend C runtime, which turns every API call into one chip::Instruction. All times are core clock
// cycles, all rates bytes per cycle, unless said otherwise. Nothing here has a default that stands for hardware:
// a zero means "costs nothing", which the unit tests use.
//
// Cores of one launch: AIC-only and AIV-only kernels use machine cores [0, blocks). Mix 1:2 kernels of N blocks use
// 3N machine cores: AIC i is core i, AIV j (j = 2 * block + sub block) is core N + j.

#include <cstdint>

#include "chip/machine.h"

namespace etalon::chip {

// The in-order queues of a core, AIC or AIV; MachineSpec::pipes holds their names in this order. The scalar unit
// is no pipe: the machine knows it as the issuer.
enum class NpuPipe : PipeId { vector, cube, mte1, mte2, mte3, fixpipe };
inline constexpr int kNpuPipes = 6;
inline constexpr const char* kNpuPipeNames[kNpuPipes] = {"vector", "cube", "mte1", "mte2", "mte3", "fixpipe"};

// The paths between shared memory and a core; MachineSpec::paths is in this order.
enum class NpuPath : std::uint8_t { gm_l1, gm_ub, ub_gm, l0c_gm, l1_gm };
inline constexpr int kNpuPaths = 5;
inline constexpr const char* kNpuPathNames[kNpuPaths] = {"GM->L1", "GM->UB", "UB->GM", "L0C->GM", "L1->GM"};

// Flags per core (MachineSpec::flags must be at least this): 7 x 7 pairs of pipes (scalar included) x 8 event ids,
// 16 cross-core flags, the rest for the runtime.
inline constexpr int kNpuFlags = 448;

// Classes of vector instruction that cost the same per 256-byte repeat.
enum class VectorClass : std::uint8_t {
  unary,         // abs, relu, rsqrt, reciprocal, not, scalar operand forms, shifts, leaky relu
  convert,       // Cast
  copy,          // UB->UB copy, Duplicate, Brcb
  binary,        // add, sub, mul, max, min, and, or; operands on different bank groups
  transcendental,  // exp, ln, sqrt
  divide,
  axpy,
  multiply_add,  // MulAddDst, FusedMulAdd
  compare,
  compare_scalar,
  select,
  whole_sum,     // WholeReduceSum, RepeatReduceSum
  whole_extreme, // WholeReduceMax / Min
  block_reduce,  // BlockReduceSum / Max / Min
  pair_reduce,
  gather,        // by element offset
  gather_block,  // by 32-byte block
  gather_mask,   // squeeze by mask
  transpose,     // 16 x 16 blocks
  sort,          // Sort32, per 32 elements
  merge_sort,    // MrgSort, per 32 merged elements
  multiply_add_mixed,  // 16-bit factors, 32-bit sum: one read of factors serves two repeats
};
inline constexpr int kVectorClasses = 22;

// Cost of a transfer instruction that does not depend on the state of shared memory. Its occupancy is
// max(minimum, issue + rows * row); bytes and latency are the machine's business (PathSpec).
struct TransferCost {
  double issue = 0;
  double row = 0;      // per contiguous row
  double minimum = 0;  // never less per instruction
  double row_bytes = 0;  // Instruction::port_bytes per contiguous row
};

struct NpuCosts {
  // Vector. occupancy = start + repeats * repeat[class][wide]; wide: 0 for 8- and 16-bit elements, 1 for 32-bit.
  double vector_start = 0;        // an instruction the previous one must finish before (PipeBarrier), or on an idle pipe
  double vector_start_queued = 0; // an instruction directly behind another, no barrier between them (<= vector_start)
  double vector_repeat[kVectorClasses][2] = {};
  double vector_minimum = 0;      // occupancy is never less
  double squeeze = 0, gather_start = 0, merge_start = 0;  // see the facts vectorop.*
  double bank_conflict = 0;       // more cycles per repeat when two source operands share bank groups
  double vector_issue = 1;        // vector instructions issued per cycle: repeats take so much less
  double divide_narrow_start = 0; // a 16-bit division is one pass longer
  double mask_tail = 0;           // comparison: the last 32-byte block of the mask, if not full, is read and written
  double gather_read = 0, gather_index = 0;  // gather of blocks: per repeat; per eight repeats, whose offsets are loaded
  // Registers (dav-3510): loads and stores per cycle; elements of exp, ln, sqrt, div per cycle; cycles until the last results
  // of a vector function are out.
  double register_loads = 0, register_stores = 0, register_special = 0, register_latency = 0;
  bool dav_3510 = false;          // the architecture: L0A's fractals lie column by column, vector code on registers
  int bank_groups = 16;           // 32-byte rows are dealt to so many groups
  // Cube. Fractals are 16 x 16 x (32 bytes of K).
  double mmad_start = 0;          // per instruction, the next one queued behind it
  double mmad_drain = 0;          // more, when the cube had run empty (Instruction::idle_cycles)
  double mmad_idle = 0;           // the part of mmad_drain that does not come from waiting for a flag
  double macs_int4 = 0, macs_int8 = 0, macs_fp8 = 0, macs_fp16 = 0, macs_bf16 = 0, macs_hf32 = 0, macs_fp32 = 0;  // per cycle
  // MTE1.
  double load_start = 0;          // per LoadData
  double l1_l0a = 0, l1_l0b = 0, l1_bt = 0, l1_fb = 0;  // bytes per cycle
  double bias_start = 0;          // per load of FixPipe parameters
  double l1_transpose = 0;        // rate factor of transposing loads (1: as fast as plain ones)
  // FixPipe.
  double fixpipe_start = 0;
  double fixpipe_row = 0;         // per row of ND output
  double l0c_gm = 0, l0c_l1 = 0, l0c_ub = 0;  // bytes of L0C per cycle
  // Transfers with shared memory.
  TransferCost gm_l1;             // contiguous (NZ to NZ)
  TransferCost gm_l1_nd2nz;       // row-major to NZ on the fly
  TransferCost gm_ub, ub_gm, l1_gm;
  double ub_ub = 0, ub_l1 = 0;    // bytes per cycle
  double transposed_start = 0, transposed_block = 0, transposed_rate = 0;  // GM to L1 with transposition
  double line = 512;              // bytes: a row that starts inside a line touches one line more (extra_bytes)
  double unaligned_lines = 1;     // share of that line more that is paid
  bool unaligned_costs = true;    // false: no extra line (dav-3510)
  // Scalar unit.
  double scalar_call = 0;         // issuing any instruction
  double scalar_transfer = 0;     // address arithmetic of a GM transfer whose tiling is known at run time only
  double scalar_flag = 0;         // issuing SetFlag or WaitFlag
  double scalar_gm_read = 0, scalar_gm_write = 0;  // GlobalTensor GetValue / SetValue through the data cache
  double scalar_ub_read = 0, scalar_ub_write = 0;  // LocalTensor GetValue / SetValue
  // Synchronisation.
  double flag = 0;                // from the end of the setting instruction until the waiting one may start
  double pipe_barrier = 0;        // PipeBarrier<P>: bubble on the pipe
  double cross_core_flag = 0;     // set on one core until seen on another
  double sync_all = 0;            // last arrival until release
  double block_start = 0;         // from the start of one block of a launch to that of the next
  // Geometry, bytes.
  std::int64_t ub_size = 0, l1_size = 0, l0a_size = 0, l0b_size = 0, l0c_size = 0, bt_size = 0, fb_size = 0;
  int cubes = 0, vectors = 0;     // cores of the device
};

}  // namespace etalon::chip
