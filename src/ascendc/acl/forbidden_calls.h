// SPDX-License-Identifier: Apache-2.0
#pragma once

// What no kernel may ask the host's system for, by whatever way it asks: other processes, signals to them,
// and the end of its own. Such a call is not carried out; the kernel gets SIGSYS where it stands.

#include <ucontext.h>

#include <cstdint>

namespace etalon::ascendc {

// From here on, for this thread and those it starts. Where the system has no such filter, nothing is
// forbidden.
void forbid_system_calls();

// Ends the child process; its other ways out are forbidden.
[[noreturn]] void end_child();

// Of the system call at which a signal came.
std::int64_t first_argument(const ucontext_t& context);

enum class ForbiddenCall { none, end, process, signal };
ForbiddenCall forbidden_call(int number);

}  // namespace etalon::ascendc
