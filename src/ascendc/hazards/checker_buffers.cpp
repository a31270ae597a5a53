// SPDX-License-Identifier: Apache-2.0
// Buffers of TPipe, queues, alignment, operands that overlap.
#include <fmt/format.h>

#include <algorithm>

#include "ascendc/costs.h"
#include "ascendc/hazards/checker_impl.h"
#include "ascendc/launch/device.h"

namespace etalon::ascendc {

using namespace hazards;

void HazardChecker::Impl::queue(Core& core, const InstructionEvent& e, SiteId site) {
  if (e.queue_what == kAscNoteDestroy) {
    if (core.destroyed == e.queue) {
      report({"hazard.queue", site, core.destroyed_at, 7}, Severity::warning, core, [] {
        return std::string(
            "Destroy at {now} of a TPipe that is destroyed already, at {before}; once is enough, InitBuffer "
            "comes before the next");
      });
    }
    core.destroyed = e.queue;
    core.destroyed_at = site;
  } else if (e.queue_what == kAscNoteBuffer) {
    core.destroyed = nullptr;
  }
  if (e.queue_what == kAscNoteReset || e.queue_what == kAscNoteDestroy) {
    for (auto& b : core.buffers) b.clear();
    core.queues.clear();
    core.buffer_count = 0;
    return;
  }
  QueueState& queue = core.queues[e.queue];
  QueueState::Slot& slot = queue.slots[e.offset];
  const auto misuse = [&](int detail, const char* what, const char* fix) {
    report({"hazard.queue", site, slot.site, detail}, Severity::failure, core, [&] {
      std::string text = what;
      if (slot.site != 0) text += fmt::format(", last used at {{@{}}}", slot.site);
      return text + "; " + fix;
    });
  };
  switch (e.queue_what) {
    case kAscNoteBuffer: {
      auto& all = core.buffers[e.space];
      const LocalBuffer fresh{e.offset, e.offset + e.bytes};
      // A new TPipe hands out the same memory again.
      std::erase_if(all, [&](const LocalBuffer& b) { return b.begin < fresh.end && fresh.begin < b.end; });
      all.insert(
          std::upper_bound(all.begin(), all.end(), fresh,
                           [](const LocalBuffer& a, const LocalBuffer& b) { return a.begin < b.begin; }),
          fresh);
      slot = {};
      queue.waiting = 0;
      if (++core.buffer_count == 65)
        misuse(0, "InitBuffer at {now} makes the 65th buffer of the kernel, at most 64 are possible",
               "use fewer");
      return;
    }
    case kAscNoteAlloc:
      slot.held = true;
      break;
    case kAscNoteEnque:
      if (!slot.held) {
        misuse(1, "EnQue at {now} of a buffer that AllocTensor has not given out",
               "AllocTensor before it is filled");
      } else if (slot.queued) {
        misuse(2, "EnQue at {now} of a tensor that already lies in the queue", "DeQue it first");
      } else if (e.depth > 0 && queue.waiting >= e.depth) {
        misuse(3, "EnQue at {now} of more tensors than the queue's depth",
               "DeQue one first, or declare a deeper queue");
      }
      slot.held = slot.queued = true;
      ++queue.waiting;
      break;
    case kAscNoteDeque:
      slot.queued = false;
      queue.waiting = std::max(0, queue.waiting - 1);
      break;
    case kAscNoteFree:
      if (!slot.held) {
        misuse(4, "FreeTensor at {now} of a buffer that is not held",
               "free each tensor once, after AllocTensor");
      } else if (slot.queued) {
        misuse(5, "FreeTensor at {now} of a tensor that still lies in the queue", "DeQue it first");
      }
      slot.held = false;
      break;
    default:
      return;
  }
  slot.site = site;
}

void HazardChecker::Impl::queues_end(Core& core, const InstructionEvent&) {
  for (const auto& [queue, state] : core.queues) {
    for (const auto& [offset, slot] : state.slots) {
      if (!slot.queued) continue;
      report({"hazard.queue", slot.site, 0, 6}, Severity::failure, core, [&] {
        return std::string(
            "EnQue at {now} of a tensor that is never dequeued; DeQue it and use it, or FreeTensor it");
      });
    }
  }
  core.queues.clear();
  for (auto& b : core.buffers) b.clear();
  core.buffer_count = 0;
  core.destroyed = nullptr;
}

// Beyond the buffer of InitBuffer in which an operand begins. Mmad is left out: it rounds up to fractals.
void HazardChecker::Impl::bounds(Core& core, const InstructionEvent& e, SiteId site) {
  if (e.pipe == kAscPipeM) return;
  for (const Operand& o : footprint) {
    if (o.space == kAscGm) device_bounds(core, e, site, o);
    if (o.space == kAscGm || o.core >= 0 || o.runs.empty() || core.buffers[o.space].empty()) continue;
    const auto& all = core.buffers[o.space];
    std::uint64_t begin = o.runs.front().begin, end = 0;
    for (const Run& r : o.runs) end = std::max(end, r.begin + r.bytes);
    auto at = std::upper_bound(all.begin(), all.end(), begin,
                               [](std::uint64_t b, const LocalBuffer& x) { return b < x.begin; });
    if (at == all.begin()) continue;
    const LocalBuffer buffer = *--at;
    const bool empty = buffer.begin == buffer.end && begin == buffer.begin;
    if (!empty && (begin >= buffer.end || end <= buffer.end)) continue;
    report({"hazard.out-of-bounds", site, 0, o.space * 2 + (o.write ? 1 : 0)}, Severity::failure, core, [&] {
      return fmt::format(
          "{} at {{now}} {} bytes {} to {} of {}, beyond the end of its buffer, {}; a smaller count, or a "
          "larger buffer",
          e.name, o.write ? "writes" : "reads", begin, end - 1, name_of_space(o.space),
          empty ? std::string("which has no bytes")
                : fmt::format("bytes {} to {}", buffer.begin, buffer.end - 1));
    });
  }
}

// The last bytes of what aclrtMalloc hands out, more than was asked for (Buffer::reachable): nothing else
// lies there.
void HazardChecker::Impl::device_bounds(Core& core, const InstructionEvent& e, SiteId site,
                                        const Operand& operand) {
  std::uint64_t end = 0;
  for (const Run& r : operand.runs) end = std::max(end, r.begin + r.bytes);
  if (end == 0) return;
  const auto* last = reinterpret_cast<const std::byte*>(end - 1);
  const auto* buffer = shape.device->find(last, 1);
  if (buffer == nullptr || last < buffer->host + buffer->bytes) return;
  report({"hazard.out-of-bounds", site, 0, kAscGm * 2 + (operand.write ? 1 : 0)},
         operand.write ? Severity::warning : Severity::note, core, [&] {
           const std::int64_t more = last + 1 - (buffer->host + buffer->bytes);
           return fmt::format(
               "{} at {{now}} {} {} bytes more than the {} that the device buffer was asked for: memory "
               "comes in "
               "blocks of 32 bytes, so {}; ask for as many bytes as are touched",
               e.name, operand.write ? "writes" : "reads", more, buffer->bytes,
               operand.write ? "nothing else is overwritten" : "it is there, but holds nothing");
         });
}

void HazardChecker::Impl::alignment(Core& core, const InstructionEvent& e, SiteId site) {
  const auto need = [&](const char* operand, std::uint64_t at, std::uint64_t unit, int space) {
    if (at % unit == 0) return;
    report({"hazard.alignment", site, 0, space}, Severity::failure, core, [&] {
      return fmt::format("{} at {{now}}: {} begins at byte {} of {}, expected a multiple of {}", e.name,
                         operand, at, name_of_space(space), unit);
    });
  };
  switch (e.descriptor_kind) {
    case InstructionEvent::Descriptor::vector: {
      const auto& v = *static_cast<const etalon_asc_vector*>(e.descriptor);
      const auto size = static_cast<std::uint64_t>(bytes_of(v.dst_type));
      const bool reduction = v.op >= kAscWholeSum && v.op <= kAscRepeatSum;
      if (v.op == kAscMrgSort) return;
      if (v.op == kAscTransposeBlocks) {
        for (int i = 0; i < 32; ++i)
          need(i < 16 ? "a block of dst" : "a block of src", v.lists[i], 32, kAscUb);
        return;
      }
      if (v.sources > 0 && v.op != kAscGather) need("src0", v.src0, 32, kAscUb);
      if (v.sources > 1) need("src1", v.src1, 32, kAscUb);
      need("dst", v.dst, reduction ? size : 32, kAscUb);
      if (v.op == kAscSelect) need("the mask", v.extra[0], 32, kAscUb);
      if (v.op <= kAscDuplicate && v.count_form == 0 && v.dst_block == 0 && v.repeat > 0 &&
          (v.counter != 0 || v.mask[1] != 0 || v.mask[0] >> (32 / size) != 0)) {
        report({"hazard.alignment", site, 0, 100}, Severity::failure, core, [&] {
          return fmt::format(
              "{} at {{now}}: dstBlkStride 0 writes all blocks of a repeat to one, which is undefined; "
              "1 for contiguous blocks",
              e.name);
        });
      }
      return;
    }
    case InstructionEvent::Descriptor::move: {
      const auto& m = *static_cast<const etalon_asc_move*>(e.descriptor);
      if (m.src_space == kAscGm || m.dst_space == kAscGm) {
        need("the on-chip side", m.local, 32, m.src_space == kAscGm ? m.dst_space : m.src_space);
        need("the address", reinterpret_cast<std::uintptr_t>(m.gm),
             static_cast<std::uint64_t>(bytes_of(m.type)), kAscGm);
      } else {
        need("src", m.local, 32, m.src_space);
        need("dst", m.local2, m.dst_space == kAscBt || m.dst_space == kAscFb ? 64 : 32, m.dst_space);
      }
      return;
    }
    case InstructionEvent::Descriptor::load: {
      const auto& l = *static_cast<const etalon_asc_load*>(e.descriptor);
      need("src", l.src, 32, kAscL1);
      need("dst", l.dst, 512, l.dst_space);
      return;
    }
    case InstructionEvent::Descriptor::mmad: {
      const auto& d = *static_cast<const etalon_asc_mmad*>(e.descriptor);
      need("A", d.a, d.m == 1 ? 32 : 512, kAscL0a);
      need("B", d.b, 512, kAscL0b);
      need("C", d.c, 64, kAscL0c);
      if (d.bias != 0) need("the bias", d.bias_offset, 64, kAscBt);
      return;
    }
    case InstructionEvent::Descriptor::fixpipe: {
      const auto& f = *static_cast<const etalon_asc_fixpipe*>(e.descriptor);
      need("src", f.src, 64, kAscL0c);
      if (f.dst_space != kAscGm) need("dst", f.dst, 32, f.dst_space);
      return;
    }
    case InstructionEvent::Descriptor::registers:  // told as an error of the call
    case InstructionEvent::Descriptor::none:
      return;
  }
}

// Contiguous operands of one instruction may be the same bytes, or the destination may run behind the source;
// a destination that runs ahead overwrites what later repeats read.
void HazardChecker::Impl::overlap(Core& core, const InstructionEvent& e, SiteId site) {
  const auto check = [&](const char* operand, std::int64_t dst, std::int64_t dst_bytes, std::int64_t src,
                         std::int64_t src_bytes, std::int64_t repeats, int space) {
    if (dst == src || dst >= src + src_bytes || src >= dst + dst_bytes) return;
    const std::int64_t d = dst_bytes / repeats, s = src_bytes / repeats;
    bool ahead = false;
    for (std::int64_t r = 0; r + 1 < repeats && !ahead; ++r)
      ahead = dst + (r + 1) * d > src + (r + 1) * s && dst + r * d < src + src_bytes;
    if (!ahead) return;
    report({"hazard.overlap", site, 0, space}, Severity::failure, core, [&] {
      return fmt::format(
          "{} at {{now}} writes bytes {} to {} of {} over its own {}, bytes {} to {}, before all of it is "
          "read; operands may be the same bytes or disjoint",
          e.name, dst, dst + dst_bytes - 1, name_of_space(space), operand, src, src + src_bytes - 1);
    });
  };
  if (e.descriptor_kind == InstructionEvent::Descriptor::vector) {
    const auto& v = *static_cast<const etalon_asc_vector*>(e.descriptor);
    if (v.op > kAscCopy || v.count_form == 0 || v.repeat == 0) return;
    const std::int64_t dst = bytes_of(v.dst_type), src = bytes_of(v.src_type), n = v.repeat;
    const std::int64_t repeats = repeats_of(v);
    if (v.sources > 0) check("src0", v.dst, n * dst, v.src0, n * src, repeats, kAscUb);
    if (v.sources > 1) check("src1", v.dst, n * dst, v.src1, n * src, repeats, kAscUb);
  } else if (e.descriptor_kind == InstructionEvent::Descriptor::move) {
    const auto& m = *static_cast<const etalon_asc_move*>(e.descriptor);
    if (m.src_space != m.dst_space || m.rows != 1) return;
    check("src", m.local2, m.row_bytes, m.local, m.row_bytes, std::max<std::int64_t>(m.row_bytes / kCell, 1),
          m.src_space);
  }
}

}  // namespace etalon::ascendc
