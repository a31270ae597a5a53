// SPDX-License-Identifier: Apache-2.0
#include "ascendc/acl/child.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <exception>
#include <limits>
#include <optional>

#include "ascendc/acl/crash_place.h"
#include "ascendc/acl/forbidden_calls.h"
#include "ascendc/acl/profile_record.h"
#include "ascendc/acl/settings.h"
#include "ascendc/hazards/checker.h"
#include "ascendc/hazards/sites.h"
#include "chip/npu.h"

namespace etalon::ascendc {
namespace {

constexpr rlim_t kHeapLimit = rlim_t{16} << 30;  // bytes a kernel may take of the host besides device memory
ReportPage* shared_page = nullptr;
const HazardChecker* shared_checker = nullptr;

void put_core(ReportPage& page) {
  if (const etalon_asc_core* core = etalon_asc_current) {
    page.has_core = true;
    page.is_cube = core->is_cube != 0;
    page.block = core->block;
    page.sub_block = core->sub_block;
  }
}

// Only what a signal handler may do: note the place and end.
void on_signal(int signal, siginfo_t* info, void* context) {
  ReportPage& p = *shared_page;
  p.signal = signal;
  p.cause = info->si_code;
  p.address = reinterpret_cast<std::uint64_t>(info->si_addr);
  put_core(p);
  if (signal == SIGSYS) {
    p.system_call = info->si_syscall;
    p.call_argument = first_argument(*static_cast<const ucontext_t*>(context));
  }
  p.state = ReportPage::caught_signal;
  note_place(p, *static_cast<const ucontext_t*>(context));
  if (signal == SIGPROF && shared_checker != nullptr)
    p.cores = shared_checker->cores_now(p.core, ReportPage::kCores);
  end_child();
}

// Handlers run on a stack of their own: the kernel's may be what broke.
void catch_signals() {
  static std::byte stack[64 * 1024];
  stack_t alternative = {};
  alternative.ss_sp = stack;
  alternative.ss_size = sizeof stack;
  sigaltstack(&alternative, nullptr);
  struct sigaction action = {};
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigfillset(&action.sa_mask);
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS, SIGPROF})
    sigaction(signal, &action, nullptr);
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_UNBLOCK, &all, nullptr);
}

void set_limits(double timeout) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setpgid(0, 0);  // what the kernel starts ends with it, and what it signals to its group stays here
  rlimit limit = {};
  if (getrlimit(RLIMIT_DATA, &limit) == 0) {
    limit.rlim_cur = std::min(limit.rlim_max, kHeapLimit);
    setrlimit(RLIMIT_DATA, &limit);
  }
  limit = {0, 0};
  setrlimit(RLIMIT_CORE, &limit);
  if (timeout <= 0) return;
  itimerval timer = {};
  timer.it_value.tv_sec = static_cast<time_t>(timeout);
  timer.it_value.tv_usec =
      static_cast<suseconds_t>((timeout - static_cast<double>(timer.it_value.tv_sec)) * 1e6);
  setitimer(ITIMER_PROF, &timer, nullptr);
}

template <std::size_t size>
void put(char (&to)[size], const std::string& text) {
  const std::size_t n = std::min(text.size(), size - 1);
  std::memcpy(to, text.data(), n);
  to[n] = '\0';
}

void put_failure(ReportPage& page, const std::string& code, const std::string& text, const std::string& fix) {
  put(page.code, code);
  put(page.text, text);
  put(page.fix, fix);
  page.state = ReportPage::failed;
}

// A kernel that ends the process or makes another one is ended before anything of the program's own runs in
// it. The calls below are forbidden ones, so that the place is noted where the system stops them.
void catch_ways_out() {
  on_exit([](int status, void*) { _exit(status); }, nullptr);
  pthread_atfork(
      [] {
        syscall(SYS_execve, nullptr, nullptr, nullptr);
        put_core(*shared_page);
        put_failure(*shared_page, "run.fork", "starts a process", "a device has none");
        end_child();
      },
      nullptr, nullptr);
}

// Notes the core that an exception leaves, if it is the first: once the launch is unwound there are no cores.
class NoteThrower {
 public:
  explicit NoteThrower(ReportPage& page) : page_(page) {}
  ~NoteThrower() {
    if (std::uncaught_exceptions() > before_ && !page_.has_core) put_core(page_);
  }
  NoteThrower(const NoteThrower&) = delete;

 private:
  ReportPage& page_;
  int before_ = std::uncaught_exceptions();
};

