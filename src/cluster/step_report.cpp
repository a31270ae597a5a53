// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "cluster/step.h"

namespace etalon::cluster {
namespace {

using Entry = std::pair<std::string, Seconds>;

Table shares(const char* title, const char* first, const std::map<std::string, Seconds>& parts,
             Seconds total) {
  std::vector<Entry> sorted(parts.begin(), parts.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Entry& a, const Entry& b) { return a.second > b.second; });
  Table t{title, {{first, ""}, {"time", "ms"}, {"share", "%", 3}}, {}};
  for (const auto& [name, time] : sorted) {
    if (time.value <= 0) continue;
    t.rows.push_back({name, time.value * 1e3, 100 * time.value / total.value});
  }
  return t;
}

Table memory_table(const StepReport& r) {
  Table t{fmt::format("memory of a device of stage {}", r.memory.stage),
          {{"tensor", ""}, {"class", ""}, {"size", "GiB"}},
          {}};
  for (const auto& item : r.memory.items) {
    if (item.bytes.value <= 0) continue;
    t.rows.push_back({item.name, std::string(llm::name_of(item.kind)), item.bytes.value / kGiB.value});
  }
  t.rows.push_back({std::string("all"), std::string(), r.memory.total().value / kGiB.value});
  t.rows.push_back({std::string("capacity"), std::string(), r.memory_capacity.value / kGiB.value});
  return t;
}

}  // namespace

Document document_of(const StepReport& r) {
  Document d;
  d.title = fmt::format("{} on {} ({} x {})", r.model, r.node, r.packages, r.chip);
  d.text(fmt::format("plan: {}; {} micro-batches a step; sequence {}, global batch {}; software {}",
                     describe(r.plan), r.micro_batches, r.task.seq, r.task.global_batch, r.software));
  Table t{"training step", {{"quantity", ""}, {"value", ""}, {"unit", ""}}, {}};
  const auto row = [&](const char* name, double value, std::string unit) {
    t.rows.push_back({std::string(name), value, std::move(unit)});
  };
  row("step time", r.time.value, "s");
  row("tokens per second and chip", r.tokens_per_second_per_chip, "tokens/s");
  row("model FLOPs per second and chip", r.rate_per_chip.value * 1e-12, "TFLOP/s");
  row("MFU", 100 * r.mfu,
      fmt::format("% of {:.0f} TFLOP/s, {} convention", r.peak_per_chip.value * 1e-12, r.convention));
  row("memory of a device", r.memory.total().value / kGiB.value,
      fmt::format("GiB of {:.1f}", r.memory_capacity.value / kGiB.value));
  row("power of a chip", r.power.value, "W");
  row("energy", r.joules_per_token, "J/token");
  if (r.clock.value > 0)
    row("clock", r.clock.value * 1e-9, r.power_limited ? "GHz, limited by power" : "GHz");
  d.table(std::move(t));
  d.table(shares("where the time goes, by operation", "operation", r.by_operation, r.time));
  d.table(shares("by limit", "limit", r.by_limit, r.time));
  d.table(memory_table(r));
  d.text(fmt::format(
      "{} distinct operations; kernels by closed form instead of cycle by cycle: {:.0f}% of the time",
      r.distinct_operations, 100 * r.closed_form.value / r.time.value));
  d.findings = r.findings;
  return d;
}

}  // namespace etalon::cluster
