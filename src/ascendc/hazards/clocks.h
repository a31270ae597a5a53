// SPDX-License-Identifier: Apache-2.0
#pragma once

// What happens before what. Every pipe of every core counts its instructions; a pipe knows, for each other
// pipe, up to which instruction that one has ended whatever comes next here.
//
// The scalar unit dispatches in program order, so what it has waited for is known to all that it dispatches
// later; its own reads and writes of memory are not (they need S_V and the like). Knowledge of other cores
// comes only through waits of the scalar unit, so one table per core suffices for it.

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "ascendc/api/ascendc/abi.h"

namespace etalon::ascendc::hazards {

inline constexpr int kPipes = kAscPipeAll;  // S, V, M, MTE1, MTE2, MTE3, FIX
using Time = std::uint32_t;
using PipeClock = std::array<Time, kPipes>;

// Up to which instruction of each pipe of each core (core * kPipes + pipe) somebody knows. Shared, immutable.
using Knowledge = std::shared_ptr<const std::vector<Time>>;

class CoreClocks {
 public:
  CoreClocks(int core, int cores) : core_(core), cores_(cores) {}

  // A new block begins: its pipes are empty and it knows nothing of what other blocks did.
  void begin_block();
  // The next instruction of the pipe; its time.
  Time issue(int pipe);
  Time now(int pipe) const { return now_[pipe]; }

  // Whether what `pipe` of this core begins now comes after instruction `time` of a pipe of `core`.
  bool knows(int pipe, int core, int of_pipe, Time time) const;
  // Whether that instruction has ended before the pipe goes on, and not only begun before (same pipe).
  bool ended(int pipe, Time time) const { return time <= known_[pipe][pipe]; }
  bool this_block(int of_pipe, Time time) const { return time > block_start_[of_pipe]; }

  PipeClock flag_clock(int pipe);  // what a flag set now on the pipe tells
  void learn(int pipe, const PipeClock& clock);
  void learn(int pipe, int of_pipe, Time time);
  void pipe_barrier(int pipe);  // kAscPipeAll: the scalar unit waits for all
  // What a flag to other cores set now on the pipe tells; the scalar unit learns from theirs.
  Knowledge tell(int pipe);
  void learn(const Knowledge& knowledge);

 private:
  void dispatch(int pipe);

  int core_, cores_;
  PipeClock now_ = {}, block_start_ = {};
  std::array<PipeClock, kPipes> known_ = {};
  Knowledge others_;
};

Knowledge join(const Knowledge& a, const Knowledge& b);

}  // namespace etalon::ascendc::hazards
