// SPDX-License-Identifier: Apache-2.0
#pragma once

// Who watches the one instruction stream of a launch: hazard checks, profiles. Called in program order per
// core.

#include <cstdint>

#include "ascendc/api/ascendc/abi.h"

namespace etalon::ascendc {

struct LocalRange {
  EtalonAscSpace space = kAscUb;
  std::uint32_t begin = 0, end = 0;  // bytes
  bool write = false;
};

struct InstructionEvent {
  enum class Kind : std::uint8_t { instruction, set_flag, wait_flag, pipe_barrier } kind = Kind::instruction;
  int core = 0;
  EtalonAscPipe pipe = kAscPipeS, other = kAscPipeS;  // flags: from, to
  int flag_id = 0;
  const char* name = "";
  LocalRange ranges[4];
  int range_count = 0;
  const void* gm = nullptr;  // device side, if any
  std::int64_t gm_bytes = 0;
  bool gm_write = false;
};

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_instruction(const InstructionEvent&) = 0;
};

}  // namespace etalon::ascendc
