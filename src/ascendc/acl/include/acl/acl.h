/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* AscendCL, the host's side of an Ascend program. */

#include "acl_base.h"
#include "acl_rt.h"

#ifdef __cplusplus
extern "C" {
#endif

/* `config` names a JSON file of the vendor's runtime; it is accepted and not read. */
aclError aclInit(const char* config);
aclError aclFinalize(void);

#ifdef __cplusplus
}
#endif
