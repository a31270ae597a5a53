// SPDX-License-Identifier: Apache-2.0
#include "ascendc/acl/failure_text.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <csignal>
#include <cstring>
#include <map>

#include "ascendc/acl/forbidden_calls.h"

namespace etalon::ascendc {
namespace {

// A fault this far below or above the stack pointer is the end of the stack: a large array may reach over it.
constexpr std::uint64_t kBelowStack = 64 * 1024, kAboveStack = 16 << 20;

Error error(const char* code, std::string text, std::string fix) {
  return {code, std::move(text), std::move(fix), {}, 0, 0, {}};
}

// The line of the user's source that the kernel was at, if the program has debug information.
std::string line_text(const ReportPage& p, hazards::SourceLines& lines) {
  for (const auto* site : {&p.here, &p.last_call}) {
    hazards::Sites::Site copy = *site;  // written by a kernel gone wrong
    if (copy.count < 0 || copy.count > hazards::Sites::kFrames) continue;
    if (const std::string line = lines.of(copy); !line.empty()) return " at " + line;
  }
  return "";
}

// "vector cores 1 to 7, 9": of numbers in order.
std::string cores_text(bool cubes, const std::vector<int>& numbers) {
  std::string text = fmt::format("{} core{} ", cubes ? "cube" : "vector", numbers.size() > 1 ? "s" : "");
  for (std::size_t i = 0; i < numbers.size();) {
    std::size_t end = i + 1;
    while (end < numbers.size() && numbers[end] == numbers[end - 1] + 1) ++end;
    text += fmt::format("{}{}", i > 0 ? ", " : "", numbers[i]);
    if (end - i > 1) text += fmt::format(" to {}", numbers[end - 1]);
    i = end;
  }
  return text;
}

// Where all the cores stand.
std::string standing_text(const ReportPage& p, hazards::SourceLines& lines) {
  using Now = HazardChecker::CoreNow;
  std::map<std::tuple<bool, int, std::string>, std::vector<int>> groups;
  int number[2] = {0, 0};
  for (std::uint32_t i = 0; i < std::min(p.cores, ReportPage::kCores); ++i) {
    const Now& now = p.core[i];
    const bool has_line = now.state == Now::waiting || now.state == Now::at_work;
    groups[{now.is_cube, now.state, has_line ? lines.of(now.site) : std::string()}].push_back(
        number[now.is_cube ? 1 : 0]++);
  }
  std::string text;
  for (const auto& [what, cores] : groups) {
    const auto& [is_cube, state, line] = what;
    const bool many = cores.size() > 1;
    text += "; " + cores_text(is_cube, cores);
    text += state == Now::waiting     ? many ? " wait" : " waits"
            : state == Now::at_work   ? many ? " are at work" : " is at work"
            : state == Now::not_begun ? many ? " have not begun" : " has not begun"
            : many                    ? " have ended"
                                      : " has ended";
    if (!line.empty()) text += fmt::format("{} {}", state == Now::waiting ? " at" : ", last call at", line);
  }
  return text;
}

Error memory_error(const ReportPage& p) {
  if (p.address + kBelowStack > p.stack && p.address < p.stack + kAboveStack)
    return error("run.stack", "its local variables and calls take more than the 256 KiB of a core's stack",
                 "no recursion, no large arrays on the stack");
  if (p.returns_to_it)
    return error(
        "run.crash",
        fmt::format("returns to {:#x}, which no address can be: its stack was overwritten", p.impossible),
        "check the indices of local arrays");
  if (p.signal == SIGSEGV && p.cause == SI_KERNEL) {  // the processor names no address then
    return error("run.crash",
                 p.impossible != 0
                     ? fmt::format("touches an address like {:#x}, which no address can be (not canonical)",
                                   p.impossible)
                     : std::string("touches what no address can be (not canonical)"),
                 "check pointers and indices");
  }
  return error("run.crash", fmt::format("touches address {:#x}, which is no memory", p.address),
               "check pointers and indices");
}

// A call that forbid_system_calls stopped.
Error call_error(const ReportPage& p) {
  switch (forbidden_call(p.system_call)) {
    case ForbiddenCall::end:
      return error("run.exit", fmt::format("ends its process with code {}", p.call_argument),
                   "return from it instead");
    case ForbiddenCall::process:
      return error("run.fork", "starts a process", "a device has none");
    case ForbiddenCall::signal:
      return error("run.signal", "sends a signal or reaches for another process", "a device has neither");
    case ForbiddenCall::none:
      break;
  }
  return error("run.crash", "ends by signal SIGSYS", "");
}

Error signal_error(const ReportPage& p, bool was_overdue, double timeout) {
  switch (p.signal) {
    case SIGPROF:
      if (was_overdue)
        return error("run.timeout", fmt::format("not done after {} s", wall_limit(timeout)),
                     "it waits for something outside the device");
      return error("run.timeout", fmt::format("not done after {} s of processor time", timeout),
                   "look for a loop that never ends, or raise --timeout");
    case SIGSEGV:
    case SIGBUS:
      return memory_error(p);
    case SIGFPE:
      return error("run.crash", "divides by zero", "check divisors taken from the tiling");
    case SIGSYS:
      return call_error(p);
    case SIGABRT:
      return error("run.abort", "calls abort, or an assert failed", "");
    default:
      return error("run.crash", fmt::format("ends by signal {} ({})", p.signal, strsignal(p.signal)), "");
  }
}

// How a child ended that left no word, from what the system says.
Error silent_error(std::optional<int> status, bool was_overdue, double timeout) {
  if (was_overdue)
    return error("run.timeout", fmt::format("not done after {} s", wall_limit(timeout)),
                 "it waits for something outside the device");
  if (!status)
    return error("run.lost", "its process was taken away by somebody else's wait",
                 "do not wait for children you did not start");
  if (WIFSIGNALED(*status) && WTERMSIG(*status) == SIGSYS)  // who starts a process holds signals back
    return error("run.fork", "starts a process", "a device has none");
  if (WIFSIGNALED(*status))
    return error("run.killed", fmt::format("its process was killed by signal {}", WTERMSIG(*status)),
                 WTERMSIG(*status) == SIGKILL ? "the host may have run out of memory" : "");
  return error("run.exit", fmt::format("ends its process with code {}", WEXITSTATUS(*status)),
               "return from it instead");
}

}  // namespace

Error failure_of(const ReportPage& page, std::optional<int> status, bool was_overdue, double timeout) {
  if (page.state == ReportPage::failed)
    return error(page.code, std::string(page.text, strnlen(page.text, sizeof page.text)), page.fix);
  if (page.state != ReportPage::caught_signal) return silent_error(status, was_overdue, timeout);
  hazards::SourceLines lines;
  Error e = signal_error(page, was_overdue, timeout);
  e.message += line_text(page, lines);
  if (page.signal == SIGPROF) e.message += standing_text(page, lines);
  return e;
}

std::string core_text(const ReportPage& p) {
  if (!p.has_core) return "";
  return fmt::format(", block {}, {} core{}", p.block, p.is_cube ? "cube" : "vector",
                     !p.is_cube && p.sub_block > 0 ? fmt::format(" {} of its block", p.sub_block) : "");
}

}  // namespace etalon::ascendc
