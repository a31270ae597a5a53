// SPDX-License-Identifier: Apache-2.0
#pragma once

// Host side of the libraries: tilings, and how much temporary memory a call needs. Plain C++.

#include <stdint.h>
#include <string.h>

#include <algorithm>

#include "../../../api/kernel_tiling/kernel_tiling.h"
#include "library_sizes.h"
#include "matmul_tiling.h"
#include "reduce_sizes.h"
#include "row_tiling.h"
#include "softmax_tiling.h"
