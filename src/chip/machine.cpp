// SPDX-License-Identifier: Apache-2.0
#include "chip/machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <boost/context/fiber.hpp>
#include <cmath>
#include <deque>
#include <map>
#include <stdexcept>

#include "chip/l2_cache.h"
#include "engine/event_queue.h"
#include "engine/fiber_stack.h"
#include "engine/shared_bandwidth.h"

namespace etalon::chip {

namespace ctx = boost::context;

namespace {

constexpr std::size_t kMaximumSpans = 40000;
constexpr int kTimelineCores = 2;

// Thrown into a fiber that must unwind because the run failed.
struct Abandoned {};

// An instruction in its pipe's queue, with when the scalar unit issued it and whom it signals.
struct Queued {
  Instruction instruction;
  Picoseconds issued = 0;
  std::int32_t remote_core = -1;
  FlagId remote_flag = kNoFlag;
  Picoseconds remote_latency = 0;
};

// What happens when an instruction ends.
struct Ending {
  FlagId set0 = kNoFlag, set1 = kNoFlag, remote_flag = kNoFlag;
  std::int32_t remote_core = -1;
  Picoseconds remote_latency = 0;
};

template <class T>
class Ring {  // fixed-capacity queue
 public:
  void reserve(std::size_t capacity) { items_.resize(std::bit_ceil(capacity)); }
  bool empty() const { return head_ == tail_; }
  std::size_t size() const { return tail_ - head_; }
  T& front() { return items_[head_ & (items_.size() - 1)]; }
  void push(const T& item) {
    if (size() == items_.size()) grow();
    items_[tail_++ & (items_.size() - 1)] = item;
  }
  void pop() { ++head_; }
  void clear() { head_ = tail_ = 0; }

