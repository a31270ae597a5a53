// SPDX-License-Identifier: Apache-2.0
// etalon_launch: a child process carries the kernel out, this one waits, passes on what it prints and tells
// what went wrong.
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <functional>
#include <new>
#include <optional>
#include <set>
#include <string_view>

#include "ascendc/acl/child.h"
#include "ascendc/acl/exit_code.h"
#include "ascendc/acl/failure_text.h"
#include "ascendc/acl/output_pump.h"
#include "ascendc/acl/settings.h"

namespace etalon::ascendc {
namespace {

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

aclError code_of(const Error& error, KernelType type) {
  const bool is_vector = type == KernelType::aiv;
  if (error.code == "run.timeout")
    return is_vector ? ACL_ERROR_RT_VECTOR_CORE_TIMEOUT : ACL_ERROR_RT_AICORE_TIMEOUT;
  return is_vector ? ACL_ERROR_RT_VECTOR_CORE_EXCEPTION : ACL_ERROR_RT_AICORE_EXCEPTION;
}

// Tells the user, unless the checker has, and keeps the text for aclGetRecentErrMsg.
aclError tell(const etalon_launch_config& c, aclError code, const Error& error, const std::string& core,
              bool told = false) {
  std::string text =
      fmt::format("kernel {}{}: {}", c.kernel != nullptr ? c.kernel : "kernel", core, error.message);
  if (c.file != nullptr) text += fmt::format("; launched at {}:{}", c.file, c.line);
  if (!told) {
    std::fprintf(stderr, "etalon: failure %s: %s%s\n", error.code.c_str(), text.c_str(),
                 error.fix.empty() ? "" : (" (" + error.fix + ")").c_str());
  }
  note_exit(error.code == "acl.architecture" || error.code == "acl.chip" ? kWrongChip : kKernelFailed);
  return refuse(code, "launch", error.code.c_str(), text, error.fix);
}

// What the checker found. Advice and warnings that were given before are not repeated: programs launch in
// loops.
void tell_findings(const ReportPage& page) {
  static std::set<std::string, std::less<>> known;
  const std::string_view text(page.findings, std::min(page.findings_bytes, ReportPage::kFindings));
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
    const std::string_view line = text.substr(at, end - at);
    at = end;
    const bool is_failure = line.starts_with("etalon: failure");
    if (is_failure || known.insert(std::string(line)).second)
      std::fwrite(line.data(), 1, line.size(), stderr);
  }
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
  if (c.file != nullptr) p.task.launched_at = fmt::format("{}:{}", c.file, c.line);
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
  setpgid(child, child);  // whoever comes first
  const double limit = p.task.timeout > 0 ? wall_limit(p.task.timeout) : 0;
  *was_overdue = !pump.run(child, limit);
  int status = 0;
  pid_t reaped = 0;
  do reaped = waitpid(child, &status, 0);
  while (reaped < 0 && errno == EINTR);
  tell_findings(page);
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
  const Error error = failure_of(page, status, was_overdue, p.task.timeout);
  code = code_of(error, p.task.options.type);
  p.stream->failure = code;
  return tell(c, code, error, core_text(page), page.told);
}

extern "C" void etalon_register_image(const char* architecture) {
  if (architecture != nullptr) Runtime::get().register_image(architecture);
}
