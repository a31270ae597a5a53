// SPDX-License-Identifier: Apache-2.0
#pragma once

// The Ascend C programming interface, as device code includes it.

#include "ascendc/allocator.h"
#include "ascendc/arrange.h"
#include "ascendc/between_cores.h"
#include "ascendc/buffer_pool.h"
#include "ascendc/constants.h"
#include "ascendc/copy.h"
#include "ascendc/cube.h"
#include "ascendc/debug.h"
#include "ascendc/formats.h"
#include "ascendc/intrinsics.h"
#include "ascendc/intrinsics_cube.h"
#include "ascendc/intrinsics_select.h"
#include "ascendc/pipe.h"
#include "ascendc/reduce.h"
#include "ascendc/scalar.h"
#include "ascendc/slices.h"
#include "ascendc/system.h"
#include "ascendc/tensor_list.h"
#include "ascendc/tensor_operators.h"
#include "ascendc/vector.h"
#include "ascendc/vector_select.h"
#include "lib/families.h"
#if defined(__NPU_ARCH__) && __NPU_ARCH__ == 3510
#include "reg/reg.h"
#endif
