// SPDX-License-Identifier: Apache-2.0
// etalon_launch: a child process carries the kernel out, this one waits, passes on what it prints and tells
// what went wrong.
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <new>
#include <optional>

#include "ascendc/acl/child.h"
#include "ascendc/acl/exit_code.h"
#include "ascendc/acl/output_pump.h"
#include "ascendc/acl/settings.h"
#include "ascendc/hazards/sites.h"

namespace etalon::ascendc {
namespace {

constexpr double kWallPerProcessorTime = 5;  // a kernel that sleeps is ended too, later
// A fault this far below or above the stack pointer is the end of the stack: a large array may reach over it.
constexpr std::uint64_t kBelowStack = 64 * 1024, kAboveStack = 16 << 20;
bool is_child = false;

struct PageMapping {
  ReportPage* page = nullptr;
  PageMapping() {
    void* p = mmap(nullptr, sizeof(ReportPage), PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p != MAP_FAILED) page = new (p) ReportPage;
  }
  ~PageMapping() {
    if (page != nullptr) munmap(page, sizeof(ReportPage));
  }
  PageMapping(const PageMapping&) = delete;
};

Result<KernelType> type_of(std::uint32_t type) {
  switch (type) {
    case ETALON_KERNEL_UNKNOWN:
    case ETALON_KERNEL_AIV:
    case ETALON_KERNEL_MIX_AIV_1_0:
      return KernelType::aiv;
    case ETALON_KERNEL_AIC:
    case ETALON_KERNEL_MIX_AIC_1_0:
      return KernelType::aic;
    case ETALON_KERNEL_MIX_1_1:
      return KernelType::mix_1_1;
    case ETALON_KERNEL_MIX_1_2:
      return KernelType::mix_1_2;
    default:
      return fail("launch.type", fmt::format("no kernel type has number {}", type));
  }
}

// The line of the user's source that the kernel was at, if the program has debug information.
std::string line_text(const ReportPage& p) {
  if (p.state != ReportPage::caught_signal || p.instruction == 0) return "";
  hazards::Sites::Site site;
  site.frames[0] = reinterpret_cast<const void*>(p.instruction + 1);  // as if it were a return address
  site.count = 1;
  const std::string line = hazards::SourceLines().of(site);
  return line.empty() ? "" : " at " + line;
}

std::string core_text(const ReportPage& p) {
  if (!p.has_core) return "";
  return fmt::format(", block {}, {} core{}", p.block, p.is_cube ? "cube" : "vector",
                     !p.is_cube && p.sub_block > 0 ? fmt::format(" {} of its block", p.sub_block) : "");
}

Error signal_error(const ReportPage& p, double timeout) {
  const auto address = fmt::format("{:#x}", p.address);
  switch (p.signal) {
    case SIGPROF:
      return {"run.timeout",
              fmt::format("not done after {} s of processor time", timeout),
              "look for a loop that never ends, or raise --timeout",
              {},
              0,
              0,
              {}};
    case SIGSEGV:
    case SIGBUS:
      if (p.address + kBelowStack > p.stack && p.address < p.stack + kAboveStack)
        return {"run.stack",
                "its local variables and calls take more than the 256 KiB of a core's stack",
                "no recursion, no large arrays on the stack",
                {},
                0,
                0,
                {}};
      return {"run.crash",
              fmt::format("touches address {}, which is no memory", address),
              "check pointers and indices",
              {},
              0,
              0,
              {}};
    case SIGFPE:
      return {"run.crash", "divides by zero", "check divisors taken from the tiling", {}, 0, 0, {}};
    case SIGABRT:
      return {"run.abort", "calls abort, or an assert failed", "", {}, 0, 0, {}};
    default:
      return {"run.crash", fmt::format("ends by signal {} ({})", p.signal, strsignal(p.signal)), "", {}, 0, 0,
              {}};
  }
}

// How a child ended that left no word, from what the system says.
Error silent_error(int status, bool was_reaped, bool was_overdue, double timeout) {
  if (was_overdue)
    return {"run.timeout",
            fmt::format("not done after {} s", timeout * kWallPerProcessorTime),
            "it waits for something outside the device",
            {},
            0,
            0,
            {}};
  if (!was_reaped)
    return {"run.lost",
            "its process was taken away by somebody else's wait",
            "do not wait for children you did not start",
            {},
            0,
            0,
            {}};
  if (WIFSIGNALED(status))
    return {"run.killed",
            fmt::format("its process was killed by signal {}", WTERMSIG(status)),
            "the host may have run out of memory",
            {},
            0,
            0,
            {}};
  return {"run.exit",
          fmt::format("calls exit with code {}", WEXITSTATUS(status)),
          "return from it instead",
          {},
          0,
          0,
          {}};
}

aclError code_of(const Error& error, KernelType type) {
  const bool is_vector = type == KernelType::aiv;
  if (error.code == "run.timeout")
    return is_vector ? ACL_ERROR_RT_VECTOR_CORE_TIMEOUT : ACL_ERROR_RT_AICORE_TIMEOUT;
  return is_vector ? ACL_ERROR_RT_VECTOR_CORE_EXCEPTION : ACL_ERROR_RT_AICORE_EXCEPTION;
}

// Tells the user, and keeps the text for aclGetRecentErrMsg.
aclError tell(const etalon_launch_config& c, aclError code, const Error& error, const std::string& core) {
  std::string text =
      fmt::format("kernel {}{}: {}", c.kernel != nullptr ? c.kernel : "kernel", core, error.message);
  if (c.file != nullptr) text += fmt::format("; launched at {}:{}", c.file, c.line);
  std::fprintf(stderr, "etalon: failure %s: %s%s\n", error.code.c_str(), text.c_str(),
               error.fix.empty() ? "" : (" (" + error.fix + ")").c_str());
  note_exit(error.code == "acl.architecture" || error.code == "acl.chip" ? kWrongChip : kKernelFailed);
  return refuse(code, "launch", error.code.c_str(), text, error.fix);
}

struct Prepared {
  ChildTask task;
  VirtualDevice* device = nullptr;
  StreamState* stream = nullptr;
};

Result<Prepared> prepare(Runtime& r, const etalon_launch_config& c, aclError* code) {
  *code = ACL_ERROR_INVALID_PARAM;
  if (is_child) return fail("launch.nested", "a kernel cannot launch kernels");
  TRY(chip, r.chip());
  TRY_VOID(r.check_architecture(c.architecture));
  TRY(type, type_of(c.type));
  Prepared p;
  p.stream = r.stream(c.stream);
  if (p.stream == nullptr && c.stream == nullptr) {
    *code = ACL_ERROR_RT_CONTEXT_NULL;
    return fail("acl.no-context", "no device is set", "call aclrtSetDevice");
  }
  if (p.stream == nullptr) {
    *code = ACL_ERROR_RT_INVALID_HANDLE;
    return fail("acl.handle", "launched on a stream that does not live",
                "create it before, destroy it after");
  }
  if (c.blocks < 1 || c.blocks > 65535) {
    return fail("launch.blocks", fmt::format("{} blocks asked for, expected 1 to 65535", c.blocks));
  }
  p.device = r.device(r.contexts.at(p.stream->context).device);
  p.task.device = p.device->device.get();
  p.task.chip = chip;
  if (c.kernel != nullptr) p.task.kernel = c.kernel;
  p.task.options.type = type;
  p.task.options.blocks = static_cast<int>(c.blocks);
  const bool is_profiled = !profile_file().empty();
  p.task.options.mode = is_profiled || r.wants_time ? Mode::both : Mode::functional;
  if (is_profiled && setting("ETALON_TIME_ONLY") == "1") p.task.options.mode = Mode::timing_only;
  p.task.options.want_timeline = is_profiled && setting("ETALON_TIMELINE") == "1";
  p.task.timeout = timeout_seconds();
  if (p.task.options.mode != Mode::timing_only) p.task.written = p.device->written.get();
  return p;
}

// The child of `p`; its findings are in `page`. Returns its exit status, or nothing if it cannot be known.
std::optional<int> carry_out(const Prepared& p, ReportPage& page, bool* was_overdue, aclError* code) {
  std::fflush(nullptr);  // or the child would print it again
  OutputPump pump;
  const pid_t child = pump.is_open() ? fork() : -1;
  if (child < 0) {
    *code = ACL_ERROR_RT_RESOURCE_ALLOC_FAIL;
    return {};
  }
  if (child == 0) {
    is_child = true;
    new (&Runtime::get().mutex) std::recursive_mutex;  // held by a thread that does not exist here
    pump.enter_child();
    run_child(p.task, page);
  }
  const double limit = p.task.timeout > 0 ? p.task.timeout * kWallPerProcessorTime + 2 : 0;
  *was_overdue = !pump.run(child, limit);
  int status = 0;
  pid_t reaped = 0;
  do reaped = waitpid(child, &status, 0);
  while (reaped < 0 && errno == EINTR);
  if (pump.dropped() > 0) {
    std::fprintf(
        stderr,
        "etalon: warning run.output: kernel %s printed %lld bytes more than the %lld that are shown\n",
        p.task.kernel, static_cast<long long>(pump.dropped()), static_cast<long long>(OutputPump::kLimit));
  }
  if (reaped != child) return {};
  return status;
}

}  // namespace
}  // namespace etalon::ascendc

