// SPDX-License-Identifier: Apache-2.0
#pragma once

// The tile program of a matrix product, run on the simulated chip.
//
// A persistent, warp-specialised kernel: each CTA walks its share of the output tiles. Its producer asks for
// one stage (a K step of both operands) after another as long as the ring of stages has room, running ahead
// into the next tile; the tensor core takes a step when its stage is full and frees it; after the last step
// the accumulators are converted and staged while the tensor core waits, and the store drains behind the next
// tile.
//
// Several CTAs on one SM are cores of the machine with their share of the SM each.

#include "chip/machine.h"
#include "kernels/cost.h"
#include "kernels/gpu/gemm_plan.h"

namespace etalon::kernels {

struct GemmRun {
  Seconds body;               // of the GEMM kernel, without launch, fill and reduction
  chip::RunStats stats;       // of the last repetition
  bool extrapolated = false;  // long runs: periodic parts were not all simulated
};

// How much may be simulated before periodic parts are extrapolated; infinite: everything.
struct GemmEffort {
  double steps = 20000;    // CTA K steps per run
  int least_k_steps = 48;  // of one tile, before K is coarsened
};

GemmRun simulate(const GemmChip&, const GemmProblem&, const GemmTiling&, const Harness&, bool quantised,
                 Hertz clock, bool want_timeline = false, const GemmEffort& = {});

}  // namespace etalon::kernels
