// SPDX-License-Identifier: Apache-2.0
#pragma once

// Matrix products on GPUs: quantisation kernels (if the activation arrives in 16 bits), one tiled GEMM, and a
// reduction if K is split. See docs/explain/kernels.md.

#include <vector>

#include "kernels/cost.h"
#include "kernels/gpu/gemm_plan.h"

namespace etalon::kernels {

const std::vector<Kernel>& gemm_kernels();

Result<KernelCost> gemm_cost(const catalog::Chip&, const llm::Operation&, const Harness&, const CostOptions&);

// How many copies of weights of `bytes` each the harness cycles through.
int weight_copies(const Harness&, double bytes);

// What of each operand lies in L2 when an endlessly repeated call starts.
GemmResidency residency(const GemmChip&, const GemmProblem&, const Harness&, bool quantised);

// The kernels that quantise a 16-bit activation of `elements` before the product.
struct QuantiseCost {
  Seconds launch, body;
  int kernels = 0;
  double l2_bytes = 0, hbm_bytes = 0;
};
QuantiseCost quantise_cost(const GemmChip&, double elements, bool block_scales, double resident, Hertz clock);

// Cost of launching the first kernel of an operation under the harness.
Seconds launch_cost(const chip::GpuFacts&, const Harness&);

// One operation by closed form: the chosen tiling, its clock and its parts.
struct GemmFormula {
  GemmTiling tiling;
  GemmResidency resident;
  GemmEstimate body;
  QuantiseCost quantise;
  Seconds launch, time;  // time: all of it
  chip::Activity activity;
  chip::Settled settled;
};
GemmFormula gemm_formula(const GemmChip&, const GemmProblem&, bool quantise, const Harness&);
// The same for a given tiling.
GemmFormula gemm_formula(const GemmChip&, const GemmProblem&, bool quantise, const Harness&,
                         const GemmTiling&, const GemmResidency&);
// The clock at which tilings are compared.
Hertz nominal_clock(const GemmChip&, const Harness&);
// And at a given clock.
GemmFormula gemm_formula_at(const GemmChip&, const GemmProblem&, bool quantise, const Harness&,
                            const GemmTiling&, const GemmResidency&, Hertz clock);

}  // namespace etalon::kernels
