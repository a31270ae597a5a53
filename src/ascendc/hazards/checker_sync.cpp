// SPDX-License-Identifier: Apache-2.0
// Flags between pipes and cores, SyncAll, and what a hang leaves behind.
#include <fmt/format.h>

#include "ascendc/hazards/checker_impl.h"

namespace etalon::ascendc {

using namespace hazards;

namespace {

std::string flag_name(const char* call, const InstructionEvent& e) {
  return fmt::format("{}<HardEvent::{}_{}>({})", call, name_of_pipe(e.pipe), name_of_pipe(e.other),
                     e.flag_id);
}
int flag_detail(const InstructionEvent& e) { return (e.pipe * kPipes + e.other) * 8 + e.flag_id; }

}  // namespace

void HazardChecker::Impl::set_flag(Core& core, const InstructionEvent& e, SiteId site) {
  if (e.pipe == e.other) return core.clocks.pipe_barrier(e.pipe);
  PipeFlag& flag = core.flags[e.pipe][e.other][e.flag_id];
  if (flag.waited_early) {  // reported at the wait, which takes this flag
    flag = {};
    return;
  }
  if (flag.set) {
    report({"hazard.flag-set-twice", site, flag.site, flag_detail(e)}, Severity::failure, core, [&] {
      std::string text = fmt::format(
          "{} at {{now}} sets a flag that is set since {{before}} and not yet waited for, "
          "which is undefined; ",
          flag_name("SetFlag", e));
      if (flag.by_queue || e.by_queue)
        text += "a TQue uses this id: take ids from AllocEventID or FetchEventID of the TPipe";
      else
        text += fmt::format("{} between them, or another id", flag_name("WaitFlag", e));
      return text;
    });
  }
  flag = {true, e.by_queue, false, site, core.sequence, core.clocks.flag_clock(e.pipe)};
}

void HazardChecker::Impl::wait_flag(Core& core, const InstructionEvent& e, SiteId site) {
  if (e.pipe == e.other) return;
  PipeFlag& flag = core.flags[e.pipe][e.other][e.flag_id];
  if (flag.set) {
    core.clocks.learn(e.other, flag.clock);
    core.waits[e.pipe][e.other] = {true, e.flag_id, core.sequence, flag.sequence, flag.site, site};
    flag = {};
    return;
  }
  // Another id of the same event that is set and waits for nobody is most likely the one that was meant.
  PipeFlag* meant = nullptr;
  for (PipeFlag& other : core.flags[e.pipe][e.other]) {
    if (other.set && !other.by_queue) meant = &other;
  }
  report({"hazard.wait-without-set", site, 0, flag_detail(e)}, Severity::failure, core, [&] {
    std::string text =
        fmt::format("{} at {{now}} waits for a flag that nothing before it sets: pipe {} hangs",
                    flag_name("WaitFlag", e), name_of_pipe(e.other));
    if (meant != nullptr) {
      return text + fmt::format("; id {} of this event is set at {{@{}}}: use the same id in both",
                                meant - core.flags[e.pipe][e.other], meant->site);
    }
    return text + fmt::format("; {} after what is waited for and before this", flag_name("SetFlag", e));
  });
  // What follows is a consequence, and not reported again.
  core.clocks.learn(e.other, core.clocks.flag_clock(e.pipe));
  if (meant != nullptr)
    *meant = {};
  else
    flag.waited_early = true;
}

void HazardChecker::Impl::end_of_block(Core& core, const InstructionEvent& e) {
  InstructionEvent named = e;
  for (int from = 0; from < kPipes; ++from) {
    for (int to = 0; to < kPipes; ++to) {
      for (int id = 0; id < 8; ++id) {
        PipeFlag& flag = core.flags[from][to][id];
        if (flag.set && !flag.by_queue) {
          named.pipe = static_cast<EtalonAscPipe>(from);
          named.other = static_cast<EtalonAscPipe>(to);
          named.flag_id = id;
          report({"hazard.set-without-wait", flag.site, 0, flag_detail(named)}, Severity::failure, core, [&] {
            return fmt::format(
                "{} at {{now}} is never waited for: the flag stays set for the next kernel; {}",
                flag_name("SetFlag", named), flag_name("WaitFlag", named));
          });
        }
        flag = {};
      }
      core.waits[from][to] = {};
    }
  }
  queues_end(core, e);
  shadow.clear_local(e.core);
  core.in_block = false;
}

void HazardChecker::Impl::cross_set(Core& core, const InstructionEvent& e, SiteId site) {
  if (e.other_core < 0) {  // mode 0: all cores of the kind meet at the wait
    auto& set = core.mode_zero[e.flag_id];
    set = {join(set.first, core.clocks.tell(e.pipe)), site};
    return;
  }
  auto& waiting = tokens[{e.other_core, e.counter}];
  waiting.push_back({core.clocks.tell(e.pipe), site, e.flag_id, e.mode});
  if (waiting.size() > 15) {
    report({"hazard.flag-overflow", site, 0, e.flag_id}, Severity::failure, core, [&] {
      return fmt::format(
          "CrossCoreSetFlag<{}>({}) at {{now}} raises a counter beyond 15: nothing keeps this core "
          "from running ahead of the one that waits; wait for a flag back from it",
          e.mode, e.flag_id);
    });
  }
}

void HazardChecker::Impl::cross_wait(Core& core, const InstructionEvent& e) {
  core.waits_for.clear();
  auto& waiting = tokens[{e.other_core, e.counter}];  // this core, or a place where tokens lie
  if (waiting.empty()) return;
  core.clocks.learn(waiting.front().knowledge);
  waiting.pop_front();
}

void HazardChecker::Impl::arrive(Core& core, const InstructionEvent& e, SiteId site) {
  Knowledge own;
  if (e.mode == 0) {
    const auto set = core.mode_zero.find(e.flag_id);
    if (set != core.mode_zero.end()) {
      own = set->second.first;
      core.mode_zero.erase(set);
    }
  } else {
    own = core.clocks.tell(kAscPipeAll);
  }
  if (shape.blocks > shape.machine_blocks) {
    report({"hazard.sync-grid", site, 0, 0}, Severity::failure, core, [&] {
      return fmt::format(
          "all cores meet at {{now}}, but the launch has {} blocks and only {} run at a time: the rest "
          "can never come; launch at most {}",
          shape.blocks, shape.machine_blocks, shape.machine_blocks);
    });
  }
  auto& gathering = open[e.counter];
  if (!gathering) gathering = std::make_shared<Gathering>();
  gathering->joined = join(gathering->joined, own);
  core.meets[e.counter] = gathering;
  core.waits_for = e.mode == 0 ? fmt::format("CrossCoreWaitFlag({})", e.flag_id) : std::string("SyncAll");
  core.waits_at = site;
  if (++gathering->arrived == e.count) open.erase(e.counter);
}

void HazardChecker::Impl::leave(Core& core, const InstructionEvent& e) {
  core.waits_for.clear();
  core.clocks.learn(core.meets[e.counter]->joined);
  core.meets.erase(e.counter);
  if (e.mode != 0) core.clocks.pipe_barrier(kAscPipeAll);
}

void HazardChecker::Impl::left_over_tokens() {
  for (const auto& [to, waiting] : tokens) {
    if (static_cast<std::size_t>(to.first) >= cores.size()) continue;  // flags in device memory may stay set
    for (const Token& t : waiting) {
      report({"hazard.set-without-wait", t.site, 0, 1000 + t.flag}, Severity::warning,
             cores[static_cast<std::size_t>(to.first)], [&] {
               return fmt::format(
                   "CrossCoreSetFlag<{0}>({1}) at {{now}} is never waited for here: the counter stays "
                   "raised when the kernel ends; CrossCoreWaitFlag({1})",
                   t.mode, t.flag);
             });
    }
  }
  for (const Core& core : cores) {
    for (const auto& [flag, set] : core.mode_zero) {
      report({"hazard.set-without-wait", set.second, 0, 1000 + flag}, Severity::warning, core, [&] {
        return fmt::format("CrossCoreSetFlag<0>({0}) at {{now}} is never waited for; CrossCoreWaitFlag({0})",
                           flag);
      });
    }
  }
}

// Who waits where for whom, and what never ran. One finding for each place where cores wait.
void HazardChecker::Impl::stuck() {
  const auto label = [&](std::size_t i) {
    const int index = static_cast<int>(i);
    return cores[i].is_cube ? fmt::format("cube core {}", index)
                            : fmt::format("vector core {}", index - shape.cubes);
  };
  const auto state = [&](std::size_t i) {
    const Core& c = cores[i];
    if (!c.waits_for.empty()) return fmt::format("{} waits at {{@{}}}", label(i), c.waits_at);
    return label(i) + " has ended";
  };
  std::int64_t begun = 0;
  for (const Core& c : cores) begun += c.blocks_begun;
  const std::int64_t per_block = static_cast<std::int64_t>(cores.size()) / std::max(shape.machine_blocks, 1);
  const std::int64_t never = shape.blocks - begun / std::max<std::int64_t>(per_block, 1);
  for (std::size_t i = 0; i < cores.size(); ++i) {
    const Core& core = cores[i];
    if (core.waits_for.empty()) continue;
    if (!core.meets.empty() && shape.blocks > shape.machine_blocks) continue;  // hazard.sync-grid said why
    report({"hazard.deadlock", core.waits_at, 0, 0}, Severity::failure, core, [&] {
      std::string text = fmt::format("waits for ever at {{now}} in {}", core.waits_for);
      // Whom it waits for: of the cores it could hear from, the first that does not stand at the same place.
      int told = 0;
      for (std::size_t j = 0; j < cores.size() && told < 2; ++j) {
        const bool meets = core.waits_for == "SyncAll" || shape.sub_blocks == 0;
        const int a = static_cast<int>(i), b = static_cast<int>(j);
        const auto block = [&](int c) {
          return c < shape.cubes ? c : (c - shape.cubes) / std::max(shape.sub_blocks, 1);
        };
        if (i == j || (!meets && block(a) != block(b)) || cores[j].waits_at == core.waits_at) continue;
        text += (told++ == 0 ? "; " : ", ") + state(j);
      }
      text += "; nothing after that line ran";
      if (never > 0) text += fmt::format(", and {} of {} blocks never began", never, shape.blocks);
      return text;
    });
  }
}

}  // namespace etalon::ascendc
