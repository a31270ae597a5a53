// SPDX-License-Identifier: Apache-2.0
#pragma once

// Who watches the one instruction stream of a launch: hazard checks, profiles. Called in program order per
// core, always from the thread that launched.

#include <cstdint>
#include <string>

#include "ascendc/api/ascendc/abi.h"

namespace etalon::ascendc {

class Device;

struct LocalRange {
  EtalonAscSpace space = kAscUb;
  std::uint32_t begin = 0, end = 0;  // bytes
  bool write = false;
};

// Where device code called the runtime: the return address, and the caller's frame pointer if its code keeps
// frame pointers (else anything). Valid during the call only; `stack_end` bounds a walk up the frames.
struct CallPlace {
  const void* address = nullptr;
  const void* frame = nullptr;
  const void* stack_end = nullptr;
};

struct InstructionEvent {
  enum class Kind : std::uint8_t {
    instruction,
    set_flag,
    wait_flag,
    pipe_barrier,
    block_begin,
    block_end,
    cross_set,         // one receiver: other_core; mode 0: -1, all cores of the kind
    cross_wait_begin,  // the scalar unit comes to the wait
    cross_wait,        // the wait is over; one per counter that was waited for
    sync_arrive,       // SyncAll, and the wait of mode 0
    sync_leave,
    queue,  // note of a TPipe or TQue: queue_what and below
  } kind = Kind::instruction;
  enum class Descriptor : std::uint8_t { none, vector, move, load, mmad, fixpipe, registers };

  int core = 0;
  EtalonAscPipe pipe = kAscPipeS, other = kAscPipeS;  // flags: from, to
  int flag_id = 0;
  const char* name = "";
  LocalRange ranges[4];
  int range_count = 0;
  const void* gm = nullptr;  // device side, if any
  std::int64_t gm_bytes = 0;
  bool gm_write = false;

  CallPlace place;
  std::uint32_t block = 0, sub_block = 0;  // as GetBlockIdx and GetSubBlockIdx say
  bool is_cube = false;
  bool by_queue = false;                 // a flag that a TQue sets or waits for
  std::uint8_t atomic = kAscAtomicNone;  // mode of what is written to device memory
  Descriptor descriptor_kind = Descriptor::none;
  const void* descriptor = nullptr;  // etalon_asc_vector and so on; its pointers are valid during the call
  const etalon_asc_core* core_state = nullptr;
  // Flags between cores: mode, receiver and its counter; cores that meet at a SyncAll and where.
  int mode = 0, other_core = -1, counter = 0, count = 0;
  // Queues.
  int queue_what = 0;  // EtalonAscQueueNote
  const void* queue = nullptr;
  int space = 0, depth = 0;
  std::uint32_t offset = 0, bytes = 0;
};

struct LaunchShape {
  const Device* device = nullptr;
  int blocks = 0, machine_blocks = 0;  // of the grid; run at a time
  int cubes = 0, vectors = 0, sub_blocks = 0;
  bool functional = false;
};

// A core did what it must not, which ends the kernel.
struct FaultEvent {
  std::string code, message;
  int core = 0;
  CallPlace place;
};

struct LaunchEnd {
  std::string code, message;  // "ascendc.deadlock" if it hangs, else of the fault; empty: it came to its end
};

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_launch(const LaunchShape&) {}
  virtual void on_instruction(const InstructionEvent&) = 0;
  virtual void on_fault(const FaultEvent&) {}
  virtual void on_end(const LaunchEnd&) {}
};

}  // namespace etalon::ascendc
