// SPDX-License-Identifier: Apache-2.0
#pragma once

// Who touched which byte last: one cell of four bytes for each 32 bytes of memory, the number of a state that
// many cells share. A state lists accesses with the bytes they touched (the last write, reads since it by
// each pipe, atomic writes) and which bytes are undefined: never written, or computed from such.
//
// An instruction touches thousands of cells but few different states, so each step from state to state is
// worked out once per instruction and remembered. States and accesses that no cell names any more are
// collected now and then.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "ascendc/hazards/clocks.h"
#include "ascendc/hazards/sites.h"

namespace etalon::ascendc::hazards {

inline constexpr int kCell = 32;
enum class Touch : std::uint8_t { read, write, atomic };
using AccessId = std::uint32_t;  // 0: none
using StateId = std::uint32_t;

// One instruction as it touched memory.
struct Access {
  std::uint16_t core = 0;
  std::uint8_t pipe = 0;
  std::uint8_t atomic = 0;  // EtalonAscAtomic
  bool unit_flag = false;   // ordered with the other side of L0C by hardware
  Time time = 0;
  std::uint64_t read_end = 0;  // of a transfer from device memory: the address behind its last byte
  std::uint32_t sequence = 0;  // on its core, in program order
  std::uint32_t block = 0;
  SiteId site = 0;
  const char* name = "";
};

// Contiguous bytes, by offset in a local memory or by address in device memory.
struct Run {
  std::uint64_t begin = 0, bytes = 0;
};

// Two accesses that are not ordered, and the bytes they share.
struct Clash {
  AccessId before = 0;
  Touch before_touch = Touch::read;
  std::uint64_t begin = 0, end = 0;
};

// What an access met.
struct Meeting {
  std::vector<Clash> clashes;  // one per earlier access
  bool written = false;        // it read bytes that an instruction of this launch wrote
  bool undefined = false;      // it read bytes that are undefined
  std::uint64_t undefined_at = 0;
  AccessId origin = 0;  // which first read never-written bytes; 0: this one
};

// Device memory of which some bytes have never been written: a bit per byte, in storage of the owner's (which
// may be shared between processes and outlives launches).
struct WrittenBytes {
  const std::byte* base = nullptr;
  std::uint64_t bytes = 0;
  std::uint64_t* bits = nullptr;  // (bytes + 63) / 64 words
  void mark(const void* begin, std::uint64_t count);
  bool at(std::uint64_t offset) const { return (bits[offset / 64] >> (offset % 64) & 1) != 0; }
};

class Shadow {
 public:
  Shadow();
  void reset();
  void track(WrittenBytes written) { written_.push_back(written); }

  AccessId add(const Access& access);
  const Access& access(AccessId id) const { return accesses_[id]; }

  // Local memory of a core: cells exist from first use. `clear` makes all undefined and forgets accesses.
  using Cells = std::vector<StateId>;
  Cells& local(int core, int space, std::uint32_t bytes);
  void clear_local(int core);

  // Whether an earlier access is in order with the one that goes on now.
  using Ordered = std::function<bool(AccessId before, Touch before_touch)>;

  // The access touches the runs. `undefined`: bytes that become undefined, one byte each from `first` (a
  // local offset or device address); null: all defined.
  void touch(Cells* local, const std::vector<Run>& runs, Touch touch, AccessId by, const Ordered& ordered,
             Meeting& meeting, const std::uint8_t* undefined = nullptr, std::uint64_t first = 0,
             AccessId origin = 0);
  // One byte for each of [begin, begin + bytes): 0xff where undefined.
  void undefined_bytes(Cells* local, std::uint64_t begin, std::uint64_t bytes, std::uint8_t* out);

  void mark_written(const std::vector<Run>& device_runs);

 private:
  struct Entry {
    std::uint32_t mask = 0;
    AccessId access = 0;
    Touch touch = Touch::read;
  };
  struct State {
    std::uint32_t undefined = 0;
    AccessId origin = 0;
    bool live = false;
    std::vector<Entry> entries;
  };
  struct Step {  // a remembered transition
    std::uint64_t round = 0;
    StateId from = 0, to = 0;
    std::uint32_t mask = 0, undefined = 0;
    int clashes[2] = {-1, -1};  // indices in the meeting
    bool reads_undefined = false;
  };
  struct Pass {
    Touch touch;
    AccessId by, origin;
    const Ordered* ordered;
    Meeting* meeting;
  };
  static constexpr std::uint64_t kPageBytes = 64 * 1024;
  using Page = std::array<StateId, kPageBytes / kCell>;

  void cell(StateId& cell, std::uint32_t mask, std::uint32_t undefined, std::uint64_t address,
            const Pass& pass);
  void work_out(Step& step, std::uint64_t address, const Pass& pass);
  void extend(const Step& step, std::uint32_t mask, std::uint64_t address, const Pass& pass);
  StateId new_state();
  StateId undefined_state(std::uint32_t mask);
  Page& page(std::uint64_t number);
  void collect();

  std::vector<State> states_;
  std::vector<StateId> free_states_;
  std::vector<Access> accesses_;
  std::vector<AccessId> free_accesses_;
  std::size_t collect_at_ = 0;
  std::unordered_map<std::uint32_t, StateId> undefined_states_;
  std::unordered_map<int, Cells> locals_;  // core * kAscLocalSpaces + space
  std::unordered_map<std::uint64_t, std::unique_ptr<Page>> pages_;
  std::uint64_t last_page_ = ~std::uint64_t{0};
  Page* last_ = nullptr;
  std::vector<WrittenBytes> written_;
  static constexpr std::size_t kSteps = 1024;
  std::vector<Step> steps_;
  std::uint64_t round_ = 0;
};

}  // namespace etalon::ascendc::hazards
