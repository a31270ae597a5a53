// SPDX-License-Identifier: Apache-2.0
#pragma once

// Another name under which sources include the interface.

#include "kernel_operator.h"
