// SPDX-License-Identifier: Apache-2.0
// Linked into every program that `etalon cc` makes: how a call of a kernel on the host becomes a launch, and
// how the launched kernel finds the code of the core it runs on.
//
// Under a kernel's name stands a trampoline (see trampoline.h). Called on the host it keeps the argument
// registers and where the arguments on the stack lie, and launches; each core then calls the cube or the
// vector version with the same registers and a copy of the same stack bytes. Called on a core (by
// ICPU_RUN_KF, say) it jumps to the version of that core, arguments untouched.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "ascendc/acl/launch_abi.h"
#include "ascendc/api/ascendc/abi.h"
#include "ascendc/api/ascendc/matmul_mailbox.h"
#include "ascendc/api/etalon_cc/launch.h"
#include "ascendc/compiler/start/kernel_record.h"
#include "ascendc/launch/block_locals.h"

extern "C" {

// Bounds of what __BLOCK_LOCAL__ put together, if there is any.
extern char __start_etalon_block_local[] __attribute__((weak, visibility("hidden")));
extern char __stop_etalon_block_local[] __attribute__((weak, visibility("hidden")));

// There if the kernels are compiled for dav-3510: then the program runs on a 950, unless told otherwise.
extern const char etalon_image_3510[] __attribute__((weak));
__attribute__((constructor)) static void etalon_usual_chip() {
  if (etalon_image_3510 != nullptr) setenv("ETALON_CHIP", "ascend-950pr", 0);
}

struct etalon_kernel_frame {
#if defined(__x86_64__)
  std::uint64_t integers[6];
#else
  std::uint64_t integers[9];  // x0 to x8
#endif
  const etalon_kernel_record* kernel;
  const std::byte* stack_arguments;
  std::uint64_t stack_bytes;
#if defined(__x86_64__)
  std::uint64_t unused;
#endif
  alignas(16) std::uint8_t floats[8][16];
};

void etalon_call_kept(void (*kernel)(), const etalon_kernel_frame* frame);
}

#if defined(__x86_64__)
static_assert(offsetof(etalon_kernel_frame, kernel) == 48 && offsetof(etalon_kernel_frame, floats) == 80);
#elif defined(__aarch64__)
static_assert(offsetof(etalon_kernel_frame, kernel) == 72 && offsetof(etalon_kernel_frame, floats) == 96);
#else
#error "etalon cc knows x86-64 and aarch64"
#endif

namespace {

thread_local etalon_pending_launch* pending = nullptr;

// What the Matmul objects of a launch share (api/ascendc/matmul_mailbox.h). Blocks of other cores may be far
// ahead, so each cube core with its vector cores has its own. More such groups than these never run at once.
constexpr std::uint32_t kMatmulBlocks = 64;
constexpr std::uint64_t kMatmulScratch =
    AscendC::detail::mm::kScratchResult + AscendC::detail::mm::kScratchOperands;
etalon_matmul_block matmul_blocks[kMatmulBlocks];
std::byte* matmul_scratch = nullptr;
bool launched_by_record = false;

// Which group each core is of: the number of the first block it ran in this launch, which is a process of its
// own.
struct CoreGroup {
  const etalon_asc_core* core;
  std::uint32_t group;
};
CoreGroup core_groups[256];
std::uint32_t known_cores = 0, last_core = 0;

std::uint32_t group_of_core() {
  const etalon_asc_core* core = etalon_asc_current;
  if (last_core < known_cores && core_groups[last_core].core == core) return core_groups[last_core].group;
  for (last_core = 0; last_core < known_cores; ++last_core) {
    if (core_groups[last_core].core == core) return core_groups[last_core].group;
  }
  const bool alone = core->is_cube != 0 || core->sub_blocks == 0;
  const std::uint32_t group = (alone ? core->block : core->block / core->sub_blocks) % kMatmulBlocks;
  if (known_cores < sizeof(core_groups) / sizeof(core_groups[0])) core_groups[known_cores++] = {core, group};
  return group;
}

void allocate_matmul_scratch() {
  matmul_scratch = static_cast<std::byte*>(etalon_gm_alloc(kMatmulBlocks * 2 * kMatmulScratch));
}
void free_matmul_scratch() {
  if (matmul_scratch != nullptr) etalon_gm_free(matmul_scratch);
  matmul_scratch = nullptr;
}

std::uint32_t type_for_key(const etalon_kernel_record& kernel) {
  for (std::uint64_t i = 0; i < kernel.keys; ++i) {
    if (kernel.keyed_types[2 * i] == etalon_tiling_key())
      return static_cast<std::uint32_t>(kernel.keyed_types[2 * i + 1]);
  }
  return kernel.type;
}

void run_on_core(void* closure) {
  group_of_core();
  etalon_asc_block_locals(__start_etalon_block_local, __stop_etalon_block_local);
  const auto* frame = static_cast<const etalon_kernel_frame*>(closure);
  void (*code)() = etalon_asc_current->is_cube != 0 ? frame->kernel->cube : frame->kernel->vector;
  if (code != nullptr) etalon_call_kept(code, frame);
}

}  // namespace

