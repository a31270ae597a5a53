// SPDX-License-Identifier: Apache-2.0
// Vector instructions of one core: checks, numbers, time.
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "ascendc/launch/core_runtime.h"

namespace etalon::ascendc {
namespace {

bool is_elementwise(int op) { return op <= kAscCopy || op == kAscDuplicate; }

// Bytes an operand spans from its start.
std::int64_t span_of(const etalon_asc_vector& v, int type, std::int64_t block, std::int64_t repeat) {
  const std::int64_t size = bytes_of(type);
  if (v.count_form != 0) return v.repeat * size;
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

}  // namespace

void CoreRuntime::vector(const etalon_asc_vector& v) {
  ++launch_.calls;
  const auto op = static_cast<EtalonAscOp>(v.op);
  if (launch_.functional || launch_.observer != nullptr) {
    need_space(kAscUb, name_of(op));
    if (is_elementwise(op)) {
      const std::int64_t dst = span_of(v, v.dst_type, v.dst_block, v.dst_repeat);
      const std::int64_t src0 = v.sources > 0 ? span_of(v, v.src_type, v.src0_block, v.src0_repeat) : 0;
      const std::int64_t src1 = v.sources > 1 ? span_of(v, v.src_type, v.src1_block, v.src1_repeat) : 0;
      check_local(kAscUb, v.dst, dst, name_of(op));
      check_local(kAscUb, v.src0, src0, name_of(op));
      check_local(kAscUb, v.src1, src1, name_of(op));
      if ((v.dst | (v.sources > 0 ? v.src0 : 0) | (v.sources > 1 ? v.src1 : 0)) % 32 != 0) {
        throw DeviceFault(
            "ascendc.alignment",
            fmt::format(
                "{} on core {} block {}: operands at bytes {}, {}, {} of UB, expected multiples of 32",
                name_of(op), core_, visible_.block, v.dst, v.src0, v.src1));
      }
      observe(kAscPipeV, name_of(op),
              {{kAscUb, v.dst, static_cast<std::uint32_t>(v.dst + dst), true},
               {kAscUb, v.src0, static_cast<std::uint32_t>(v.src0 + src0), false},
               {kAscUb, v.src1, static_cast<std::uint32_t>(v.src1 + src1), false}});
    }
    if (launch_.functional) vector_numbers(v, memory_[kAscUb].get(), visible_);
  }
  if (timed_ == nullptr) return;
  const InstructionCosts& c = *launch_.costs;
  chip::Instruction i;
  i.pipe = static_cast<chip::PipeId>(chip::NpuPipe::vector);
  i.name = name_of(op);
  i.cycles = std::max(c.vector_minimum,
                      vector_cycles(v, c) + (vector_barrier_ ? c.vector_start : c.vector_start_queued));
  i.idle_cycles = vector_barrier_ ? 0 : c.vector_start - c.vector_start_queued;
  vector_barrier_ = false;
  issue(i);
}

}  // namespace etalon::ascendc
