// SPDX-License-Identifier: Apache-2.0
#pragma once

// One matrix product on a GPU: the problem, the ways to tile it, and what each way costs by closed form.
// The closed form ranks the candidates; gemm_program.h simulates the best of them.

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "catalog/chip_facts.h"
#include "chip/gpu.h"
#include "chip/power.h"
#include "llm/operation.h"

namespace etalon::kernels {

// Facts about how the vendor's library uses the chip; most are fitted (docs/explain/calibration-gpu.md).
struct GemmFacts {
  int stages_max = 8;              // of the shared-memory ring
  Bytes stage_bytes;               // shared memory the ring may take
  Seconds load_latency;            // from asking for a stage to having it, memory busy
  Seconds epilogue_latency;        // per tile
  BytesPerCycle epilogue_rate;     // per SM, output bytes; the SM computes nothing meanwhile
  double overlap = 3;              // p of the closed form: (SM^p + HBM^p)^(1/p)
  double promotion = 1;            // CUDA-core instructions for each sum of a K step: one addition
  Cycles promotion_wait;           // with block scales, before them: until the matrix unit has ended the step
  double edge_requests = 1;        // to L2, for each line of a copied tile outside its tensor
  double edge_copies = 1;          // share of the rate of copies left while there are such tiles
  int quantise_kernels = 4;        // per tensor: maximum in two stages, scale, cast
  double quantise_attained = 0.6;  // share of the rates of L2 and memory that these kernels reach
  BytesPerCycle quantise_rate;     // per SM: bytes of the kernel with block scales, held up by its reductions
  Seconds
      block_quantise_launch;  // of the one kernel with block scales: the product starts before it has ended
  bool power_of_two_tiles = false;  // libraries up to 2023, and kernels that load fragments per warp
  int candidates = 1;               // best ones by closed form that are simulated ...
  double candidate_margin = 0;      // ... if at most this share slower than the best
};

// All facts a GEMM on one device reads.
struct GemmChip {
  chip::GpuFacts gpu;
  chip::PowerFacts power;
  GemmFacts gemm;
};
GemmChip read_gemm_chip(const catalog::Chip&);

// The product as the tensor core sees it.
struct GemmProblem {
  std::int64_t m = 0, n = 0, k = 0, batch = 1;
  double a_size = 2, b_size = 2, out_size = 2;  // bytes per element
  FlopsPerCycle rate;                           // per SM
  JoulesPerFlop energy;                         // at the reference clock
  bool block_scales = false;
  bool promotes = false;    // partial sums go to fp32 on CUDA cores at each K step (Hopper's 8-bit types)
  bool accumulate = false;  // C is read too
  bool tensor_core = true;  // false: fp32 on CUDA cores

  std::int64_t step() const;  // elements of K in one step: 128 bytes of the wider operand
  double count(std::int64_t rows, std::int64_t cols) const {
    return static_cast<double>(batch) * static_cast<double>(rows) * static_cast<double>(cols);
  }
  double a_bytes() const { return a_size * count(m, k); }
  double b_bytes() const { return b_size * count(n, k); }
  double out_bytes() const { return out_size * count(m, n); }
  double flops() const { return 2.0 * count(m, n) * static_cast<double>(k); }
};
// Fails with "kernel.dtype" if the chip's tensor cores lack the type.
Result<GemmProblem> gemm_problem(const catalog::Chip&, const GemmChip&, const llm::Matmul&);

// A way to tile it. `rows` is the side on the 64-row side of the matrix instruction, `cols` the other;
// swapped: `rows` runs along n (libraries transpose the problem when m is small).
struct GemmTiling {
  int rows = 128, cols = 256;
  bool swapped = false;
  int ctas = 1;   // resident per SM
  int split = 1;  // parts of K
  int pair = 1;   // SMs that share one tile (tcgen05: 2)
  bool operator==(const GemmTiling&) const = default;
  int tile_m() const { return swapped ? cols : rows; }
  int tile_n() const { return swapped ? rows : cols; }
};
std::string describe(const GemmTiling&, const GemmProblem&, int stages);

// Derived counts of a tiling on a problem.
struct GemmCounts {
  std::int64_t tiles_m = 0, tiles_n = 0, units = 0;  // units: tiles x splits x batch, one CTA pass each
  std::int64_t slots = 0;                            // CTAs resident on the device
  std::int64_t rounds = 0;                           // passes of the fullest slot
  std::int64_t steps = 0;                            // K steps of one unit
  int stages = 0;
  double step_bytes = 0;                      // loaded per K step and CTA
  double tensor_cycles = 0, smem_cycles = 0;  // per K step and CTA
  double promotion_cycles = 0;  // per K step and CTA: the next step's products wait for the sums
  double epilogue_bytes = 0;    // written per unit
  double edge_requests = 0;     // to L2, for each line of A that a tile holds and the tensor does not
  double copy_share = 1;        // of the rate at which all SMs copy, which they share
};
GemmCounts count(const GemmChip&, const GemmProblem&, const GemmTiling&);

// What the published kernel with block scales does to the counts: its stages, and tiles that reach over the
// edge of A (gemm_block_scales.cpp).
void count_block_scaled(const GemmChip&, const GemmProblem&, const GemmTiling&, GemmCounts&);
// Issue slots of CUDA cores for each sum of a K step that is scaled and added.
double scaling_slots(const GemmTiling&);

// Cycles between two tiles of one SM in which its tensor cores compute nothing.
struct TileBreak {
  double epilogue = 0;  // conversion and staging of the output, after every tile
  double scales = 0;    // before every tile but the first, whose scales arrive with its operands
};
TileBreak tile_break(const GemmChip&, const GemmProblem&, const GemmTiling&, Hertz clock);

// Tile rows that advance together so that one wave reads the fewest bytes (rasterisation for L2 reuse).
std::int64_t raster_group(const GemmProblem&, const GemmTiling&, const GemmCounts&);

// Share of each operand found in L2 when the kernel starts, and of the output still there (dirty) to
// overwrite.
struct GemmResidency {
  double a = 0, b = 0, out = 0;
};

// Which resources one call takes, by closed form, at a given clock.
struct GemmEstimate {
  Seconds time;  // kernel body, fill and reduction; no launch
  Seconds sm, hbm, reduce;
  double hbm_read = 0, hbm_written = 0, l2_read = 0;  // bytes
};
GemmEstimate estimate(const GemmChip&, const GemmProblem&, const GemmTiling&, const GemmResidency&,
                      Hertz clock);

// The one tiling that kernels with block scales of their own take on Hopper (gemm_block_scales.cpp).
GemmTiling block_scaled_tiling(const GemmChip&, const GemmProblem&);
// All tilings the library may choose from.
std::vector<GemmTiling> candidates(const GemmChip&, const GemmProblem&);
// The best by closed form at `clock`, best first: at most `count`, of different tiles or splits, and none
// more than `within` (a share) slower than the first.
std::vector<GemmTiling> ranked(const GemmChip&, const GemmProblem&, const GemmResidency&, Hertz clock,
                               int most, double within = 0);

// Share of the lines that survive in L2 until they are used again, when `footprint` bytes in all are touched
// once per repetition. Lines that SMs of both halves read lie in both: what fits in one half surely survives,
// of what exceeds the whole nothing does, and between the two the share falls evenly.
double survival(double footprint, const chip::GpuFacts&);

}  // namespace etalon::kernels
