// SPDX-License-Identifier: Apache-2.0
#pragma once

// Tilings of a matrix product: those a vendor library's tiling function would try with a closed form to rank
// them, and the one that a harness names.

#include <vector>

#include "kernels/npu/matmul_launch.h"
#include "kernels/npu/npu_cost.h"

namespace etalon::kernels {

// Closed form: critical core = most tiles; per tile the slowest of load, L1 and cube, plus its tail.
double estimated_matmul_cycles(const NpuDevice& device, const MatmulJob& job);

// `job` with base tiles, steps and shares of K filled in, in every way that is tried.
std::vector<MatmulJob> matmul_candidates(const NpuDevice& device, const MatmulJob& job);

// base=MxNxK, l1_k (K of one transfer of both), single (one buffer, one step), split_k=N or auto, k_slice=N,
// strips=RxC (rows and columns of cores), resident (A stays in L1), swizzle=N, columns (groups of columns,
// every other one backwards), no_unit_flag.
MatmulJob named_matmul(const NpuDevice& device, const MatmulJob& job, const NpuSoftware& software);

}  // namespace etalon::kernels
