// SPDX-License-Identifier: Apache-2.0
#pragma once

// From a call of the runtime to the user's source line. During the run a call is known by its return
// addresses alone (a few nanoseconds each); lines are looked up in the program's debug information when a
// finding is printed.

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "ascendc/launch/observer.h"

namespace etalon::ascendc::hazards {

using SiteId = std::uint32_t;  // 0: not known

// Distinct places of calls: the return address and, where device code keeps frame pointers, those above it.
class Sites {
 public:
  Sites();
  // To be called at each launch: images may have been loaded since.
  void look_for_code();
  SiteId of(const CallPlace& place);

  static constexpr int kFrames = 6;
  struct Site {
    const void* frames[kFrames] = {};
    int count = 0;
  };
  const Site& at(SiteId id) const { return sites_[id]; }

 private:
  bool is_code(const void* address) const;

  std::vector<std::pair<std::uintptr_t, std::uintptr_t>> code_;
  std::vector<Site> sites_;
  std::unordered_map<std::uint64_t, SiteId> ids_;
};

// Source lines by the DWARF information of the running program and what it has loaded. Frames of the device
// headers are passed over, inlined or not, so that a line is one of the user's.
class SourceLines {
 public:
  SourceLines();
  ~SourceLines();
  // "file:line"; empty if there is no debug information.
  std::string of(const Sites::Site& site);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace etalon::ascendc::hazards
