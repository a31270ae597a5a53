// SPDX-License-Identifier: Apache-2.0
#pragma once

// A channel shared max-min fair by the flows that use it at a moment. Flows belong to classes; a class caps
// each of its flows (the port of one core). With n_k flows in class k the rate of each is min(cap_k, level),
// where the level fills the channel. Rates change only when a flow starts or ends.
//
// Virtual time: all flows of a class progress alike, so each class keeps one count of bytes served per flow;
// a flow that starts at count v with b bytes ends when the count reaches v + b. No event ever touches the
// other flows: a change costs the number of classes, not the number of flows.

#include <cstdint>
#include <vector>

#include "base/units.h"

namespace etalon::engine {

class SharedBandwidth {
 public:
  explicit SharedBandwidth(BytesPerSecond capacity);
  // A class of flows, each at most `cap`. Returns its index.
  int add_class(BytesPerSecond cap);

  // Times must not decrease from call to call. `tag` comes back from pop_finished.
  void start(Picoseconds now, int flow_class, double bytes, std::int32_t tag);
  Picoseconds next_finish() const { return next_finish_; }
  // Takes one flow that has ended by `now`; false if none.
  bool pop_finished(Picoseconds now, std::int32_t& tag);

  int active() const { return active_; }
  double bytes_served() const { return served_; }
  Picoseconds busy() const { return busy_; }  // time with at least one flow
  void reset();                               // drops all flows and counts

 private:
  struct Flow {
    double end;  // in the class's virtual bytes
    std::uint64_t sequence;
    std::int32_t tag;
  };
  struct Class {
    double cap = 0;    // bytes per picosecond and flow
    double rate = 0;   // now
    double count = 0;  // virtual bytes served to each flow
    std::vector<Flow> heap;
  };
  struct Later {
    bool operator()(const Flow& a, const Flow& b) const {
      return a.end != b.end ? a.end > b.end : a.sequence > b.sequence;
    }
  };
  void advance(Picoseconds now);
  void share_out();

  double capacity_;
  std::vector<Class> classes_;
  std::vector<int> by_cap_;  // class indices, smallest cap first
  Picoseconds now_ = 0, next_finish_ = kNever, busy_ = 0;
  std::uint64_t sequence_ = 0;
  int active_ = 0;
  double served_ = 0;
};

}  // namespace etalon::engine
