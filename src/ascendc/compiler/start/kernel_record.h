// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a trampoline knows of its kernel. Laid out by trampoline.cpp, read by launch_start.cpp.

#include <cstdint>

enum { ETALON_KERNEL_BATCH = 1, ETALON_KERNEL_MATMUL_SCRATCH = 2 };

extern "C" {

struct etalon_kernel_record {
  const char* name;
  const char* architecture;  // "dav-c220" or "dav-3510"
  void (*cube)();            // null: nothing for that kind of core
  void (*vector)();
  std::uint32_t type;                // etalon_kernel_type
  std::uint32_t flags;               // ETALON_KERNEL_...
  const std::uint64_t* keyed_types;  // pairs: tiling key, etalon_kernel_type
  std::uint64_t keys;
};

}  // extern "C"
