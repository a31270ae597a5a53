// SPDX-License-Identifier: Apache-2.0
// Vector instructions of one core: checks, numbers, time.
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "ascendc/launch/arrange.h"
#include "ascendc/launch/core_runtime.h"

namespace etalon::ascendc {
namespace {

bool is_elementwise(int op) { return op <= kAscCopy || op == kAscDuplicate; }

// Bytes an operand spans from its start.
std::int64_t span_of(const etalon_asc_vector& v, int type, std::int64_t block, std::int64_t repeat) {
  const std::int64_t size = bytes_of(type);
  if (v.count_form != 0) return bytes_of(type, v.repeat);
  const std::int64_t repeats = repeats_of(v);
  if (repeats == 0) return 0;
  std::int64_t last = 63;  // last selected element of a repeat
  if (v.counter == 0)
    last = v.mask[1] != 0 ? 127 - std::countl_zero(v.mask[1]) : 63 - std::countl_zero(v.mask[0]);
  const std::int64_t per_repeat = 256 / std::max(bytes_of(v.dst_type), bytes_of(v.src_type));
  last = std::clamp<std::int64_t>(last, 0, per_repeat - 1);
  const std::int64_t per_block = 32 / size;
  return (repeats - 1) * repeat * 32 + last / per_block * block * 32 + (last % per_block + 1) * size;
}

// Bytes that the instruction touches from the start of its destination and sources.
struct Spans {
  std::int64_t dst = 0, src0 = 0, src1 = 0;
};
Spans spans_of(const etalon_asc_vector& v) {
  const std::int64_t size = bytes_of(v.dst_type), repeats = repeats_of(v), step = v.dst_repeat;
  Spans s;
  if (v.sources > 0) s.src0 = span_of(v, v.src_type, v.src0_block, v.src0_repeat);
  if (v.sources > 1) s.src1 = span_of(v, v.src_type, v.src1_block, v.src1_repeat);
  if (is_elementwise(v.op) || v.op == kAscSelect || v.op == kAscArange) {
    s.dst = span_of(v, v.dst_type, v.dst_block, v.dst_repeat);
    return s;
  }
  if (repeats == 0) return {};
  const bool pair = (v.op == kAscWholeMax || v.op == kAscWholeMin) && v.detail < 2;  // value and index
  switch (v.op) {
    case kAscCompareBits:
      break;
    case kAscSetBits:
      s.src0 = 16;
      break;
    case kAscGetBits:
      s.dst = 16;
      break;
    case kAscCompare:
    case kAscCompares:
      s.dst = (repeats * (256 / bytes_of(v.src_type)) + 7) / 8;
      break;
    case kAscWholeSum:
    case kAscRepeatSum:
    case kAscWholeMax:
    case kAscWholeMin:
      s.dst = ((repeats - 1) * step + 1) * size * (pair ? 2 : 1);
      break;
    case kAscBlockSum:
    case kAscBlockMax:
    case kAscBlockMin:
      s.dst = ((repeats - 1) * step + 1) * 8 * size;
      break;
    case kAscPairSum:
      s.dst = ((repeats - 1) * step + 1) * 128;
      break;
    case kAscBrcb:
      s = {((repeats - 1) * step + 7 * v.dst_block + 1) * 32, repeats * 8 * size, 0};
      break;
    case kAscGatherBlock:
      s = {((repeats - 1) * step + 7 * v.dst_block + 1) * 32, 0, repeats * 32};
      break;
    case kAscGatherMask: {
      const std::int64_t elements = v.extra[0] != 0 ? v.extra[0] : 256 / size,
                         blocks = (elements * size + 31) / 32;
      s.src0 = ((repeats - 1) * v.src0_repeat + (blocks - 1) * v.src0_block + 1) * 32;
      s.src1 = v.detail == 0 ? (repeats - 1) * v.src1_repeat * 32 + gather_mask_bytes(v) : 0;
      break;  // what is written follows from the mask; checked as it is
    }
    case kAscTranspose16:
      s = {512, 512, 0};
      break;
    case kAscSort32:
      s = {repeats * 256, repeats * 32 * size, repeats * 128};
      break;
    case kAscGather:
      s.dst = v.count_form != 0 ? v.repeat * size : (repeats - 1) * step * 32 + 256;
      s.src0 = 0;  // the offsets say where; checked one by one
      s.src1 = v.count_form != 0 ? v.repeat * 4 : repeats * (256 / std::max<std::int64_t>(size, 2)) * 4;
      break;
    case kAscMrgSort:
      s = {};  // each list is checked as it is merged
      break;
    default:
      s = {};
  }
  return s;
}

}  // namespace

void CoreRuntime::vector(const etalon_asc_vector& v) {
  ++launch_.calls;
  const auto op = static_cast<EtalonAscOp>(v.op);
  if (launch_.functional || launch_.observer != nullptr) {
    need_space(kAscUb, name_of(op));
    const Spans span = spans_of(v);
    check_local(kAscUb, v.dst, span.dst, name_of(op));
    check_local(kAscUb, v.src0, span.src0, name_of(op));
    check_local(kAscUb, v.src1, span.src1, name_of(op));
    const std::uint32_t starts = v.dst | (v.sources > 0 ? v.src0 : 0) | (v.sources > 1 ? v.src1 : 0);
    if (is_elementwise(op) && starts % 32 != 0) {
      throw DeviceFault(
          "ascendc.alignment",
          fmt::format("{} on core {} block {}: operands at bytes {}, {}, {} of UB, expected multiples of 32",
                      name_of(op), core_, visible_.block, v.dst, v.src0, v.src1));
    }
    for (int i = 0; op == kAscTransposeBlocks && v.repeat > 0 && i < 32; ++i) {
      const std::uint32_t last = (v.repeat - 1) * (i < 16 ? v.dst_repeat : v.src0_repeat) * 32;
      check_local(kAscUb, v.lists[i] + last, 32, name_of(op));
    }
    settle_before(v);
    observe(kAscPipeV, name_of(op),
            {{kAscUb, v.dst, static_cast<std::uint32_t>(v.dst + span.dst), true},
             {kAscUb, v.src0, static_cast<std::uint32_t>(v.src0 + span.src0), false},
             {kAscUb, v.src1, static_cast<std::uint32_t>(v.src1 + span.src1), false}},
            nullptr, 0, false, InstructionEvent::Descriptor::vector, &v);
    if (launch_.functional) vector_compute(v);
  }
  if (op == kAscGatherMask && !launch_.functional)  // without data a mask in UB keeps everything
    visible_.kept = each_kept(v, [](std::int64_t) { return std::byte{0xff}; }, [](std::int64_t) {});
  if (timed_ == nullptr) return;
  const InstructionCosts& c = *launch_.costs;
  chip::Instruction i;
  i.pipe = static_cast<chip::PipeId>(chip::NpuPipe::vector);
  i.name = name_of(op);
  i.cycles = std::max(c.vector_minimum,
                      vector_cycles(v, c) + (vector_barrier_ ? c.vector_start : c.vector_start_queued));
  i.idle_cycles = vector_barrier_ ? 0 : c.vector_start - c.vector_start_queued;
  vector_barrier_ = false;
  if (launch_.place_of != nullptr) {
    if (const double cycles = conflict_cycles(v, c); cycles > 0) launch_.conflicts[place()] += cycles;
  }
  issue(i);
}

}  // namespace etalon::ascendc