extern "C" {

etalon_matmul_block* etalon_matmul_state() { return &matmul_blocks[group_of_core()]; }
void* etalon_matmul_scratch(std::uint32_t sub) {
  return matmul_scratch == nullptr ? nullptr
                                   : matmul_scratch + (group_of_core() * 2 + sub % 2) * kMatmulScratch;
}

// Kernels as plain C++ of the host's compiler have no record that says whether they need it.
void etalon_matmul_scratch_of_host(int begin) {
  if (launched_by_record) return;
  if (begin != 0)
    allocate_matmul_scratch();
  else
    free_matmul_scratch();
}

void etalon_launch_begin(etalon_pending_launch* launch) {
  launch->outer = pending;
  pending = launch;
}

int etalon_launch_end(etalon_pending_launch* launch) {
  pending = launch->outer;
  return launch->status;
}

// From the trampoline. The code to jump to on a core; null if the launch is done or nothing is to be run.
void (*etalon_kernel_entry(etalon_kernel_frame* frame))() {
  const etalon_kernel_record& kernel = *frame->kernel;
  if (etalon_asc_current != nullptr) return etalon_asc_current->is_cube != 0 ? kernel.cube : kernel.vector;
  if (pending == nullptr) {
    std::fprintf(stderr,
                 "etalon: the kernel %s is called like a function; launch it with %s<<<blocks, nullptr, "
                 "stream>>>(...)\n",
                 kernel.name, kernel.name);
    return nullptr;
  }
  etalon_pending_launch& launch = *pending;
  const auto* top = static_cast<const std::byte*>(launch.stack_top);
  frame->stack_bytes =
      top > frame->stack_arguments ? static_cast<std::uint64_t>(top - frame->stack_arguments) : 0;
  etalon_launch_config config{};
  config.size = sizeof(config);
  config.blocks = launch.blocks;
  config.kernel = kernel.name;
  config.type = type_for_key(kernel);
  config.batch_schedule = (kernel.flags & ETALON_KERNEL_BATCH) != 0 ? 1 : 0;
  config.dynamic_ub = launch.dynamic_ub;
  config.stream = launch.stream;
  config.architecture = kernel.architecture;
  config.file = launch.file;
  config.line = launch.line;
  if ((kernel.flags & ETALON_KERNEL_MATMUL_SCRATCH) != 0) allocate_matmul_scratch();
  launched_by_record = true;
  pending = nullptr;  // a kernel called from within is no launch
  launch.status =
      (launch.without_acl != 0 ? etalon_launch_icpu : etalon_launch)(&config, &run_on_core, frame);
  launched_by_record = false;
  pending = &launch;
  free_matmul_scratch();
  return nullptr;
}

}  // extern "C"

