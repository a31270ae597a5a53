// SPDX-License-Identifier: Apache-2.0
#pragma once

// Runs the cores of a launch one after another for their numbers only: a core runs until it waits for a flag
// of another core, then the next goes on. No clock.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "chip/machine.h"

namespace etalon::ascendc {

class LooseScheduler {
 public:
  LooseScheduler();
  ~LooseScheduler();
  // Runs `program(core)` for cores [0, cores). Returns what the stuck cores wait for, empty if all ended.
  // An exception of one core ends all and is rethrown.
  std::string run(int cores, const std::function<void(int)>& program);

  // For the running core.
  void signal(int core, chip::FlagId flag);
  void wait_flag(int core, chip::FlagId flag);
  void barrier(int core, int id, int count);
  void yield(int core);  // lets the others go on first
  std::int64_t next(int counter);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace etalon::ascendc
