// SPDX-License-Identifier: Apache-2.0
#pragma once

// A channel shared max-min fair by the flows that use it at a moment. Flows belong to classes; a class caps
// each of its flows (the port of one core). With n_k flows in class k the rate of each is min(cap_k, level),
// where the level fills the channel. Rates change only when a flow starts or ends.
//
// Virtual time: all flows of a class progress alike, so each class keeps one count of bytes served per flow;
// a flow that starts at count v with b bytes ends when the count reaches v + b. No event ever touches the
// other flows: a change costs the number of classes in use, not the number of flows. The flows of a class lie
// in a row in order of their ends; one that starts last mostly ends last, so it finds its place from behind.

#include <cstdint>
#include <vector>

#include "base/units.h"

namespace etalon::engine {

class SharedBandwidth {
 public:
  explicit SharedBandwidth(BytesPerSecond capacity);
  // A class of flows, each at most `cap`. Returns its index. Throws std::length_error past 64 classes.
  // With `footprint` > 0 a flow lies on so many of the channel's slices at a time (see slices()).
  int add_class(BytesPerSecond cap, int footprint = 0);
  // The channel is made of `count` slices of equal rate, `rate` together. Flows on k slices each meet at
  // random: n of them keep n k / (n k + count - k) of the slices busy (a closed network of queues), the rest
  // wait.
  void slices(BytesPerSecond rate, int count);

  // Times must not decrease from call to call. `tag` comes back from pop_finished.
  void start(Picoseconds now, int flow_class, double bytes, std::int32_t tag);
  Picoseconds next_finish() {
    if (changed_) share_out();
    return next_finish_;
  }
  // Takes one flow that has ended by `now`; false if none.
  bool pop_finished(Picoseconds now, std::int32_t& tag) {
    return now >= next_finish() && pop_reached(now, tag);
  }

  int active() const { return active_; }
  double bytes_served() const { return served_; }
  Picoseconds busy() const { return busy_; }  // time with at least one flow
  void reset();                               // drops all flows and counts

 private:
  // Flows in order of (end, arrival): a piece [head, tail) of memory that moves back to its start when full.
  class Row {
   public:
    bool empty() const { return head_ == tail_; }
    std::uint32_t size() const { return tail_ - head_; }
    double end() const { return ends_[head_]; }  // of the first
    std::int32_t pop() { return tags_[head_++]; }
    void insert(double end, std::int32_t tag);
    void clear() { head_ = tail_ = 0; }

   private:
    std::vector<double> ends_ = std::vector<double>(32);
    std::vector<std::int32_t> tags_ = std::vector<std::int32_t>(32);
    std::uint32_t head_ = 0, tail_ = 0;
  };
  struct Class {
    double cap = 0;    // bytes per picosecond and flow
    double rate = 0;   // now
    double count = 0;  // bytes served to each flow; a flow ends at a count
    int footprint = 0;
    int rank = 0;  // place among the classes, smallest cap first
    Row flows;
  };
  bool pop_reached(Picoseconds now, std::int32_t& tag);
  void advance(Picoseconds now);
  void share_out();

  double capacity_;
  double slice_rate_ = 0;
  int slices_ = 0;
  std::vector<Class> classes_;
  std::vector<int> by_cap_;                    // class indices, smallest cap first
  std::uint64_t used_ = 0, used_by_rank_ = 0;  // classes with flows: bits by index, bits by rank
  Picoseconds now_ = 0, next_finish_ = kNever, busy_ = 0;
  bool changed_ = false;  // a flow came or went since the rates were computed
  int active_ = 0;
  double served_ = 0;
};

}  // namespace etalon::engine
