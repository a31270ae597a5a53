// SPDX-License-Identifier: Apache-2.0
#include "ascendc/acl/profile_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/text.h"
#include "chip/npu.h"

namespace etalon::ascendc {
namespace {

constexpr std::size_t kDetailed = 12;  // kernels that get tables of their own, by total time

// Launches of one kernel with one grid, their means.
struct Group {
  ProfileRecord mean;
  std::int64_t calls = 0;
  double total_us = 0, least_us = 0, most_us = 0;
};

void accumulate(ProfileRecord& to, const ProfileRecord& r) {
  to.task_us += r.task_us, to.time_us += r.time_us, to.core_us += r.core_us;
  to.flops += r.flops, to.hbm_busy_us += r.hbm_busy_us;
  to.hbm_read += r.hbm_read, to.hbm_written += r.hbm_written;
  to.l2_read += r.l2_read, to.l2_written += r.l2_written;
  for (std::size_t p = 0; p < std::min(to.pipes.size(), r.pipes.size()); ++p) {
    PipeRecord& a = to.pipes[p];
    const PipeRecord& b = r.pipes[p];
    a.busy_mean_us += b.busy_mean_us, a.busy_max_us = std::max(a.busy_max_us, b.busy_max_us);
    a.wait_flag_us += b.wait_flag_us, a.wait_scalar_us += b.wait_scalar_us;
    a.wait_memory_us += b.wait_memory_us, a.instructions += b.instructions;
  }
}

void divide(ProfileRecord& r, std::int64_t calls) {
  const auto n = static_cast<double>(calls);
  for (double* value : {&r.task_us, &r.time_us, &r.core_us, &r.flops, &r.hbm_busy_us, &r.hbm_read,
                        &r.hbm_written, &r.l2_read, &r.l2_written}) {
    *value /= n;
  }
  for (PipeRecord& p : r.pipes) {
    p.busy_mean_us /= n, p.wait_flag_us /= n, p.wait_scalar_us /= n, p.wait_memory_us /= n;
    p.instructions /= calls;
  }
}

std::vector<Group> groups_of(const std::vector<ProfileRecord>& launches) {
  std::vector<Group> groups;
  const auto key = [](const ProfileRecord& r) { return std::tie(r.kernel, r.type, r.blocks, r.chip); };
  for (const ProfileRecord& r : launches) {
    auto it = std::ranges::find_if(groups, [&](const Group& g) { return key(g.mean) == key(r); });
    if (it == groups.end()) {
      groups.push_back({r, 1, r.task_us, r.task_us, r.task_us});
      groups.back().mean.spans.clear();
      groups.back().mean.flows.clear();
      continue;
    }
    ++it->calls;
    it->total_us += r.task_us;
    it->least_us = std::min(it->least_us, r.task_us);
    it->most_us = std::max(it->most_us, r.task_us);
    accumulate(it->mean, r);
  }
  for (Group& g : groups) divide(g.mean, g.calls);
  std::ranges::stable_sort(groups, std::ranges::greater{}, &Group::total_us);
  return groups;
}

Cell share(double part, double whole) { return whole > 0 ? Cell{100 * part / whole} : Cell{}; }

Table summary(const catalog::Chip& chip, const std::vector<Group>& groups) {
  Table t{"Kernels",
          {{"kernel", "", 4},
           {"cores", "", 4},
           {"blocks", "", 4},
           {"calls", "", 4},
           {"task", "us", 5},
           {"all calls", "us", 5},
           {"on the cores", "us", 5},
           {"roofline", "us", 4},
           {"set by", "", 4},
           {"attained", "%", 3}},
          {}};
  for (const Group& g : groups) {
    const Bound bound = lower_bound(chip, g.mean);
    const Cell task = g.calls > 1 && g.least_us < g.most_us
                          ? Cell{Interval{g.least_us, g.mean.task_us, g.most_us}}
                          : Cell{g.mean.task_us};
    t.rows.push_back({g.mean.kernel, g.mean.type, std::int64_t{g.mean.blocks}, g.calls, task, g.total_us,
                      g.mean.core_us, bound.us, bound.by, share(bound.us, g.mean.time_us)});
  }
  return t;
}

Table pipes(const ProfileRecord& r) {
  Table t{"Pipes, mean over the cores that use them",
          {{"pipe", "", 4},
           {"instructions", "", 6},
           {"busy", "us", 4},
           {"of the core's time", "%", 3},
           {"waits for flags", "us", 4},
           {"for the scalar unit", "us", 4},
           {"for memory", "us", 4}},
          {}};
  for (const PipeRecord& p : r.pipes) {
    if (p.instructions == 0) continue;
    t.rows.push_back({p.name, p.instructions, p.busy_mean_us, share(p.busy_mean_us, r.core_us),
                      p.wait_flag_us, p.wait_scalar_us, p.wait_memory_us});
  }
  return t;
}

Table memory(const catalog::Chip& chip, const ProfileRecord& r) {
  const chip::MachineSpec spec = chip::npu_machine_spec(chip);
  Table t{"Memory",
          {{"level", "", 4},
           {"read", "MB", 4},
           {"written", "MB", 4},
           {"rate", "TB/s", 4},
           {"of what it attains", "%", 3}},
          {}};
  const auto add = [&](const char* level, double read, double written, double peak) {
    const double rate = r.time_us > 0 ? (read + written) / (r.time_us * 1e-6) : 0;
    t.rows.push_back({std::string(level), read * 1e-6, written * 1e-6, rate * 1e-12, share(rate, peak)});
  };
  add("HBM", r.hbm_read, r.hbm_written, spec.hbm_rate.value);
  add("L2", r.l2_read, r.l2_written, l2_rate_of(spec));
  return t;
}

constexpr std::size_t kLines = 12;

Table source_lines(const ProfileRecord& r) {
  Table t{"Source lines that take the most, with what their pipe waits before them; the first call",
          {{"line", "", 4},
           {"instruction", "", 4},
           {"pipe", "", 4},
           {"issued", "", 6},
           {"busy", "us", 3},
           {"waits for flags", "us", 3},
           {"for the scalar unit", "us", 3},
           {"for memory", "us", 3},
           {"bank conflicts", "us", 3}},
          {}};
  std::vector<LineRecord> lines = r.lines;
  const auto total = [](const LineRecord& l) {
    return l.busy_us + l.wait_flag_us + l.wait_scalar_us + l.wait_memory_us;
  };
  std::ranges::stable_sort(lines, std::ranges::greater{}, total);
  if (lines.size() > kLines) lines.resize(kLines);
  for (const LineRecord& l : lines) {
    t.rows.push_back({l.place, l.name, l.pipe, l.instructions, l.busy_us, l.wait_flag_us, l.wait_scalar_us,
                      l.wait_memory_us, l.conflict_us});
  }
  return t;
}

Table helps(const std::vector<Advice>& list, double task_us) {
  Table t{"What would help most", {{"saves up to", "us", 3}, {"of the task", "%", 3}, {"what", "", 4}}, {}};
  for (const Advice& a : list) t.rows.push_back({a.saving_us, share(a.saving_us, task_us), a.text});
  return t;
}

}  // namespace

Document profile_report(const catalog::Chip& chip, const std::string& program,
                        const std::vector<ProfileRecord>& launches) {
  Document d;
  d.title = fmt::format("{} on {}", program, chip.name);
  if (launches.empty()) {
    d.findings.push_back({Severity::warning, "profile.no-kernels",
                          "the program launched no kernel that ended; is it one that `etalon cc` made?",
                          program});
    return d;
  }
  const std::vector<Group> groups = groups_of(launches);
  d.table(summary(chip, groups));
  for (std::size_t i = 0; i < std::min(groups.size(), kDetailed); ++i) {
    const ProfileRecord& r = groups[i].mean;
    d.heading(2, fmt::format("{}, {} blocks", r.kernel, r.blocks));
    d.table(pipes(r)).table(memory(chip, r));
    if (!r.lines.empty()) d.table(source_lines(r));
    const std::vector<Advice> list = advice(chip, r);
    if (!list.empty()) d.table(helps(list, r.task_us));
  }
  if (groups.size() > kDetailed)
    d.text(fmt::format("{} further kernels take less time than these.", groups.size() - kDetailed));
  return d;
}

}  // namespace etalon::ascendc
