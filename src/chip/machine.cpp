// SPDX-License-Identifier: Apache-2.0
#include "chip/machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/context/protected_fixedsize_stack.hpp>
#include <stdexcept>

#include "chip/machine_impl.h"

namespace etalon::chip {

void Machine::Impl::suspend(CoreState& c, FiberState state) {
  c.state = state;
  c.stack.before_leave();
  c.back = std::move(c.back).resume();
  c.stack.entered();
  if (abandoned) throw Abandoned{};
}

void Machine::Impl::resume(std::int32_t core) {
  CoreState& c = cores[core];
  c.state = FiberState::running;
  c.stack.before_enter();
  c.fiber = std::move(c.fiber).resume();
  c.stack.after_leave();
  drain_work(core);
  wake_if_drained(core);
}

void Machine::Impl::start_fiber(std::int32_t core) {
  CoreState& c = cores[core];
  engine::FiberStack::Kept<ctx::protected_fixedsize_stack> stack{spec.stack_bytes, &c.stack};
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

void Machine::Impl::reset_core(std::int32_t index) {
  CoreState& c = cores[index];
  c.handle.index_ = index;
  c.handle.impl_ = this;
  c.handle.user = nullptr;
  c.scalar = c.end = 0;
  c.outstanding = 0;
  c.work.clear();
  c.pipes.resize(spec.pipes.size());
  for (auto& p : c.pipes) {  // keep the memory of the queues
    Ring<Queued> keep = std::move(p.queue);
    p = Pipe{};
    p.queue = std::move(keep);
    p.queue.clear();
  }
  for (FlagId flag : c.touched_flags) {
    Flag& f = c.flags[flag];
    f.tokens.clear();
    f.waiting_pipe = -1;
    f.waiting_fiber = f.touched = false;
  }
  c.touched_flags.clear();
  c.flags.resize(spec.flags);
  c.ports.resize(spec.paths.size());
  for (auto& port : c.ports) {
    Ring<std::int32_t> keep = std::move(port.queue);
    port = Port{};
    port.queue = std::move(keep);
    port.queue.clear();
  }
  c.state = FiberState::ready;
}

void Machine::Impl::loop() {
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
        case Event::Kind::begin_transfer:
          look_up(e.index);
          break;
        case Event::Kind::start_flow:
          flow(e.index);
          break;
        case Event::Kind::resume:
          cores[e.index].state = FiberState::ready;
          ready.push_back(e.index);
          break;
      }
      if (!ready.empty()) break;  // fibers at this time run before later events
    }
  }
}

std::string Machine::Impl::deadlock_text(int count) const {
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
    if (c.state == FiberState::flag)
      text += fmt::format("core {} scalar unit waits for flag {}; ", i, c.waited_flag), ++shown;
    if (c.state == FiberState::barrier) text += fmt::format("core {} waits at a barrier; ", i), ++shown;
  }
  return text;
}

