// SPDX-License-Identifier: Apache-2.0
#pragma once

// The child process of one launch, and the page it shares with the program that launched.

#include <csignal>
#include <cstdint>
#include <string>

#include "ascendc/acl/launch_abi.h"
#include "ascendc/acl/runtime.h"
#include "ascendc/hazards/checker.h"
#include "ascendc/launch/launch.h"

namespace etalon::ascendc {

// Written by the child, read by its parent after it has ended.
struct ReportPage {
  enum State : std::uint32_t { silent, ended, failed, caught_signal };
  volatile std::uint32_t state;
  char code[64], text[3072], fix[512];
  // A signal: which, where, and what the core was doing.
  std::int32_t signal, cause;  // si_signo, si_code
  std::uint64_t address, instruction, stack;
  std::uint64_t impossible;  // a register that holds what no address can be; 0: none
  std::int32_t system_call;  // SIGSYS: its number
  std::int64_t call_argument;
  bool returns_to_it;  // the instruction is a return, so the stack was overwritten
  hazards::Sites::Site here,
      last_call;  // return addresses from the instruction up; of the last call of the API
  bool has_core, is_cube;
  std::uint32_t block, sub_block;
  static constexpr std::uint32_t kCores = 128;
  std::uint32_t cores;  // where each stands when time is up
  HazardChecker::CoreNow core[kCores];
  // A launch that was timed.
  bool timed;
  double task_us;
  // What the checker found, as lines of text, and how many of them are failures. Not printed by the child:
  // the kernel may have closed its standard error, or flooded it.
  std::uint32_t hazards, findings_bytes;
  bool told;  // what ended the kernel is among them
  static constexpr std::uint32_t kFindings = 1 << 20;
  char findings[kFindings];
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
  std::string launched_at;  // "file:line" of the launch; empty: not known
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
