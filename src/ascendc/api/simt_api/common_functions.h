// SPDX-License-Identifier: Apache-2.0
#pragma once

#error "etalon: SIMT functions (simt_api) are not available; write vector code with RegTensor or LocalTensor"
