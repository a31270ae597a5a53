// SPDX-License-Identifier: Apache-2.0
// Operations of the vector cores: the Ascend C kernel of each (vector_launch.h), timed; long tensors continue
// at the pace of their beginning. A closed form: compulsory traffic, or one pass of vector work over each
// operand.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "kernels/npu/npu_cost.h"
#include "kernels/npu/vector_launch.h"

namespace etalon::kernels {
namespace {

// Bytes of L2 over which a tensor's beginning is simulated: what is written has to leave it again.
constexpr double kSimulatedL2 = 3;
// Of the closed form: vector instructions over each operand.
constexpr double kPasses = 4;

// The operation with as many rows as are simulated (flat operations: of columns).
llm::Vector beginning(const llm::Vector& v, double most_elements) {
  llm::Vector out = v;
  const double elements = static_cast<double>(v.rows) * static_cast<double>(v.cols);
  if (elements <= most_elements) return out;
  const double share = most_elements / elements;
  if (static_cast<double>(v.rows) * share >= 1)
    out.rows = static_cast<std::int64_t>(std::ceil(static_cast<double>(v.rows) * share));
  else
    out.cols = static_cast<std::int64_t>(std::ceil(most_elements / static_cast<double>(v.rows)));
  return out;
}

void stretch(NpuWork& w, double scale) {
  w.body = w.body * scale;
  for (auto* q : {&w.hbm_read, &w.hbm_written, &w.l2_read}) *q = *q * scale;
  w.hbm_busy = w.hbm_busy * scale;
  for (auto* map : {&w.busy, &w.stalls}) {
    for (auto& [name, time] : *map) time = time * scale;
  }
}

}  // namespace

Result<KernelCost> npu_vector_cost(const catalog::Chip& chip, const llm::Operation& op, const Harness& h,
                                   const CostOptions& options) {
  const auto& v = std::get<llm::Vector>(op);
  const NpuDevice d(chip);
  NpuWork w;
  const double all = std::max(1.0, static_cast<double>(v.rows) * static_cast<double>(v.cols));
  const llm::Traffic traffic = llm::compulsory_traffic(op);
  const double bytes = (traffic.read + traffic.written).value;
  if (options.fidelity == Fidelity::cycle) {
    const llm::Vector part =
        beginning(v, kSimulatedL2 * d.spec.l2_capacity.value * all / std::max(bytes, 1.0));
    const double scale = all / std::max(1.0, static_cast<double>(part.rows) * static_cast<double>(part.cols));
    // Operands that keep their addresses and fit: the last call left them in L2, nothing comes from memory.
    const bool resident = h.warm && bytes < 0.75 * d.spec.l2_capacity.value;
    chip::MachineSpec spec = d.spec;
    if (resident) {
      spec.hbm_rate = d.spec.l2_rates[1];
      for (auto& p : spec.paths) p.core_miss = p.core_hit;
    }
    chip::Machine machine(spec);
    TRY(run, run_vector(machine, d.costs, part));
    if (resident) {
      run.stats.l2_read += run.stats.hbm_read;
      run.stats.hbm_read = run.stats.hbm_written = Bytes{0};
      run.stats.hbm_busy = Seconds{0};
    }
    w.body = run.stats.time;
    add_run(w, run.stats);
    stretch(w, scale);
    w.vector_flops = Flops{w.busy["vector"].value * d.spec.clock.value * 64 * run.cores};
    w.tiling = run.tiling;
  } else {
    const double vector = bytes / 256 * kPasses / d.costs.vectors / d.spec.clock.value;
    w.hbm_read = traffic.read;
    w.hbm_written = traffic.written;
    w.hbm_busy = Seconds{bytes / d.hbm().value};
    w.body = std::max(Seconds{vector}, w.hbm_busy);
    w.busy["vector"] = Seconds{vector};
    w.vector_flops = Flops{all * kPasses};
    w.tiling = fmt::format("{} vector cores", d.costs.vectors);
    w.fidelity = Fidelity::formula;
  }
  w.launch = launch_cost(d, h, parse_npu_software(h.software));
  w.dtype = v.dtype;
  w.mechanism = w.body < w.launch ? "vector.launch" : "vector.memory";
  return npu_cost(d, h, w);
}

}  // namespace etalon::kernels
