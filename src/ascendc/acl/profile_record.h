// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the profiler keeps of one launch, and the lines it stands as in the file named by ETALON_PROFILE: the
// program that is profiled writes them, `etalon profile` reads them.

#include <functional>
#include <string>
#include <vector>

#include "ascendc/launch/launch.h"
#include "catalog/chip_facts.h"

namespace etalon::ascendc {

struct PipeRecord {
  std::string name;
  double busy_mean_us = 0, busy_max_us = 0, wait_flag_us = 0, wait_scalar_us = 0, wait_memory_us = 0;
  std::int64_t instructions = 0;
};

// A line of the user's source: what its instructions kept their pipe busy and why they did not start, mean
// over the cores that use the pipe.
struct LineRecord {
  std::string place, pipe, name;  // "file:line", instruction
  double busy_us = 0, wait_flag_us = 0, wait_scalar_us = 0, wait_memory_us = 0;
  double conflict_us = 0;  // of busy: sources in the same banks
  std::int64_t instructions = 0;
};

struct ProfileRecord {
  std::string kernel, chip, type;          // type: aic, aiv, mix_1_1, mix_1_2
  int blocks = 0, cubes = 0, vectors = 0;  // cores that ran
  double task_us = 0;                      // as a profiler prints it: with what one launch costs
  double time_us = 0, core_us = 0;         // last core's end; mean over the cores
  double flops = 0, hbm_busy_us = 0;
  double hbm_read = 0, hbm_written = 0, l2_read = 0, l2_written = 0;  // bytes
  std::vector<PipeRecord> pipes;
  std::vector<LineRecord> lines;
  std::vector<Span> spans;  // if a timeline was asked for
  std::vector<Flow> flows;  // with it: flags
};

// `line_of` says the source line of a place of RunStats::places, empty if it is not known.
ProfileRecord profile_record(const catalog::Chip& chip, const std::string& kernel,
                             const LaunchOptions& options, const LaunchResult& run,
                             const std::function<std::string(std::uint16_t place)>& line_of);
std::string as_text(const ProfileRecord& record);
// Error: "profile.syntax" with the line.
Result<std::vector<ProfileRecord>> parse_profile(const std::string& text);

}  // namespace etalon::ascendc
