// SPDX-License-Identifier: Apache-2.0
#pragma once

// Running an Ascend C kernel on a device: for its numbers, its time, or both, from one execution of one
// source.
//
//   Device device(costs, &machine, with_data);
//   half* x = device.allocate_of<half>(n);
//   auto run = launch(device, {KernelType::aiv, blocks, Mode::both}, [&] { add_kernel(x, y, z, tiling); });

#include <functional>
#include <map>

#include "ascendc/launch/device.h"
#include "ascendc/launch/observer.h"
#include "base/result.h"
#include "chip/machine.h"

namespace etalon::ascendc {

enum class KernelType : std::uint8_t { aic, aiv, mix_1_2, mix_1_1 };
enum class Mode : std::uint8_t { functional, timing_only, both };

struct LaunchOptions {
  KernelType type = KernelType::aiv;
  int blocks = 1;  // logical blocks; more than the device has cores are run in turn
  Mode mode = Mode::functional;
  bool runtime_tiling = true;  // tiling values known at run time only: address arithmetic costs scalar time
  bool want_timeline = false;
  int threads =
      0;  // of the host, for numbers: the same come out of any; 0: ETALON_THREADS, else all there are
  Observer* observer = nullptr;
  // Numbers the places of calls, from 1, for RunStats::places; not asked if empty.
  std::function<std::uint16_t(const CallPlace&)> place_of;
};

struct LaunchResult {
  chip::RunStats stats;    // empty if not timed; time without launch cost
  std::int64_t calls = 0;  // API calls of all cores
  // What sources in the same banks of UB cost the instructions of a place, summed over cores; if places are
  // asked for.
  std::map<std::uint16_t, Seconds> bank_conflicts;
};

// Runs `kernel` once per block and core. Errors: "launch.mode", "launch.blocks", "ascendc.deadlock" and what
// the kernel did wrong ("ascendc.memory", "ascendc.out-of-range", "ascendc.absent-data", ...), with the core
// that did.
Result<LaunchResult> launch(Device& device, const LaunchOptions& options,
                            const std::function<void()>& kernel);

}  // namespace etalon::ascendc
