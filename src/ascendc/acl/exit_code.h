// SPDX-License-Identifier: Apache-2.0
#pragma once

// A program that ends well although its kernels failed ends with the exit code of what failed.

namespace etalon::ascendc {

inline constexpr int kWrongChip = 2, kKernelFailed = 3;
// The first call decides; a program that itself ends with a code other than 0 keeps it.
void note_exit(int code);
void forget_exit();  // for tests

}  // namespace etalon::ascendc
