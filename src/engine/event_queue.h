// SPDX-License-Identifier: Apache-2.0
#pragma once

// Events ordered by (time, sequence): equal times leave in the order they came, so a run is repeatable.
// The clock never goes back: an event earlier than the last one popped is a bug of the caller.
//
// A timing wheel: the next microsecond is cut into buckets of 4 ns, each a short list in order of time; a bit
// mask finds the next one that is not empty. What lies further ahead waits in a heap and enters the wheel
// when the clock comes near. A push or a pop costs a few steps however many events there are.

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <vector>

#include "base/units.h"

namespace etalon::engine {

template <class Payload>
class EventQueue {
 public:
  EventQueue() { clear(); }
  void push(Picoseconds time, Payload payload) {
    const std::int64_t bucket = time >> kBucketBits;
    if (bucket - window_ < kBuckets) {
      insert(bucket, time, payload);
    } else {
      far_.push_back({time, sequence_++, payload});
      std::push_heap(far_.begin(), far_.end(), Later{});
    }
    next_ = std::min(next_, time);
  }
  bool empty() const { return next_ == kNever; }
  Picoseconds next_time() const { return next_; }
  Payload pop() {
    window_ = next_ >> kBucketBits;
    while (!far_.empty() && (far_.front().time >> kBucketBits) - window_ < kBuckets) {
      std::pop_heap(far_.begin(), far_.end(), Later{});
      const Far far = far_.back();
      far_.pop_back();
      insert(far.time >> kBucketBits, far.time, far.payload);
    }
    const auto slot = static_cast<std::size_t>(window_ & (kBuckets - 1));
    const std::int32_t n = first_[slot];
    const Payload payload = nodes_[n].payload;
    first_[slot] = nodes_[n].next;
    nodes_[n].next = free_;
    free_ = n;
    if (first_[slot] < 0) occupied_[slot / 64] &= ~(1ull << (slot % 64));
    find_next(slot);
    return payload;
  }
  void clear() {
    first_.fill(-1);
    occupied_.fill(0);
    nodes_.clear();
    far_.clear();
    free_ = -1;
    window_ = 0;
    sequence_ = 0;
    next_ = kNever;
  }

 private:
  static constexpr int kBucketBits = 12;         // 4096 ps
  static constexpr std::int64_t kBuckets = 256;  // about a microsecond: a power of two
  static constexpr std::size_t kWords = kBuckets / 64;
  struct Node {
    Picoseconds time;
    Payload payload;
    std::int32_t next;
  };
  struct Far {
    Picoseconds time;
    std::uint64_t sequence;
    Payload payload;
  };
  struct Later {
    bool operator()(const Far& a, const Far& b) const {
      return a.time != b.time ? a.time > b.time : a.sequence > b.sequence;
    }
  };

  // Behind all events of its time: whatever came earlier is already there, from the heap too.
  void insert(std::int64_t bucket, Picoseconds time, Payload payload) {
    const auto slot = static_cast<std::size_t>(bucket & (kBuckets - 1));
    std::int32_t n = free_;
    if (n >= 0) {
      free_ = nodes_[n].next;
    } else {
      n = static_cast<std::int32_t>(nodes_.size());
      nodes_.emplace_back();
    }
    nodes_[n].time = time;
    nodes_[n].payload = payload;
    const bool last = first_[slot] >= 0 && nodes_[last_[slot]].time <= time;
    std::int32_t* at = last ? &nodes_[last_[slot]].next : &first_[slot];
    while (!last && *at >= 0 && nodes_[*at].time <= time) at = &nodes_[*at].next;
    nodes_[n].next = *at;
    if (*at < 0) last_[slot] = n;
    *at = n;
    occupied_[slot / 64] |= 1ull << (slot % 64);
  }
  void find_next(std::size_t from) {
    std::uint64_t word = occupied_[from / 64] & (~0ull << (from % 64));
    for (std::size_t i = 0; i <= kWords; ++i) {
      const std::size_t w = (from / 64 + i) % kWords;
      if (i > 0) word = occupied_[w];
      if (word != 0) {
        next_ = nodes_[first_[w * 64 + static_cast<std::size_t>(std::countr_zero(word))]].time;
        return;
      }
    }
    next_ = far_.empty() ? kNever : far_.front().time;
  }

  std::array<std::int32_t, kBuckets> first_, last_;  // of each bucket's list; first -1: empty
  std::array<std::uint64_t, kWords> occupied_;
  std::vector<Node> nodes_;
  std::int32_t free_ = -1;
  std::int64_t window_ = 0;  // bucket of the last event popped: the wheel holds [window_, window_ + kBuckets)
  std::vector<Far> far_;     // a heap
  std::uint64_t sequence_ = 0;
  Picoseconds next_ = kNever;
};

}  // namespace etalon::engine
