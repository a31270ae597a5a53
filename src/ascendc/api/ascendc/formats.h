// SPDX-License-Identifier: Apache-2.0
#pragma once

// Formats of tensors, by the numbers the host interface gives them (ACL_FORMAT_...): macros, so that a kernel
// may ask in #if what a build has said of its operands (FORMAT_X).

#ifndef FORMAT_NCHW
#define FORMAT_NCHW 0
#endif
#ifndef FORMAT_NHWC
#define FORMAT_NHWC 1
#endif
#ifndef FORMAT_ND
#define FORMAT_ND 2
#endif
#ifndef FORMAT_NC1HWC0
#define FORMAT_NC1HWC0 3
#endif
#ifndef FORMAT_FRACTAL_Z
#define FORMAT_FRACTAL_Z 4
#endif
#ifndef FORMAT_FRACTAL_Z_C04
#define FORMAT_FRACTAL_Z_C04 13
#endif
#ifndef FORMAT_HWCN
#define FORMAT_HWCN 16
#endif
#ifndef FORMAT_NDHWC
#define FORMAT_NDHWC 27
#endif
#ifndef FORMAT_FRACTAL_NZ
#define FORMAT_FRACTAL_NZ 29
#endif
#ifndef FORMAT_NCDHW
#define FORMAT_NCDHW 30
#endif
#ifndef FORMAT_DHWCN
#define FORMAT_DHWCN 31
#endif
#ifndef FORMAT_NDC1HWC0
#define FORMAT_NDC1HWC0 32
#endif
#ifndef FORMAT_FRACTAL_Z_3D
#define FORMAT_FRACTAL_Z_3D 33
#endif
