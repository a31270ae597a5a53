// SPDX-License-Identifier: Apache-2.0
#pragma once

// The border between a compiled program and the runtime library that carries its kernels out. What the
// compiler driver emits in place of a launch, and what ICPU_RUN_KF and tests call. Plain C types, C++17.
// Fields are only ever added at the end; `size` tells which are there.

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum etalon_kernel_type {
  ETALON_KERNEL_UNKNOWN = 0,      // as the process-wide kernel mode says (SetKernelMode), else vector cores
  ETALON_KERNEL_AIC = 1,          // cube cores alone
  ETALON_KERNEL_AIV = 2,          // vector cores alone
  ETALON_KERNEL_MIX_1_1 = 3,      // a block is one cube and one vector core
  ETALON_KERNEL_MIX_1_2 = 4,      // a block is one cube and two vector cores
  ETALON_KERNEL_MIX_AIC_1_0 = 5,  // launched as mix, cube cores only
  ETALON_KERNEL_MIX_AIV_1_0 = 6   // launched as mix, vector cores only
};

struct etalon_launch_config {
  uint32_t size;            // sizeof(struct etalon_launch_config)
  uint32_t blocks;          // 1 to 65535
  const char* kernel;       // name for findings and profiles; null: "kernel"
  uint32_t type;            // etalon_kernel_type
  uint32_t batch_schedule;  // 1: all blocks must be resident together (__schedmode__(1))
  uint64_t dynamic_ub;      // bytes, the second launch argument
  void* stream;             // an aclrtStream; null: the default stream of the current context
  const char*
      architecture;  // core architecture the kernel was compiled for ("dav-c220", "dav-3510"); null: any
  const char* file;  // where the launch stands in the user's source; null: not known
  int32_t line;
};

// Runs `body(closure)` on every core of every block, in a child process that shares device memory with this
// one; whatever else it writes is lost. Returns 0 or an aclError; a kernel that fails is also reported on
// standard error and in aclGetRecentErrMsg. Returns when the kernel has ended.
int etalon_launch(const struct etalon_launch_config* config, void (*body)(void* closure), void* closure);

// Called by the constructor of a compiled program: its kernels are for `architecture`. aclInit and launches
// fail if the chip asked for is of another one.
void etalon_register_image(const char* architecture);

// The key that TILING_KEY_IS compares with; launches see the value at their time.
void etalon_set_tiling_key(uint64_t key);
uint64_t etalon_tiling_key(void);

// What GmAlloc, GmFree and ICPU_RUN_KF stand on. Device 0 is used if none is set; ETALON_KERNEL_UNKNOWN then
// stands for the mode set last, mix at first.
void* etalon_gm_alloc(uint64_t bytes);  // null if there is no room
void etalon_gm_free(void* address);
void etalon_set_kernel_mode(uint32_t type);  // etalon_kernel_type
int etalon_launch_icpu(const struct etalon_launch_config* config, void (*body)(void* closure), void* closure);
// In the archive that programs are linked with: the memory of Matmul objects, around a launch of ICPU_RUN_KF.
void etalon_matmul_scratch_of_host(int begin) __attribute__((weak));

// Facts of the chip for platform_ascendc.
enum etalon_platform_value {
  ETALON_PLATFORM_CUBES = 0,
  ETALON_PLATFORM_VECTORS = 1,
  ETALON_PLATFORM_MEMORY_BYTES = 2,  // of `memory`
  ETALON_PLATFORM_MEMORY_RATE = 3,   // of `memory`, bytes per cycle; L2 and HBM only
  ETALON_PLATFORM_IS_DAV_3510 = 4
};
// L0A, L0B, L0C, L1, L2, UB, HBM, FB, BT: `memory` is a platform_ascendc::CoreMemType. 0 if it is not known.
uint64_t etalon_platform(uint32_t what, uint32_t memory);
const char* etalon_chip_name(void);  // as `etalon chips` lists it; "" if ETALON_CHIP names none

#ifdef __cplusplus
}

// The C++ side of the above: the body may be any callable; it is used in place, in the child.
template <class Body>
int etalon_launch_call(const etalon_launch_config& config, Body&& body) {
  auto call = [&body] { body(); };
  using Call = decltype(call);
  return etalon_launch(&config, [](void* closure) { (*static_cast<Call*>(closure))(); }, &call);
}
#endif
