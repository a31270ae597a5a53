// SPDX-License-Identifier: Apache-2.0
#pragma once

// The machine's insides. machine_flow.cpp moves instructions and data (flags, pipes, transfers), machine.cpp
// runs the fibers and the clock.

#include <exception>
#include <map>
#include <vector>

#include "chip/l2_cache.h"
#include "chip/l2_slices.h"
#include "chip/machine.h"
#include "chip/machine_state.h"
#include "engine/event_queue.h"
#include "engine/shared_bandwidth.h"

namespace etalon::chip {

struct Machine::Impl {
  explicit Impl(MachineSpec s)
      : spec(std::move(s)),
        l2({static_cast<std::int64_t>(spec.l2_capacity.value), spec.l2_block, spec.l2_line,
            spec.l2_partitions, spec.l2_random_replacement}),
        slices(spec),
        picoseconds_per_cycle(1e12 / spec.clock.value),
        hbm(spec.hbm_rate) {
    for (auto rate : spec.l2_rates) {
      l2_channels.emplace_back(rate);
      l2_channels.back().slices(spec.l2_slice_rate, spec.l2_slices);
    }
    for (const auto& p : spec.paths) {
      miss_class.push_back(hbm.add_class(p.core_miss));
      hit_class.push_back(l2_channels.at(p.hit_class).add_class(p.core_hit));
      const bool bursts = p.window.value > 0;
      miss_burst_class.push_back(bursts ? hbm.add_class(p.core_burst) : -1);
      hit_burst_class.push_back(bursts ? l2_channels.at(p.hit_class).add_class(p.core_burst) : -1);
      latency_hit.push_back(duration(p.latency_hit.value));
      latency_miss.push_back(duration(p.latency_miss.value));
    }
    background_class = hbm.add_class(spec.hbm_rate);
  }

  MachineSpec spec;
  L2Cache l2;
  L2Slices slices;
  double picoseconds_per_cycle;
  engine::SharedBandwidth hbm;
  std::vector<engine::SharedBandwidth> l2_channels;
  std::vector<int> miss_class, hit_class, miss_burst_class, hit_burst_class;
  std::vector<Picoseconds> latency_hit, latency_miss;
  int background_class = 0;

  std::vector<CoreState> cores;
  engine::EventQueue<Event> events;
  std::vector<std::int32_t> ready;  // fibers that may run now
  std::vector<Transfer> transfers;
  std::vector<std::int32_t> free_transfers;
  std::map<int, std::int64_t> counters;
  struct Barrier {
    int arrived = 0;
    Picoseconds latest = 0;
    std::vector<std::int32_t> waiting;
  };
  std::map<int, Barrier> barriers;
  Picoseconds now = 0;
  const Program* program = nullptr;
  bool abandoned = false;
  std::exception_ptr failure;
  bool timeline = false;
  std::map<std::pair<std::int32_t, FlagId>, Ring<Setter>> setters;  // timeline only
  std::vector<Place> places;
  RunStats stats;

  Picoseconds duration(double cycles) const {
    const double t = cycles * picoseconds_per_cycle - 1e-6;  // rounded up
    const auto down = static_cast<Picoseconds>(t);
    return down + (static_cast<double>(down) < t ? 1 : 0);
  }
  double burst_fraction(std::int64_t row_bytes) const {
    for (const auto& b : spec.hbm_bursts) {
      if (row_bytes <= b.row_bytes) return b.fraction;
    }
    return 1.0;
  }

  // --- flags ---------------------------------------------------------------------------------------------
  void set_flag(std::int32_t core, FlagId flag, Picoseconds time);
  void finish(std::int32_t core, const Ending& e, Picoseconds end);
  // --- pipes ---------------------------------------------------------------------------------------------
  void drain_work(std::int32_t core) {
    CoreState& c = cores[core];
    while (!c.work.empty()) {
      const auto p = c.work.back();
      c.work.pop_back();
      advance_pipe(core, static_cast<PipeId>(p));
    }
  }
  void span(std::int32_t core, PipeId pipe, const char* name, Picoseconds start, Picoseconds end) {
    if (timeline) record_span(core, pipe, name, start, end);
  }
  void record_span(std::int32_t core, PipeId pipe, const char* name, Picoseconds start, Picoseconds end);
  std::string lane_of(std::int32_t core, PipeId pipe) const;
  // Timeline only: a flag is set by a pipe (or by the scalar unit, `lane` empty), then waited for by one.
  void record_set(std::int32_t core, FlagId flag, const std::string& lane, Picoseconds end);
  void record_sets(std::int32_t core, PipeId pipe, const Ending& e, Picoseconds end);
  void record_wait(std::int32_t core, FlagId flag, const std::string& lane, Picoseconds start);
  void record_waits(std::int32_t core, PipeId pipe, const Instruction& i, Picoseconds start);
  void note_place(std::int32_t core, PipeId pipe, const Instruction& i);
  // Starts as many instructions of the pipe as their flags allow; stops at the first that must wait.
  void advance_pipe(std::int32_t core, PipeId id);
  void pop_queue(CoreState& c, Pipe& pipe, std::int32_t core, PipeId id, Picoseconds start);
  // --- transfers -----------------------------------------------------------------------------------------
  void begin_transfer(std::int32_t core, const Queued& q, Picoseconds start);
  // The request reaches L2: what is there, what must come from HBM, when data begins to flow.
  void look_up(std::int32_t t);
  void feed_port(std::int32_t core, std::uint8_t path);
  void start_flow(engine::SharedBandwidth& channel, int flow_class, double bytes, std::int32_t tag);
  // Misses first, then hits: the phases add on one port. What its window still holds goes at the burst rate.
  void flow(std::int32_t t);
  void flow_ended(std::int32_t tag);
  void settle(std::int32_t t);
  void end_transfer(std::int32_t t);
  bool is_drained(const CoreState& c) const;
  void scalar_past_pipes(CoreState& c) const;  // the scalar unit has waited for all that was issued
  void wake_if_drained(std::int32_t core) {
    if (cores[core].state == FiberState::drain) wake_drained(core);
  }
  void wake_drained(std::int32_t core);
  // --- fibers --------------------------------------------------------------------------------------------
  void suspend(CoreState& c, FiberState state);
  void resume(std::int32_t core);
  void start_fiber(std::int32_t core);
  void reset_core(std::int32_t index);
  void loop();
  std::string deadlock_text(int count) const;
  void unwind(int count);
  RunStats run(int count, const Program& p, bool want_timeline);
  void collect(int count);
};

}  // namespace etalon::chip
