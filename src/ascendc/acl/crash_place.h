// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where a kernel was when a signal stopped it, found by means that a signal handler may use.

#include <ucontext.h>

#include "ascendc/acl/child.h"

namespace etalon::ascendc {

// To be called before the kernel runs.
void note_program();
// Fills in instruction, stack, what no address can be, and the places of calls.
void note_place(ReportPage& page, const ucontext_t& context);

}  // namespace etalon::ascendc