 private:
  void grow() {
    std::vector<T> bigger(items_.size() * 2);
    for (std::size_t i = head_; i != tail_; ++i) bigger[i - head_] = items_[i & (items_.size() - 1)];
    tail_ -= head_;
    head_ = 0;
    items_ = std::move(bigger);
  }
  std::vector<T> items_ = std::vector<T>(8);
  std::size_t head_ = 0, tail_ = 0;
};

struct Pipe {
  Ring<Queued> queue;
  Picoseconds free_at = 0;       // when the next instruction may start
  Picoseconds last_end = 0;
  std::int32_t outstanding = 0;  // transfers not yet ended
  Picoseconds outstanding_since = 0;
  double outstanding_bytes = 0;
  Picoseconds busy = 0, wait_flag = 0, wait_scalar = 0, wait_memory = 0;
  std::int64_t instructions = 0;
  bool memory_blocked = false;   // the head waits for a transfer to end
  bool serial = false;           // the transfers under way allow no overlap
};

struct Flag {
  Ring<Picoseconds> tokens;   // times of sets not yet consumed
  std::int16_t waiting_pipe = -1;
  bool waiting_fiber = false;
};

// The port of one core on one path: one flow at a time, in order; latencies overlap.
struct Port {
  Ring<std::int32_t> queue;
  Picoseconds free_at = 0, credit_at = 0;
  double credit = 1e18;  // bytes of the path's window still to be had; starts full
  bool busy = false;
};

struct Transfer {
  std::int32_t core = 0;
  PipeId pipe = 0;
  std::uint8_t path = 0;
  Access access = Access::none;
  std::int16_t pending = 0;         // flows and foreign fetches still to end
  Picoseconds start = 0, ready = 0; // ready: data may begin to flow
  Picoseconds earliest_end = 0;
  double miss_bytes = 0, hit_bytes = 0;
  double evicted_bytes = 0;
  bool fetches = false;
  bool bypass_l2 = false;
  Region region;
  double cycles = 0, extra_bytes = 0, port_bytes = 0;
  const char* name = "";
  Ending ending;
  std::vector<std::int32_t> dependents;  // transfers that hit data this one is still fetching
};

enum class FiberState : std::uint8_t { ready, running, queue_full, flag, event, drain, barrier, finished };

struct CoreState {
  Core handle;
  ctx::fiber fiber;
  ctx::fiber back;
  engine::FiberStack stack;
  FiberState state = FiberState::finished;
  PipeId full_pipe = 0;
  Picoseconds scalar = 0;        // the scalar unit's time
  Picoseconds end = 0;
  std::vector<Pipe> pipes;
  std::vector<Flag> flags;
  std::vector<Port> ports;       // per path
  std::vector<std::int16_t> work; // pipes to advance
  std::int32_t outstanding = 0;
  FlagId waited_flag = kNoFlag;
  bool issued_anything = false;
  int l2_partition = 0;
};

struct Event {
  enum class Kind : std::uint8_t { begin_transfer, start_flow, end_transfer, resume } kind;
  std::int32_t index;
};

}  // namespace

struct Machine::Impl {
  explicit Impl(MachineSpec s)
      : spec(std::move(s)),
        l2({static_cast<std::int64_t>(spec.l2_capacity.value), spec.l2_block, spec.l2_line, spec.l2_partitions,
            spec.l2_random_replacement,
            spec.line_requests_per_cycle > 0 ? 1e12 / spec.clock.value / spec.line_requests_per_cycle : 0.0}),
        picoseconds_per_cycle(1e12 / spec.clock.value),
        hbm(spec.hbm_rate) {
    for (auto rate : spec.l2_rates) l2_channels.emplace_back(rate);
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
  double picoseconds_per_cycle;
  engine::SharedBandwidth hbm;
  std::vector<engine::SharedBandwidth> l2_channels;
  std::vector<int> miss_class, hit_class, miss_burst_class, hit_burst_class;
  std::vector<Picoseconds> latency_hit, latency_miss;
  int background_class = 0;

  std::deque<CoreState> cores;
  engine::EventQueue<Event> events;
  std::vector<std::int32_t> ready;   // fibers that may run now
  std::vector<Transfer> transfers;
  std::vector<std::int32_t> free_transfers;
  std::map<int, std::int64_t> counters;
  struct Barrier { int arrived = 0; Picoseconds latest = 0; std::vector<std::int32_t> waiting; };
  std::map<int, Barrier> barriers;
  Picoseconds now = 0;
  const Program* program = nullptr;
  bool abandoned = false;
  std::exception_ptr failure;
  bool timeline = false;
  RunStats stats;

  Picoseconds duration(double cycles) const {
    return static_cast<Picoseconds>(std::ceil(cycles * picoseconds_per_cycle - 1e-6));
  }
  double burst_fraction(std::int64_t row_bytes) const {
    for (const auto& b : spec.hbm_bursts) {
      if (row_bytes <= b.row_bytes) return b.fraction;
    }
    return 1.0;
  }

  // --- flags ---------------------------------------------------------------------------------------------
  void set_flag(std::int32_t core, FlagId flag, Picoseconds time) {
    CoreState& c = cores[core];
    if (static_cast<std::size_t>(flag) >= c.flags.size()) throw std::logic_error("flag id out of range");
    Flag& f = c.flags[flag];
    f.tokens.push(time);
    if (f.waiting_pipe >= 0) {
      c.work.push_back(f.waiting_pipe);
      f.waiting_pipe = -1;
    } else if (f.waiting_fiber) {
      f.waiting_fiber = false;
      c.scalar = std::max(c.scalar, f.tokens.front());
      f.tokens.pop();
      c.state = FiberState::event;
      events.push(std::max(now, c.scalar), {Event::Kind::resume, core});
    }
  }

  void finish(std::int32_t core, const Ending& e, Picoseconds end) {
    if (e.set0 != kNoFlag) set_flag(core, e.set0, end);
    if (e.set1 != kNoFlag) set_flag(core, e.set1, end);
    if (e.remote_core >= 0) {
      set_flag(e.remote_core, e.remote_flag, end + e.remote_latency);
      if (e.remote_core != core) drain_work(e.remote_core);
    }
    cores[core].end = std::max(cores[core].end, end);
  }

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
    if (!timeline || core >= kTimelineCores || stats.timeline.spans.size() >= kMaximumSpans) return;
    stats.timeline.spans.push_back({fmt::format("core{}.{}", core, spec.pipes[pipe]), name,
                                    static_cast<double>(start) * 1e-6, static_cast<double>(end - start) * 1e-6});
  }

