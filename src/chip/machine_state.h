// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the machine keeps of each core, pipe, flag and transfer while it runs. Private to chip/machine*.cpp.

#include <algorithm>
#include <boost/context/fiber.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "chip/l2_slices.h"
#include "chip/machine.h"
#include "engine/fiber_stack.h"

namespace etalon::chip {

namespace ctx = boost::context;

constexpr std::size_t kMaximumSpans = 40000;
constexpr std::size_t kMaximumFlows = 10000;
constexpr int kTimelineCores = 2;  // unless cores are named

// Thrown into a fiber that must unwind because the run failed.
struct Abandoned {};

// An instruction in its pipe's queue, with when the scalar unit issued it and whom it signals.
// What every instruction needs lies in the first 64 bytes, what only transfers and signals need behind.
struct alignas(64) Queued {
  Picoseconds issued = 0;
  std::int32_t remote_core = -1;
  FlagId remote_flag = kNoFlag;
  Instruction instruction;
  Picoseconds remote_latency = 0;
};

// What happens when an instruction ends.
struct Ending {
  FlagId set0 = kNoFlag, set1 = kNoFlag, remote_flag = kNoFlag;
  std::int32_t remote_core = -1;
  Picoseconds remote_latency = 0;
};

template <class T>
class Ring {  // a queue in one block of memory; its capacity is a power of two and doubles when full
 public:
  bool empty() const { return head_ == tail_; }
  std::size_t size() const { return tail_ - head_; }
  T& front() { return items_[head_ & (items_.size() - 1)]; }
  const T& front() const { return items_[head_ & (items_.size() - 1)]; }
  void push(const T& item) { next() = item; }
  // The place behind the last, to be filled: it may hold what lay there before.
  T& next() {
    if (size() == items_.size()) grow();
    return items_[tail_++ & (items_.size() - 1)];
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

// A flag's tokens: times of sets not yet consumed, in order. A few lie in place; a flag that has had more
// keeps them in memory of its own.
class Tokens {
 public:
  bool empty() const { return more_ ? more_->empty() : head_ == tail_; }
  Picoseconds front() const { return more_ ? more_->front() : here_[head_ % kHere]; }
  void push(Picoseconds time) {
    if (!more_ && tail_ - head_ < kHere) {
      here_[tail_++ % kHere] = time;
      return;
    }
    if (!more_) {
      more_ = std::make_unique<Ring<Picoseconds>>();
      for (; head_ != tail_; ++head_) more_->push(here_[head_ % kHere]);
    }
    more_->push(time);
  }
  void pop() {
    if (more_)
      more_->pop();
    else
      ++head_;
  }
  void clear() {
    head_ = tail_ = 0;
    if (more_) more_->clear();
  }

 private:
  static constexpr std::uint32_t kHere = 4;
  Picoseconds here_[kHere];
  std::unique_ptr<Ring<Picoseconds>> more_;
  std::uint32_t head_ = 0, tail_ = 0;
};

// What instructions, of a pipe or of a place in the program, spent.
struct Spent {
  Picoseconds busy = 0, wait_flag = 0, wait_scalar = 0, wait_memory = 0;
  std::int64_t instructions = 0;
};
struct Place : Spent {
  PipeId pipe = 0;
  const char* name = "";
  std::vector<bool> cores;  // that issued any
};

struct Pipe : Spent {
  Ring<Queued> queue;
  Picoseconds free_at = 0;  // when the next instruction may start
  Picoseconds last_end = 0;
  std::int32_t outstanding = 0;  // transfers not yet ended
  Picoseconds outstanding_since = 0;
  double outstanding_bytes = 0;
  bool memory_blocked = false;  // the head waits for a transfer to end
  bool serial = false;          // the transfers under way allow no overlap
};

struct alignas(64) Flag {
  Tokens tokens;
  std::int16_t waiting_pipe = -1;
  bool waiting_fiber = false;
  bool touched = false;  // stands in CoreState::touched_flags
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
  std::uint16_t place = 0;
  Access access = Access::none;
  std::int16_t pending = 0;          // flows and foreign fetches still to end
  Picoseconds start = 0, ready = 0;  // ready: data may begin to flow
  double miss_bytes = 0, hit_bytes = 0;
  double evicted_bytes = 0;
  L2Slices::Use use;  // of a read that finds data in L2
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
  Picoseconds scalar = 0;  // the scalar unit's time
  Picoseconds end = 0;
  std::vector<Pipe> pipes;
  std::vector<Flag> flags;
  std::vector<FlagId> touched_flags;  // to be cleared before the next run
  std::vector<Port> ports;            // per path
  std::vector<std::int16_t> work;     // pipes to advance
  std::int32_t outstanding = 0;
  FlagId waited_flag = kNoFlag;
  Flag& touch(FlagId flag) {
    Flag& f = flags[flag];
    if (!f.touched) {
      f.touched = true;
      touched_flags.push_back(flag);
    }
    return f;
  }
  int l2_partition = 0;
  std::string lane;  // in timelines; empty: not shown
};

// Who set the tokens of a flag, in order; kept for timelines only.
struct Setter {
  std::string lane;  // empty: the scalar unit, or a core that is not shown
  Picoseconds end = 0;
};

struct Event {
  enum class Kind : std::uint8_t { begin_transfer, start_flow, resume } kind;
  std::int32_t index;
};

}  // namespace etalon::chip
