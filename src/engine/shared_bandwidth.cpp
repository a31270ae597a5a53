// SPDX-License-Identifier: Apache-2.0
#include "engine/shared_bandwidth.h"

#include <algorithm>
#include <cmath>

namespace etalon::engine {

namespace {
constexpr double kByteSlack = 1e-6;  // virtual counts are doubles: a millionth of a byte is an end
}

SharedBandwidth::SharedBandwidth(BytesPerSecond capacity) : capacity_(capacity.value * 1e-12) {}

int SharedBandwidth::add_class(BytesPerSecond cap) {
  const int index = static_cast<int>(classes_.size());
  classes_.push_back({});
  classes_.back().cap = cap.value * 1e-12;
  by_cap_.push_back(index);
  std::stable_sort(by_cap_.begin(), by_cap_.end(),
                   [this](int a, int b) { return classes_[a].cap < classes_[b].cap; });
  return index;
}

void SharedBandwidth::advance(Picoseconds now) {
  const auto dt = static_cast<double>(now - now_);
  if (dt > 0) {
    if (active_ > 0) busy_ += now - now_;
    for (auto& c : classes_) {
      if (!c.heap.empty()) c.count += c.rate * dt;
    }
    now_ = now;
  }
}

// Water filling: the smallest caps first; who cannot use an equal share leaves the rest to the others.
void SharedBandwidth::share_out() {
  double left = capacity_;
  int flows = active_;
  next_finish_ = kNever;
  for (int index : by_cap_) {
    Class& c = classes_[index];
    const int n = static_cast<int>(c.heap.size());
    if (n == 0) continue;
    c.rate = std::min(c.cap, left / flows);
    left -= c.rate * n;
    flows -= n;
    const double missing = std::max(0.0, c.heap.front().end - c.count);
    const auto t = now_ + static_cast<Picoseconds>(std::ceil(missing / c.rate));
    next_finish_ = std::min(next_finish_, t);
  }
}

void SharedBandwidth::start(Picoseconds now, int flow_class, double bytes, std::int32_t tag) {
  advance(now);
  Class& c = classes_[flow_class];
  if (c.heap.empty()) c.count = 0;
  c.heap.push_back({c.count + bytes, sequence_++, tag});
  std::push_heap(c.heap.begin(), c.heap.end(), Later{});
  ++active_;
  served_ += bytes;
  share_out();
}

bool SharedBandwidth::pop_finished(Picoseconds now, std::int32_t& tag) {
  if (now < next_finish_) return false;
  advance(now);
  for (auto& c : classes_) {
    if (c.heap.empty()) continue;
    // An end within one picosecond's worth of bytes is reached: next_finish_ was rounded up.
    if (c.heap.front().end - c.count > kByteSlack + c.rate * 0.5) continue;
    tag = c.heap.front().tag;
    std::pop_heap(c.heap.begin(), c.heap.end(), Later{});
    c.heap.pop_back();
    --active_;
    share_out();
    return true;
  }
  share_out();
  return false;
}

void SharedBandwidth::reset() {
  for (auto& c : classes_) {
    c.heap.clear();
    c.count = c.rate = 0;
  }
  now_ = 0;
  busy_ = 0;
  next_finish_ = kNever;
  sequence_ = 0;
  active_ = 0;
  served_ = 0;
}

}  // namespace etalon::engine
