// SPDX-License-Identifier: Apache-2.0
// What instructions do to memory: order, races, undefined bytes.
#include "ascendc/hazards/checker.h"

#include <fmt/format.h>

#include "ascendc/hazards/checker_impl.h"
#include "ascendc/launch/device.h"

namespace etalon::ascendc {

using namespace hazards;
using Kind = InstructionEvent::Kind;

HazardChecker::HazardChecker(std::string kernel) : impl_(std::make_unique<Impl>(std::move(kernel))) {}
HazardChecker::~HazardChecker() = default;

void HazardChecker::track(const WrittenBytes& written) { impl_->shadow.track(written); }
Findings HazardChecker::findings() const { return impl_->reports.findings(impl_->sites); }
bool HazardChecker::failed() const { return impl_->reports.failed(); }

void HazardChecker::on_launch(const LaunchShape& shape) {
  Impl& m = *impl_;
  m.shape = shape;
  m.partners = {shape.cubes, shape.sub_blocks};
  m.sites.look_for_code();
  m.shadow.reset();
  m.tokens.clear();
  m.open.clear();
  m.escaped.clear();
  m.workspaces.clear();
  m.cores.clear();
  const int cores = shape.cubes + shape.vectors;
  for (int c = 0; c < cores; ++c) {
    m.cores.emplace_back(c, cores);
    m.cores.back().is_cube = c < shape.cubes;
  }
}

void HazardChecker::on_instruction(const InstructionEvent& e) {
  Impl& m = *impl_;
  Core& core = m.cores[static_cast<std::size_t>(e.core)];
  const SiteId site = m.sites.of(e.place);
  ++core.sequence;
  if (site != 0) core.last_site = site;
  switch (e.kind) {
    case Kind::instruction:
      return m.instruction(core, e, site);
    case Kind::set_flag:
      return m.set_flag(core, e, site);
    case Kind::wait_flag:
      return m.wait_flag(core, e, site);
    case Kind::pipe_barrier:
      return core.clocks.pipe_barrier(e.pipe);
    case Kind::block_begin:
      core.block = e.block;
      core.in_block = true;
      ++core.blocks_begun;
      core.clocks.begin_block();
      core.ub = !core.is_cube && m.shape.functional
                    ? static_cast<const std::byte*>(etalon_asc_local_pointer(kAscUb, 0))
                    : nullptr;
      core.ub_size = core.ub != nullptr ? e.core_state->space_bytes[kAscUb] : 0;
      return;
    case Kind::block_end:
      return m.end_of_block(core, e);
    case Kind::cross_set:
      return m.cross_set(core, e, site);
    case Kind::cross_wait_begin:
      core.waits_for = fmt::format("CrossCoreWaitFlag({})", e.flag_id);
      core.waits_at = site;
      return;
    case Kind::cross_wait:
      return m.cross_wait(core, e);
    case Kind::sync_arrive:
      return m.arrive(core, e, site);
    case Kind::sync_leave:
      return m.leave(core, e);
    case Kind::queue:
      return m.queue(core, e, site);
  }
}

void HazardChecker::on_end(const LaunchEnd& end) {
  Impl& m = *impl_;
  if (end.code.empty()) {
    m.report_escaped();
    m.left_over_tokens();
    return;
  }
  if (end.code == "ascendc.deadlock") m.stuck();
}

std::uint32_t HazardChecker::cores_now(CoreNow* out, std::uint32_t most) const {
  const Impl& m = *impl_;
  std::uint32_t n = 0;
  for (const Core& c : m.cores) {
    if (n == most) break;
    CoreNow& now = out[n++];
    now.is_cube = c.is_cube;
    now.state = !c.waits_for.empty()  ? CoreNow::waiting
                : c.blocks_begun == 0 ? CoreNow::not_begun
                : c.in_block          ? CoreNow::at_work
                                      : CoreNow::done;
    now.site = m.sites.at(c.waits_for.empty() ? c.last_site : c.waits_at);
  }
  return n;
}

void HazardChecker::on_fault(const FaultEvent& fault) {
  Impl& m = *impl_;
  const Core& core = m.cores[static_cast<std::size_t>(fault.core)];
  const char* code = m.fault_codes.insert(fault.code).first->c_str();
  m.report({code, m.sites.of(fault.place), 0, 0}, Severity::failure, core, [&] {
    std::string text = fault.message;  // says core and block once more
    const std::string who = fmt::format(" on core {} block {}", fault.core, core.block);
    if (const std::size_t at = text.find(who); at != std::string::npos) text.erase(at, who.size());
    return text + ", at {now}";
  });
}

// ---------------------------------------------------------------------------------------------------------

int HazardChecker::Impl::index_of(const Core& core) const {
  for (std::size_t i = 0; i < cores.size(); ++i) {
    if (&cores[i] == &core) return static_cast<int>(i);
  }
  return 0;
}

std::string HazardChecker::Impl::who(const Core& core) const {
  const int index = index_of(core);
  return fmt::format("{}, block {} on {} core {}", kernel, core.block, core.is_cube ? "cube" : "vector",
                     core.is_cube ? index : index - shape.cubes);
}

Shadow::Cells& HazardChecker::Impl::cells(int core, int space) {
  const auto& c = shape.device->costs();
  const std::int64_t sizes[kAscLocalSpaces] = {c.ub_size,  c.l1_size, c.l0a_size, c.l0b_size,
                                               c.l0c_size, c.bt_size, c.fb_size};
  return shadow.local(core, space, static_cast<std::uint32_t>(sizes[space]));
}

std::string HazardChecker::Impl::bytes_text(const Operand& operand, std::uint64_t begin,
                                            std::uint64_t end) const {
  if (operand.space != kAscGm)
    return fmt::format("bytes {} to {} of {}", begin, end - 1, name_of_space(operand.space));
  const auto* p = reinterpret_cast<const std::byte*>(begin);
  const auto* buffer = shape.device->find(p, 1);
  if (buffer == nullptr) return fmt::format("{} bytes of device memory that no buffer holds", end - begin);
  const auto first = static_cast<std::uint64_t>(p - buffer->host);
  return fmt::format("bytes {} to {} of a device buffer of {} bytes", first, first + (end - begin) - 1,
                     buffer->bytes);
}

void HazardChecker::Impl::instruction(Core& core, const InstructionEvent& e, SiteId site) {
  Access now;
  now.core = static_cast<std::uint16_t>(e.core);
  now.pipe = static_cast<std::uint8_t>(e.pipe);
  now.atomic = e.atomic;
  now.time = core.clocks.issue(e.pipe);
  now.sequence = core.sequence;
  now.block = e.block;
  now.site = site;
  now.name = e.name;
  if (e.descriptor_kind == InstructionEvent::Descriptor::mmad)
    now.unit_flag = static_cast<const etalon_asc_mmad*>(e.descriptor)->unit_flag != 0;
  if (e.descriptor_kind == InstructionEvent::Descriptor::fixpipe)
    now.unit_flag = static_cast<const etalon_asc_fixpipe*>(e.descriptor)->unit_flag != 0;
  const LocalBytes ub = [&core](std::uint32_t at) {
    return std::uint64_t{at} + 4 <= core.ub_size ? core.ub + at : nullptr;
  };
  footprint_of(e, partners, ub, footprint);
  for (const Operand& o : footprint) {
    if (o.space == kAscGm && !o.write && e.pipe != kAscPipeS && !o.runs.empty())
      now.read_end = o.runs.back().begin + o.runs.back().bytes;
  }
  const AccessId id = shadow.add(now);
  alignment(core, e, site);
  overlap(core, e, site);
  bounds(core, e, site);

  Touch touch = Touch::read;
  const Shadow::Ordered ordered = [&](AccessId before_id, Touch before_touch) {
    const Access& before = shadow.access(before_id);
    if (before.unit_flag && now.unit_flag && before.core == now.core) return true;
    if (!core.clocks.knows(now.pipe, before.core, before.pipe, before.time)) return false;
    if (e.descriptor_kind != InstructionEvent::Descriptor::registers && now.pipe == kAscPipeV &&
        before.pipe == kAscPipeV && before.core == now.core &&
        touch == Touch::read && before_touch == Touch::write && !core.clocks.ended(kAscPipeV, before.time)) {
      advise_barrier(core, before, now);
    }
    return true;
  };
  const auto memory = [&](const Operand& o) -> Shadow::Cells* {
    return o.space == kAscGm ? nullptr : &cells(o.core < 0 ? e.core : o.core, o.space);
  };

  // From the first undefined byte to the end of the run of bytes that holds it.
  const auto undefined_text = [&](const Operand& o, const Meeting& meeting) {
    std::uint64_t end = meeting.undefined_at + 1;
    for (const Run& r : o.runs) {
      if (r.begin <= meeting.undefined_at && meeting.undefined_at < r.begin + r.bytes)
        end = r.begin + r.bytes;
    }
    return bytes_text(o, meeting.undefined_at, end);
  };

  // Stores of registers bring what they hold undefined from their vector function.
  bool undefined_read = e.descriptor_kind == InstructionEvent::Descriptor::registers &&
                        static_cast<const etalon_asc_reg_access*>(e.descriptor)->kind == kAscRegWrite &&
                        static_cast<const etalon_asc_reg_access*>(e.descriptor)->undefined != nullptr;
  AccessId origin = 0;
  for (const Operand& o : footprint) {
    if (o.write) continue;
    Meeting meeting;
    shadow.touch(memory(o), o.runs, touch, id, ordered, meeting);
    if (!meeting.clashes.empty()) clashes(core, e, now, touch, o, meeting);
    if (o.space == kAscGm && meeting.written) read_back(o.runs.front().begin);
    if (!meeting.undefined) continue;
    if (!undefined_read) origin = meeting.origin;
    undefined_read = true;
    if (e.pipe == kAscPipeS) {
      came_out(core, e, site, fmt::format("reads {} into the scalar unit", undefined_text(o, meeting)),
               origin, Severity::failure, o.space);
    }
  }
  if (undefined_read) {
    const Escape escape = undefined.carry(
        e, footprint, [this](int c, int space) -> Shadow::Cells& { return cells(c, space); }, ub);
    if (escape.kind >= Escape::Kind::tail) leaves(core, e, site, escape, origin);
  }
  for (const Operand& o : footprint) {
    if (!o.write) continue;
    touch = o.space == kAscGm && e.atomic != kAscAtomicNone ? Touch::atomic : Touch::write;
    Meeting meeting;
    const bool carries = undefined_read && o.space != kAscGm && e.pipe != kAscPipeS;
    shadow.touch(memory(o), o.runs, touch, id, ordered, meeting, carries ? undefined.of(o, e.core) : nullptr,
                 0, origin != 0 ? origin : id);
    if (!meeting.clashes.empty()) clashes(core, e, now, touch, o, meeting);
    if (touch == Touch::atomic && meeting.undefined) {
      came_out(core, e, site, fmt::format("adds to {}", undefined_text(o, meeting)), 0, Severity::failure,
               kAscGm + 1);
    }
    if (o.space != kAscGm) continue;
    shadow.mark_written(o.runs);
    if (!undefined_read || e.pipe == kAscPipeS) continue;
    for (const auto& row : undefined.device_rows()) {
      shadow.touch(nullptr, {{row.address, row.bytes.size()}}, touch, id, ordered, meeting, row.bytes.data(),
                   row.address, origin != 0 ? origin : id);
    }
  }
}

// What of the undefined is stored may be the unused rest of a workspace: whether it is one, a buffer that the
// kernel itself reads, is known at the end.
void HazardChecker::Impl::leaves(Core& core, const InstructionEvent& e, SiteId site, const Escape& escape,
                                 AccessId origin) {
  const auto* buffer = shape.device->find(reinterpret_cast<const void*>(escape.begin), 1);
  if (buffer == nullptr || workspaces.contains(buffer->host)) return;
  const Access first = shadow.access(origin);
  const bool data = escape.kind == Escape::Kind::data;
  auto& escapes = escaped[buffer->host];
  Escaped& found = escapes[{"hazard.undefined", site, first.site, data ? kAscGm : kAscGm + 2}];
  if (found.blocks.empty()) {
    Operand gm;
    gm.space = kAscGm;
    found.severity = data ? Severity::failure : Severity::warning;
    found.who = who(core);
    found.text = undefined_text(e, fmt::format("stores to {}", bytes_text(gm, escape.begin, escape.end)),
                                origin != 0 ? first.name : nullptr);
    found.number = escaped_count++;
  }
  found.blocks.push_back(core.block);
}

void HazardChecker::Impl::read_back(std::uint64_t address) {
  const auto* buffer = shape.device->find(reinterpret_cast<const void*>(address), 1);
  if (buffer == nullptr || !workspaces.insert(buffer->host).second) return;
  escaped.erase(buffer->host);
}

void HazardChecker::Impl::report_escaped() {
  std::map<int, std::pair<const Reports::Key*, const Escaped*>> in_order;
  for (const auto& [host, escapes] : escaped) {
    for (const auto& [key, found] : escapes) in_order[found.number] = {&key, &found};
  }
  for (const auto& [number, at] : in_order) {
    const auto& [key, found] = at;
    for (const std::uint32_t block : found->blocks) {
      if (reports.fresh(*key, block, found->severity))
        reports.add(*key, found->severity, found->who, found->text);
    }
  }
  escaped.clear();
}

std::string HazardChecker::Impl::undefined_text(const InstructionEvent& e, const std::string& what,
                                                const char* first) const {
  std::string text =
      fmt::format("{} (pipe {}) at {{now}} {} what was never written", e.name, name_of_pipe(e.pipe), what);
  if (first != nullptr) text += fmt::format(", first read by {} at {{before}}", first);
  return text + "; write it before (a copy that is missing or too short, or a count that is too long?)";
}

void HazardChecker::Impl::came_out(Core& core, const InstructionEvent& e, SiteId site,
                                   const std::string& what, AccessId origin, Severity severity, int detail) {
  const Access first = shadow.access(origin);
  report({"hazard.undefined", site, first.site, detail}, severity, core, [&] {
    if (detail == kAscGm + 1) {
      return fmt::format(
          "{} (pipe {}) at {{now}} {} what was never written; clear that memory before the launch or "
          "write it first",
          e.name, name_of_pipe(e.pipe), what);
    }
    return undefined_text(e, what, origin != 0 ? first.name : nullptr);
  });
}

}  // namespace etalon::ascendc
