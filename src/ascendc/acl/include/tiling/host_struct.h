// SPDX-License-Identifier: Apache-2.0
#pragma once

// A tiling struct of the kernel under the names the host uses: set_FIELD, get_FIELD, SaveToBuffer.

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "../../../api/kernel_tiling/families.h"

#define ETALON_ACCESSORS(name)                            \
  void set_##name(uint32_t value) { this->name = value; } \
  uint32_t get_##name() const { return this->name; }
#define ETALON_HOST_STRUCT(Name, FIELDS)                                     \
  namespace optiling {                                                       \
  struct Name : ::Name {                                                     \
    FIELDS(ETALON_ACCESSORS)                                                 \
    size_t GetDataSize() const { return sizeof(::Name); }                    \
    void SaveToBuffer(void* buffer, size_t bytes) const {                    \
      memcpy(buffer, this, bytes < sizeof(::Name) ? bytes : sizeof(::Name)); \
    }                                                                        \
  };                                                                         \
  }
ETALON_HOST_STRUCT(SoftMaxTiling, ETALON_SOFTMAX_TILING_FIELDS)
ETALON_HOST_STRUCT(TopkTiling, ETALON_TOPK_TILING_FIELDS)
ETALON_HOST_STRUCT(LayerNormTiling, ETALON_NORM_TILING_FIELDS)
ETALON_HOST_STRUCT(RmsNormTiling, ETALON_NORM_TILING_FIELDS)
ETALON_HOST_STRUCT(DeepNormTiling, ETALON_NORM_TILING_FIELDS)
ETALON_HOST_STRUCT(ConfusionTransposeTiling, ETALON_TRANSPOSE_TILING_FIELDS)
#undef ETALON_HOST_STRUCT
#undef ETALON_ACCESSORS
