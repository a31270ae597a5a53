// SPDX-License-Identifier: Apache-2.0
#pragma once

// One matrix product on a simulated Ascend device: its operands in device memory, and the time of the Ascend
// C kernel (matmul.h, matmul_sum.h) on them.

#include <cstdint>
#include <string>
#include <vector>

#include "ascendc/launch/launch.h"
#include "chip/machine.h"
#include "kernels/npu/matmul_tiling.h"
#include "llm/operation.h"

namespace etalon::kernels {

// What is multiplied, and how: C[m,n] = op(A)[m,k] op(B)[k,n], sizes and layouts in the tiling.
struct MatmulJob {
  llm::Dtype dtype = llm::Dtype::bf16;  // of the operands
  llm::Dtype out = llm::Dtype::bf16;    // of C in memory
  npu::MatmulTiling tiling;
  bool scaled = false;               // int8: fp32 scales per row and column, applied by the
                                     // vector cores
  bool runtime_tiling = false;       // tiling values are read at run time: scalar
                                     // work before each transfer
  int cores = 0;                     // cube cores at most; 0: all
  std::vector<std::int32_t> groups;  // grouped product: rows of A of each group, their sum is m

  bool through_vectors() const;  // sums go to a workspace, the vector cores make C of them
  std::string text() const;      // the tiling in words
};

// Bytes of an element as the cube cores read it: weights of 4 bits are widened by vector cores before.
double cube_bytes(llm::Dtype dtype);
// Fills in the distances between rows from m, n, k and the layouts.
void set_pitches(MatmulJob& job);
// Output blocks that are dealt to cores, shares of K counted.
std::int64_t matmul_blocks(const MatmulJob& job);
int matmul_cores(const MatmulJob& job, const chip::NpuCosts& costs);

class MatmulOnDevice {
 public:
  MatmulOnDevice(chip::Machine& machine, const chip::NpuCosts& costs, MatmulJob job);
  void touch_a();  // the operand is in L2
  void touch_b();
  // Runs the kernel once; L2 keeps what it leaves there. Errors: those of launch().
  Result<chip::RunStats> run(bool want_timeline = false);

 private:
  struct Operand {
    std::byte* at = nullptr;
    std::int64_t rows = 0, row_bytes = 0;
  };
  Operand allocate(std::int64_t rows, std::int64_t columns, double size);
  void touch(const Operand& operand);

  chip::Machine& machine_;
  ascendc::Device device_;
  MatmulJob job_;
  Operand a_, b_, c_, workspace_, row_scale_, column_scale_;
  std::byte* groups_ = nullptr;
};

}  // namespace etalon::kernels
