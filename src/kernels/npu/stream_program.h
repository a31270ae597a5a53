// SPDX-License-Identifier: Apache-2.0
#pragma once

// Tile programs that stream matrices through the cores without a matrix product: reads by path, tile and
// order, and element-wise operations GM -> UB -> vector -> UB -> GM with one or two buffers.
//
// Left out: what the reads are for (tiles are dropped as they arrive), tails shorter than a tile cost a
// tile's instruction.

#include <cstdint>
#include <vector>

#include "chip/machine.h"
#include "chip/npu_costs.h"

namespace etalon::kernels {

struct NpuRead {
  std::int64_t rows = 0, columns = 0;
  std::int64_t element = 2;  // bytes
  std::int64_t tile_rows = 64, tile_columns = 64;
  chip::NpuPath path = chip::NpuPath::gm_ub;
  bool nd2nz = false;
  int cores = 0;
  int passes = 1;
  int slices = 1;  // column slices, each read `passes` times before the next
  enum class Order {
    shared_out,
    same,
    staggered
  } order = Order::shared_out;  // else every core reads everything
};
chip::RunStats run_read(chip::Machine& machine, const chip::NpuCosts& costs, const NpuRead& read);

struct NpuElementwise {
  std::int64_t elements = 0;
  std::int64_t element = 2;  // bytes
  int inputs = 2, outputs = 1;
  std::int64_t copy_elements = 4096;  // of one transfer
  int buffers = 1;
  int cores = 0;
  bool bypass_inputs = false;
  double scalar_cycles = 0;  // > 0: a scalar loop, so much per element, instead of vector instructions
  double vector_cycles_per_repeat = 1;  // of the one vector instruction
};
// Any streaming operation as what it moves and computes per element: chunks of rows through UB.
struct NpuStream {
  double elements = 0;
  std::vector<double> reads, writes;  // bytes per element of each array
  std::int64_t chunk = 8192;          // elements of one chunk
  int buffers = 2;
  int cores = 0;
  double cycles_per_repeat = 0;  // vector cycles per 64 elements (one fp32 repeat)
  int instructions = 1;          // dependent vector instructions per chunk
  double row_bytes = 0;          // > 0: rows scattered in memory (look-up, permutation)
};
chip::RunStats run_stream(chip::Machine& machine, const chip::NpuCosts& costs, const NpuStream& work);

chip::RunStats run_elementwise(chip::Machine& machine, const chip::NpuCosts& costs,
                               const NpuElementwise& work);

}  // namespace etalon::kernels
