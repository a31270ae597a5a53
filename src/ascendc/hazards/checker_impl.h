// SPDX-License-Identifier: Apache-2.0
#pragma once

// The checker's parts and what they share. Internal.

#include <deque>
#include <map>
#include <optional>
#include <unordered_map>

#include "ascendc/hazards/checker.h"
#include "ascendc/hazards/clocks.h"
#include "ascendc/hazards/footprint.h"
#include "ascendc/hazards/reports.h"
#include "ascendc/hazards/undefined.h"

namespace etalon::ascendc {

namespace hazards {

// A flag between two pipes of a core.
struct PipeFlag {
  bool set = false, by_queue = false;
  bool waited_early = false;  // a wait came before; the next set is its
  SiteId site = 0;
  std::uint32_t sequence = 0;
  PipeClock clock = {};
};

// The last flag waited for between two pipes, to tell a misplaced flag from a missing one.
struct LastWait {
  bool any = false;
  int id = 0;
  std::uint32_t waited = 0, set = 0;  // sequence numbers
  SiteId set_site = 0, wait_site = 0;
};

struct LocalBuffer {
  std::uint32_t begin = 0, end = 0;
};

struct QueueState {
  struct Slot {
    bool held = false, queued = false;
    SiteId site = 0;  // of the last operation
  };
  int depth = 0, waiting = 0;
  std::map<std::uint32_t, Slot> slots;  // by offset
};

struct Gathering {  // of cores that meet at SyncAll or by flags of mode 0
  Knowledge joined;
  int arrived = 0;
};

struct Core {
  Core(int core, int cores) : clocks(core, cores) {}
  CoreClocks clocks;
  std::uint32_t sequence = 0, block = 0;
  bool is_cube = false, in_block = false;
  std::int64_t blocks_begun = 0;
  SiteId last_site = 0;
  PipeFlag flags[kPipes][kPipes][8];
  LastWait waits[kPipes][kPipes];
  std::map<int, std::pair<Knowledge, SiteId>> mode_zero;  // by flag: set and not yet met
  std::map<int, std::shared_ptr<Gathering>> meets;        // by meeting: what it arrived at
  // What the scalar unit waits for; empty: it runs.
  std::string waits_for;
  SiteId waits_at = 0;
  std::vector<LocalBuffer> buffers[kAscLocalSpaces];  // by begin
  std::map<const void*, QueueState> queues;
  int buffer_count = 0;
  const void* destroyed = nullptr;  // the TPipe of the last Destroy, if nothing was initialised since
  SiteId destroyed_at = 0;
  const std::byte* ub = nullptr;  // contents, if there are data
  std::uint32_t ub_size = 0;
};

struct Token {
  Knowledge knowledge;
  SiteId site = 0;
  int flag = 0, mode = 0;
};

}  // namespace hazards

struct HazardChecker::Impl {
  explicit Impl(std::string name) : kernel(std::move(name)), undefined(shadow) {}

  std::string kernel;
  LaunchShape shape;
  hazards::Partners partners;
  hazards::Sites sites;
  hazards::Shadow shadow;
  hazards::UndefinedBytes undefined;
  hazards::Reports reports;
  std::deque<hazards::Core> cores;
  std::map<std::pair<int, int>, std::deque<hazards::Token>> tokens;  // by receiver and counter
  std::map<int, std::shared_ptr<hazards::Gathering>> open;           // meetings some have come to
  hazards::Footprint footprint;
  // Undefined bytes stored, by buffer; buffers that the kernel reads what it wrote from.
  struct Escaped {
    Severity severity = Severity::failure;
    std::string who, text;
    std::vector<std::uint32_t> blocks;
    int number = 0;
  };
  std::map<const std::byte*, std::map<hazards::Reports::Key, Escaped>> escaped;
  std::set<const std::byte*> workspaces;
  int escaped_count = 0;
  std::set<std::string> fault_codes;  // keys of reports point into them

  // Memory (checker.cpp).
  void instruction(hazards::Core& core, const InstructionEvent& e, hazards::SiteId site);
  void clashes(hazards::Core& core, const InstructionEvent& e, const hazards::Access& now,
               hazards::Touch touch, const hazards::Operand& operand, const hazards::Meeting& meeting);
  void came_out(hazards::Core& core, const InstructionEvent& e, hazards::SiteId site, const std::string& what,
                hazards::AccessId origin, Severity severity, int detail);
  void leaves(hazards::Core& core, const InstructionEvent& e, hazards::SiteId site,
              const hazards::Escape& escape, hazards::AccessId origin);
  void read_back(std::uint64_t address);
  void report_escaped();
  std::string undefined_text(const InstructionEvent& e, const std::string& what, const char* first) const;
  // Whether the instruction is about to write what already stands in [begin, end) of device memory.
  bool writes_the_same(const hazards::Core& core, const InstructionEvent& e, std::uint64_t begin,
                       std::uint64_t end) const;
  void advise_barrier(hazards::Core& core, const hazards::Access& before, const hazards::Access& now);
  hazards::Shadow::Cells& cells(int core, int space);
  std::string bytes_text(const hazards::Operand& operand, std::uint64_t begin, std::uint64_t end) const;

  // Flags and meetings (checker_sync.cpp).
  void set_flag(hazards::Core& core, const InstructionEvent& e, hazards::SiteId site);
  void wait_flag(hazards::Core& core, const InstructionEvent& e, hazards::SiteId site);
  void end_of_block(hazards::Core& core, const InstructionEvent& e);
  void cross_set(hazards::Core& core, const InstructionEvent& e, hazards::SiteId site);
  void cross_wait(hazards::Core& core, const InstructionEvent& e);
  void arrive(hazards::Core& core, const InstructionEvent& e, hazards::SiteId site);
  void leave(hazards::Core& core, const InstructionEvent& e);
  void stuck();
  void left_over_tokens();

  // Buffers, queues, alignment (checker_buffers.cpp).
  void queue(hazards::Core& core, const InstructionEvent& e, hazards::SiteId site);
  void queues_end(hazards::Core& core, const InstructionEvent& e);
  void bounds(hazards::Core& core, const InstructionEvent& e, hazards::SiteId site);
  void device_bounds(hazards::Core& core, const InstructionEvent& e, hazards::SiteId site,
                     const hazards::Operand& operand);
  void alignment(hazards::Core& core, const InstructionEvent& e, hazards::SiteId site);
  void overlap(hazards::Core& core, const InstructionEvent& e, hazards::SiteId site);

  // Who does something, for texts: "add, block 3 on vector core 3".
  std::string who(const hazards::Core& core) const;
  int index_of(const hazards::Core& core) const;
  // One finding of its key; `text` is made only for the first.
  template <class Text>
  void report(const hazards::Reports::Key& key, Severity severity, const hazards::Core& core, Text text) {
    if (reports.fresh(key, core.block, severity)) reports.add(key, severity, who(core), text());
  }
};

}  // namespace etalon::ascendc
