// SPDX-License-Identifier: Apache-2.0
#pragma once

// The machine that runs tile programs: all cores of one device at once, with shared L2 and HBM.
//
// A core is a set of named in-order pipes and a scalar unit. Its program is a function that runs in a fiber and
// issues instructions in program order; the fiber is resumed when the scalar unit would issue next. An
// instruction starts when its pipe is free, the scalar unit has issued it and all the flags it waits for are
// set; when it ends it sets flags. That part is pure dataflow and is resolved eagerly, ahead of the clock.
// Only transfers through shared memory meet other cores; they are the events of the simulation.
//
// What it leaves out: instruction fetch, bank conflicts inside a core (the emitter charges them as cycles),
// NoC topology, ECC and refresh (inside the attained bandwidth).

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/document.h"
#include "base/flow.h"
#include "base/units.h"

namespace etalon::chip {

using PipeId = std::uint8_t;
using FlagId = std::int16_t;  // flags are tokens: a set adds one, a wait consumes one, in order
inline constexpr FlagId kNoFlag = -1;
using Address = std::uint64_t;

// A rectangle of device memory: `rows` rows of `row_bytes`, `pitch` bytes apart, from `address`.
// The address must lie in a buffer made with Machine::allocate.
struct Region {
  Address address = 0;
  std::int64_t rows = 1;
  std::int64_t row_bytes = 0;
  std::int64_t pitch = 0;
  std::int64_t bytes() const { return rows * row_bytes; }
};

enum class Access : std::uint8_t { none, read, write };

struct Instruction {
  PipeId pipe = 0;
  Access access = Access::none;
  bool bypass_l2 = false;        // stream past L2 (no allocation)
  std::uint8_t path = 0;         // which transfer path of the spec (MachineSpec::paths)
  FlagId wait[3] = {kNoFlag, kNoFlag, kNoFlag};
  FlagId set[2] = {kNoFlag, kNoFlag};
  std::uint16_t place = 0;       // where in the program, as the emitter numbers it, for RunStats::places; 0: nowhere
  double cycles = 0;             // pipe occupancy that does not depend on memory (issue, rows, compute)
  double idle_cycles = 0;        // more occupancy if the pipe had run empty before this (start-up, drain); not for transfers
  double flops = 0;              // for energy and reports
  double extra_bytes = 0;        // moved besides the region because rows are unaligned (added to the flow)
  double port_bytes = 0;         // requests besides data (one a row): occupy port and L2, never HBM
  Region region;                 // access != none
  const char* name = "";         // static string, for timelines
};

// One transfer path between shared memory and a core (GM->L1, GM->UB, UB->GM, TMA load, store ...).
struct PathSpec {
  std::string name;
  Cycles latency_hit, latency_miss;   // from start until data flows, L2 hit / miss
  BytesPerSecond core_hit, core_miss; // most one core's port can take, data in L2 / from HBM
  int in_flight = 1;                  // transfers whose latency may overlap; 1: next starts when the last has ended
  int hit_class = 0;                  // index of the L2 channel used (MachineSpec::l2_rates)
  // A port that has been idle takes the first `window` bytes at core_burst, before its limit on outstanding
  // requests is felt; the window fills again at core_hit while the port is idle. 0: none.
  Bytes window{0};
  BytesPerSecond core_burst{0};
  double hbm_cost = 1;                // HBM time of a byte on this path over that of a long stream's
  Bytes in_flight_bytes{0};           // a transfer starts only while fewer bytes than these are under way; 0: no limit
};

struct MachineSpec {
  int cores = 0;
  std::vector<std::string> pipes;     // names; PipeId indexes it
  int flags = 0;                      // flags per core
  int queue_depth = 32;               // instructions waiting per pipe
  std::size_t stack_bytes = 64 * 1024;  // host stack of a core's fiber
  Hertz clock;
  std::vector<PathSpec> paths;
  std::vector<BytesPerSecond> l2_rates;  // shared by all cores, per class of path (e.g. to cube / to vector cores)
  BytesPerSecond hbm_rate;               // attained, long bursts
  double hbm_write_cost = 1;             // a byte written takes the time of so many read (bus turnaround)
  // Fraction of hbm_rate attained by bursts of up to `row_bytes` contiguous bytes; ascending; last applies above.
  struct Burst { std::int64_t row_bytes; double fraction; };
  std::vector<Burst> hbm_bursts;
  Bytes l2_capacity;                     // effective, for reuse
  std::int64_t l2_block = 16384;         // equal to l2_line: every line for itself, exact and slow
  std::int64_t l2_line = 128;
  int l2_partitions = 1;                 // parts of L2, each serving the cores near it (see Core::l2_partition)
  bool l2_random_replacement = false;    // else least recently used
  // Slices of L2; 0: not modelled. Addresses are dealt to them in granules (chip/l2_slices.h).
  int l2_slices = 0;
  BytesPerSecond l2_slice_rate;          // all slices together
  Bytes l2_granule;
};

struct PipeStats {
  Seconds busy_mean, busy_max;   // over cores that issued to the pipe
  Seconds wait_flag, wait_scalar, wait_memory;  // why the pipe's head did not start, mean over the same cores
  std::int64_t instructions = 0;
};

// The instructions of one place: what they kept their pipe busy and why they did not start, summed over cores.
struct PlaceStats {
  std::uint16_t place = 0;
  PipeId pipe = 0;
  const char* name = "";
  Seconds busy, wait_flag, wait_scalar, wait_memory;
  std::int64_t instructions = 0;
  int cores = 0;  // that issued any of them
};

struct RunStats {
  Seconds time;                  // last core's end (no launch cost)
  Seconds core_mean;             // mean over cores of each core's own end: what Ascend profilers print
  std::vector<PipeStats> pipes;
  std::int64_t instructions = 0;
  Flops flops;
  Bytes hbm_read, hbm_written, l2_read, l2_written;
  Seconds hbm_busy;              // time with any HBM flow
  std::string deadlock;          // not empty: cores that can never go on, and what they wait for
  Timeline timeline;             // if asked for
  std::vector<Flow> flows;       // with the timeline: flags, from the end that set one to the start that waited
  std::vector<PlaceStats> places;  // of instructions that have a place, ascending
};

class Core;  // handed to programs

class Machine {
 public:
  explicit Machine(MachineSpec spec);
  ~Machine();
  Machine(const Machine&) = delete;

