// SPDX-License-Identifier: Apache-2.0
#pragma once

// The child process of one launch, and the page it shares with the program that launched.

#include <csignal>
#include <cstdint>

#include "ascendc/acl/launch_abi.h"
#include "ascendc/acl/runtime.h"
#include "ascendc/launch/launch.h"

namespace etalon::ascendc {

// Written by the child, read by its parent after it has ended.
struct ReportPage {
  enum State : std::uint32_t { silent, ended, failed, caught_signal };
  volatile std::uint32_t state;
  char code[64], text[3072], fix[512];
  // A signal: which, where, and what the core was doing.
  std::int32_t signal;
  std::uint64_t address, instruction, stack;
  bool has_core, is_cube;
  std::uint32_t block, sub_block;
  // A launch that was timed.
  bool timed;
  double task_us;
  std::uint32_t hazards;  // findings of the checker that are failures
  // What it left in L2, by device address; more ranges than these are forgotten.
  static constexpr std::uint32_t kRanges = 4096;
  std::uint32_t ranges;
  struct Range {
    std::uint64_t address;
    std::int64_t bytes;
  } resident[kRanges];
};

struct ChildTask {
  Device* device = nullptr;
  const catalog::Chip* chip = nullptr;
  const char* kernel = "kernel";
  LaunchOptions options;
  void (*body)(void*) = nullptr;
  void* closure = nullptr;
  double timeout = 60;                     // seconds of processor time; 0 or less: none
  const WrittenMemory* written = nullptr;  // given: the kernel is checked for hazards
};

// Runs the kernel and ends the process; what there is to say stands in the page or went to standard error.
[[noreturn]] void run_child(const ChildTask& task, ReportPage& page);

const char* name_of(KernelType type);

}  // namespace etalon::ascendc
