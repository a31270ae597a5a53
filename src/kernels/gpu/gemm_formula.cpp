// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "kernels/gpu/gemm.h"

namespace etalon::kernels {

int weight_copies(const Harness& h, double bytes) {
  if (h.weight_rotation.value <= 0) return std::max(1, h.weight_copies);
  const double wanted = std::ceil(h.weight_rotation.value / std::max(1.0, bytes));
  return static_cast<int>(std::clamp(wanted, 1.0, static_cast<double>(std::max(1, h.weight_copies))));
}

GemmResidency residency(const GemmChip& chip, const GemmProblem& p, const Harness& h, bool quantised) {
  const double c = chip.gpu.l2_reuse.value;
  const double a = p.a_bytes(), b = p.b_bytes(), out = p.out_bytes();
  GemmResidency r;
  // Written output stays dirty in L2 as far as it fits beside what passes through.
  if (!h.warm) return {quantised ? std::min(1.0, c / (3 * a)) : 0, 0, std::min(1.0, c / (a + b + out))};
  const double input = quantised ? 3 * a : a;  // the 16-bit tensor and its quantised copy
  const double call = input + b + out;
  r.a = quantised ? std::min(1.0, c / input) : survival(call, chip.gpu);
  r.b = survival(input + b * weight_copies(h, b) + out, chip.gpu);
  r.out = survival(call, chip.gpu);
  return r;
}

Seconds launch_cost(const chip::GpuFacts& gpu, const Harness& h) {
  switch (h.launch) {
    case Harness::Launch::graph:
      return gpu.launch_graph;
    case Harness::Launch::eager:
      return gpu.launch_eager;
    case Harness::Launch::profiler:
      return gpu.launch_profiler;
  }
  return gpu.launch_graph;
}

GemmFormula gemm_formula_at(const GemmChip& chip, const GemmProblem& p, bool quantise, const Harness& h,
                            const GemmTiling& tiling, const GemmResidency& resident, Hertz clock) {
  GemmFormula g;
  g.tiling = tiling;
  g.resident = resident;
  g.body = estimate(chip, p, tiling, resident, clock);
  g.launch = launch_cost(chip.gpu, h);
  g.activity.compute = Joules{p.energy.value * p.flops()};
  g.activity.hbm = Bytes{g.body.hbm_read + g.body.hbm_written};
  g.activity.l2 = Bytes{g.body.l2_read + p.out_bytes()};
  if (quantise) {
    const double elements = p.count(p.m, p.k);
    const double footprint = 3 * elements + p.b_bytes() + p.out_bytes();
    const double held = h.warm ? survival(footprint, chip.gpu) : 0;
    g.quantise = quantise_cost(chip, elements, p.block_scales, held, clock);
    g.activity.hbm += Bytes{g.quantise.hbm_bytes};
    g.activity.l2 += Bytes{g.quantise.l2_bytes};
  }
  g.time = g.launch + g.quantise.launch + g.quantise.body + g.body.time;
  return g;
}

Hertz nominal_clock(const GemmChip& chip, const Harness& h) {
  return h.clock.value_or(std::min(chip.power.clock_reference, chip.power.clock_max));
}

GemmFormula gemm_formula(const GemmChip& chip, const GemmProblem& p, bool quantise, const Harness& h,
                         const GemmTiling& t, const GemmResidency& resident) {
  const auto at = [&](Hertz f) { return gemm_formula_at(chip, p, quantise, h, t, resident, f); };
  const GemmFormula nominal = at(nominal_clock(chip, h));
  const double repeats = static_cast<double>(h.replays) * weight_copies(h, p.b_bytes());
  chip::Settled settled;
  if (h.clock) {
    const Watts power = power_at(chip.power, nominal.activity, *h.clock, nominal.time);
    settled = {*h.clock, nominal.time, power * nominal.time, false};
  } else {
    settled =
        settle_clock(chip.power, nominal.activity, [&](Hertz f) { return at(f).time; }, repeats, h.sustained);
  }
  GemmFormula g = at(settled.clock);
  g.settled = settled;
  return g;
}

GemmFormula gemm_formula(const GemmChip& chip, const GemmProblem& p, bool quantise, const Harness& h) {
  const GemmResidency resident = residency(chip, p, h, quantise);
  const std::vector<GemmTiling> best = ranked(chip, p, resident, nominal_clock(chip, h), 1);
  return gemm_formula(chip, p, quantise, h, best.front(), resident);
}

}  // namespace etalon::kernels
