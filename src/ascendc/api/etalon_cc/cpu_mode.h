// SPDX-License-Identifier: Apache-2.0
#pragma once

// Included first where kernels are plain C++ of the host's compiler (tikicpulib): the words that are not C++.

#include <stddef.h>
#include <stdint.h>

#define __vector__
#define __cube__
#define __mix__(cubes, vectors)
#define __schedmode__(mode)
#define __local__
#define __ssbuf__
#include "tiling.h"
