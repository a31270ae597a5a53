// SPDX-License-Identifier: Apache-2.0
#pragma once

// What `etalon profile` shows of the launches of a program.

#include <string>
#include <vector>

#include "ascendc/acl/profile_record.h"
#include "base/document.h"
#include "base/picture.h"

namespace etalon::ascendc {

// The time below which a kernel cannot come by what it moves and computes, all cores of the device sharing
// the work evenly, and what sets it ("HBM", "L2", or a pipe).
struct Bound {
  std::string by;
  double us = 0;
};
Bound lower_bound(const catalog::Chip& chip, const ProfileRecord& record);

// The record's pipe; null if the kernel has none of that name.
const PipeRecord* pipe_of(const ProfileRecord& record, const char* name);
// What all of L2 gives, over its fastest path, in bytes per second; 0: it has none.
double l2_rate_of(const chip::MachineSpec& spec);

struct Advice {
  double saving_us = 0;  // at most
  std::string text;
};
// What would help most, by the time it could save, at most three.
std::vector<Advice> advice(const catalog::Chip& chip, const ProfileRecord& record);

// Kernels below what the chip's cube cores (floating-point operations), vector cores (16-bit lanes that
// work) and memories allow; and for the kernel that takes longest, what its pipes spend its time on.
Roofline roofline_of(const catalog::Chip& chip, const std::vector<ProfileRecord>& launches);
Occupancy occupancy_of(const std::vector<ProfileRecord>& launches);

Document profile_report(const catalog::Chip& chip, const std::string& program,
                        const std::vector<ProfileRecord>& launches);
// The launches one after another, each core's pipes a lane, and the flags between them.
Timeline profile_timeline(const std::string& program, const std::vector<ProfileRecord>& launches);
std::vector<Flow> profile_flows(const std::vector<ProfileRecord>& launches);

}  // namespace etalon::ascendc
