// SPDX-License-Identifier: Apache-2.0
#include "study/kernel_report.h"

#include <fmt/format.h>

#include "study/peaks.h"

namespace etalon::study {
namespace {

double micro(Seconds t) { return t.value * 1e6; }

Bytes hbm_bytes(const kernels::KernelCost& cost) { return cost.hbm_read + cost.hbm_written; }

Cell share(double part, double whole) { return whole > 0 ? Cell{100 * part / whole} : Cell{}; }

Table summary(const catalog::Chip& chip, const KernelRun& run) {
  const kernels::KernelCost& c = run.cost;
  const Peaks peaks = peaks_of(chip, dtype_of(run.operation));
  const double flop_rate = c.flops.value / c.time.value, hbm_rate = hbm_bytes(c).value / c.time.value;
  const double l2_rate = c.l2_read.value / c.time.value;
  Table t{"", {{"what", "", 4}, {"value", "", 5}, {"unit", "", 4}, {"of peak", "%", 3}}, {}};
  const auto add = [&](const char* what, Cell value, const char* unit, Cell of_peak = {}) {
    t.rows.push_back({std::string(what), std::move(value), std::string(unit), std::move(of_peak)});
  };
  add("time", micro(c.time), "us");
  if (c.low.value < c.high.value)
    add("90% interval", Interval{micro(c.low), micro(c.time), micro(c.high)}, "us");
  add("of it launch and host", micro(c.launch), "us");
  add("device kernels", std::int64_t{c.kernels}, "");
  if (c.flops.value > 0) {
    add("matrix rate", flop_rate * 1e-12, "TFLOP/s",
        peaks.matrix ? share(flop_rate, peaks.matrix->value) : Cell{});
  }
  add("HBM rate", hbm_rate * 1e-12, "TB/s", share(hbm_rate, peaks.hbm.value));
  add("L2 read rate", l2_rate * 1e-12, "TB/s", peaks.l2 ? share(l2_rate, peaks.l2->value) : Cell{});
  add("HBM read", c.hbm_read.value * 1e-6, "MB");
  add("HBM written", c.hbm_written.value * 1e-6, "MB");
  add("clock", c.clock.value * 1e-9, "GHz", share(c.clock.value, chip.get<Hertz>("clock.max").value));
  add("energy", c.energy.value * 1e3, "mJ");
  if (!c.tiling.empty()) add("tiling", c.tiling, "");
  add("fidelity", std::string(name_of(c.fidelity)), "");
  add("mechanism", c.mechanism, "");
  return t;
}

Table times(const std::string& title, const std::map<std::string, Seconds>& parts, Seconds whole) {
  Table t{title, {{"what", "", 4}, {"mean over cores", "us", 4}, {"of the time", "%", 3}}, {}};
  for (const auto& [name, time] : parts)
    t.rows.push_back({name, micro(time), share(time.value, whole.value)});
  return t;
}

Table limits(const kernels::KernelCost& cost) {
  Table t{"What sets the time", {{"limit", "", 4}, {"share", "%", 3}}, {}};
  for (const auto& [limit, part] : cost.limits)
    t.rows.push_back({std::string(kernels::name_of(limit)), 100 * part});
  return t;
}

}  // namespace

llm::Dtype dtype_of(const llm::Operation& operation) {
  return std::visit([](const auto& op) { return op.dtype; }, operation);
}

Document kernel_report(const catalog::Chip& chip, const KernelRun& run) {
  Document d;
  d.title = fmt::format("{} on one device of {}", llm::describe(run.operation), chip.name);
  d.table(summary(chip, run));
  if (!run.cost.limits.empty()) d.table(limits(run.cost));
  if (!run.cost.busy.empty()) d.table(times("Pipes busy", run.cost.busy, run.cost.time));
  if (!run.cost.stalls.empty()) d.table(times("Pipes waiting", run.cost.stalls, run.cost.time));
  d.findings = run.cost.findings;
  return d;
}

Document sweep_report(const catalog::Chip& chip, const std::string& variable,
                      const std::vector<std::int64_t>& values, const std::vector<KernelRun>& runs) {
  Document d;
  d.title = fmt::format("Sweep of {} on one device of {}", variable, chip.name);
  Table t{"",
          {{variable, "", 6},
           {"time", "us", 5},
           {"matrix", "TFLOP/s", 4},
           {"of peak", "%", 3},
           {"HBM", "TB/s", 4},
           {"of peak", "%", 3},
           {"limit", "", 4},
           {"tiling", "", 4}},
          {}};
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const kernels::KernelCost& c = runs[i].cost;
    const Peaks peaks = peaks_of(chip, dtype_of(runs[i].operation));
    const double flop_rate = c.flops.value / c.time.value, hbm_rate = hbm_bytes(c).value / c.time.value;
    std::string limit;
    double most = 0;
    for (const auto& [name, part] : c.limits) {
      if (part > most) most = part, limit = kernels::name_of(name);
    }
    t.rows.push_back({values[i], micro(c.time), flop_rate * 1e-12,
                      peaks.matrix ? share(flop_rate, peaks.matrix->value) : Cell{}, hbm_rate * 1e-12,
                      share(hbm_rate, peaks.hbm.value), limit, c.tiling});
    d.findings.insert(d.findings.end(), c.findings.begin(), c.findings.end());
  }
  d.table(std::move(t));
  return d;
}

}  // namespace etalon::study