void Machine::Impl::unwind(int count) {
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

RunStats Machine::Impl::run(int count, const Program& p, bool want_timeline) {
  while (static_cast<int>(cores.size()) < count) cores.emplace_back();
  program = &p;
  stats = RunStats{};
  timeline = want_timeline;
  setters.clear();
  places.clear();
  now = 0;
  events.clear();
  ready.clear();
  counters.clear();
  barriers.clear();
  transfers.clear();
  free_transfers.clear();
  failure = nullptr;
  hbm.reset();
  for (auto& ch : l2_channels) ch.reset();
  for (std::int32_t i = count; i-- > 0;) {
    reset_core(i);
    cores[i].lane = i < kTimelineCores ? fmt::format("core{}", i) : "";
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

void Machine::Impl::collect(int count) {
  bool stuck = false;
  Picoseconds last = 0;
  double sum = 0;
  stats.pipes.resize(spec.pipes.size());
  for (std::int32_t i = 0; i < count; ++i) {
    CoreState& c = cores[i];
    stuck |= c.state != FiberState::finished || !is_drained(c);
    for (const auto& p : c.pipes) c.end = std::max({c.end, p.instructions > 0 ? p.last_end : 0});
    last = std::max(last, c.end);
    sum += static_cast<double>(c.end);
  }
  if (stuck) {
    stats.deadlock = deadlock_text(count);
    if (stats.deadlock.empty()) stats.deadlock = "a core never finished";
    unwind(count);
  }
  for (std::size_t p = 0; p < spec.pipes.size(); ++p) {
    PipeStats& out = stats.pipes[p];
    double busy = 0, flag = 0, scalar = 0, memory = 0, users = 0;
    Picoseconds most = 0;
    for (std::int32_t i = 0; i < count; ++i) {
      const Pipe& pipe = cores[i].pipes[p];
      if (pipe.instructions > 0) ++users;
      busy += static_cast<double>(pipe.busy);
      flag += static_cast<double>(pipe.wait_flag);
      scalar += static_cast<double>(pipe.wait_scalar);
      memory += static_cast<double>(pipe.wait_memory);
      most = std::max(most, pipe.busy);
      out.instructions += pipe.instructions;
    }
    const double n = std::max(users, 1.0) * 1e12;
    out.busy_mean = Seconds{busy / n};
    out.busy_max = to_seconds(most);
    out.wait_flag = Seconds{flag / n};
    out.wait_scalar = Seconds{scalar / n};
    out.wait_memory = Seconds{memory / n};
    stats.instructions += out.instructions;
  }
  for (std::size_t i = 1; i < places.size(); ++i) {
    const Place& p = places[i];
    if (p.instructions == 0) continue;
    stats.places.push_back({static_cast<std::uint16_t>(i), p.pipe, p.name, to_seconds(p.busy),
                            to_seconds(p.wait_flag), to_seconds(p.wait_scalar), to_seconds(p.wait_memory),
                            p.instructions, static_cast<int>(std::ranges::count(p.cores, true))});
  }
  stats.time = to_seconds(last);
  stats.core_mean = Seconds{sum / std::max(count, 1) * 1e-12};
  stats.hbm_busy = to_seconds(hbm.busy());
}

namespace {
// The cores of the thread's last machine: queues, flags and stacks, some MB that the next machine uses again.
thread_local std::vector<CoreState> spare_cores;
}  // namespace

Machine::Machine(MachineSpec spec) : impl_(std::make_unique<Impl>(std::move(spec))) {
  std::swap(impl_->cores, spare_cores);
}
Machine::~Machine() {
  if (impl_->cores.size() > spare_cores.size()) std::swap(impl_->cores, spare_cores);
}
Address Machine::allocate(std::int64_t bytes, std::int64_t pitch) { return impl_->l2.allocate(bytes, pitch); }
void Machine::free_all() { impl_->l2.free_all(); }
RunStats Machine::run(int cores, const Program& program, bool want_timeline) {
  return impl_->run(cores, program, want_timeline);
}
void Machine::flush_l2() { impl_->l2.flush(); }
void Machine::touch(const Region& region, bool dirty) { impl_->l2.access(region, dirty, true, -1); }
Bytes Machine::l2_resident(const Region& region) const { return Bytes{impl_->l2.resident_bytes(region)}; }
const MachineSpec& Machine::spec() const { return impl_->spec; }

int Core::index() const { return index_; }

#define ETALON_CORE_STATE                        \
  auto& m = *static_cast<Machine::Impl*>(impl_); \
  CoreState& c = m.cores[index_]

void Core::issue(const Instruction& instruction) {
  ETALON_CORE_STATE;
  Pipe& pipe = c.pipes[instruction.pipe];
  while (static_cast<int>(pipe.queue.size()) >= m.spec.queue_depth) {
    c.full_pipe = instruction.pipe;
    m.suspend(c, FiberState::queue_full);
  }
  Queued& q = pipe.queue.next();
  q.instruction = instruction;
  q.issued = c.scalar;
  q.remote_core = -1;
  q.remote_flag = kNoFlag;
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
  Flag& f = c.touch(flag);
  if (f.tokens.empty()) {
    f.waiting_fiber = true;
    c.waited_flag = flag;
    m.suspend(c, FiberState::flag);
    return;
  }
  c.scalar = std::max(c.scalar, f.tokens.front());
  f.tokens.pop();
  if (m.timeline) m.record_wait(index_, flag, {}, c.scalar);
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

void Core::timeline_name(const std::string& name) {
  ETALON_CORE_STATE;
  (void)m;
  c.lane = name;
}

void Core::set_flag(FlagId flag) {
  ETALON_CORE_STATE;
  if (m.timeline) m.record_set(index_, flag, {}, c.scalar);
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
  m.scalar_past_pipes(c);
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
