// SPDX-License-Identifier: Apache-2.0
#pragma once

// Footprints of the cube's instructions, and what they share with the others.

#include "ascendc/hazards/footprint.h"

namespace etalon::ascendc::hazards {

inline std::uint64_t address(const void* gm) { return reinterpret_cast<std::uintptr_t>(gm); }

inline void add_rows(Operand& o, std::uint64_t begin, std::int64_t rows, std::int64_t bytes,
                     std::int64_t pitch) {
  for (std::int64_t r = 0; r < rows; ++r)
    o.add(begin + static_cast<std::uint64_t>(r * pitch), static_cast<std::uint64_t>(bytes));
}

void load(const InstructionEvent& e, Footprint& out);  // L1 to L0A, L0B
void mmad(const InstructionEvent& e, Footprint& out);
void fixpipe(const InstructionEvent& e, const Partners& partners, Footprint& out);

}  // namespace etalon::ascendc::hazards
