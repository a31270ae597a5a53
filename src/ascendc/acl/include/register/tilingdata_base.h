// SPDX-License-Identifier: Apache-2.0
#pragma once

// Tiling data declared field by field: one struct that the host fills by set_FIELD and the kernel reads as members. The
// class registered for the kernel's operator is the one GET_TILING_DATA reads; declarations stand in namespace optiling, as always.

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define BEGIN_TILING_DATA_DEF(name)                                       \
  struct name {                                                           \
    size_t GetDataSize() const { return sizeof(*this); }                  \
    void SaveToBuffer(void* buffer, size_t bytes) const {                 \
      memcpy(buffer, this, bytes < sizeof(*this) ? bytes : sizeof(*this)); \
    }
#define TILING_DATA_FIELD_DEF(type, name)       \
  type name = {};                               \
  void set_##name(type value) { name = value; } \
  type get_##name() const { return name; }
#define TILING_DATA_FIELD_DEF_ARR(type, count, name)                             \
  type name[count] = {};                                                         \
  void set_##name(const type* values) { memcpy(name, values, sizeof(name)); }    \
  type* get_##name() { return name; }
#define TILING_DATA_FIELD_DEF_STRUCT(type, name) type name;
#define END_TILING_DATA_DEF };  // programs write it with a semicolon of their own and without
#ifdef ETALON_CC  // the driver makes the kernel's own one what GET_TILING_DATA reads
#define REGISTER_TILING_DATA_CLASS(op, type) __etalon_tiling_class__(op, type)
#else
#define REGISTER_TILING_DATA_CLASS(op, type)
#endif