  // Starts as many instructions of the pipe as their flags allow; stops at the first that must wait.
  void advance_pipe(std::int32_t core, PipeId id) {
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
          f.waiting_pipe = id;
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
      for (FlagId w : i.wait) {
        if (w != kNoFlag) c.flags[w].tokens.pop();
      }
      const Picoseconds unblocked = pipe.memory_blocked ? std::max(pipe.free_at, now) : pipe.free_at;
      const Picoseconds start = std::max({unblocked, q.issued, tokens});
      if (start > pipe.last_end) {
        Picoseconds& reason = tokens >= q.issued && tokens > unblocked ? pipe.wait_flag
                              : q.issued > unblocked                   ? pipe.wait_scalar
                                                                       : pipe.wait_memory;
        reason += start - pipe.last_end;
      }
      pipe.memory_blocked = false;
      ++pipe.instructions;
      stats.flops.value += i.flops;
      const Picoseconds end = start + duration(i.cycles + (start > pipe.last_end ? i.idle_cycles : 0.0));
      if (is_transfer) {
        begin_transfer(core, q, start);
        pipe.free_at = end;
        pipe.last_end = std::max(pipe.last_end, end);
      } else {
        pipe.free_at = pipe.last_end = end;
        pipe.busy += end - start;
        if (i.cycles > 0) span(core, id, i.name, start, end);
        const Ending ending{i.set[0], i.set[1], q.remote_flag, q.remote_core, q.remote_latency};
        pop_queue(c, pipe, core, id, start);
        finish(core, ending, end);
        continue;
      }
      pop_queue(c, pipe, core, id, start);
    }
  }

  void pop_queue(CoreState& c, Pipe& pipe, std::int32_t core, PipeId id, Picoseconds start) {
    pipe.queue.pop();
    if (c.state == FiberState::queue_full && c.full_pipe == id) {
      c.scalar = std::max(c.scalar, start);
      c.state = FiberState::ready;
      ready.push_back(core);
    }
  }

