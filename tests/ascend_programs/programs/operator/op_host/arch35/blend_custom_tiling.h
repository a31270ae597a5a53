// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the operator has for the 950 under the same names: not to be read for the 910B.

#include "register/tilingdata_base.h"

namespace optiling {
BEGIN_TILING_DATA_DEF(BlendTilingData)
TILING_DATA_FIELD_DEF(uint32_t, vector_registers);
END_TILING_DATA_DEF;
REGISTER_TILING_DATA_CLASS(BlendCustom, BlendTilingData)
}  // namespace optiling