// The next launch finds in L2 what this one left there.
void note_resident(const ChildTask& task, ReportPage& page) {
  const chip::Machine& machine = *task.device->machine();
  const std::int64_t step = machine.spec().l2_block;
  for (const Buffer& b : task.device->buffers()) {
    for (std::int64_t at = 0; at < b.bytes; at += step) {
      const std::int64_t bytes = std::min(step, b.bytes - at);
      const std::uint64_t address = b.device + static_cast<std::uint64_t>(at);
      if (machine.l2_resident({address, 1, bytes, bytes}).value <= 0) continue;
      if (page.ranges > 0) {
        auto& last = page.resident[page.ranges - 1];
        if (last.address + static_cast<std::uint64_t>(last.bytes) == address) {
          last.bytes += bytes;
          continue;
        }
      }
      if (page.ranges == ReportPage::kRanges) return;
      page.resident[page.ranges++] = {address, bytes};
    }
  }
}

void note_time(const ChildTask& task, const LaunchResult& run, const hazards::Sites& sites,
               ReportPage& page) {
  std::optional<hazards::SourceLines> lines;
  const auto line_of = [&](std::uint16_t place) {
    if (!lines) lines.emplace();
    return lines->of(sites.at(place));
  };
  const ProfileRecord record = profile_record(*task.chip, task.kernel, task.options, run, line_of);
  page.timed = true;
  page.task_us = record.task_us;
  note_resident(task, page);
  const std::string file = profile_file();
  if (file.empty()) return;
  std::FILE* out = std::fopen(file.c_str(), "a");
  if (out == nullptr) {
    std::fprintf(stderr, "etalon: profile file %s cannot be written\n", file.c_str());
    return;
  }
  const std::string text = as_text(record);
  std::fwrite(text.data(), 1, text.size(), out);
  std::fclose(out);
}

// Writes down what the checker found and counts what is no mere advice. `ended_by`: the code of the launch
// that failed; empty if it did not.
void put_hazards(const ChildTask& task, const HazardChecker& checker, const std::string& ended_by,
                 ReportPage& page) {
  for (const Finding& f : checker.findings()) {
    const bool is_failure = f.severity == Severity::failure;
    std::string line = fmt::format("etalon: {} {}: {}",
                                   is_failure                        ? "failure"
                                   : f.severity == Severity::warning ? "warning"
                                                                     : "note",
                                   f.code, f.text);
    // A hang of many cores has several findings; each says why the kernel did not end.
    const bool ends = !ended_by.empty() &&
                      (f.code == ended_by || (ended_by == "ascendc.deadlock" &&
                                              (f.code == "hazard.deadlock" || f.code == "hazard.sync-grid")));
    if (ends && !task.launched_at.empty()) line += "; launched at " + task.launched_at;
    line += '\n';
    page.told = page.told || ends;
    if (is_failure) ++page.hazards;
    if (page.findings_bytes + line.size() > ReportPage::kFindings) continue;
    std::memcpy(page.findings + page.findings_bytes, line.data(), line.size());
    page.findings_bytes += static_cast<std::uint32_t>(line.size());
  }
}

}  // namespace

const char* name_of(KernelType type) {
  switch (type) {
    case KernelType::aic:
      return "aic";
    case KernelType::aiv:
      return "aiv";
    case KernelType::mix_1_1:
      return "mix_1_1";
    case KernelType::mix_1_2:
      return "mix_1_2";
  }
  return "?";
}

void run_child(const ChildTask& task, ReportPage& page) {
  shared_page = &page;
  catch_signals();
  catch_ways_out();
  note_program();
  set_limits(task.timeout);
  forbid_system_calls();
  try {
    LaunchOptions options = task.options;
    std::optional<HazardChecker> checker;
    if (task.written != nullptr) {
      checker.emplace(task.kernel);
      for (const WrittenBytes& w : task.written->all()) checker->track(w);
      options.observer = &*checker;
      shared_checker = &*checker;
    }
    hazards::Sites sites;
    if (!profile_file().empty()) {
      sites.look_for_code();
      options.place_of = [&sites](const CallPlace& place) {
        const hazards::SiteId id = sites.of(place);
        return static_cast<std::uint16_t>(id <= std::numeric_limits<std::uint16_t>::max() ? id : 0);
      };
    }
    const auto run = launch(*task.device, options, [&task, &page] {
      const NoteThrower note(page);
      task.body(task.closure);
    });
    shared_checker = nullptr;
    if (checker) put_hazards(task, *checker, run ? "" : run.error().code, page);
    if (run) {
      if (task.options.mode != Mode::functional) note_time(task, *run, sites, page);
      page.state = ReportPage::ended;
    } else {
      page.has_core = false;  // its text says where, or it is a matter of many cores
      put_failure(page, run.error().code, run.error().message, run.error().fix);
    }
  } catch (const std::bad_alloc&) {
    put_failure(page, "run.memory", "the kernel takes more host memory than it may",
                "device code allocates nothing");
  } catch (const std::exception& fault) {
    put_failure(page, "run.exception", fmt::format("the kernel throws: {}", fault.what()),
                "device code has no exceptions");
  } catch (...) {
    put_failure(page, "run.exception", "the kernel throws something that is no std::exception",
                "device code has no exceptions");
  }
  std::fflush(nullptr);
  end_child();
}

}  // namespace etalon::ascendc
