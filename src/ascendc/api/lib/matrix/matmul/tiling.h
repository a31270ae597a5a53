// SPDX-License-Identifier: Apache-2.0
#pragma once

// Another name under which sources include the tiling of Matmul objects.

#include "kernel_tiling/kernel_tiling.h"
