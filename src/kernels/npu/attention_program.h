// SPDX-License-Identifier: Apache-2.0
#pragma once

// Flash attention on an Ascend device: one cube core and its two vector cores work on one block of query
// rows. The cube core multiplies Q K^T and P V, the vector cores do the softmax and add up the output. On
// dav-c220 they exchange S, P and partial outputs through L2, each hand-over a flag between cores; on
// dav-3510 FixPipe writes into the vector cores' UB and P goes back from UB to L1.
//
// Left out: dropout, the mask's values (masked tiles are skipped, tiles on the diagonal cost a full tile).

#include <cstdint>
#include <vector>

#include "chip/machine.h"
#include "chip/npu_costs.h"

namespace etalon::kernels {

// One block of query rows against `tiles` tiles of keys that start at tile `first`.
struct AttentionUnit {
  std::int64_t head = 0;  // of keys and values, batch included
  std::int64_t tiles = 0, first = 0;
};

struct NpuAttention {
  std::int64_t rows = 128;  // query rows of one unit (heads that share keys count as rows)
  std::int64_t keys = 128;  // keys of one tile
  std::int64_t depth = 128, depth_v = 128;
  std::int64_t heads = 1, seq_kv = 0;  // of keys and values in memory, batch included
  double element = 2;                  // bytes
  double macs_per_cycle = 4096;
  bool backward = false;
  bool direct = false;    // cube results go to UB without L2 (dav-3510)
  int vector_issue = 1;   // vector instructions issued per cycle
  int more_passes = 0;    // passes over S beyond the least (masks and scores that a general operator applies)
  bool resident = false;  // keys and values lie in L2 before
  std::vector<std::vector<AttentionUnit>> work;  // per cube core
};

// Runs the blocks once. The machine's cores: cube core i, then its vector cores blocks + 2 i and blocks + 2 i
// + 1.
chip::RunStats run_attention(chip::Machine& machine, const chip::NpuCosts& costs,
                             const NpuAttention& attention, bool want_timeline = false);

}  // namespace etalon::kernels
