// SPDX-License-Identifier: Apache-2.0
#include "ascendc/acl/output_pump.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

namespace etalon::ascendc {
namespace {

void shut(int& descriptor) {
  if (descriptor >= 0) close(descriptor);
  descriptor = -1;
}

void write_all(int descriptor, const char* bytes, std::int64_t count) {
  while (count > 0) {
    const ssize_t n = write(descriptor, bytes, static_cast<std::size_t>(count));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    bytes += n;
    count -= n;
  }
}

}  // namespace

OutputPump::OutputPump() {
  for (int s = 0; s < 2; ++s) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
      for (int k = 0; k < 2; ++k) shut(read_[k]), shut(write_[k]);
      return;
    }
    read_[s] = ends[0];
    write_[s] = ends[1];
  }
}

OutputPump::~OutputPump() {
  for (int s = 0; s < 2; ++s) shut(read_[s]), shut(write_[s]);
}

void OutputPump::enter_child() {
  for (int s = 0; s < 2; ++s) {
    dup2(write_[s], s + 1);
    shut(read_[s]);
    shut(write_[s]);
  }
}

bool OutputPump::pass_on(int stream) {
  char bytes[16384];
  const ssize_t n = read(read_[stream], bytes, sizeof bytes);
  if (n < 0) return errno == EINTR || errno == EAGAIN;
  if (n == 0) return false;
  const std::int64_t shown = std::min<std::int64_t>(n, kLimit - shown_[stream]);
  write_all(stream + 1, bytes, shown);
  shown_[stream] += shown;
  dropped_ += n - shown;
  return true;
}

bool OutputPump::run(pid_t child, double limit_s) {
  shut(write_[0]);
  shut(write_[1]);
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  bool in_time = true;
  while (read_[0] >= 0 || read_[1] >= 0) {
    int wait_ms = -1;
    if (limit_s > 0 && in_time) {
      const double left = limit_s - std::chrono::duration<double>(Clock::now() - begin).count();
      if (left <= 0) {
        kill(child, SIGKILL);
        in_time = false;
      } else {
        wait_ms = static_cast<int>(std::min(left * 1e3, 1e9)) + 1;
      }
    }
    pollfd ends[2] = {{read_[0], POLLIN, 0}, {read_[1], POLLIN, 0}};  // negative descriptors are passed over
    if (poll(ends, 2, wait_ms) < 0 && errno != EINTR) return in_time;
    for (int s = 0; s < 2; ++s) {
      if (ends[s].revents != 0 && !pass_on(s)) shut(read_[s]);
    }
  }
  return in_time;
}

}  // namespace etalon::ascendc
