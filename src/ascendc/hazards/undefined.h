// SPDX-License-Identifier: Apache-2.0
#pragma once

// Undefined bytes (never written, or computed from such) on their way through an instruction. Reading them is
// no mistake by itself: kernels compute on whole blocks and throw the rest away, and leave such rests in
// their workspaces. It is one where they get out: into results or into the scalar unit.
//
// Only instructions that read undefined bytes come here; data movement is followed byte by byte, element-wise
// operations and reductions element by element, products by rows and columns.

#include <array>
#include <vector>

#include "ascendc/hazards/footprint.h"

namespace etalon::ascendc::hazards {

// What of the undefined gets out into device memory.
struct Escape {
  enum class Kind : std::uint8_t {
    none,
    padding,  // less than 32 bytes at the end of a row that begins defined: what a transfer of blocks rounds
              // up
    tail,     // more than that
    data,     // from the start of a row, or with defined bytes after it
  } kind = Kind::none;
  std::uint64_t begin = 0, end = 0;  // addresses in device memory
};

// Sort32 and MrgSort: scores decide where pairs come to lie, indices go with them. `undefined` and `ub` are
// UB before the instruction, one byte for each of its; without data (null) all of the result is undefined.
void carry_sorted(const etalon_asc_vector& v, std::uint8_t* undefined, const std::byte* ub,
                  const etalon_asc_core& core);

class UndefinedBytes {
 public:
  explicit UndefinedBytes(Shadow& shadow) : shadow_(shadow) {}

  // Carries undefined bytes from what is read to what is written; afterwards `of` tells for local operands
  // which bytes become undefined, and the result what escapes.
  using CellsOf = std::function<Shadow::Cells&(int core, int space)>;
  Escape carry(const InstructionEvent& e, const Footprint& footprint, const CellsOf& cells,
               const LocalBytes& ub);
  // Rows in device memory that hold undefined bytes after the last `carry`, one byte for each of theirs.
  struct DeviceRow {
    std::uint64_t address = 0;
    std::vector<std::uint8_t> bytes;
  };
  const std::vector<DeviceRow>& device_rows() const { return device_rows_; }
  // One byte for each of the memory's bytes, from its start.
  const std::uint8_t* of(const Operand& operand, int core);

 private:
  std::uint8_t* image(int core, int space);
  void vector(const etalon_asc_vector& v, std::uint8_t* ub, const LocalBytes& bytes,
              const etalon_asc_core& core);
  Escape move(const InstructionEvent& e, const Footprint& footprint);
  void store_row(const std::uint8_t* bytes, std::int64_t count, std::uint64_t to, Escape& escape);
  Escape fixpipe(const InstructionEvent& e, const Footprint& footprint);

  Shadow& shadow_;
  struct Image {
    int core = -1, space = -1;
    std::vector<std::uint8_t> bytes;
  };
  std::array<Image, 4> images_;
  std::size_t images_used_ = 0;
  std::vector<DeviceRow> device_rows_;
};

}  // namespace etalon::ascendc::hazards
