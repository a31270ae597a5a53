// SPDX-License-Identifier: Apache-2.0
#include "ascendc/hazards/clocks.h"

#include <algorithm>

namespace etalon::ascendc::hazards {

void CoreClocks::begin_block() {
  block_start_ = now_;
  for (auto& k : known_) k = now_;
  others_.reset();
}

// A pipe learns from the dispatching scalar unit all but that unit's own accesses to memory.
void CoreClocks::dispatch(int pipe) {
  if (pipe == kAscPipeS) return;
  const Time own = known_[pipe][kAscPipeS];
  for (int q = 0; q < kPipes; ++q) known_[pipe][q] = std::max(known_[pipe][q], known_[kAscPipeS][q]);
  known_[pipe][kAscPipeS] = own;
}

Time CoreClocks::issue(int pipe) {
  dispatch(pipe);
  return ++now_[pipe];
}

bool CoreClocks::knows(int pipe, int core, int of_pipe, Time time) const {
  if (core == core_) return this_block(of_pipe, time) && (of_pipe == pipe || time <= known_[pipe][of_pipe]);
  return others_ != nullptr && time <= (*others_)[static_cast<std::size_t>(core * kPipes + of_pipe)];
}

PipeClock CoreClocks::flag_clock(int pipe) {
  dispatch(pipe);
  PipeClock clock = known_[pipe];
  clock[pipe] = now_[pipe];
  return clock;
}

void CoreClocks::learn(int pipe, const PipeClock& clock) {
  dispatch(pipe);
  for (int q = 0; q < kPipes; ++q) known_[pipe][q] = std::max(known_[pipe][q], clock[q]);
}

void CoreClocks::learn(int pipe, int of_pipe, Time time) {
  PipeClock clock = {};
  clock[of_pipe] = time;
  learn(pipe, clock);
}

void CoreClocks::pipe_barrier(int pipe) {
  if (pipe != kAscPipeAll) {
    known_[pipe][pipe] = now_[pipe];
    return;
  }
  for (auto& k : known_) k = now_;
}

Knowledge CoreClocks::tell(int pipe) {
  auto all = others_
                 ? std::make_shared<std::vector<Time>>(*others_)
                 : std::make_shared<std::vector<Time>>(static_cast<std::size_t>(cores_) * kPipes, Time{0});
  const PipeClock own = pipe == kAscPipeAll ? now_ : flag_clock(pipe);
  for (int q = 0; q < kPipes; ++q) (*all)[static_cast<std::size_t>(core_ * kPipes + q)] = own[q];
  return all;
}

void CoreClocks::learn(const Knowledge& knowledge) {
  if (!knowledge) return;
  others_ = join(others_, knowledge);
  for (int q = 0; q < kPipes; ++q) {
    Time& k = known_[kAscPipeS][q];
    k = std::max(k, (*knowledge)[static_cast<std::size_t>(core_ * kPipes + q)]);
  }
}

Knowledge join(const Knowledge& a, const Knowledge& b) {
  if (!a || a == b) return b;
  if (!b) return a;
  auto all = std::make_shared<std::vector<Time>>(*a);
  for (std::size_t i = 0; i < all->size(); ++i) (*all)[i] = std::max((*all)[i], (*b)[i]);
  return all;
}

}  // namespace etalon::ascendc::hazards
