// SPDX-License-Identifier: Apache-2.0
#include "ascendc/acl/forbidden_calls.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <vector>

namespace etalon::ascendc {
namespace {

constexpr int kEndOfChild = 86;  // the exit code by which a child's own end is known; nobody reads it

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t kArchitecture = 0;
#endif

constexpr int kProcessCalls[] = {
#ifdef SYS_fork
    SYS_fork,
#endif
#ifdef SYS_vfork
    SYS_vfork,
#endif
    SYS_clone, SYS_execve, SYS_execveat,
};
constexpr int kSignalCalls[] = {SYS_kill,
                                SYS_tkill,
                                SYS_tgkill,
                                SYS_rt_sigqueueinfo,
                                SYS_rt_tgsigqueueinfo,
#ifdef SYS_pidfd_send_signal
                                SYS_pidfd_send_signal,
#endif
                                SYS_ptrace,
                                SYS_process_vm_writev};

// A program for the system's filter: what each call leads to.
class Filter {
 public:
  Filter() {
    load(offsetof(seccomp_data, arch));
    unless_equal(kArchitecture, 1);
    allow();
    load(offsetof(seccomp_data, nr));
  }
  // The rules of a call, from its arguments. The number is loaded again behind them.
  template <class Rules>
  void on(int call, Rules rules) {
    std::vector<sock_filter> outer;
    outer.swap(code_);
    rules();
    load(offsetof(seccomp_data, nr));
    code_.swap(outer);
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0,
                             static_cast<std::uint8_t>(outer.size())));
    code_.insert(code_.end(), outer.begin(), outer.end());
  }
  void trap() { give(SECCOMP_RET_TRAP); }
  void allow() { give(SECCOMP_RET_ALLOW); }
  void fail(int error) { give(SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error)); }
  // The next `count` instructions are for calls whose argument has this value, or one of these bits.
  void if_argument(int index, std::uint32_t value, int count) {
    load_argument(index);
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, static_cast<std::uint8_t>(count)));
  }
  void if_argument_bit(int index, std::uint32_t bits, int count) {
    load_argument(index);
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, static_cast<std::uint8_t>(count)));
  }
  void install() {
    allow();
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return;
    const sock_fprog program = {static_cast<unsigned short>(code_.size()), code_.data()};
    // The flag: the filter keeps no secrets, so the processor need not slow down for it.
    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program);
  }

 private:
  void load(std::size_t offset) {
    code_.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)));
  }
  void load_argument(int index) {  // its low half
    load(offsetof(seccomp_data, args) + static_cast<std::size_t>(index) * sizeof(std::uint64_t));
  }
  void unless_equal(std::uint32_t value, int count) {
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, static_cast<std::uint8_t>(count), 0));
  }
  void give(std::uint32_t result) { code_.push_back(BPF_STMT(BPF_RET | BPF_K, result)); }
  std::vector<sock_filter> code_;
};

}  // namespace

void forbid_system_calls() {
  if (kArchitecture == 0) return;
  Filter f;
  const auto self = static_cast<std::uint32_t>(getpid());
  for (const int call : kProcessCalls) {
    f.on(call, [&] {
      if (call == SYS_clone) {
        f.if_argument_bit(0, CLONE_THREAD, 1);
        f.allow();
      }
      f.trap();
    });
  }
#ifdef SYS_clone3
  f.on(SYS_clone3, [&] { f.fail(ENOSYS); });  // its arguments cannot be seen; who gets this calls clone
#endif
  for (const int call : kSignalCalls) {
    f.on(call, [&] {
      if (call == SYS_kill || call == SYS_tgkill) {  // abort
        f.if_argument(0, self, 3);
        f.if_argument(call == SYS_kill ? 1 : 2, SIGABRT, 1);
        f.allow();
      }
      f.trap();
    });
  }
  f.on(SYS_exit_group, [&] {
    f.if_argument(0, kEndOfChild, 1);
    f.allow();
    f.trap();
  });
  f.install();
}

void end_child() { _exit(kEndOfChild); }

std::int64_t first_argument(const ucontext_t& context) {
#if defined(__x86_64__)
  return context.uc_mcontext.gregs[REG_RDI];
#elif defined(__aarch64__)
  return static_cast<std::int64_t>(context.uc_mcontext.regs[0]);
#else
  static_cast<void>(context);
  return 0;
#endif
}

ForbiddenCall forbidden_call(int number) {
  if (number == SYS_exit_group) return ForbiddenCall::end;
  for (const int call : kProcessCalls) {
    if (call == number) return ForbiddenCall::process;
  }
  for (const int call : kSignalCalls) {
    if (call == number) return ForbiddenCall::signal;
  }
  return ForbiddenCall::none;
}

}  // namespace etalon::ascendc