using namespace etalon;
using namespace etalon::ascendc;

extern "C" int etalon_launch(const etalon_launch_config* config, void (*body)(void*), void* closure) {
  if (config == nullptr || body == nullptr)
    return refuse(ACL_ERROR_INVALID_PARAM, "launch", "acl.null", "no configuration or no kernel");
  etalon_launch_config c = {};
  std::memcpy(&c, config, std::min<std::size_t>(config->size, sizeof c));
  Runtime& r = Runtime::get();
  const Lock lock(r.mutex);
  aclError code = ACL_SUCCESS;
  const auto prepared = prepare(r, c, &code);
  if (!prepared) return tell(c, code, prepared.error(), "");
  Prepared p = *prepared;
  code = ACL_SUCCESS;
  p.task.body = body;
  p.task.closure = closure;

  const PageMapping mapping;
  if (mapping.page == nullptr)
    return refuse(ACL_ERROR_RT_RESOURCE_ALLOC_FAIL, "launch", "acl.out-of-memory",
                  "no memory for the report");
  const ReportPage& page = *mapping.page;
  bool was_overdue = false;
  const std::optional<int> status = carry_out(p, *mapping.page, &was_overdue, &code);
  if (code != ACL_SUCCESS)
    return refuse(code, "launch", "acl.out-of-memory", "the host lends no further process");

  if (page.state == ReportPage::ended) {
    if (page.timed) {
      p.device->clock_us += page.task_us;
      for (std::uint32_t i = 0; i < page.ranges; ++i) {
        const auto& range = page.resident[i];
        p.device->machine->touch({range.address, 1, range.bytes, range.bytes});
      }
    }
    if (page.hazards > 0) note_exit(kKernelFailed);
    return ACL_SUCCESS;
  }
  Error error;
  if (page.state == ReportPage::failed)
    error = {page.code, page.text, page.fix, {}, 0, 0, {}};
  else if (page.state == ReportPage::caught_signal)
    error = signal_error(page, p.task.timeout);
  else
    error = silent_error(status.value_or(0), status.has_value(), was_overdue, p.task.timeout);
  code = code_of(error, p.task.options.type);
  p.stream->failure = code;
  error.message += line_text(page);
  return tell(c, code, error, core_text(page));
}

extern "C" void etalon_register_image(const char* architecture) {
  if (architecture != nullptr) Runtime::get().register_image(architecture);
}
