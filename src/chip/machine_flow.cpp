// SPDX-License-Identifier: Apache-2.0
// Flags, pipes and transfers: how instructions start and end, and how data moves.

#include <fmt/format.h>

#include "chip/machine_impl.h"

namespace etalon::chip {

namespace {
Ending ending_of(const Queued& q) {
  return {q.instruction.set[0], q.instruction.set[1], q.remote_flag, q.remote_core, q.remote_latency};
}
}  // namespace

void Machine::Impl::set_flag(std::int32_t core, FlagId flag, Picoseconds time) {
  CoreState& c = cores[core];
  if (static_cast<std::size_t>(flag) >= c.flags.size()) throw std::logic_error("flag id out of range");
  Flag& f = c.touch(flag);
  f.tokens.push(time);
  if (f.waiting_pipe >= 0) {
    c.work.push_back(f.waiting_pipe);
    f.waiting_pipe = -1;
  } else if (f.waiting_fiber) {
    f.waiting_fiber = false;
    if (timeline) record_wait(core, flag, {}, time);
    c.scalar = std::max(c.scalar, f.tokens.front());
    f.tokens.pop();
    c.state = FiberState::event;
    events.push(std::max(now, c.scalar), {Event::Kind::resume, core});
  }
}

void Machine::Impl::finish(std::int32_t core, const Ending& e, Picoseconds end) {
  if (e.set0 != kNoFlag) set_flag(core, e.set0, end);
  if (e.set1 != kNoFlag) set_flag(core, e.set1, end);
  if (e.remote_core >= 0) {
    set_flag(e.remote_core, e.remote_flag, end + e.remote_latency);
    if (e.remote_core != core) drain_work(e.remote_core);
  }
  cores[core].end = std::max(cores[core].end, end);
}

void Machine::Impl::record_span(std::int32_t core, PipeId pipe, const char* name, Picoseconds start,
                                Picoseconds end) {
  if (cores[core].lane.empty() || stats.timeline.spans.size() >= kMaximumSpans) return;
  stats.timeline.spans.push_back({lane_of(core, pipe), name, static_cast<double>(start) * 1e-6,
                                  static_cast<double>(end - start) * 1e-6});
}

std::string Machine::Impl::lane_of(std::int32_t core, PipeId pipe) const {
  const std::string& name = cores[core].lane;
  return name.empty() ? name : fmt::format("{}.{}", name, spec.pipes[pipe]);
}

void Machine::Impl::record_set(std::int32_t core, FlagId flag, const std::string& lane, Picoseconds end) {
  setters[{core, flag}].push({lane, end});
}

void Machine::Impl::record_sets(std::int32_t core, PipeId pipe, const Ending& e, Picoseconds end) {
  const std::string lane = lane_of(core, pipe);
  if (e.set0 != kNoFlag) record_set(core, e.set0, lane, end);
  if (e.set1 != kNoFlag) record_set(core, e.set1, lane, end);
  if (e.remote_core >= 0) record_set(e.remote_core, e.remote_flag, lane, end);
}

void Machine::Impl::record_waits(std::int32_t core, PipeId pipe, const Instruction& i, Picoseconds start) {
  const std::string lane = lane_of(core, pipe);
  for (FlagId w : i.wait) {
    if (w != kNoFlag) record_wait(core, w, lane, start);
  }
}

void Machine::Impl::note_place(std::int32_t core, PipeId pipe, const Instruction& i) {
  if (i.place >= places.size()) places.resize(i.place + std::size_t{1});
  Place& place = places[i.place];
  ++place.instructions;
  place.pipe = pipe;
  place.name = i.name;
  place.cores.resize(cores.size());
  place.cores[static_cast<std::size_t>(core)] = true;
}

void Machine::Impl::record_wait(std::int32_t core, FlagId flag, const std::string& lane, Picoseconds start) {
  Ring<Setter>& all = setters[{core, flag}];
  if (all.empty()) return;
  const Setter& from = all.front();
  if (!from.lane.empty() && !lane.empty() && stats.flows.size() < kMaximumFlows) {
    stats.flows.push_back(
        {from.lane, static_cast<double>(from.end) * 1e-6, lane, static_cast<double>(start) * 1e-6});
  }
  all.pop();
}

// Starts as many instructions of the pipe as their flags allow; stops at the first that must wait.
void Machine::Impl::advance_pipe(std::int32_t core, PipeId id) {
  CoreState& c = cores[core];
  Pipe& pipe = c.pipes[id];
  while (!pipe.queue.empty()) {
    Queued& q = pipe.queue.front();
    const Instruction& i = q.instruction;
    Picoseconds tokens = 0;
    for (FlagId w : i.wait) {
      if (w == kNoFlag) continue;
      Flag& f = c.flags[w];
      if (f.tokens.empty()) {
        c.touch(w).waiting_pipe = id;
        return;
      }
      tokens = std::max(tokens, f.tokens.front());
    }
    const bool is_transfer = i.access != Access::none;
    if (is_transfer && (pipe.outstanding >= spec.paths[i.path].in_flight ||
                        (pipe.outstanding > 0 && spec.paths[i.path].in_flight_bytes.value > 0 &&
                         pipe.outstanding_bytes >= spec.paths[i.path].in_flight_bytes.value))) {
      pipe.memory_blocked = true;
      return;
    }
    // Behind transfers, an instruction of an in-order pipe, and every signal, waits for their ends.
    if (!is_transfer && pipe.outstanding > 0 && (pipe.serial || q.remote_core >= 0)) {
      pipe.memory_blocked = true;
      return;
    }
    const Picoseconds unblocked = pipe.memory_blocked ? std::max(pipe.free_at, now) : pipe.free_at;
    const Picoseconds start = std::max({unblocked, q.issued, tokens});
    for (FlagId w : i.wait) {
      if (w != kNoFlag) c.flags[w].tokens.pop();
    }
    if (timeline) record_waits(core, id, i, start);
    if (i.place != 0) note_place(core, id, i);
    if (start > pipe.last_end) {
      Spent* place = i.place != 0 ? &places[i.place] : nullptr;
      const auto wait = [&](Picoseconds Spent::* reason) {
        pipe.*reason += start - pipe.last_end;
        if (place != nullptr) place->*reason += start - pipe.last_end;
      };
      if (tokens >= q.issued && tokens > unblocked)
        wait(&Spent::wait_flag);
      else
        wait(q.issued > unblocked ? &Spent::wait_scalar : &Spent::wait_memory);
    }
    pipe.memory_blocked = false;
    ++pipe.instructions;
    stats.flops.value += i.flops;
    const Picoseconds end = start + duration(i.cycles + (start > pipe.last_end ? i.idle_cycles : 0.0));
    if (is_transfer) {
      begin_transfer(core, q, start);
      pipe.free_at = end;
      pipe.last_end = std::max(pipe.last_end, end);
      pop_queue(c, pipe, core, id, start);
      continue;
    }
    pipe.free_at = pipe.last_end = end;
    pipe.busy += end - start;
    if (i.place != 0) places[i.place].busy += end - start;
    if (i.cycles > 0) span(core, id, i.name, start, end);
    const Ending ending = ending_of(q);
    pop_queue(c, pipe, core, id, start);
    if (timeline) record_sets(core, id, ending, end);
    finish(core, ending, end);
  }
}

void Machine::Impl::pop_queue(CoreState& c, Pipe& pipe, std::int32_t core, PipeId id, Picoseconds start) {
  pipe.queue.pop();
  if (c.state == FiberState::queue_full && c.full_pipe == id) {
    c.scalar = std::max(c.scalar, start);
    c.state = FiberState::ready;
    ready.push_back(core);
  }
}

void Machine::Impl::begin_transfer(std::int32_t core, const Queued& q, Picoseconds start) {
  std::int32_t t;
  if (free_transfers.empty()) {
    t = static_cast<std::int32_t>(transfers.size());
    transfers.emplace_back();
  } else {
    t = free_transfers.back();
    free_transfers.pop_back();
  }
  Transfer& x = transfers[t];
  x.core = core;
  x.pipe = q.instruction.pipe;
  x.path = q.instruction.path;
  x.place = q.instruction.place;
  x.access = q.instruction.access;
  x.bypass_l2 = q.instruction.bypass_l2;
  x.region = q.instruction.region;
  x.cycles = q.instruction.cycles;
  x.extra_bytes = q.instruction.extra_bytes;
  x.port_bytes = q.instruction.port_bytes;
  x.name = q.instruction.name;
  x.ending = ending_of(q);
  x.start = start;
  x.pending = 0;
  x.dependents.clear();
  x.evicted_bytes = 0;
  x.fetches = false;
  Pipe& pipe = cores[core].pipes[x.pipe];
  pipe.serial = spec.paths[x.path].in_flight <= 1;
  if (pipe.outstanding++ == 0) pipe.outstanding_since = start;
  pipe.outstanding_bytes += static_cast<double>(x.region.bytes());
  ++cores[core].outstanding;
  events.push(std::max(now, start), {Event::Kind::begin_transfer, t});
}

// The request reaches L2: what is there, what must come from HBM, when data begins to flow.
void Machine::Impl::look_up(std::int32_t t) {
  Transfer& x = transfers[t];
  const bool write = x.access == Access::write;
  const auto found = l2.access(x.region, write, !x.bypass_l2, t, cores[x.core].l2_partition);
  x.miss_bytes = found.miss_bytes;
  x.hit_bytes = found.hit_bytes;
  x.evicted_bytes = found.evicted_dirty_bytes;
  x.fetches = found.miss_bytes > 0;
  const auto bytes = static_cast<double>(x.region.bytes());
  const double lines = x.miss_bytes + x.hit_bytes;
  // The core's port carries what was asked for (plus unaligned lines), whatever the sectors touched.
  const double share = lines > 0 ? x.hit_bytes / lines : 1.0;
  const double carried = bytes + x.extra_bytes;
  if (x.miss_bytes <= 0)
    x.hit_bytes = carried;
  else
    x.hit_bytes = share * carried;
  if (write && x.bypass_l2) {
    x.miss_bytes = carried;
    x.hit_bytes = 0;
  } else if (!write && x.miss_bytes > 0) {
    x.miss_bytes = std::max(x.miss_bytes, (1 - share) * carried);
  }
  (write ? stats.l2_written : stats.l2_read).value += x.hit_bytes;
  x.hit_bytes += x.port_bytes;
  x.use = {};
  if (slices.on() && !write && x.hit_bytes > 0) {
    x.use = slices.use(x.region, x.hit_bytes, x.miss_bytes > 0 ? share : 1.0);
    x.hit_bytes = x.use.bytes;
  }
  (write ? stats.hbm_written : stats.hbm_read).value += x.miss_bytes;
  stats.hbm_written.value += x.evicted_bytes;
  for (int i = 0; i < found.in_flight_count; ++i) {
    const std::int32_t other = found.in_flight[i];
    if (other == t) continue;
    transfers[other].dependents.push_back(t);
    ++x.pending;
  }
  const bool misses = x.fetches || found.in_flight_count > 0;
  const Picoseconds latency = misses ? latency_miss[x.path] : latency_hit[x.path];
  x.ready = x.start + duration(x.cycles) + latency;
  if (x.evicted_bytes > 0) {
    ++x.pending;
    start_flow(hbm, background_class, x.evicted_bytes * spec.hbm_write_cost, -2 - t);
  }
  ++x.pending;  // its own data
  Port& port = cores[x.core].ports[x.path];
  port.queue.push(t);
  if (!port.busy) feed_port(x.core, x.path);
}

void Machine::Impl::feed_port(std::int32_t core, std::uint8_t path) {
  Port& port = cores[core].ports[path];
  if (port.busy || port.queue.empty()) return;
  port.busy = true;
  const std::int32_t t = port.queue.front();
  const Picoseconds at = std::max({now, transfers[t].ready, port.free_at});
  if (at > now)
    events.push(at, {Event::Kind::start_flow, t});
  else
    flow(t);
}

void Machine::Impl::start_flow(engine::SharedBandwidth& channel, int flow_class, double bytes,
                               std::int32_t tag) {
  channel.start(now, flow_class, std::max(bytes, 1e-3), tag);
}

// Misses first, then hits: the phases add on one port. What its window still holds goes at the burst rate.
void Machine::Impl::flow(std::int32_t t) {
  Transfer& x = transfers[t];
  const PathSpec& path = spec.paths[x.path];
  Port& port = cores[x.core].ports[x.path];
  const bool miss = x.miss_bytes > 0;
  double& left = miss ? x.miss_bytes : x.hit_bytes;
  double bytes = left;
  bool burst = false;
  if (path.window.value > 0) {
    port.credit = std::min(path.window.value, port.credit + path.core_hit.value * 1e-12 *
                                                                static_cast<double>(now - port.credit_at));
    burst = port.credit >= 1.0 && (miss || x.use.weight == 0);
    if (burst) bytes = std::min(bytes, port.credit);
    port.credit -= burst ? bytes : 0.0;
    port.credit_at = now;
  }
  left = burst ? left - bytes : 0.0;
  if (miss) {
    start_flow(hbm, burst ? miss_burst_class[x.path] : miss_class[x.path],
               bytes / burst_fraction(x.region.row_bytes) *
                   (x.access == Access::write ? spec.hbm_write_cost : path.hbm_cost),
               t);
  } else {
    auto& channel = l2_channels[path.hit_class];
    int flow_class = burst ? hit_burst_class[x.path] : hit_class[x.path];
    if (x.use.bytes > 0)
      flow_class = slices.flow_class(channel, x.path, burst, burst ? path.core_burst : path.core_hit, x.use);
    start_flow(channel, flow_class, bytes, t);
  }
}

void Machine::Impl::flow_ended(std::int32_t tag) {
  if (tag <= -2) {
    settle(-2 - tag);
    return;
  }
  Transfer& x = transfers[tag];
  cores[x.core].ports[x.path].credit_at = now;  // no credit for time the port was busy
  if (x.hit_bytes > 0 || x.miss_bytes > 0) {
    flow(tag);
    return;
  }
  Port& port = cores[x.core].ports[x.path];
  port.queue.pop();
  port.busy = false;
  port.free_at = now;
  const auto core = x.core;
  const auto path = x.path;
  settle(tag);
  feed_port(core, path);
}

void Machine::Impl::settle(std::int32_t t) {
  if (--transfers[t].pending > 0) return;
  end_transfer(t);
}

void Machine::Impl::end_transfer(std::int32_t t) {
  {
    Transfer& x = transfers[t];
    if (x.fetches) l2.fetched(t);
    CoreState& c = cores[x.core];
    Pipe& pipe = c.pipes[x.pipe];
    --c.outstanding;
    if (--pipe.outstanding == 0) pipe.busy += now - pipe.outstanding_since;
    pipe.outstanding_bytes -= static_cast<double>(x.region.bytes());
    // Transfers overlap: each is given the time by which it goes on longer than those before.
    if (x.place != 0 && now > pipe.last_end) places[x.place].busy += now - std::max(pipe.last_end, x.start);
    if (timeline) record_sets(x.core, x.pipe, x.ending, now);
    pipe.last_end = std::max(pipe.last_end, now);
    span(x.core, x.pipe, x.name, x.start, now);
    if (pipe.memory_blocked) c.work.push_back(x.pipe);
  }
  const std::int32_t core = transfers[t].core;
  const Ending ending = transfers[t].ending;
  if (transfers[t].dependents.empty()) {
    free_transfers.push_back(t);
    finish(core, ending, now);
    drain_work(core);
  } else {
    std::vector<std::int32_t> dependents;
    dependents.swap(transfers[t].dependents);
    free_transfers.push_back(t);
    finish(core, ending, now);
    drain_work(core);
    for (std::int32_t d : dependents) settle(d);
  }
  wake_if_drained(core);
}

bool Machine::Impl::is_drained(const CoreState& c) const {
  if (c.outstanding > 0) return false;
  return std::all_of(c.pipes.begin(), c.pipes.end(), [](const Pipe& p) { return p.queue.empty(); });
}

void Machine::Impl::scalar_past_pipes(CoreState& c) const {
  for (const auto& p : c.pipes) c.scalar = std::max({c.scalar, p.free_at, p.last_end});
}

void Machine::Impl::wake_drained(std::int32_t core) {
  CoreState& c = cores[core];
  if (!is_drained(c)) return;
  scalar_past_pipes(c);
  c.state = FiberState::ready;
  ready.push_back(core);
}

}  // namespace etalon::chip