#if defined(__x86_64__)
__asm__(R"(
  .text
  .globl etalon_kernel_trampoline
  .hidden etalon_kernel_trampoline
  .type etalon_kernel_trampoline, @function
etalon_kernel_trampoline:
  .cfi_startproc
  pushq %rbp
  .cfi_def_cfa_offset 16
  .cfi_offset %rbp, -16
  movq %rsp, %rbp
  .cfi_def_cfa_register %rbp
  subq $208, %rsp
  andq $-16, %rsp
  movq %rdi, 0(%rsp)
  movq %rsi, 8(%rsp)
  movq %rdx, 16(%rsp)
  movq %rcx, 24(%rsp)
  movq %r8, 32(%rsp)
  movq %r9, 40(%rsp)
  movq %r11, 48(%rsp)
  leaq 16(%rbp), %rax
  movq %rax, 56(%rsp)
  movq $0, 64(%rsp)
  movups %xmm0, 80(%rsp)
  movups %xmm1, 96(%rsp)
  movups %xmm2, 112(%rsp)
  movups %xmm3, 128(%rsp)
  movups %xmm4, 144(%rsp)
  movups %xmm5, 160(%rsp)
  movups %xmm6, 176(%rsp)
  movups %xmm7, 192(%rsp)
  movq %rsp, %rdi
  call etalon_kernel_entry
  testq %rax, %rax
  je 1f
  movq 0(%rsp), %rdi
  movq 8(%rsp), %rsi
  movq 16(%rsp), %rdx
  movq 24(%rsp), %rcx
  movq 32(%rsp), %r8
  movq 40(%rsp), %r9
  movups 80(%rsp), %xmm0
  movups 96(%rsp), %xmm1
  movups 112(%rsp), %xmm2
  movups 128(%rsp), %xmm3
  movups 144(%rsp), %xmm4
  movups 160(%rsp), %xmm5
  movups 176(%rsp), %xmm6
  movups 192(%rsp), %xmm7
  leave
  .cfi_remember_state
  .cfi_def_cfa %rsp, 8
  jmpq *%rax
1:
  .cfi_restore_state
  leave
  .cfi_def_cfa %rsp, 8
  ret
  .cfi_endproc
  .size etalon_kernel_trampoline, . - etalon_kernel_trampoline

  .globl etalon_call_kept
  .hidden etalon_call_kept
  .type etalon_call_kept, @function
etalon_call_kept:
  .cfi_startproc
  pushq %rbp
  .cfi_def_cfa_offset 16
  .cfi_offset %rbp, -16
  movq %rsp, %rbp
  .cfi_def_cfa_register %rbp
  movq %rdi, %r11
  movq %rsi, %r10
  movq 64(%r10), %rcx
  movq 56(%r10), %rsi
  subq %rcx, %rsp
  andq $-16, %rsp
  movq %rsp, %rax
  subq %rsi, %rax
  andq $63, %rax
  subq %rax, %rsp
  movq %rsp, %rdi
  rep movsb
  movq 0(%r10), %rdi
  movq 8(%r10), %rsi
  movq 16(%r10), %rdx
  movq 24(%r10), %rcx
  movq 32(%r10), %r8
  movq 40(%r10), %r9
  movups 80(%r10), %xmm0
  movups 96(%r10), %xmm1
  movups 112(%r10), %xmm2
  movups 128(%r10), %xmm3
  movups 144(%r10), %xmm4
  movups 160(%r10), %xmm5
  movups 176(%r10), %xmm6
  movups 192(%r10), %xmm7
  call *%r11
  leave
  .cfi_def_cfa %rsp, 8
  ret
  .cfi_endproc
  .size etalon_call_kept, . - etalon_call_kept
  .section .note.GNU-stack,"",@progbits
  .text
)");
#elif defined(__aarch64__)
// The record arrives in x9.
__asm__(R"(
  .text
  .globl etalon_kernel_trampoline
  .hidden etalon_kernel_trampoline
  .type etalon_kernel_trampoline, %function
etalon_kernel_trampoline:
  .cfi_startproc
  stp x29, x30, [sp, #-16]!
  .cfi_def_cfa_offset 16
  .cfi_offset 29, -16
  .cfi_offset 30, -8
  mov x29, sp
  .cfi_def_cfa_register 29
  sub sp, sp, #224
  stp x0, x1, [sp, #0]
  stp x2, x3, [sp, #16]
  stp x4, x5, [sp, #32]
  stp x6, x7, [sp, #48]
  stp x8, x9, [sp, #64]
  add x10, x29, #16
  stp x10, xzr, [sp, #80]
  stp q0, q1, [sp, #96]
  stp q2, q3, [sp, #128]
  stp q4, q5, [sp, #160]
  stp q6, q7, [sp, #192]
  mov x0, sp
  bl etalon_kernel_entry
  mov x9, x0
  ldp x0, x1, [sp, #0]
  ldp x2, x3, [sp, #16]
  ldp x4, x5, [sp, #32]
  ldp x6, x7, [sp, #48]
  ldr x8, [sp, #64]
  ldp q0, q1, [sp, #96]
  ldp q2, q3, [sp, #128]
  ldp q4, q5, [sp, #160]
  ldp q6, q7, [sp, #192]
  mov sp, x29
  ldp x29, x30, [sp], #16
  .cfi_def_cfa 31, 0
  .cfi_restore 29
  .cfi_restore 30
  cbz x9, 1f
  br x9
1:
  ret
  .cfi_endproc
  .size etalon_kernel_trampoline, . - etalon_kernel_trampoline

  .globl etalon_call_kept
  .hidden etalon_call_kept
  .type etalon_call_kept, %function
etalon_call_kept:
  .cfi_startproc
  stp x29, x30, [sp, #-16]!
  .cfi_def_cfa_offset 16
  .cfi_offset 29, -16
  .cfi_offset 30, -8
  mov x29, sp
  .cfi_def_cfa_register 29
  mov x9, x0
  mov x10, x1
  ldp x11, x12, [x10, #80]
  sub x13, sp, x12
  and x13, x13, #-16
  sub x14, x13, x11
  and x14, x14, #63
  sub x13, x13, x14
  mov sp, x13
1:
  cbz x12, 2f
  ldrb w14, [x11], #1
  strb w14, [x13], #1
  sub x12, x12, #1
  b 1b
2:
  ldp x0, x1, [x10, #0]
  ldp x2, x3, [x10, #16]
  ldp x4, x5, [x10, #32]
  ldp x6, x7, [x10, #48]
  ldr x8, [x10, #64]
  ldp q0, q1, [x10, #96]
  ldp q2, q3, [x10, #128]
  ldp q4, q5, [x10, #160]
  ldp q6, q7, [x10, #192]
  blr x9
  mov sp, x29
  ldp x29, x30, [sp], #16
  ret
  .cfi_endproc
  .size etalon_call_kept, . - etalon_call_kept
  .section .note.GNU-stack,"",%progbits
  .text
)");
#endif

// The marks of KERNEL_TASK_TYPE: relocations that do nothing against symbols that must exist, and in a
// section: a shared library may not hold relocations against absolute ones.
#define ETALON_TYPE_MARK(type)                                                                \
  __asm__(".pushsection .rodata.etalon.marks,\"a\"\n.globl etalon_task_type_" #type           \
          "\n.hidden etalon_task_type_" #type "\netalon_task_type_" #type                     \
          ":\n.globl etalon_keyed_task_type_" #type "\n.hidden etalon_keyed_task_type_" #type \
          "\netalon_keyed_task_type_" #type ":\n.byte 0\n.popsection")
ETALON_TYPE_MARK(KERNEL_TYPE_AIV_ONLY);
ETALON_TYPE_MARK(KERNEL_TYPE_AIC_ONLY);
ETALON_TYPE_MARK(KERNEL_TYPE_MIX_AIV_1_0);
ETALON_TYPE_MARK(KERNEL_TYPE_MIX_AIC_1_0);
ETALON_TYPE_MARK(KERNEL_TYPE_MIX_AIC_1_1);
ETALON_TYPE_MARK(KERNEL_TYPE_MIX_AIC_1_2);
