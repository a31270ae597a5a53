// SPDX-License-Identifier: Apache-2.0
#include "engine/shared_bandwidth.h"

#include <algorithm>
#include <bit>
#include <stdexcept>

namespace etalon::engine {

namespace {
constexpr double kByteSlack = 1e-6;  // virtual counts are doubles: a millionth of a byte is an end

Picoseconds round_up(double t) {
  const auto down = static_cast<Picoseconds>(t);
  return down + (static_cast<double>(down) < t ? 1 : 0);
}

// Calls visit(i) for every bit i that is set, from the lowest.
template <class Visit>
void for_each_bit(std::uint64_t bits, Visit&& visit) {
  for (; bits != 0; bits &= bits - 1) visit(std::countr_zero(bits));
}
}  // namespace

void SharedBandwidth::Row::insert(double end, std::int32_t tag) {
  if (tail_ == ends_.size()) {
    if (2 * size() > ends_.size()) {
      ends_.resize(2 * ends_.size());
      tags_.resize(2 * tags_.size());
    } else {
      std::copy(ends_.begin() + head_, ends_.begin() + tail_, ends_.begin());
      std::copy(tags_.begin() + head_, tags_.begin() + tail_, tags_.begin());
      tail_ -= head_;
      head_ = 0;
    }
  }
  std::uint32_t at = tail_;
  while (at != head_ && ends_[at - 1] > end) --at;
  if (at != tail_) {
    std::copy_backward(ends_.begin() + at, ends_.begin() + tail_, ends_.begin() + tail_ + 1);
    std::copy_backward(tags_.begin() + at, tags_.begin() + tail_, tags_.begin() + tail_ + 1);
  }
  ends_[at] = end;
  tags_[at] = tag;
  ++tail_;
}

SharedBandwidth::SharedBandwidth(BytesPerSecond capacity) : capacity_(capacity.value * 1e-12) {}

int SharedBandwidth::add_class(BytesPerSecond cap, int footprint) {
  const int index = static_cast<int>(classes_.size());
  if (index == 64) throw std::length_error("a channel has at most 64 classes of flows");
  classes_.push_back({});
  classes_.back().cap = cap.value * 1e-12;
  classes_.back().footprint = footprint;
  by_cap_.push_back(index);
  std::stable_sort(by_cap_.begin(), by_cap_.end(),
                   [this](int a, int b) { return classes_[a].cap < classes_[b].cap; });
  used_by_rank_ = 0;
  for (std::size_t rank = 0; rank < by_cap_.size(); ++rank) {
    classes_[by_cap_[rank]].rank = static_cast<int>(rank);
    if ((used_ >> by_cap_[rank] & 1) != 0) used_by_rank_ |= 1ull << rank;
  }
  return index;
}

void SharedBandwidth::slices(BytesPerSecond rate, int count) {
  slice_rate_ = rate.value * 1e-12;
  slices_ = count;
}

void SharedBandwidth::advance(Picoseconds now) {
  if (now <= now_) return;
  if (changed_) share_out();
  const auto dt = static_cast<double>(now - now_);
  if (active_ > 0) busy_ += now - now_;
  for_each_bit(used_, [&](int index) { classes_[index].count += classes_[index].rate * dt; });
  now_ = now;
}

// Water filling: the smallest caps first; who cannot use an equal share leaves the rest to the others.
void SharedBandwidth::share_out() {
  double left = capacity_;
  int flows = active_;
  next_finish_ = kNever;
  changed_ = false;
  for_each_bit(used_by_rank_, [&](int rank) {
    Class& c = classes_[by_cap_[rank]];
    const int n = static_cast<int>(c.flows.size());
    c.rate = std::min(c.cap, left / flows);
    if (const int k = c.footprint; k > 0)
      c.rate = std::min(c.rate, slice_rate_ * k / (active_ * k + slices_ - k));
    left -= c.rate * n;
    flows -= n;
    const double missing = std::max(0.0, c.flows.end() - c.count);
    next_finish_ = std::min(next_finish_, now_ + round_up(missing / c.rate));
  });
}

void SharedBandwidth::start(Picoseconds now, int flow_class, double bytes, std::int32_t tag) {
  advance(now);
  Class& c = classes_[flow_class];
  if (c.flows.empty()) {
    c.count = 0;
    used_ |= 1ull << flow_class;
    used_by_rank_ |= 1ull << c.rank;
  }
  c.flows.insert(c.count + bytes, tag);
  ++active_;
  served_ += bytes;
  changed_ = true;
}

bool SharedBandwidth::pop_reached(Picoseconds now, std::int32_t& tag) {
  advance(now);
  for (std::uint64_t bits = used_; bits != 0; bits &= bits - 1) {
    const int index = std::countr_zero(bits);
    Class& c = classes_[index];
    // An end within one picosecond's worth of bytes is reached: next_finish_ was rounded up.
    if (c.flows.end() - c.count > kByteSlack + c.rate * 0.5) continue;
    tag = c.flows.pop();
    if (c.flows.empty()) {
      used_ &= ~(1ull << index);
      used_by_rank_ &= ~(1ull << c.rank);
    }
    --active_;
    changed_ = true;
    return true;
  }
  share_out();
  return false;
}

void SharedBandwidth::reset() {
  for (auto& c : classes_) {
    c.flows.clear();
    c.count = c.rate = 0;
  }
  used_ = used_by_rank_ = 0;
  changed_ = false;
  now_ = 0;
  busy_ = 0;
  next_finish_ = kNever;
  active_ = 0;
  served_ = 0;
}

}  // namespace etalon::engine
