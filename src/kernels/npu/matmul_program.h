// SPDX-License-Identifier: Apache-2.0
#pragma once

// The tile program of one matrix product on the cube cores of an Ascend device: GM -> L1 -> L0A/L0B -> MMAD
// -> L0C -> GM, with explicit buffers and flags, so that single against double buffering, transfer sizes,
// base tiles and the split over cores are what they are in the real kernel.
//
// Left out: bias, the values of the operands (sparsity has no effect on time), bank conflicts of L0.

#include <cstdint>
#include <string>
#include <vector>

#include "chip/machine.h"
#include "chip/npu_costs.h"

namespace etalon::kernels {

// C[m,n] = A[m,k] B[k,n], sizes of elements in bytes. Transposed: stored [k,m] or [n,k]. NZ: stored in
// fractals.
struct NpuMatmul {
  std::int64_t m = 0, n = 0, k = 0;
  double a_bytes = 2, b_bytes = 2, c_bytes = 2;
  double macs_per_cycle = 4096;  // of one cube
  bool a_transposed = false, b_transposed = false, a_nz = false, b_nz = false;
  // Grouped product: rows of A of each group, one below the other; B holds one matrix per group. m is their
  // sum.
  std::vector<std::int64_t> groups;
};

struct NpuTiling {
  std::int64_t base_m = 128, base_n = 256, base_k = 64;  // one MMAD
  int step_ka = 1, step_kb = 1;                          // base K blocks that one transfer brings
  int buffers_a = 1, buffers_b = 1;                      // L1 buffers of one transfer each
  bool a_resident = false;  // A of a row of tiles stays in L1 while the core goes along N
  // Strips: core (i, j) of grid_m x grid_n owns single_m x single_n of C, in l2_split_m rounds over M.
  // grid_m = 0: the base tiles are dealt to the cores one by one, in groups of `swizzle` rows.
  int grid_m = 0, grid_n = 0;
  std::int64_t single_m = 0, single_n = 0;
  int l2_split_m = 1;
  int swizzle = 3;
  int split_k = 1;              // parts of K on different cores, added up in fp32 afterwards
  int k_slices = 1;             // all tiles of a slice of K before the next slice, added to C in memory
  bool n_inner = false;         // walk along N before M
  bool unit_flag = false;       // FixPipe follows MMAD in L0C without a full stop
  bool runtime_tiling = false;  // tiling values are read at run time: scalar work before each transfer
  int cores = 0;                // 0: all cubes
  std::string text() const;
};

// Device addresses of one product. c of split_k parts is a workspace of fp32.
struct NpuOperands {
  chip::Address a = 0, b = 0, c = 0, workspace = 0;
};
NpuOperands allocate_operands(chip::Machine& machine, const NpuMatmul& product, const NpuTiling& tiling);

// Cores that get work.
int cores_used(const NpuMatmul& product, const NpuTiling& tiling, const chip::NpuCosts& costs);

// Runs the program once; L2 keeps what it leaves there.
chip::RunStats run_matmul(chip::Machine& machine, const chip::NpuCosts& costs, const NpuMatmul& product,
                          const NpuTiling& tiling, const NpuOperands& operands, bool want_timeline = false);

}  // namespace etalon::kernels
