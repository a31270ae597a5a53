// SPDX-License-Identifier: Apache-2.0
#include "ascendc/acl/crash_place.h"

#include <link.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>

#include "ascendc/launch/core_runtime.h"

namespace etalon::ascendc {
namespace {

constexpr std::size_t kScanned = 16 * 1024;  // bytes of the stack in which a return address is looked for
constexpr std::uint64_t kLargestFrame = 1 << 20;

struct Code {
  std::uint64_t begin = 0, end = 0;
  bool holds(std::uint64_t address) const { return address >= begin && address < end; }
};
Code program, runtime;  // the user's, and this library
std::uint64_t scanned[kScanned / sizeof(std::uint64_t)];

// Memory that may not be there. The system copies it, or refuses.
std::size_t read_words(std::uint64_t from, std::uint64_t* to, std::size_t words) {
  const iovec here = {to, words * sizeof *to};
  const iovec there = {reinterpret_cast<void*>(from), words * sizeof *to};
  const ssize_t n = process_vm_readv(getpid(), &here, 1, &there, 1, 0);
  return n <= 0 ? 0 : static_cast<std::size_t>(n) / sizeof *to;
}

void add(hazards::Sites::Site& site, std::uint64_t address) {
  if (site.count < hazards::Sites::kFrames)
    site.frames[site.count++] = reinterpret_cast<const void*>(address);
}

// Each frame holds its caller's frame and, beside it, the return address.
void add_callers(hazards::Sites::Site& site, std::uint64_t frame) {
  std::uint64_t words[2];
  while (site.count < hazards::Sites::kFrames && frame % sizeof frame == 0 &&
         read_words(frame, words, 2) == 2) {
    add(site, words[1]);
    if (words[0] <= frame || words[0] - frame > kLargestFrame) return;
    frame = words[0];
  }
}

bool is_impossible(std::uint64_t address) {
  const std::uint64_t top = address >> 47;
  return top != 0 && top != 0x1ffff;
}

struct Registers {
  std::uint64_t instruction = 0, stack = 0, frame = 0;
  std::uint64_t general[31] = {};
  int count = 0;
};

Registers registers_of(const ucontext_t& context) {
  Registers r;
#if defined(__x86_64__)
  const auto& g = context.uc_mcontext.gregs;
  r.instruction = static_cast<std::uint64_t>(g[REG_RIP]);
  r.stack = static_cast<std::uint64_t>(g[REG_RSP]);
  r.frame = static_cast<std::uint64_t>(g[REG_RBP]);
  for (const int i : {REG_RAX, REG_RBX, REG_RCX, REG_RDX, REG_RSI, REG_RDI, REG_RBP, REG_R8, REG_R9, REG_R10,
                      REG_R11, REG_R12, REG_R13, REG_R14, REG_R15})
    r.general[r.count++] = static_cast<std::uint64_t>(g[i]);
#elif defined(__aarch64__)
  r.instruction = context.uc_mcontext.pc;
  r.stack = context.uc_mcontext.sp;
  r.frame = context.uc_mcontext.regs[29];
  for (; r.count < 31; ++r.count) r.general[r.count] = context.uc_mcontext.regs[r.count];
#endif
  return r;
}

bool is_return(std::uint64_t instruction) {
#if defined(__x86_64__)
  std::uint64_t word = 0;
  return read_words(instruction, &word, 1) == 1 && (word & 0xff) == 0xc3;
#else
  static_cast<void>(instruction);
  return false;
#endif
}

}  // namespace

void note_program() {
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void*) {
        Code code{~std::uint64_t{0}, 0};
        for (int i = 0; i < info->dlpi_phnum; ++i) {
          const auto& p = info->dlpi_phdr[i];
          if (p.p_type != PT_LOAD || (p.p_flags & PF_X) == 0) continue;
          code.begin = std::min<std::uint64_t>(code.begin, info->dlpi_addr + p.p_vaddr);
          code.end = std::max<std::uint64_t>(code.end, info->dlpi_addr + p.p_vaddr + p.p_memsz);
        }
        if (program.end == 0) program = code;  // the program itself comes first
        if (code.holds(reinterpret_cast<std::uintptr_t>(&note_program))) runtime = code;
        return 0;
      },
      nullptr);
}

void note_place(ReportPage& page, const ucontext_t& context) {
  const Registers r = registers_of(context);
  page.instruction = r.instruction;
  page.stack = r.stack;
  if (page.signal == SIGSEGV && page.address == 0) {
    page.returns_to_it = is_return(r.instruction) && read_words(r.stack, &page.impossible, 1) == 1 &&
                         is_impossible(page.impossible);
    for (int i = 0; i < r.count && !page.returns_to_it; ++i) {
      page.impossible = r.general[i];
      if (is_impossible(page.impossible)) break;
      page.impossible = 0;
    }
  }
  if (const etalon_asc_core* core = etalon_asc_current) {
    const CallPlace& call = static_cast<const CoreRuntime*>(core->runtime)->last_call();
    add(page.last_call, reinterpret_cast<std::uintptr_t>(call.address));
    add_callers(page.last_call, reinterpret_cast<std::uintptr_t>(call.frame));
  }
  // The line of an address is that of the call before it: as if this were where a call returns to.
  add(page.here, r.instruction + 1);
  if (!program.holds(r.instruction) && !runtime.holds(r.instruction)) {
    // Libraries keep no frames: the first word of the stack that lies in the program is where they return to.
    const std::size_t words = read_words(r.stack, scanned, kScanned / sizeof *scanned);
    for (std::size_t i = 0; i < words; ++i) {
      if (!program.holds(scanned[i])) continue;
      add(page.here, scanned[i]);
      break;
    }
  }
  add_callers(page.here, r.frame);
}

}  // namespace etalon::ascendc