  // Reserves device address space. `pitch` > 0 declares rows, so that L2 blocks are rectangles of the matrix.
  Address allocate(std::int64_t bytes, std::int64_t pitch = 0);
  void free_all();

  using Program = std::function<void(Core&)>;
  // Runs `program` on cores [0, cores) to completion. L2 contents persist between runs.
  RunStats run(int cores, const Program& program, bool want_timeline = false);

  void flush_l2();                        // drops everything, dirty blocks too
  void touch(const Region&, bool dirty = false);  // makes a region most recently used in L2 without time
  Bytes l2_resident(const Region&) const;

  const MachineSpec& spec() const;
 private:
  friend class Core;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A program's view of its core. Calls cost nothing by themselves except scalar().
class Core {
 public:
  int index() const;
  void issue(const Instruction& instruction);   // suspends while the pipe's queue is full
  void scalar(double cycles);                   // the scalar unit is busy: later issues happen later
  void wait_flag(FlagId flag);                  // the scalar unit waits; the fiber resumes at that simulated time
  void set_flag(FlagId flag);                   // by the scalar unit, now
  void drain();                                 // wait until every pipe of this core is empty (PipeBarrier<ALL>)
  // Sets a flag of another core when everything issued to `pipe` so far has ended, `latency` later.
  void signal(int core, FlagId flag, PipeId pipe, Cycles latency);
  // Waits for all `count` cores that call barrier() with the same id (SyncAll).
  void barrier(int id, int count, Cycles latency);
  // Takes the next number of a shared counter in simulated time order (dynamic tile schedulers).
  std::int64_t next(int counter);
  double now_cycles() const;                    // scalar time of this core
  // The part of L2 this core reads and writes through. Default: equal shares of the run's cores in order.
  void l2_partition(int partition);
  // The name of this core in timelines; empty: not shown. Default: "core0" and "core1", no others.
  void timeline_name(const std::string& name);
  void* user = nullptr;                         // for emitters: per-core state

 private:
  friend class Machine;
  friend struct Machine::Impl;
  void* impl_ = nullptr;
  int index_ = 0;
};

}  // namespace etalon::chip
