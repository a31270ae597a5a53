// SPDX-License-Identifier: Apache-2.0
#pragma once

// Tiling data: a plain struct that the host fills and the kernel reads from device memory. Its layout is that of the
// fields in order, on both sides.

#include <stdint.h>
#include <string.h>

extern "C" uint64_t etalon_tiling_key(void);  // set by the host before a launch
#define TILING_KEY_IS(key) (etalon_tiling_key() == static_cast<uint64_t>(key))

// The struct that GET_TILING_DATA reads: the one that was registered.
#define REGISTER_TILING_DEFAULT(type) using etalon_tiling_default = type
// Which struct belongs to which tiling key: the kernel reads the one it names.
#define REGISTER_TILING_FOR_TILINGKEY(condition, type) static_assert(sizeof(condition) > 0 && sizeof(type) > 0, "")
#define GET_TILING_DATA_WITH_STRUCT(type, name, address) \
  type name;                                             \
  memcpy(static_cast<void*>(&name), address, sizeof(type))
#define GET_TILING_DATA(name, address) GET_TILING_DATA_WITH_STRUCT(etalon_tiling_default, name, address)
#define GET_TILING_DATA_MEMBER(type, member, name, address) \
  decltype(type::member) name;                              \
  memcpy(static_cast<void*>(&name), address + offsetof(type, member), sizeof(name))
#define GET_TILING_DATA_PTR_WITH_STRUCT(type, name, address) \
  const __gm__ type* name = reinterpret_cast<const __gm__ type*>(address)
#define COPY_TILING_WITH_STRUCT(type, address, name)     \
  type etalon_copy_of_##name;                            \
  memcpy(static_cast<void*>(&etalon_copy_of_##name), reinterpret_cast<const void*>(address), sizeof(type)); \
  const type* name = &etalon_copy_of_##name