  // --- transfers -----------------------------------------------------------------------------------------
  void begin_transfer(std::int32_t core, const Queued& q, Picoseconds start) {
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
    x.access = q.instruction.access;
    x.bypass_l2 = q.instruction.bypass_l2;
    x.region = q.instruction.region;
    x.cycles = q.instruction.cycles;
    x.extra_bytes = q.instruction.extra_bytes;
    x.port_bytes = q.instruction.port_bytes;
    x.name = q.instruction.name;
    x.ending = {q.instruction.set[0], q.instruction.set[1], q.remote_flag, q.remote_core, q.remote_latency};
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
  void look_up(std::int32_t t) {
    Transfer& x = transfers[t];
    const bool write = x.access == Access::write;
    const auto found = l2.access(x.region, write, !x.bypass_l2, t, now, cores[x.core].l2_partition);
    x.miss_bytes = found.miss_bytes;
    x.hit_bytes = found.hit_bytes;
    x.evicted_bytes = found.evicted_dirty_bytes;
    x.earliest_end = found.hot_until;
    x.fetches = found.miss_bytes > 0;
    const auto bytes = static_cast<double>(x.region.bytes());
    const double lines = x.miss_bytes + x.hit_bytes;
    // The core's port carries what was asked for (plus unaligned lines), whatever the sectors touched.
    const double share = lines > 0 ? x.hit_bytes / lines : 1.0;
    const double carried = bytes + x.extra_bytes;
    if (x.miss_bytes <= 0) x.hit_bytes = carried;
    else x.hit_bytes = share * carried;
    if (write && x.bypass_l2) {
      x.miss_bytes = carried;
      x.hit_bytes = 0;
    } else if (!write && x.miss_bytes > 0) {
      x.miss_bytes = std::max(x.miss_bytes, (1 - share) * carried);
    }
    (write ? stats.l2_written : stats.l2_read).value += x.hit_bytes;
    x.hit_bytes += x.port_bytes;
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

  void feed_port(std::int32_t core, std::uint8_t path) {
    Port& port = cores[core].ports[path];
    if (port.busy || port.queue.empty()) return;
    port.busy = true;
    const std::int32_t t = port.queue.front();
    const Picoseconds at = std::max({now, transfers[t].ready, port.free_at});
    if (at > now) events.push(at, {Event::Kind::start_flow, t});
    else flow(t);
  }

  void start_flow(engine::SharedBandwidth& channel, int flow_class, double bytes, std::int32_t tag) {
    channel.start(now, flow_class, std::max(bytes, 1e-3), tag);
  }

  // Misses first, then hits: the phases add on one port. What its window still holds goes at the burst rate.
  void flow(std::int32_t t) {
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
      burst = port.credit >= 1.0;
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
      start_flow(l2_channels[path.hit_class], burst ? hit_burst_class[x.path] : hit_class[x.path], bytes, t);
    }
  }

  void flow_ended(std::int32_t tag) {
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

  void settle(std::int32_t t) {
    Transfer& x = transfers[t];
    if (--x.pending > 0) return;
    if (x.earliest_end > now) {
      x.pending = 1;
      const Picoseconds at = x.earliest_end;
      x.earliest_end = 0;
      events.push(at, {Event::Kind::end_transfer, t});
      return;
    }
    end_transfer(t);
  }

  void end_transfer(std::int32_t t) {
    {
      Transfer& x = transfers[t];
      if (x.fetches) l2.fetched(t);
      CoreState& c = cores[x.core];
      Pipe& pipe = c.pipes[x.pipe];
      --c.outstanding;
      if (--pipe.outstanding == 0) pipe.busy += now - pipe.outstanding_since;
      pipe.outstanding_bytes -= static_cast<double>(x.region.bytes());
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

  bool is_drained(const CoreState& c) const {
    if (c.outstanding > 0) return false;
    return std::all_of(c.pipes.begin(), c.pipes.end(), [](const Pipe& p) { return p.queue.empty(); });
  }
  void wake_if_drained(std::int32_t core) {
    CoreState& c = cores[core];
    if (c.state != FiberState::drain || !is_drained(c)) return;
    for (const auto& p : c.pipes) c.scalar = std::max({c.scalar, p.free_at, p.last_end});
    c.state = FiberState::ready;
    ready.push_back(core);
  }

  // --- fibers --------------------------------------------------------------------------------------------
  void suspend(CoreState& c, FiberState state) {
    c.state = state;
    c.stack.before_leave();
    c.back = std::move(c.back).resume();
    c.stack.entered();
    if (abandoned) throw Abandoned{};
  }

  void resume(std::int32_t core) {
    CoreState& c = cores[core];
    c.state = FiberState::running;
    c.stack.before_enter();
    c.fiber = std::move(c.fiber).resume();
    c.stack.after_leave();
    drain_work(core);
    wake_if_drained(core);
  }

  void start_fiber(std::int32_t core) {
    CoreState& c = cores[core];
    engine::FiberStack::Noted<ctx::fixedsize_stack> stack{ctx::fixedsize_stack(spec.stack_bytes), &c.stack};
    c.fiber = ctx::fiber(std::allocator_arg, stack, [this, core](ctx::fiber&& back) {
      CoreState& self = cores[core];
      self.back = std::move(back);
      self.stack.entered();
      try {
        (*program)(self.handle);
      } catch (const Abandoned&) {
      } catch (...) {
        failure = std::current_exception();
      }
      self.state = FiberState::finished;
      self.end = std::max(self.end, self.scalar);
      self.stack.before_last_leave();
      return std::move(self.back);
    });
  }

  void reset_core(std::int32_t index) {
    CoreState& c = cores[index];
    c.handle.index_ = index;
    c.handle.impl_ = this;
    c.handle.user = nullptr;
    c.scalar = c.end = 0;
    c.outstanding = 0;
    c.work.clear();
    c.issued_anything = false;
    c.pipes.resize(spec.pipes.size());
    for (auto& p : c.pipes) {
      Ring<Queued> keep = std::move(p.queue);
      p = Pipe{};
      p.queue = std::move(keep);
      p.queue.clear();
    }
    c.flags.resize(spec.flags);
    for (auto& f : c.flags) {
      f.tokens.clear();
      f.waiting_pipe = -1;
      f.waiting_fiber = false;
    }
    c.ports.assign(spec.paths.size(), Port{});
    c.state = FiberState::ready;
  }

  void loop() {
    std::int32_t tag = 0;
    while (true) {
      while (!ready.empty()) {  // host order does not matter for time; keep it fixed all the same
        const std::int32_t core = ready.back();
        ready.pop_back();
        resume(core);
        if (failure) return;
      }
      Picoseconds next = std::min(events.next_time(), hbm.next_finish());
      for (auto& ch : l2_channels) next = std::min(next, ch.next_finish());
      if (next == kNever) return;
      now = next;
      while (hbm.pop_finished(now, tag)) flow_ended(tag);
      for (auto& ch : l2_channels) {
        while (ch.pop_finished(now, tag)) flow_ended(tag);
      }
      while (events.next_time() <= now) {
        const Event e = events.pop();
        switch (e.kind) {
          case Event::Kind::begin_transfer: look_up(e.index); break;
          case Event::Kind::start_flow: flow(e.index); break;
          case Event::Kind::end_transfer: end_transfer(e.index); break;
          case Event::Kind::resume:
            cores[e.index].state = FiberState::ready;
            ready.push_back(e.index);
            break;
        }
        if (!ready.empty()) break;  // fibers at this time run before later events
      }
    }
  }

  std::string deadlock_text(int count) const {
    std::string text;
    int shown = 0;
    for (std::int32_t i = 0; i < count && shown < 4; ++i) {
      const CoreState& c = cores[i];
      for (std::size_t p = 0; p < c.pipes.size(); ++p) {
        if (c.pipes[p].queue.empty()) continue;
        auto& queue = const_cast<Ring<Queued>&>(c.pipes[p].queue);
        std::string flags;
        for (FlagId w : queue.front().instruction.wait) {
          if (w != kNoFlag && const_cast<Flag&>(c.flags[w]).tokens.empty()) flags += fmt::format(" flag {}", w);
        }
        text += fmt::format("core {} pipe {} waits at '{}' for{}; ", i, spec.pipes[p],
                            queue.front().instruction.name, flags.empty() ? " a transfer" : flags);
        ++shown;
      }
      if (c.state == FiberState::flag) text += fmt::format("core {} scalar unit waits for flag {}; ", i, c.waited_flag), ++shown;
      if (c.state == FiberState::barrier) text += fmt::format("core {} waits at a barrier; ", i), ++shown;
    }
    return text;
  }

  void unwind(int count) {
    abandoned = true;
    for (std::int32_t i = 0; i < count; ++i) {
      if (cores[i].state != FiberState::finished && cores[i].fiber) {
        cores[i].stack.before_enter();
        cores[i].fiber = std::move(cores[i].fiber).resume();
        cores[i].stack.after_leave();
      }
    }
    abandoned = false;
  }

  RunStats run(int count, const Program& p, bool want_timeline) {
    while (static_cast<int>(cores.size()) < count) cores.emplace_back();
    program = &p;
    stats = RunStats{};
    timeline = want_timeline;
    now = 0;
    events.clear();
    ready.clear();
    counters.clear();
    barriers.clear();
    l2.restart_clock();
    transfers.clear();
    free_transfers.clear();
    failure = nullptr;
    hbm.reset();
    for (auto& ch : l2_channels) ch.reset();
    for (std::int32_t i = count; i-- > 0;) {
      reset_core(i);
      cores[i].l2_partition = i * std::max(1, spec.l2_partitions) / count;
      start_fiber(i);
      ready.push_back(i);
    }
    try {
      loop();
    } catch (...) {
      failure = std::current_exception();
    }
    if (failure) {
      unwind(count);
      std::rethrow_exception(failure);
    }
    collect(count);
    return std::move(stats);
  }

  void collect(int count) {
    bool stuck = false;
    Picoseconds last = 0;
    double sum = 0;
    stats.pipes.resize(spec.pipes.size());
    int active = 0;
    for (std::int32_t i = 0; i < count; ++i) {
      CoreState& c = cores[i];
      stuck |= c.state != FiberState::finished || !is_drained(c);
      for (const auto& p : c.pipes) c.end = std::max({c.end, p.instructions > 0 ? p.last_end : 0});
      last = std::max(last, c.end);
      sum += static_cast<double>(c.end);
      active += c.issued_anything ? 1 : 0;
    }
    if (stuck) {
      stats.deadlock = deadlock_text(count);
      if (stats.deadlock.empty()) stats.deadlock = "a core never finished";
      unwind(count);
    }
    for (std::size_t p = 0; p < spec.pipes.size(); ++p) {
      PipeStats& out = stats.pipes[p];
      double busy = 0, flag = 0, scalar = 0, memory = 0;
      Picoseconds most = 0;
      for (std::int32_t i = 0; i < count; ++i) {
        const Pipe& pipe = cores[i].pipes[p];
        busy += static_cast<double>(pipe.busy);
        flag += static_cast<double>(pipe.wait_flag);
        scalar += static_cast<double>(pipe.wait_scalar);
        memory += static_cast<double>(pipe.wait_memory);
        most = std::max(most, pipe.busy);
        out.instructions += pipe.instructions;
      }
      const double n = std::max(active, 1) * 1e12;
      out.busy_mean = Seconds{busy / n};
      out.busy_max = to_seconds(most);
      out.wait_flag = Seconds{flag / n};
      out.wait_scalar = Seconds{scalar / n};
      out.wait_memory = Seconds{memory / n};
      stats.instructions += out.instructions;
    }
    stats.time = to_seconds(last);
    stats.core_mean = Seconds{sum / std::max(count, 1) * 1e-12};
    stats.hbm_busy = to_seconds(hbm.busy());
  }
};

Machine::Machine(MachineSpec spec) : impl_(std::make_unique<Impl>(std::move(spec))) {}
Machine::~Machine() = default;
Address Machine::allocate(std::int64_t bytes, std::int64_t pitch) { return impl_->l2.allocate(bytes, pitch); }
void Machine::free_all() { impl_->l2.free_all(); }
RunStats Machine::run(int cores, const Program& program, bool want_timeline) {
  return impl_->run(cores, program, want_timeline);
}
void Machine::flush_l2() { impl_->l2.flush(); }
void Machine::touch(const Region& region, bool dirty) { impl_->l2.access(region, dirty, true, -1, 0); }
Bytes Machine::l2_resident(const Region& region) const { return Bytes{impl_->l2.resident_bytes(region)}; }
const MachineSpec& Machine::spec() const { return impl_->spec; }

int Core::index() const { return index_; }

#define ETALON_CORE_STATE                                   \
  auto& m = *static_cast<Machine::Impl*>(impl_);            \
  CoreState& c = m.cores[index_]

void Core::issue(const Instruction& instruction) {
  ETALON_CORE_STATE;
  Pipe& pipe = c.pipes[instruction.pipe];
  c.issued_anything = true;
  while (static_cast<int>(pipe.queue.size()) >= m.spec.queue_depth) {
    c.full_pipe = instruction.pipe;
    m.suspend(c, FiberState::queue_full);
  }
  pipe.queue.push({instruction, c.scalar, -1, kNoFlag, 0});
  if (pipe.queue.size() == 1) {
    m.advance_pipe(index_, instruction.pipe);
    if (!c.work.empty()) m.drain_work(index_);
  }
}

void Core::scalar(double cycles) {
  ETALON_CORE_STATE;
  c.scalar += m.duration(cycles);
}

void Core::wait_flag(FlagId flag) {
  ETALON_CORE_STATE;
  Flag& f = c.flags[flag];
  if (f.tokens.empty()) {
    f.waiting_fiber = true;
    c.waited_flag = flag;
    m.suspend(c, FiberState::flag);
    return;
  }
  c.scalar = std::max(c.scalar, f.tokens.front());
  f.tokens.pop();
  if (c.scalar > m.now) {
    m.events.push(c.scalar, {Event::Kind::resume, index_});
    m.suspend(c, FiberState::event);
  }
}

void Core::l2_partition(int partition) {
  ETALON_CORE_STATE;
  (void)m;
  c.l2_partition = partition;
}

void Core::set_flag(FlagId flag) {
  ETALON_CORE_STATE;
  m.set_flag(index_, flag, c.scalar);
  m.drain_work(index_);
}

void Core::drain() {
  ETALON_CORE_STATE;
  m.drain_work(index_);
  if (!m.is_drained(c)) {
    m.suspend(c, FiberState::drain);
    return;
  }
  for (const auto& p : c.pipes) c.scalar = std::max({c.scalar, p.free_at, p.last_end});
}

void Core::signal(int core, FlagId flag, PipeId pipe_id, Cycles latency) {
  ETALON_CORE_STATE;
  Pipe& pipe = c.pipes[pipe_id];
  while (static_cast<int>(pipe.queue.size()) >= m.spec.queue_depth) {
    c.full_pipe = pipe_id;
    m.suspend(c, FiberState::queue_full);
  }
  Queued q;
  q.instruction.pipe = pipe_id;
  q.instruction.name = "signal";
  q.issued = c.scalar;
  q.remote_core = core;
  q.remote_flag = flag;
  q.remote_latency = m.duration(latency.value);
  pipe.queue.push(q);
  if (pipe.queue.size() == 1) {
    m.advance_pipe(index_, pipe_id);
    m.drain_work(index_);
  }
}

void Core::barrier(int id, int count, Cycles latency) {
  ETALON_CORE_STATE;
  auto& b = m.barriers[id];
  b.latest = std::max(b.latest, c.scalar);
  b.waiting.push_back(index_);
  if (++b.arrived == count) {
    const Picoseconds release = b.latest + m.duration(latency.value);
    for (std::int32_t core : b.waiting) {
      m.cores[core].scalar = std::max(m.cores[core].scalar, release);
      m.events.push(std::max(m.now, release), {Event::Kind::resume, core});
    }
    b = Machine::Impl::Barrier{};
    m.suspend(c, FiberState::event);
  } else {
    m.suspend(c, FiberState::barrier);
  }
}

std::int64_t Core::next(int counter) {
  ETALON_CORE_STATE;
  if (c.scalar > m.now) {
    m.events.push(c.scalar, {Event::Kind::resume, index_});
    m.suspend(c, FiberState::event);
  }
  return m.counters[counter]++;
}

double Core::now_cycles() const {
  auto& m = *static_cast<Machine::Impl*>(impl_);
  return static_cast<double>(m.cores[index_].scalar) / m.picoseconds_per_cycle;
}

}  // namespace etalon::chip
