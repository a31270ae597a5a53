// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "ascendc/acl/profile_report.h"
#include "base/text.h"
#include "chip/npu.h"

namespace etalon::ascendc {
namespace {

constexpr double kWorthSaying = 0.02;    // of the task time
constexpr double kGoodTransfer = 16384;  // bytes from which transfers reach their rate (Ascend C documents)
constexpr double kNearRoofline = 0.75;

const PipeRecord* busiest(const ProfileRecord& r) {
  const auto it = std::ranges::max_element(r.pipes, {}, &PipeRecord::busy_mean_us);
  return it != r.pipes.end() && it->busy_mean_us > 0 ? &*it : nullptr;
}

std::string us(double t) { return significant(t, 3) + " us"; }

struct Cores {
  int used = 0, all = 0;
  const char* kind = "vector";
};
Cores cores_of(const chip::NpuCosts& costs, const ProfileRecord& r) {
  if (r.cubes > 0) return {r.cubes, costs.cubes, "cube"};
  return {r.vectors, costs.vectors, "vector"};
}

void add_idle_cores(const Cores& cores, const Bound& bound, const ProfileRecord& r,
                    std::vector<Advice>& out) {
  if (cores.used >= cores.all || cores.used == 0) return;
  const double spread = std::max(bound.us, r.time_us * cores.used / cores.all);
  out.push_back(
      {r.time_us - spread, fmt::format("{} of the {} {} cores work: launch {} blocks and give each less",
                                       cores.used, cores.all, cores.kind, cores.all)});
}

void add_imbalance(const Cores& cores, const ProfileRecord& r, std::vector<Advice>& out) {
  std::string text = fmt::format("the last core ends {} after the mean of the cores: give each the same work",
                                 us(r.time_us - r.core_us));
  if (r.blocks > cores.used && r.blocks % cores.used != 0)
    text += fmt::format("; {} blocks do not divide by {} cores", r.blocks, cores.used);
  out.push_back({r.time_us - r.core_us, text});
}

// Pipes that could run at the same time but take turns.
void add_stalls(const ProfileRecord& r, std::vector<Advice>& out) {
  const PipeRecord* top = busiest(r);
  if (top == nullptr) return;
  const double idle = std::max(0.0, r.core_us - top->busy_mean_us);
  if (top->wait_flag_us >= top->wait_scalar_us) {
    out.push_back({std::min(idle, top->wait_flag_us),
                   fmt::format("{} is the busiest pipe and waits {} for flags of others: two buffers per "
                               "queue (InitBuffer(queue, 2, bytes)) let copies and arithmetic overlap",
                               top->name, us(top->wait_flag_us))});
  } else {
    out.push_back({std::min(idle, top->wait_scalar_us),
                   fmt::format("{} waits {} for the scalar unit to issue ({} instructions): larger tiles, "
                               "fewer and longer instructions, no GetValue in the loop",
                               top->name, us(top->wait_scalar_us), top->instructions)});
  }
}

// On a critical pipe only: a vector unit that waits for copies anyway gains nothing.
void add_conflicts(const ProfileRecord& r, std::vector<Advice>& out) {
  const PipeRecord* top = busiest(r);
  if (top == nullptr || top->name != "vector" || r.lines.empty()) return;
  double all = 0;
  for (const LineRecord& l : r.lines) all += l.conflict_us;
  const LineRecord& worst = *std::ranges::max_element(r.lines, {}, &LineRecord::conflict_us);
  out.push_back({all, fmt::format("the two sources of {} at {} share banks of UB: lay their starts half the "
                                  "bank groups (256 bytes) apart",
                                  worst.name, worst.place)});
}

void add_copies(const Bound& bound, const ProfileRecord& r, std::vector<Advice>& out) {
  const PipeRecord* copies = pipe_of(r, "mte2");
  if (copies == nullptr || copies->instructions == 0) return;
  const double each = (r.hbm_read + r.l2_read) / static_cast<double>(copies->instructions);
  if (copies != busiest(r)) return;
  if (each >= kGoodTransfer) {
    if (bound.by == "HBM" || bound.by == "L2") return;
    out.push_back({std::max(0.0, std::min(r.core_us, copies->busy_mean_us) - bound.us),
                   fmt::format("copies from device memory take {} of {}: {} MB come in, so use again what is "
                               "on the core (larger tiles, more of L1)",
                               us(copies->busy_mean_us), us(r.core_us),
                               significant((r.hbm_read + r.l2_read) * 1e-6, 3))});
    return;
  }
  out.push_back({std::max(0.0, copies->busy_mean_us - bound.us),
                 fmt::format("copies from device memory move {} bytes each: from 16 KiB on they reach their "
                             "rate, so load larger tiles",
                             significant(each, 3))});
}

// The bound of everything but `left_out`.
Bound bound_without(const std::string& left_out, const catalog::Chip& chip, const ProfileRecord& r) {
  const chip::NpuCosts costs = chip::npu_costs(chip);
  const chip::MachineSpec spec = chip::npu_machine_spec(chip);
  Bound bound;
  const auto consider = [&](const std::string& by, double t) {
    if (t > bound.us && by != left_out) bound = {by, t};
  };
  consider("HBM", (r.hbm_read + spec.hbm_write_cost * r.hbm_written) / spec.hbm_rate.value * 1e6);
  const double l2_rate = l2_rate_of(spec);
  if (l2_rate > 0) consider("L2", (r.l2_read + r.l2_written) / l2_rate * 1e6);
  for (const PipeRecord& p : r.pipes) {
    if (p.name == "mte2" || p.name == "mte3") continue;  // busy while they wait for memory
    const bool is_vector = p.name == "vector";
    const int used = is_vector ? r.vectors : r.cubes, all = is_vector ? costs.vectors : costs.cubes;
    if (used > 0 && all > 0) consider(p.name, p.busy_mean_us * used / all);
  }
  return bound;
}

void add_memory_bound(const catalog::Chip& chip, const Bound& bound, const ProfileRecord& r,
                      std::vector<Advice>& out) {
  if (bound.by != "HBM" || bound.us < kNearRoofline * r.time_us) return;
  const double traffic = r.hbm_read + r.hbm_written;
  out.push_back({bound.us - bound_without("HBM", chip, r).us,
                 fmt::format("memory bound at {}% of the roofline: only fewer bytes help; {} MB pass HBM, so "
                             "fuse with the kernels before and after, or keep re-read tiles within L2",
                             significant(100 * bound.us / r.time_us, 2), significant(traffic * 1e-6, 3))});
}

}  // namespace

const PipeRecord* pipe_of(const ProfileRecord& r, const char* name) {
  const auto it = std::ranges::find(r.pipes, name, &PipeRecord::name);
  return it != r.pipes.end() ? &*it : nullptr;
}

double l2_rate_of(const chip::MachineSpec& spec) {
  double rate = 0;
  for (const auto r : spec.l2_rates) rate = std::max(rate, r.value);
  return rate;
}

Bound lower_bound(const catalog::Chip& chip, const ProfileRecord& r) { return bound_without("", chip, r); }

std::vector<Advice> advice(const catalog::Chip& chip, const ProfileRecord& r) {
  const Cores cores = cores_of(chip::npu_costs(chip), r);
  const Bound bound = lower_bound(chip, r);
  std::vector<Advice> all;
  add_idle_cores(cores, bound, r, all);
  if (cores.used > 1) add_imbalance(cores, r, all);
  add_stalls(r, all);
  add_conflicts(r, all);
  add_copies(bound, r, all);
  add_memory_bound(chip, bound, r, all);
  all.push_back({r.task_us - r.time_us,
                 fmt::format("{} of {} are the launch: more work per launch, or one kernel for several",
                             us(r.task_us - r.time_us), us(r.task_us))});
  std::erase_if(all, [&](const Advice& a) { return a.saving_us < kWorthSaying * r.task_us; });
  std::ranges::stable_sort(all, std::ranges::greater{}, &Advice::saving_us);
  if (all.size() > 3) all.resize(3);
  return all;
}

}  // namespace etalon::ascendc
