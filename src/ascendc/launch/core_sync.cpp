// SPDX-License-Identifier: Apache-2.0
// Flags between pipes and cores, barriers: what the scalar unit of one core waits for and sets.
#include <fmt/format.h>

#include <algorithm>

#include "ascendc/launch/core_runtime.h"

namespace etalon::ascendc {

using chip::FlagId;
using chip::kNoFlag;
using chip::NpuPipe;

namespace {

constexpr int kCorePipes = 7;  // scalar unit included
constexpr FlagId kCrossFlags = kCorePipes * kCorePipes * 8;
constexpr FlagId kTokenFlag = kCrossFlags + 2 * 16;  // a core waits for one token at a time
static_assert(kTokenFlag + 1 + 4 <= chip::kNpuFlags, "flags of a core");
constexpr int kTokenSlots = 1 << 20;  // places of tokens as observers see them: receivers that are no cores
// Not a mode of the interface: libraries hand requests from one core of a block to another, through L2. A
// vector core names the flag of its cube core, a cube core that of its first vector core or, from 16, of the
// second.
constexpr int kMessage = 5;
constexpr int kSyncAllBarrier = 1000, kModeZeroBarrier = 2000, kSyncSomeBarrier = 4000;

FlagId pair_flag(int from, int to, int id) { return static_cast<FlagId>((from * kCorePipes + to) * 8 + id); }

chip::PipeId machine_pipe(int pipe) {
  static constexpr NpuPipe table[] = {NpuPipe::vector, NpuPipe::vector, NpuPipe::cube,   NpuPipe::mte1,
                                      NpuPipe::mte2,   NpuPipe::mte3,   NpuPipe::fixpipe};
  return static_cast<chip::PipeId>(table[pipe]);
}

}  // namespace

// -------------------------------------------------------------------------------------

// What setting and waiting share: the id is checked and the observer told.
void CoreRuntime::note_flag(InstructionEvent::Kind kind, int from, int to, int id) {
  ++launch_.calls;
  if (id < 0 || id > 7) {
    throw DeviceFault("ascendc.flag",
                      fmt::format("{} with event id {}, expected 0 to 7",
                                  kind == InstructionEvent::Kind::set_flag ? "SetFlag" : "WaitFlag", id));
  }
  if (launch_.observer == nullptr) return;
  InstructionEvent e = event(kind);
  e.pipe = static_cast<EtalonAscPipe>(from);
  e.other = static_cast<EtalonAscPipe>(to);
  e.flag_id = id;
  launch_.observer->on_instruction(e);
}

// A flag between cores, or cores that meet.
void CoreRuntime::note_cross(InstructionEvent::Kind kind, int mode, int pipe, int id, int other_core,
                             int counter, int count) const {
  if (launch_.observer == nullptr) return;
  InstructionEvent e = event(kind);
  e.pipe = static_cast<EtalonAscPipe>(pipe);
  e.flag_id = id;
  e.mode = mode;
  e.other_core = other_core;
  e.counter = counter;
  e.count = count;
  launch_.observer->on_instruction(e);
}

void CoreRuntime::set_flag(int from, int to, int id) {
  note_flag(InstructionEvent::Kind::set_flag, from, to, id);
  if (timed_ == nullptr || from == to) return;
  const FlagId flag = pair_flag(from, to, id);
  const auto pipe = machine_pipe(from);
  if (from != kAscPipeS && has_held_ && held_.pipe == pipe && held_.set[1] == kNoFlag) {
    held_.set[held_.set[0] == kNoFlag ? 0 : 1] = flag;
  } else if (from == kAscPipeS) {
    flush();
    timed_->set_flag(flag);
  } else {
    signal_self(pipe, flag);
  }
  pending_scalar_ += launch_.costs->scalar_flag;
}

void CoreRuntime::wait_flag(int from, int to, int id) {
  note_flag(InstructionEvent::Kind::wait_flag, from, to, id);
  if (to == kAscPipeS) settle();
  if (timed_ == nullptr || from == to) return;
  const FlagId flag = pair_flag(from, to, id);
  pending_scalar_ += launch_.costs->scalar_flag;
  if (to == kAscPipeS) {
    flush();
    timed_->wait_flag(flag);
    resumed();
    return;
  }
  const auto pipe = machine_pipe(to);
  // A flag waited for twice is two tokens: each needs an instruction of its own.
  const FlagId* waits = waits_[pipe].flags;
  if (waits_[pipe].count == 3 ||
      std::find(waits, waits + waits_[pipe].count, flag) != waits + waits_[pipe].count)
    flush_waits(pipe);
  waits_[pipe].flags[waits_[pipe].count++] = flag;
  // Data handed on costs the time of the flag; a buffer given back was as a rule free long before.
  const bool pays = (from == kAscPipeMte2 && to == kAscPipeMte1) || (from == kAscPipeM && to == kAscPipeFix);
  waits_[pipe].paying += pays ? 1 : 0;
  waits_[pipe].place = place();
}

void CoreRuntime::pipe_barrier(int pipe) {
  ++launch_.calls;
  if (launch_.observer != nullptr) {
    InstructionEvent e = event(InstructionEvent::Kind::pipe_barrier);
    e.pipe = static_cast<EtalonAscPipe>(pipe);
    launch_.observer->on_instruction(e);
  }
  // The scalar unit waits for everything, and may then read device memory through plain pointers.
  if (pipe == kAscPipeAll) settle();
  if (timed_ == nullptr) return;
  pending_scalar_ += launch_.costs->scalar_flag;
  if (pipe == kAscPipeAll) {
    drain_held();
    timed_->drain();
    resumed();
    vector_barrier_ = true;
  } else if (pipe == kAscPipeV) {
    vector_barrier_ = true;
  } else if (pipe == kAscPipeMte2 || pipe == kAscPipeMte3 || pipe == kAscPipeFix) {
    // Transfers of one pipe overlap: later ones wait for the end of earlier ones.
    const FlagId flag = pair_flag(pipe, pipe, 0);
    signal_self(machine_pipe(pipe), flag);
    waits_[machine_pipe(pipe)].flags[waits_[machine_pipe(pipe)].count++] = flag;
  }
}

void CoreRuntime::cross_set(int mode, int pipe, int id) {
  ++launch_.calls;
  const int most = (mode == 4 && is_cube_) || mode == kMessage ? 31 : 15;
  if (id < 0 || id > most)
    throw DeviceFault("ascendc.flag", fmt::format("cross-core flag {}, expected 0 to {}", id, most));
  if (timed_ != nullptr) {
    flush();
    pending_scalar_ += launch_.costs->scalar_flag;
  }
  const int asked = pipe;
  if (pipe == kAscPipeS || pipe == kAscPipeAll) pipe = is_cube_ ? kAscPipeFix : kAscPipeMte3;
  const auto machine = machine_pipe(pipe);
  const auto send = [&](int core, FlagId flag) {
    note_cross(InstructionEvent::Kind::cross_set, mode, asked, id, core, flag);
    if (timed_ == nullptr) {
      launch_.loose->signal(core, flag);
      return;
    }
    flush_waits(machine);
    // Mode 4 stays inside the block; the others go through L2.
    timed_->signal(core, flag, machine,
                   Cycles{mode == 4 ? launch_.costs->flag : launch_.costs->cross_core_flag});
    resumed();
  };
  if (mode == kMessage) {
    if (launch_.sub_blocks == 0)
      throw DeviceFault("ascendc.flag", "messages between cores need a mix kernel");
    if (is_cube_)
      send(launch_.cubes + core_ * launch_.sub_blocks + id / 16 % launch_.sub_blocks,
           static_cast<FlagId>(kCrossFlags + id % 16));
    else
      send((core_ - launch_.cubes) / launch_.sub_blocks, static_cast<FlagId>(kCrossFlags + id));
    return;
  }
  if (mode == 4) {
    if (launch_.costs->l0c_ub <= 0 || launch_.sub_blocks == 0)
      throw DeviceFault("ascendc.flag", "cross-core flag mode 4 needs a mix kernel on dav-3510");
    if (is_cube_)
      send(launch_.cubes + core_ * launch_.sub_blocks + id / 16 % launch_.sub_blocks,
           static_cast<FlagId>(kCrossFlags + id % 16));
    else
      send((core_ - launch_.cubes) / launch_.sub_blocks,
           static_cast<FlagId>(kCrossFlags + id + 16 * static_cast<int>(visible_.sub_block)));
    return;
  }
  mode_of_id_[id] = mode;
  const auto base = static_cast<FlagId>(kCrossFlags + id);
  const int per = launch_.sub_blocks;
  if (mode == 1 && !is_cube_) {
    const int first = core_ - static_cast<int>(visible_.sub_block);
    for (int s = 0; s < std::max(per, 1); ++s) send(first + s, base);
  } else if (mode == 2 && is_cube_) {
    for (int s = 0; s < per; ++s) send(launch_.cubes + core_ * per + s, base);
  } else if (mode == 2 && per > 0) {
    send((core_ - launch_.cubes) / per,
         static_cast<FlagId>(base + 16 * static_cast<int>(visible_.sub_block)));
  } else if (mode == 0) {
    note_cross(InstructionEvent::Kind::cross_set, mode, asked, id, -1, 0);
  } else {
    throw DeviceFault("ascendc.flag",
                      fmt::format("cross-core flag mode {} is not possible on core {}", mode, core_));
  }
  // Mode 0 meets at the wait: a set of every core of one kind, then a wait, is a barrier.
}

void CoreRuntime::cross_wait(int mode, int id) {
  ++launch_.calls;
  const int most = mode == 4 && is_cube_ ? 31 : 15;
  if (id < 0 || id > most)
    throw DeviceFault("ascendc.flag", fmt::format("cross-core flag {}, expected 0 to {}", id, most));
  const auto wait = [&](FlagId flag) {
    note_cross(InstructionEvent::Kind::cross_wait_begin, mode, kAscPipeS, id, core_, flag);
    if (timed_ == nullptr) {
      launch_.loose->wait_flag(core_, flag);
    } else {
      flush();
      timed_->wait_flag(flag);
    }
    resumed();
    note_cross(InstructionEvent::Kind::cross_wait, mode, kAscPipeS, id, core_, flag);
  };
  if (timed_ != nullptr) pending_scalar_ += launch_.costs->scalar_flag;
  const auto base = static_cast<FlagId>(kCrossFlags + id);
  if (mode == 4) {
    wait(base);
    return;
  }
  if (mode_of_id_[id] == 0) {
    const int count = is_cube_ ? launch_.cubes : launch_.vectors;
    const int meeting = kModeZeroBarrier + 2 * id + (is_cube_ ? 1 : 0);
    meet(meeting, count, 0, id, kAscPipeS);
  } else if (mode_of_id_[id] == 1 && !is_cube_) {
    for (int s = 0; s < std::max(launch_.sub_blocks, 1); ++s) wait(base);
  } else if (is_cube_) {
    for (int s = 0; s < launch_.sub_blocks; ++s) wait(static_cast<FlagId>(base + 16 * s));
  } else {
    wait(base);
  }
}

void CoreRuntime::sync_all(bool vector_only) {
  ++launch_.calls;
  vector_only = vector_only && launch_.vectors > 0;
  if (vector_only && is_cube_) return;
  const int count = vector_only ? launch_.vectors : launch_.cubes + launch_.vectors;
  meet(kSyncAllBarrier + (vector_only ? 1 : 0), count, -1, 0, kAscPipeAll);
}

void CoreRuntime::sync_some(int cores) {
  ++launch_.calls;
  const int all = is_cube_ ? launch_.cubes : launch_.vectors;
  if (cores > all || static_cast<int>(visible_.block) >= cores) {
    throw DeviceFault("ascendc.range", fmt::format("SyncAll of {} cores called by block {} of {}", cores,
                                                   visible_.block, all));
  }
  meet(kSyncSomeBarrier + 2 * cores + (is_cube_ ? 1 : 0), cores, -1, 0, kAscPipeAll);
}

// The tokens of a place and number; what the core did before is done by then.
LaunchContext::Tokens& CoreRuntime::tokens_of(const void* place, int number) {
  ++launch_.calls;
  LaunchContext::Tokens& t = launch_.tokens[{place, number}];
  if (t.slot == 0) t.slot = kTokenSlots + static_cast<int>(launch_.tokens.size());
  if (timed_ != nullptr) {
    drain_held();
    timed_->drain();
  }
  return t;
}

// The token may be taken, or who waits for it goes on.
void CoreRuntime::token_give(const void* place, int number) {
  LaunchContext::Tokens& t = tokens_of(place, number);
  note_cross(InstructionEvent::Kind::cross_set, -1, kAscPipeAll, number, t.slot, 0);
  if (t.waiting.empty()) {
    ++t.given;
  } else {
    const int core = t.waiting.front();
    t.waiting.erase(t.waiting.begin());
    if (timed_ == nullptr)
      launch_.loose->signal(core, kTokenFlag);
    else
      timed_->signal(core, kTokenFlag, machine_pipe(is_cube_ ? kAscPipeFix : kAscPipeMte3),
                     Cycles{launch_.costs->cross_core_flag});
  }
  resumed();
}

void CoreRuntime::token_take(const void* place, int number) {
  LaunchContext::Tokens& t = tokens_of(place, number);
  note_cross(InstructionEvent::Kind::cross_wait_begin, -1, kAscPipeS, number, t.slot, 0);
  if (t.given > 0) {
    --t.given;
  } else {
    t.waiting.push_back(core_);
    if (timed_ == nullptr)
      launch_.loose->wait_flag(core_, kTokenFlag);
    else
      timed_->wait_flag(kTokenFlag);
  }
  resumed();
  note_cross(InstructionEvent::Kind::cross_wait, -1, kAscPipeS, number, t.slot, 0);
}

// The core goes on once `count` cores have come here.
void CoreRuntime::meet(int meeting, int count, int mode, int id, EtalonAscPipe pipe) {
  note_cross(InstructionEvent::Kind::sync_arrive, mode, pipe, id, -1, meeting, count);
  if (timed_ == nullptr) {
    launch_.loose->barrier(core_, meeting, count);
  } else {
    drain_held();
    timed_->drain();
    timed_->barrier(meeting, count, Cycles{launch_.costs->sync_all});
  }
  resumed();
  settle_all();
  note_cross(InstructionEvent::Kind::sync_leave, mode, pipe, id, -1, meeting, count);
}

}  // namespace etalon::ascendc
