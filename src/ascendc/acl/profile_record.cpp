// SPDX-License-Identifier: Apache-2.0
#include "ascendc/acl/profile_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "ascendc/acl/child.h"
#include "base/text.h"
#include "chip/npu.h"

namespace etalon::ascendc {
namespace {

constexpr double kMicro = 1e6;

// "kernel a name" -> {"kernel", "a name"}
std::pair<std::string, std::string> word_and_rest(const std::string& line) {
  const std::size_t blank = line.find(' ');
  if (blank == std::string::npos) return {line, ""};
  return {line.substr(0, blank), line.substr(blank + 1)};
}

std::string one_line(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  return text;
}

// Reads one line into the record; false if it cannot.
bool read_line(const std::string& line, ProfileRecord& r) {
  const auto [key, rest] = word_and_rest(line);
  std::istringstream in(rest);
  if (key == "chip") {
    r.chip = rest;
  } else if (key == "cores") {
    in >> r.type >> r.blocks >> r.cubes >> r.vectors;
  } else if (key == "time") {
    in >> r.task_us >> r.time_us >> r.core_us;
  } else if (key == "moved") {
    in >> r.flops >> r.hbm_busy_us >> r.hbm_read >> r.hbm_written >> r.l2_read >> r.l2_written;
  } else if (key == "pipe") {
    PipeRecord p;
    in >> p.name >> p.busy_mean_us >> p.busy_max_us >> p.wait_flag_us >> p.wait_scalar_us >>
        p.wait_memory_us >> p.instructions;
    r.pipes.push_back(p);
  } else if (key == "line") {
    LineRecord l;
    in >> l.pipe >> l.busy_us >> l.wait_flag_us >> l.wait_scalar_us >> l.wait_memory_us >> l.conflict_us >>
        l.instructions;
    std::string text;
    std::getline(in >> std::ws, text);
    const auto parts = split(text, '|');
    if (in.fail() || parts.size() != 2) return false;
    l.name = parts[0];
    l.place = parts[1];
    r.lines.push_back(l);
    return true;
  } else if (key == "flow") {
    std::string text;
    std::getline(in >> std::ws, text);
    const auto parts = split(text, '|');
    if (parts.size() != 4) return false;
    r.flows.push_back({parts[0], std::atof(parts[1].c_str()), parts[2], std::atof(parts[3].c_str())});
    return true;
  } else if (key == "span") {
    Span s;
    in >> s.start_us >> s.duration_us;
    std::string text;
    std::getline(in >> std::ws, text);
    const auto parts = split(text, '|');
    if (in.fail() || parts.size() != 2) return false;
    r.spans.push_back({parts[0], parts[1], s.start_us, s.duration_us});
    return true;
  } else {
    return false;
  }
  return !in.fail();
}

}  // namespace

ProfileRecord profile_record(const catalog::Chip& chip, const std::string& kernel,
                             const LaunchOptions& options, const LaunchResult& run,
                             const std::function<std::string(std::uint16_t place)>& line_of) {
  ProfileRecord r;
  r.kernel = kernel;
  r.chip = chip.name;
  r.type = name_of(options.type);
  r.blocks = options.blocks;
  const chip::NpuCosts costs = chip::npu_costs(chip);
  const int per_block = options.type == KernelType::mix_1_2 ? 2 : options.type == KernelType::mix_1_1 ? 1 : 0;
  if (options.type != KernelType::aiv)
    r.cubes = per_block > 0 ? std::min({options.blocks, costs.cubes, costs.vectors / per_block})
                            : std::min(options.blocks, costs.cubes);
  r.vectors = options.type == KernelType::aiv ? std::min(options.blocks, costs.vectors) : r.cubes * per_block;
  const chip::RunStats& s = run.stats;
  r.time_us = s.time.value * kMicro;
  r.core_us = s.core_mean.value * kMicro;
  r.task_us = (s.time + chip::npu_launch(chip).profiler).value * kMicro;
  r.flops = s.flops.value;
  r.hbm_busy_us = s.hbm_busy.value * kMicro;
  r.hbm_read = s.hbm_read.value, r.hbm_written = s.hbm_written.value;
  r.l2_read = s.l2_read.value, r.l2_written = s.l2_written.value;
  for (std::size_t p = 0; p < s.pipes.size(); ++p) {
    const chip::PipeStats& from = s.pipes[p];
    r.pipes.push_back({chip::kNpuPipeNames[p], from.busy_mean.value * kMicro, from.busy_max.value * kMicro,
                       from.wait_flag.value * kMicro, from.wait_scalar.value * kMicro,
                       from.wait_memory.value * kMicro, from.instructions});
  }
  // Several places may be one line: copies of an inlined function, a loop that was unrolled.
  for (const chip::PlaceStats& p : s.places) {
    const std::string place = line_of(p.place);
    if (place.empty()) continue;
    const std::string pipe = chip::kNpuPipeNames[p.pipe];
    auto line = std::ranges::find_if(
        r.lines, [&](const LineRecord& l) { return l.place == place && l.pipe == pipe && l.name == p.name; });
    if (line == r.lines.end()) line = r.lines.insert(line, {place, pipe, p.name});
    const double mean = kMicro / std::max(p.cores, 1);
    line->busy_us += p.busy.value * mean, line->wait_flag_us += p.wait_flag.value * mean;
    line->wait_scalar_us += p.wait_scalar.value * mean, line->wait_memory_us += p.wait_memory.value * mean;
    if (const auto c = run.bank_conflicts.find(p.place); c != run.bank_conflicts.end())
      line->conflict_us += c->second.value * mean;
    line->instructions += p.instructions;
  }
  r.spans = s.timeline.spans;
  r.flows = s.flows;
  return r;
}

std::string as_text(const ProfileRecord& r) {
  std::string text = fmt::format(
      "kernel {}\nchip {}\ncores {} {} {} {}\ntime {} {} {}\nmoved {} {} {} {} {} {}\n", one_line(r.kernel),
      one_line(r.chip), r.type, r.blocks, r.cubes, r.vectors, r.task_us, r.time_us, r.core_us, r.flops,
      r.hbm_busy_us, r.hbm_read, r.hbm_written, r.l2_read, r.l2_written);
  for (const PipeRecord& p : r.pipes) {
    text += fmt::format("pipe {} {} {} {} {} {} {}\n", p.name, p.busy_mean_us, p.busy_max_us, p.wait_flag_us,
                        p.wait_scalar_us, p.wait_memory_us, p.instructions);
  }
  for (const LineRecord& l : r.lines) {
    text +=
        fmt::format("line {} {} {} {} {} {} {} {}|{}\n", l.pipe, l.busy_us, l.wait_flag_us, l.wait_scalar_us,
                    l.wait_memory_us, l.conflict_us, l.instructions, l.name, one_line(l.place));
  }
  for (const Span& s : r.spans) {
    text += fmt::format("span {} {} {}|{}\n", s.start_us, s.duration_us, s.lane, one_line(s.name));
  }
  for (const Flow& f : r.flows)
    text += fmt::format("flow {}|{}|{}|{}\n", f.from_lane, f.from_us, f.to_lane, f.to_us);
  return text + "end\n";
}

Result<std::vector<ProfileRecord>> parse_profile(const std::string& text) {
  std::vector<ProfileRecord> records;
  bool is_open = false;
  int number = 0;
  for (const std::string& line : split(text, '\n')) {
    ++number;
    if (line.empty()) continue;
    const auto [key, rest] = word_and_rest(line);
    const bool begins = key == "kernel" && !is_open, ends = key == "end" && is_open;
    if (begins) {
      records.emplace_back().kernel = rest;
      is_open = true;
    } else if (ends) {
      is_open = false;
    } else if (!is_open || !read_line(line, records.back())) {
      return fail("profile.syntax", fmt::format("line {} of the profile cannot be read: {}", number, line),
                  "profile the program again");
    }
  }
  if (is_open)
    return fail("profile.syntax", "the profile ends in the middle of a kernel", "profile the program again");
  return records;
}

}  // namespace etalon::ascendc
