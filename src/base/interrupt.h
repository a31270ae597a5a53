// SPDX-License-Identifier: Apache-2.0
#pragma once

// Ctrl-C: the program's signal handler sets this flag; long runs poll it and stop at a safe point. The
// program then ends with exit code 130.

#include <atomic>

namespace etalon {

inline std::atomic<bool>& interrupt_flag() {
  static std::atomic<bool> flag{false};
  return flag;
}
inline bool is_interrupted() { return interrupt_flag().load(std::memory_order_relaxed); }

}  // namespace etalon
