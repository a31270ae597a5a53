// SPDX-License-Identifier: Apache-2.0
#pragma once

// A streaming kernel as what it moves and computes per element.

#include "kernels/gpu/vector_device.h"

namespace etalon::kernels::gpu {

struct StreamShape {
  double read = 0, written = 0;  // bytes
  double elements = 0;
  double arithmetic = 0;  // fp32 instructions (FMA counts one) per element on CUDA cores
  double special = 0;     // special functions per element
  double passes = 1;      // dependent passes over a row (a reduction before the write)
  int chain = 0;          // dependent loads of small tables before a piece's address is known
  double window = 0;      // bytes of the larger operand one SM has in flight; 0: as many as its buffers hold
  int sms = 0;            // that take part; 0: all
};
StreamShape stream_shape(const llm::Vector& op);

struct StreamTime {
  double total = 0, launch = 0, memory = 0, compute = 0, ramp = 0;  // seconds
  double kept = 0;                                                  // share found in L2
};
// The kernel's body: what it streams, computes and waits for.
struct StreamBody {
  double seconds = 0, memory = 0, compute = 0, ramp = 0;
};
// `ratio` is the share of the declared memory rate that the kernel reaches, `kept` that of bytes in L2.
StreamBody stream_body(const DeviceFacts& device, const StreamShape& shape, double ratio, double kept);
StreamTime stream_formula(const DeviceFacts& device, const StreamShape& shape, double ratio,
                          const Harness& harness);

// Tuned or framework kernels, by the harness's software.
double stream_ratio(const DeviceFacts& device, const Harness& harness);

}  // namespace etalon::kernels::gpu
