// SPDX-License-Identifier: Apache-2.0
#pragma once

// Kernels run from a plain C++ program, without AscendCL: memory, kernel mode and launch.

#include <cstddef>
#include <cstdint>

#include "../launch_abi.h"
#include "securec.h"

#ifndef __global__
#define __global__
#endif
#ifndef __aicore__
#define __aicore__
#endif
#ifndef __gm__
#define __gm__
#endif
#ifndef GM_ADDR
#define GM_ADDR __gm__ std::uint8_t*
#endif

enum class KernelMode { MIX_MODE = 0, AIC_MODE = 1, AIV_MODE = 2, MIX_AIC_1_1 = 3 };

namespace AscendC {

// Device memory; null if there is no room.
inline void* GmAlloc(std::size_t bytes) { return etalon_gm_alloc(bytes); }
inline void GmFree(void* address) { etalon_gm_free(address); }

inline void SetKernelMode(KernelMode mode) {
  etalon_set_kernel_mode(mode == KernelMode::AIC_MODE      ? ETALON_KERNEL_AIC
                         : mode == KernelMode::AIV_MODE    ? ETALON_KERNEL_AIV
                         : mode == KernelMode::MIX_AIC_1_1 ? ETALON_KERNEL_MIX_1_1
                                                           : ETALON_KERNEL_MIX_1_2);
}

}  // namespace AscendC

namespace etalon_icpu {

template <class Body>
int run(const char* kernel, std::uint32_t blocks, const char* file, int line, Body&& body) {
  etalon_launch_config config = {};
  config.size = sizeof config;
  config.blocks = blocks;
  config.kernel = kernel;
  config.file = file;
  config.line = line;
  struct Call {
    static void carry_out(void* closure) { (*static_cast<decltype(&body)>(closure))(); }
  };
  return etalon_launch_icpu(&config, &Call::carry_out, &body);
}

}  // namespace etalon_icpu

#if defined(ETALON_ASC_PASS_HOST)  // compiled by `etalon cc`: the kernel knows its own type
#define ICPU_RUN_KF(kernel, blocks, ...) \
  ::etalon_cc::launch(::etalon_cc::pending_icpu(blocks), [&]() { kernel(__VA_ARGS__); })
#elif defined(ETALON_CC)
#define ICPU_RUN_KF(kernel, blocks, ...) kernel(__VA_ARGS__)
#else
#define ICPU_RUN_KF(kernel, blocks, ...) \
  etalon_icpu::run(#kernel, (blocks), __FILE__, __LINE__, [&] { kernel(__VA_ARGS__); })
#endif
#define ICPU_SET_TILING_KEY(key) etalon_set_tiling_key(key)
