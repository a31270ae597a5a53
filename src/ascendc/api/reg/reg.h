// SPDX-License-Identifier: Apache-2.0
#pragma once

// The register-based vector interface of the 950 (dav-3510): AscendC::Reg, by its older name AscendC::MicroAPI.

#include "arrange.h"
#include "reduce.h"
#include "unaligned.h"
