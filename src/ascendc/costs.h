// SPDX-License-Identifier: Apache-2.0
#pragma once

// How many cycles an instruction occupies its pipe, from its descriptor and the costs of the chip.

#include "ascendc/api/ascendc/abi.h"
#include "chip/npu_costs.h"

namespace etalon::ascendc {

using InstructionCosts = chip::NpuCosts;

const char* name_of(EtalonAscOp);
chip::VectorClass class_of(EtalonAscOp);
int bytes_of(int type);  // of one element; int4 counts as 1
inline std::int64_t bytes_of(int type, std::int64_t elements) {
  return type == kAscS4 ? (elements + 1) / 2 : elements * bytes_of(type);
}

// 256-byte repeats the instruction takes.
std::int64_t repeats_of(const etalon_asc_vector&);
// Occupancy without the start cost.
double vector_cycles(const etalon_asc_vector&, const InstructionCosts&);
// Of these, what two sources that share bank groups of UB cost.
double conflict_cycles(const etalon_asc_vector&, const InstructionCosts&);
double mmad_cycles(const etalon_asc_mmad&, const InstructionCosts&);  // without start and drain
// Bytes a row-wise transfer moves besides its own because rows begin inside a line.
double unaligned_bytes(std::uint64_t address, std::int64_t rows, std::int64_t row_bytes, std::int64_t pitch,
                       const InstructionCosts&);
double transfer_cycles(const chip::TransferCost&, std::int64_t rows);

}  // namespace etalon::ascendc
