// SPDX-License-Identifier: Apache-2.0
// The profile as pictures: roofline, occupancy of pipes, timeline.
#include <fmt/format.h>

#include <map>

#include "ascendc/acl/profile_report.h"
#include "chip/npu.h"

namespace etalon::ascendc {
namespace {

constexpr double kLanes = 128;  // 16-bit lanes of a vector core: 256 bytes a cycle

}  // namespace

Roofline roofline_of(const catalog::Chip& chip, const std::vector<ProfileRecord>& launches) {
  const chip::NpuCosts costs = chip::npu_costs(chip);
  const chip::MachineSpec spec = chip::npu_machine_spec(chip);
  const double lanes_per_s = costs.vectors * kLanes * spec.clock.value;
  const double l2_rate = l2_rate_of(spec);
  Roofline picture{"Roofline of " + chip.name, "operations", {}, {}, {}};
  picture.roofs = {{"cube cores, fp16", 2 * costs.macs_fp16 * costs.cubes * spec.clock.value},
                   {"vector cores, 16-bit lanes", lanes_per_s}};
  picture.slopes = {{"HBM", spec.hbm_rate.value}};
  if (l2_rate > 0) picture.slopes.push_back({"L2", l2_rate});
  std::map<std::string, bool> shown;
  for (const ProfileRecord& r : launches) {
    if (r.time_us <= 0 || !shown.emplace(r.kernel, true).second) continue;
    const double bytes = r.hbm_read + r.hbm_written;
    const PipeRecord* vector = pipe_of(r, "vector");
    const double lanes =
        vector != nullptr ? vector->busy_mean_us * 1e-6 * r.vectors * kLanes * spec.clock.value : 0;
    const double operations = r.flops > 0 ? r.flops : lanes;
    // What never leaves L2 has no place on the axis: it stands at the bytes of L2.
    const double moved = bytes > 0 ? bytes : r.l2_read + r.l2_written;
    if (moved > 0) picture.points.push_back({r.kernel, operations / moved, operations / (r.time_us * 1e-6)});
  }
  return picture;
}

Occupancy occupancy_of(const std::vector<ProfileRecord>& launches) {
  std::map<std::string, double> totals;
  for (const ProfileRecord& r : launches) totals[r.kernel] += r.task_us;
  const ProfileRecord* longest = nullptr;
  for (const ProfileRecord& r : launches) {
    if (longest == nullptr || totals[r.kernel] > totals[longest->kernel]) longest = &r;
  }
  if (longest == nullptr) return {};
  Occupancy picture{fmt::format("Pipes of {}, mean over the cores that use them", longest->kernel),
                    longest->time_us,
                    {"busy", "waits for flags", "waits for the scalar unit", "waits for memory"},
                    {}};
  for (const PipeRecord& p : longest->pipes) {
    if (p.instructions == 0) continue;
    picture.bars.push_back({p.name, {p.busy_mean_us, p.wait_flag_us, p.wait_scalar_us, p.wait_memory_us}});
  }
  return picture;
}

Timeline profile_timeline(const std::string& program, const std::vector<ProfileRecord>& launches) {
  Timeline all{program, {}};
  double begin = 0;
  for (const ProfileRecord& r : launches) {
    all.spans.push_back({"kernels", r.kernel, begin, r.task_us});
    const double cores_begin = begin + (r.task_us - r.time_us);
    for (const Span& s : r.spans)
      all.spans.push_back({s.lane, s.name, cores_begin + s.start_us, s.duration_us});
    begin += r.task_us;
  }
  return all;
}

std::vector<Flow> profile_flows(const std::vector<ProfileRecord>& launches) {
  std::vector<Flow> all;
  double begin = 0;
  for (const ProfileRecord& r : launches) {
    const double cores_begin = begin + (r.task_us - r.time_us);
    for (const Flow& f : r.flows)
      all.push_back({f.from_lane, cores_begin + f.from_us, f.to_lane, cores_begin + f.to_us});
    begin += r.task_us;
  }
  return all;
}

}  // namespace etalon::ascendc
