// SPDX-License-Identifier: Apache-2.0
#include "ascendc/launch/loose_scheduler.h"

#include <fmt/format.h>

#include <boost/context/fiber.hpp>
#include <boost/context/protected_fixedsize_stack.hpp>
#include <deque>
#include <exception>
#include <map>
#include <vector>

#include "chip/npu_costs.h"
#include "engine/fiber_stack.h"

namespace etalon::ascendc {

namespace ctx = boost::context;

namespace {

constexpr std::size_t kStackBytes = 256 * 1024;

using Stack = ctx::protected_fixedsize_stack;  // overrun: a signal, no silent damage

struct Abandoned {};  // unwinds a fiber when the run has failed

enum class State : std::uint8_t { ready, flag, barrier, finished };

struct LooseCore {
  ctx::fiber fiber, back;
  engine::FiberStack stack;
  State state = State::ready;
  chip::FlagId waits = chip::kNoFlag;
  std::vector<std::int32_t> tokens = std::vector<std::int32_t>(chip::kNpuFlags, 0);
};

}  // namespace

struct LooseScheduler::Impl {
  std::deque<LooseCore> cores;
  std::deque<int> ready;
  struct Barrier {
    std::vector<int> waiting;
  };
  std::map<int, Barrier> barriers;
  std::map<int, std::int64_t> counters;
  std::exception_ptr failure;
  bool abandoned = false;

  void suspend(LooseCore& c, State state) {
    c.state = state;
    c.stack.before_leave();
    c.back = std::move(c.back).resume();
    c.stack.entered();
    if (abandoned) throw Abandoned{};
  }
  static void enter(LooseCore& c) {
    c.stack.before_enter();
    c.fiber = std::move(c.fiber).resume();
    c.stack.after_leave();
  }
  void make_ready(int core) {
    cores[static_cast<std::size_t>(core)].state = State::ready;
    ready.push_back(core);
  }
  void start(int core, const std::function<void(int)>& program) {
    LooseCore& c = cores[static_cast<std::size_t>(core)];
    c.fiber = ctx::fiber(std::allocator_arg, engine::FiberStack::Noted<Stack>{Stack(kStackBytes), &c.stack},
                         [this, core, &program](ctx::fiber&& back) {
                           LooseCore& self = cores[static_cast<std::size_t>(core)];
                           self.back = std::move(back);
                           self.stack.entered();
                           try {
                             if (!abandoned) program(core);
                           } catch (const Abandoned&) {
                           } catch (...) {
                             if (!failure) failure = std::current_exception();
                           }
                           self.state = State::finished;
                           self.stack.before_last_leave();
                           return std::move(self.back);
                         });
  }
  std::string stuck() const {
    std::string text;
    int shown = 0;
    for (std::size_t i = 0; i < cores.size() && shown < 4; ++i) {
      if (cores[i].state == State::flag)
        text += fmt::format("{}core {} waits for a flag between cores", shown > 0 ? ", " : "", i), ++shown;
      if (cores[i].state == State::barrier)
        text += fmt::format("{}core {} waits where cores meet", shown > 0 ? ", " : "", i), ++shown;
    }
    return text;
  }
  void unwind() {
    abandoned = true;
    for (auto& c : cores) {
      if (c.state != State::finished && c.fiber) enter(c);
    }
    abandoned = false;
  }
};

LooseScheduler::LooseScheduler() : impl_(std::make_unique<Impl>()) {}
LooseScheduler::~LooseScheduler() = default;

std::string LooseScheduler::run(int cores, const std::function<void(int)>& program) {
  Impl& m = *impl_;
  for (int i = 0; i < cores; ++i) m.cores.emplace_back();
  for (int i = 0; i < cores; ++i) {
    m.start(i, program);
    m.ready.push_back(i);
  }
  while (!m.ready.empty() && !m.failure) {
    LooseCore& c = m.cores[static_cast<std::size_t>(m.ready.front())];
    m.ready.pop_front();
    m.enter(c);
  }
  const std::string stuck = m.failure ? std::string() : m.stuck();
  m.unwind();
  if (m.failure) std::rethrow_exception(m.failure);
  return stuck;
}

void LooseScheduler::signal(int core, chip::FlagId flag) {
  LooseCore& c = impl_->cores[static_cast<std::size_t>(core)];
  if (c.state == State::flag && c.waits == flag) {
    impl_->make_ready(core);
    return;
  }
  ++c.tokens[static_cast<std::size_t>(flag)];
}

void LooseScheduler::wait_flag(int core, chip::FlagId flag) {
  LooseCore& c = impl_->cores[static_cast<std::size_t>(core)];
  auto& tokens = c.tokens[static_cast<std::size_t>(flag)];
  if (tokens > 0) {
    --tokens;
    return;
  }
  c.waits = flag;
  impl_->suspend(c, State::flag);
}

void LooseScheduler::barrier(int core, int id, int count) {
  auto& b = impl_->barriers[id];
  if (static_cast<int>(b.waiting.size()) + 1 == count) {
    for (int other : b.waiting) impl_->make_ready(other);
    b.waiting.clear();
    return;
  }
  b.waiting.push_back(core);
  impl_->suspend(impl_->cores[static_cast<std::size_t>(core)], State::barrier);
}

void LooseScheduler::yield(int core) {
  if (impl_->ready.empty()) return;
  impl_->make_ready(core);
  impl_->suspend(impl_->cores[static_cast<std::size_t>(core)], State::ready);
}

std::int64_t LooseScheduler::next(int counter) { return impl_->counters[counter]++; }

}  // namespace etalon::ascendc
