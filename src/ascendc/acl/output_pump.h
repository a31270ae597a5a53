// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a kernel prints, from the child to this program's own output, up to a limit.

#include <sys/types.h>

#include <cstdint>

namespace etalon::ascendc {

class OutputPump {
 public:
  static constexpr std::int64_t kLimit = 1 << 20;  // bytes of each stream and launch, as the device's buffer
  OutputPump();
  ~OutputPump();
  OutputPump(const OutputPump&) = delete;
  OutputPump& operator=(const OutputPump&) = delete;

  bool is_open() const { return read_[0] >= 0; }
  void enter_child();  // output goes into the pump from here on
  // Passes on what comes until the child, the leader of a process group, has ended, and ends what is left of
  // the group. After `limit_s` seconds (0: none) kills it and returns false.
  bool run(pid_t child, double limit_s);
  std::int64_t dropped() const { return dropped_; }

 private:
  bool pass_on(int stream);

  int read_[2] = {-1, -1}, write_[2] = {-1, -1};  // standard output, standard error
  std::int64_t shown_[2] = {0, 0}, dropped_ = 0;
};

}  // namespace etalon::ascendc
