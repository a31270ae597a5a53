// SPDX-License-Identifier: Apache-2.0
// Register-based vector code (dav-3510): what registers read and write of UB, and what a vector function
// costs.
//
// Device code computes on registers by itself and counts its instructions; loads and stores come here one by
// one, so that each has its own line in findings. Time is that of the whole vector function, one instruction
// of the vector pipe: each of its ports (issue, loads, stores, special functions) is busy for so many cycles,
// the busiest one counts, and the last results take their time to come out, at the end and at each
// LocalMemBar.
#include <fmt/format.h>

#include <algorithm>

#include "ascendc/launch/core_runtime.h"

namespace etalon::ascendc {

double vector_function_cycles(const std::uint32_t* work, const InstructionCosts& c) {
  const auto share = [](double amount, double rate) { return rate > 0 ? amount / rate : 0.0; };
  const double special = share(work[kAscRegSpecial], c.register_special);
  const double all =
      static_cast<double>(work[kAscRegLoad]) + work[kAscRegStore] + work[kAscRegSimple] + special;
  const double busiest = std::max({share(all, c.vector_issue), share(work[kAscRegLoad], c.register_loads),
                                   share(work[kAscRegStore], c.register_stores), special});
  return busiest + c.register_latency * (1.0 + work[kAscRegBarrier]);
}

void CoreRuntime::end_vector_function() {
  std::uint32_t* work = visible_.reg_work;
  if (std::all_of(work, work + kAscRegWorks, [](std::uint32_t n) { return n == 0; })) return;
  ++launch_.calls;
  if (!launch_.costs->dav_3510) {
    std::fill(work, work + kAscRegWorks, 0);
    throw DeviceFault("ascendc.core", "register-based vector code needs a core of dav-3510 (950)");
  }
  if (timed_ != nullptr) {
    chip::Instruction i;
    i.pipe = static_cast<chip::PipeId>(chip::NpuPipe::vector);
    i.name = "vector function";
    i.place = function_place_;
    i.cycles = vector_function_cycles(work, *launch_.costs) +
               (vector_barrier_ ? launch_.costs->vector_start : launch_.costs->vector_start_queued);
    vector_barrier_ = false;
    issue(i);
  }
  std::fill(work, work + kAscRegWorks, 0);
  function_place_ = 0;
}

std::byte* CoreRuntime::register_access(const etalon_asc_reg_access& access) {
  if (!launch_.costs->dav_3510)
    throw DeviceFault("ascendc.core", "register-based vector code needs a core of dav-3510 (950)");
  if (function_place_ == 0) function_place_ = place();
  need_space(kAscUb, access.name);
  if (access.kind != kAscRegRead) {  // what is read later was checked when it was loaded
    for (std::uint32_t i = 0; i < access.count; ++i)
      check_local(kAscUb, access.runs[i].begin, access.runs[i].bytes, access.name);
    if (access.alignment > 1 && access.count > 0 && access.runs[0].begin % access.alignment != 0) {
      throw DeviceFault(
          "ascendc.alignment",
          fmt::format("{} on core {} block {}: at byte {} of UB, expected a multiple of {}", access.name,
                      core_, visible_.block, access.runs[0].begin, access.alignment));
    }
  }
  if (launch_.observer != nullptr && access.kind != kAscRegMayRead && access.count > 0) {
    InstructionEvent e = event(InstructionEvent::Kind::instruction);
    e.descriptor_kind = InstructionEvent::Descriptor::registers;
    e.descriptor = &access;
    e.pipe = kAscPipeV;
    e.name = access.name;
    launch_.observer->on_instruction(e);
  }
  settle();  // and device code goes there by itself
  return memory_[kAscUb] ? memory_[kAscUb].get() : nullptr;
}

}  // namespace etalon::ascendc
