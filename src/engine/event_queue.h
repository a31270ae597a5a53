// SPDX-License-Identifier: Apache-2.0
#pragma once

// Events ordered by (time, sequence): equal times leave in the order they came, so a run is repeatable.
// The clock never goes back: an event earlier than the last one popped is a bug of the caller.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/units.h"

namespace etalon::engine {

template <class Payload>
class EventQueue {
 public:
  void push(Picoseconds time, Payload payload) {
    heap_.push_back({time, sequence_++, payload});
    std::push_heap(heap_.begin(), heap_.end(), Later{});
  }
  bool empty() const { return heap_.empty(); }
  Picoseconds next_time() const { return heap_.empty() ? kNever : heap_.front().time; }
  Payload pop() {
    std::pop_heap(heap_.begin(), heap_.end(), Later{});
    Payload p = heap_.back().payload;
    heap_.pop_back();
    return p;
  }
  void clear() { heap_.clear(); sequence_ = 0; }

 private:
  struct Event {
    Picoseconds time;
    std::uint64_t sequence;
    Payload payload;
  };
  struct Later {
    bool operator()(const Event& a, const Event& b) const {
      return a.time != b.time ? a.time > b.time : a.sequence > b.sequence;
    }
  };
  std::vector<Event> heap_;
  std::uint64_t sequence_ = 0;
};

}  // namespace etalon::engine
