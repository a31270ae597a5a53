// SPDX-License-Identifier: Apache-2.0
#pragma once

// Finds what an Ascend C kernel does wrong although its numbers may come out right: missing or misplaced
// flags, races between cores, undefined bytes that get out, buffers overrun or misused, and what never ran
// after a deadlock. docs/explain/hazards.md says what is checked and how to read a finding.
//
//   HazardChecker checker("add");
//   launch(device, {.type = KernelType::aiv, .blocks = 48, .observer = &checker}, kernel);
//   for (const Finding& f : checker.findings()) ...

#include <memory>
#include <string>

#include "ascendc/hazards/shadow.h"
#include "ascendc/hazards/sites.h"
#include "ascendc/launch/observer.h"
#include "base/finding.h"

namespace etalon::ascendc {

using hazards::WrittenBytes;

class HazardChecker : public Observer {
 public:
  explicit HazardChecker(std::string kernel = "kernel");
  ~HazardChecker() override;

  // Device memory whose contents are undefined until written; what the kernel writes is marked in it. Memory
  // that is not tracked counts as written. To be called before the launch.
  void track(const WrittenBytes& written);

  void on_launch(const LaunchShape&) override;
  void on_instruction(const InstructionEvent&) override;
  void on_fault(const FaultEvent&) override;
  void on_end(const LaunchEnd&) override;

  // In order of first occurrence; equal ones of many blocks and iterations are one, with a count. Hazards are
  // failures; advice is a note. Source lines need the kernel's debug information (-g); without it they read
  // "?". `where` is the line of the later of two instructions.
  Findings findings() const;
  // Whether any finding is a failure; cheap.
  bool failed() const;

  // Where each core stands, for a kernel that has to be stopped. May be called from a signal handler: nothing
  // is allocated or locked. Returns how many were written.
  struct CoreNow {
    enum State : std::uint8_t { not_begun, at_work, waiting, done } state = not_begun;
    bool is_cube = false;
    hazards::Sites::Site site;  // of its last call, or the one it waits in
  };
  std::uint32_t cores_now(CoreNow* out, std::uint32_t most) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace etalon::ascendc
