// SPDX-License-Identifier: Apache-2.0
#include "ascendc/acl/output_pump.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

namespace etalon::ascendc {
namespace {

constexpr int kLookAgainMs = 10;  // where the system has no descriptor for a process
constexpr int kDrains = 256;
constexpr double kGrace_s = 0.3;

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

namespace {

// Without taking its status, which the caller waits for.
bool has_ended(pid_t child) {
  siginfo_t info = {};
  return waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
         info.si_pid == child;
}

}  // namespace

// The ends of the pipes say nothing about the child: it may close them and go on, and processes that it has
// started may hold them longer than it.
bool OutputPump::run(pid_t child, double limit_s) {
  shut(write_[0]);
  shut(write_[1]);
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  int child_end = static_cast<int>(syscall(SYS_pidfd_open, child, 0));  // readable once it has ended
  bool in_time = true, ended = false;
  while (!ended) {
    int wait_ms = child_end < 0 ? kLookAgainMs : -1;
    if (limit_s > 0) {
      const double end_s = in_time ? limit_s : limit_s + kGrace_s;
      const double left = end_s - std::chrono::duration<double>(Clock::now() - begin).count();
      if (left <= 0) {
        kill(child, in_time ? SIGPROF : SIGKILL);  // at first it can still say where it is
        in_time = false;
      }
      const int left_ms = static_cast<int>(std::clamp(left, kGrace_s, 1e6) * 1e3);
      wait_ms = wait_ms < 0 ? left_ms : std::min(wait_ms, left_ms);
    }
    // Negative descriptors are passed over.
    pollfd ends[3] = {{read_[0], POLLIN, 0}, {read_[1], POLLIN, 0}, {child_end, POLLIN, 0}};
    if (poll(ends, 3, wait_ms) < 0 && errno != EINTR) break;
    for (int s = 0; s < 2; ++s) {
      if (ends[s].revents != 0 && !pass_on(s)) shut(read_[s]);
    }
    ended = child_end < 0 ? has_ended(child) : ends[2].revents != 0;
  }
  shut(child_end);
  kill(-child, SIGKILL);  // what it has started and left behind
  // What it wrote is in the pipes; more than they hold comes from somebody else.
  for (int i = 0; i < kDrains; ++i) {
    pollfd ends[2] = {{read_[0], POLLIN, 0}, {read_[1], POLLIN, 0}};
    if (poll(ends, 2, 0) <= 0) break;
    for (int s = 0; s < 2; ++s) {
      if (ends[s].revents != 0 && !pass_on(s)) shut(read_[s]);
    }
  }
  return in_time;
}

}  // namespace etalon::ascendc
