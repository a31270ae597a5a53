// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which values a kernel's template parameters take. A build that makes every instance in advance needs the list; here a
// launch, `kernel<K, SAFE><<<...>>>(...)`, makes the instance it names. So the lists declare nothing, and their
// entries, ASCENDC_TPL_UINT_DECL(K, ASCENDC_TPL_2_BW, ASCENDC_TPL_UI_LIST, 0, 1), ASCENDC_TPL_BOOL_SEL(SAFE, 0, 1), ...,
// are not read. GET_TPL_TILING_KEY is not there: how a key holds the values has no public description.
#define ASCENDC_TPL_ARGS_DECL(...)
#define ASCENDC_TPL_SEL(...)
