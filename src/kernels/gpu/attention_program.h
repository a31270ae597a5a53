// SPDX-License-Identifier: Apache-2.0
#pragma once

// Attention as tile programs on the simulated chip. One persistent block of threads per SM takes work items
// from a shared counter. A producer streams key and value blocks through a ring of stages; groups of 64 query
// rows take turns on the tensor cores (first product, then the second of the block before), and each runs its
// softmax while the others multiply. Ends of items are chains of dependent latencies: fetch, queries, first
// keys, output.
//
// What it leaves out: registers, barriers inside a group (in the cycles of its softmax), and which page a key
// lies on (rows of a head are one run of addresses).

#include "chip/machine.h"
#include "kernels/gpu/attention_job.h"

namespace etalon::kernels::gpu {

struct AttentionRun {
  double seconds = 0;
  chip::RunStats stats;
  double simulated = 1;  // share of the items that were simulated; the rest follows by the closed form
};

// The machine for attention: its own pipes, the memory as streams see it, L2 as replays find it.
chip::MachineSpec attention_machine(const catalog::Chip& chip, const DeviceFacts& device, double rate,
                                    std::vector<std::string> pipes, int flags, int stages);
// Marks the share of a buffer that earlier replays left in L2.
void touch_share(chip::Machine& machine, chip::Address at, double bytes, double share, bool dirty);

AttentionRun simulate_attention(const catalog::Chip& chip, const DeviceFacts& device, const AttentionJob& job,
                                bool want_timeline);

}  // namespace etalon::kernels::gpu
