// SPDX-License-Identifier: Apache-2.0
// Two accesses that nothing orders: how bad it is, and what would mend it.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "ascendc/hazards/checker_impl.h"
#include "ascendc/launch/core_runtime.h"

namespace etalon::ascendc {

using namespace hazards;

namespace {

bool queues_join(int from, int to) {
  const auto pair = [&](int a, int b) { return (from == a && to == b) || (from == b && to == a); };
  return pair(kAscPipeMte2, kAscPipeV) || pair(kAscPipeV, kAscPipeMte3) || pair(kAscPipeMte2, kAscPipeMte1) ||
         pair(kAscPipeMte1, kAscPipeM) || pair(kAscPipeM, kAscPipeFix) || pair(kAscPipeMte2, kAscPipeMte3);
}

std::string flags_between(int from, int to, bool local) {
  const std::string event = fmt::format("{}_{}", name_of_pipe(from), name_of_pipe(to));
  std::string fix = fmt::format(
      "SetFlag<HardEvent::{0}>(id) after {{before}} and WaitFlag<HardEvent::{0}>(id) before {{now}}", event);
  if (local && queues_join(from, to)) {
    const bool forward = to == kAscPipeMte3 || to == kAscPipeFix || (from == kAscPipeMte2) ||
                         (from == kAscPipeMte1 && to == kAscPipeM);
    fix += forward ? ", or EnQue and DeQue of a TQue between them"
                   : ", or FreeTensor and AllocTensor of a TQue between them";
  }
  return fix;
}

}  // namespace

void HazardChecker::Impl::clashes(Core& core, const InstructionEvent& e, const Access& now, Touch touch,
                                  const Operand& operand, const Meeting& meeting) {
  for (const Clash& c : meeting.clashes) {
    const Access before = shadow.access(c.before);
    const bool wrote = c.before_touch != Touch::read, writes = touch != Touch::read;
    const bool same_core = before.core == now.core && core.clocks.this_block(before.pipe, before.time);
    const bool scalar_read = same_core && before.pipe == kAscPipeS && !wrote;
    // Kernels rely on a compiler that puts in the flags of the scalar unit, and cannot be told from the
    // others.
    const bool with_scalar = same_core && (before.pipe == kAscPipeS || now.pipe == kAscPipeS);
    // A copy that is rounded up to 32 bytes reads a little of what its neighbour writes, and throws it away.
    const Access& reader = writes ? before : now;
    const bool rounded =
        !same_core && (!writes || !wrote) && reader.read_end == c.end && c.end - c.begin < kCell;
    const bool same = !same_core && touch == Touch::write && c.before_touch == Touch::write &&
                      writes_the_same(core, e, c.begin, c.end);
    const Severity severity = scalar_read                      ? Severity::note
                              : with_scalar || rounded || same ? Severity::warning
                                                               : Severity::failure;
    const char* code = !same_core    ? "hazard.race"
                       : scalar_read ? "hazard.scalar-order"
                       : !writes     ? "hazard.raw"
                       : wrote       ? "hazard.waw"
                                     : "hazard.war";
    const int detail = operand.space * 64 + before.pipe * 8 + now.pipe;
    report({code, now.site, before.site, detail}, severity, core, [&] {
      const std::string bytes = bytes_text(operand, c.begin, c.end);
      const char* does = touch == Touch::atomic ? "adds to" : writes ? "writes" : "reads";
      const char* may = c.before_touch == Touch::atomic ? "adding to" : wrote ? "writing" : "reading";
      std::string text =
          fmt::format("{} (pipe {}) at {{now}} {} {} while {} (pipe {}", e.name, name_of_pipe(now.pipe), does,
                      bytes, before.name, name_of_pipe(before.pipe));
      if (!same_core) {
        const Core& other = cores[before.core];
        text += fmt::format(", block {} on {} core {}", before.block, other.is_cube ? "cube" : "vector",
                            other.is_cube ? before.core : before.core - shape.cubes);
      }
      text += fmt::format(") at {{before}} may still be {} them; ", may);
      if (same)
        text += "both write the same values, so that the result does not depend on the order in this run; ";
      if (rounded)
        text += fmt::format(
            "these are the last {} bytes of a copy, harmless if they are only what it is "
            "rounded up to and nobody uses them; ",
            c.end - c.begin);
      if (!same_core) {
        text +=
            "nothing orders the two blocks: CrossCoreSetFlag after {before} and CrossCoreWaitFlag before "
            "{now}, "
            "SyncAll between them, or atomic or disjoint writes";
        return text;
      }
      const LastWait& w = core.waits[before.pipe][now.pipe];
      const PipeFlag* pending = nullptr;
      for (const PipeFlag& f : core.flags[before.pipe][now.pipe]) {
        if (f.set && f.sequence > before.sequence) pending = &f;
      }
      if (pending != nullptr) {
        text += fmt::format("the flag is set at {{@{}}} but not waited for before {{now}}; ", pending->site);
      } else if (w.any && w.waited > before.sequence && w.set < before.sequence) {
        text += fmt::format("the flag waited for at {{@{}}} is set too early, at {{@{}}}; ", w.wait_site,
                            w.set_site);
      }
      text += flags_between(before.pipe, now.pipe, operand.space != kAscGm);
      if (with_scalar) text += "; a compiler that inserts the scalar unit's flags does this by itself";
      return text;
    });
    // What follows with such a flag in place is not a finding: it is a consequence here, and none there.
    if (with_scalar) core.clocks.learn(now.pipe, before.pipe, before.time);
  }
}

bool HazardChecker::Impl::writes_the_same(const Core& core, const InstructionEvent& e, std::uint64_t begin,
                                          std::uint64_t end) const {
  if (!shape.functional || e.atomic != kAscAtomicNone) return false;
  static_cast<CoreRuntime*>(e.core_state->runtime)->settle_all();  // memory is about to be read
  const auto equal = [&](std::uint64_t to, const std::byte* from, std::int64_t bytes) {
    const std::uint64_t a = std::max(to, begin), b = std::min(to + static_cast<std::uint64_t>(bytes), end);
    return a >= b || std::memcmp(reinterpret_cast<const void*>(a), from + (a - to), b - a) == 0;
  };
  if (e.descriptor_kind == InstructionEvent::Descriptor::none) {
    return e.pipe == kAscPipeS && e.gm_write && e.descriptor != nullptr &&
           equal(reinterpret_cast<std::uintptr_t>(e.gm), static_cast<const std::byte*>(e.descriptor),
                 e.gm_bytes);
  }
  if (e.descriptor_kind == InstructionEvent::Descriptor::fixpipe) {  // carried out on a copy
    const auto& f = *static_cast<const etalon_asc_fixpipe*>(e.descriptor);
    const auto at = reinterpret_cast<std::uintptr_t>(f.gm);
    const Buffer* buffer = shape.device->find(f.gm, 1);
    if (f.dst_space != kAscGm || buffer == nullptr || begin < at) return false;
    std::uint64_t last = at;
    for (const Operand& o : footprint) {
      for (const Run& r : o.runs) {
        if (o.space == kAscGm) last = std::max(last, r.begin + r.bytes);
      }
    }
    if (last > reinterpret_cast<std::uintptr_t>(buffer->host) + static_cast<std::uint64_t>(buffer->bytes))
      return false;
    const auto* gm = static_cast<const std::byte*>(f.gm);
    std::vector<std::byte> copy(gm, gm + (last - at));
    static_cast<CoreRuntime*>(e.core_state->runtime)->fixpipe_result(f, copy.data(), kAscAtomicNone);
    return equal(at, copy.data(), static_cast<std::int64_t>(copy.size()));
  }
  if (e.descriptor_kind != InstructionEvent::Descriptor::move || core.ub == nullptr) return false;
  const auto& m = *static_cast<const etalon_asc_move*>(e.descriptor);
  if (m.src_space != kAscUb || m.dst_space != kAscGm) return false;
  for (std::int64_t r = 0; r < m.rows; ++r) {
    if (!equal(reinterpret_cast<std::uintptr_t>(m.gm) + static_cast<std::uint64_t>(r * m.dst_pitch),
               core.ub + m.local + r * m.src_pitch, m.row_bytes))
      return false;
  }
  return true;
}

void HazardChecker::Impl::advise_barrier(Core& core, const Access& before, const Access& now) {
  const std::string_view name = now.name;
  report({"hazard.vector-barrier", now.site, before.site, 0}, Severity::note, core, [&] {
    return fmt::format(
        "{} at {{now}} reads what {} at {{before}} writes, both on pipe V, without "
        "PipeBarrier<PIPE_V>() between them; it is not documented which forms need it",
        name, before.name);
  });
}

}  // namespace etalon::ascendc
