// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "register/tilingdata_base.h"

namespace optiling {
BEGIN_TILING_DATA_DEF(BlendPart)
TILING_DATA_FIELD_DEF(uint32_t, count);  // elements of a block
END_TILING_DATA_DEF;
REGISTER_TILING_DATA_CLASS(BlendPartOp, BlendPart)

BEGIN_TILING_DATA_DEF(BlendTilingData)
TILING_DATA_FIELD_DEF_STRUCT(BlendPart, part);
TILING_DATA_FIELD_DEF(float, weight);
END_TILING_DATA_DEF;
REGISTER_TILING_DATA_CLASS(BlendCustom, BlendTilingData)
}  // namespace optiling
