// SPDX-License-Identifier: Apache-2.0
#include "kernels/gpu/gemm.h"

#include <algorithm>
#include <cmath>

#include "kernels/gpu/gemm_program.h"

namespace etalon::kernels {
namespace {

// Types that some GPU has; whether this one has it is an error of its own, with its own words.
bool accepts(const catalog::Chip& chip, const llm::Operation& op) {
  const auto* matmul = std::get_if<llm::Matmul>(&op);
  return chip.kind == catalog::CoreKind::gpu && matmul && matmul->dtype != llm::Dtype::hif8 &&
         matmul->dtype != llm::Dtype::int32;
}

// Shares of the time by what set it: launches; then body time split as the overlap law weighs its two parts.
std::map<Limit, double> limits_of(const GemmChip& chip, const GemmProblem& p, const GemmFormula& g) {
  const GemmCounts c = count(chip, p, g.tiling);
  const double total = g.time.value;
  const double body = (g.body.time - g.body.reduce).value;
  const double launch =
      (g.launch + g.quantise.launch).value + (g.body.reduce.value > 0 ? chip.gpu.launch_next.value : 0);
  const double sm = std::pow(g.body.sm.value, chip.gemm.overlap),
               hbm = std::pow(g.body.hbm.value, chip.gemm.overlap);
  const double hbm_share = sm + hbm > 0 ? hbm / (sm + hbm) : 0;
  const double f = g.settled.clock.value;
  const double compute = static_cast<double>(c.rounds * c.steps) * g.tiling.ctas * c.tensor_cycles / f;
  const double matrix_share = std::min(1.0, compute / g.body.sm.value);
  std::map<Limit, double> out;
  out[Limit::launch] = launch / total;
  out[Limit::hbm] = body * hbm_share / total;
  out[Limit::matrix] = body * (1 - hbm_share) * matrix_share / total;
  out[Limit::vector] = g.quantise.body.value / total;
  double known = 0;
  for (const auto& [limit, share] : out) known += share;
  out[Limit::latency] = std::max(0.0, 1 - known);
  return out;
}

const char* mechanism_of(const GemmFormula& g) {
  if (g.time.value < 2.5 * (g.launch + g.quantise.launch).value) return "gemm.launch";
  return g.body.hbm.value > g.body.sm.value ? "gemm.memory" : "gemm.compute";
}

KernelCost to_cost(const GemmChip& chip, const GemmProblem& p, const GemmFormula& g) {
  const GemmCounts c = count(chip, p, g.tiling);
  KernelCost k;
  k.time = k.low = k.high = g.time;
  k.launch = g.launch + g.quantise.launch + (g.tiling.split > 1 ? chip.gpu.launch_next : Seconds{0});
  k.fidelity = Fidelity::formula;
  k.clock = g.settled.clock;
  k.kernels = 1 + g.quantise.kernels + (g.tiling.split > 1 ? 1 : 0);
  k.flops = Flops{p.flops()};
  k.hbm_read = Bytes{g.body.hbm_read + g.quantise.hbm_bytes};
  k.hbm_written = Bytes{g.body.hbm_written};
  k.l2_read = Bytes{g.body.l2_read + g.quantise.l2_bytes};
  k.energy = g.settled.energy;
  const double steps =
      static_cast<double>(c.units) * static_cast<double>(c.steps) * g.tiling.pair / chip.gpu.sms;
  k.busy["tensor"] = Seconds{steps * c.tensor_cycles / k.clock.value};
  k.busy["shared memory"] = Seconds{steps * c.smem_cycles / k.clock.value};
  k.busy["hbm"] = g.body.hbm;
  k.limits = limits_of(chip, p, g);
  k.tiling = describe(g.tiling, p, c.stages);
  k.mechanism = mechanism_of(g);
  return k;
}

// What only the simulation knows: traffic with re-reads, stalls of the pipes, the timeline.
void add_run(KernelCost& k, const GemmRun& run) {
  k.fidelity = Fidelity::cycle;
  k.hbm_read = std::max(k.hbm_read, run.stats.hbm_read);
  const chip::PipeStats& tensor = run.stats.pipes[chip::kTensor];
  const double scale = run.stats.time.value > 0 ? run.body / run.stats.time : 1;
  k.stalls["tensor core waits for operands"] = tensor.wait_flag * scale;
  k.stalls["copies wait for room in the ring"] = run.stats.pipes[chip::kCopyIn].wait_flag * scale;
  k.stalls["copies wait for memory"] = run.stats.pipes[chip::kCopyIn].wait_memory * scale;
  if (!run.stats.timeline.spans.empty()) k.timeline = run.stats.timeline;
}

// The cost with the GEMM kernel's body from the simulation of the best few tilings.
KernelCost simulated_cost(const GemmChip& chip, const GemmProblem& p, bool quantise, const Harness& h,
                          bool want_timeline) {
  const GemmResidency resident = residency(chip, p, h, quantise);
  const Hertz nominal = nominal_clock(chip, h);
  KernelCost best;
  best.time = Seconds{INFINITY};
  for (const GemmTiling& t :
       ranked(chip, p, resident, nominal, chip.gemm.candidates, chip.gemm.candidate_margin)) {
    GemmFormula g = gemm_formula(chip, p, quantise, h, t, resident);
    const GemmRun run = simulate(chip, p, t, h, quantise, g.settled.clock, want_timeline);
    g.body.time = run.body + g.body.reduce;  // the run holds the fill
    g.time = g.launch + g.quantise.launch + g.quantise.body + g.body.time;
    if (g.time >= best.time) continue;
    best = to_cost(chip, p, g);
    add_run(best, run);
  }
  return best;
}

}  // namespace

Result<KernelCost> gemm_cost(const catalog::Chip& chip, const llm::Operation& op, const Harness& harness,
                             const CostOptions& options) {
  const auto& matmul = std::get<llm::Matmul>(op);
  GemmChip g = read_gemm_chip(chip);
  // Libraries of 2023 had kernels only for tiles whose sides are powers of two: more waves end half empty.
  if (harness.software.ends_with("-2023")) g.gemm.power_of_two_tiles = true;
  TRY(problem, gemm_problem(chip, g, matmul));
  const bool quantise = matmul.quantise_activation;
  // What exceeds the memory cannot run; it is priced without simulating its addresses.
  const double bytes = problem.a_bytes() + problem.b_bytes() + problem.out_bytes();
  const bool fits = bytes <= chip.get<Bytes>("hbm.capacity").value;
  if (options.fidelity == Fidelity::cycle && fits)
    return simulated_cost(g, problem, quantise, harness, options.want_timeline);
  return to_cost(g, problem, gemm_formula(g, problem, quantise, harness));
}

const std::vector<Kernel>& gemm_kernels() {
  static const std::vector<Kernel> list = {
      {"gpu.gemm", "dense matrix product, any type the tensor cores have, K split where it wins",
       "products of many experts with their own row counts (gpu.moe)",
       "tile program of our own after the published structure of persistent warp-specialised kernels",
       "etalon kernel matmul --chip h100-sxm --m 4096 --n 4096 --k 4096 --dtype bf16", catalog::CoreKind::gpu,
       accepts, gemm_cost}};
  return list;
}

}  // namespace etalon::kernels
