// SPDX-License-Identifier: Apache-2.0
#include "ascendc/hazards/footprint.h"

#include <algorithm>

#include "ascendc/hazards/footprint_cube.h"
#include "ascendc/launch/arrange.h"
#include "ascendc/launch/core_runtime.h"
#include "ascendc/launch/lanes.h"
#include "ascendc/launch/numbers.h"
#include "ascendc/launch/widen.h"

namespace etalon::ascendc::hazards {

Operand& Footprint::operand(int space, bool write) {
  if (used == operands.size()) operands.emplace_back();
  Operand& o = operands[used++];
  o.space = space;
  o.core = -1;
  o.write = write;
  o.runs.clear();
  return o;
}

namespace {

// The selected elements of every repeat of one operand.
void add_lanes(Operand& o, const etalon_asc_vector& v, std::uint32_t start, int size, int per_repeat,
               std::int64_t block, std::int64_t repeat, int type = kAscU8) {
  if (v.count_form != 0) {
    const std::uint64_t bytes = std::uint64_t{v.repeat} * static_cast<std::uint64_t>(size);
    o.add(start, type == kAscS4 ? (bytes + 1) / 2 : bytes);
    return;
  }
  const std::int64_t repeats = repeats_of(v);
  std::vector<std::pair<std::int64_t, std::int64_t>> runs;  // of one repeat
  for (std::int64_t r = 0; r < repeats; ++r) {
    if (r == 0 || v.counter != 0) {  // with bit masks every repeat is like the first
      const Lanes lanes = lanes_of(v, per_repeat, r);
      runs.clear();
      for (int i = 0; i < lanes.count; ++i) {
        const std::int64_t at = offset_of(lanes.index[i], size, block);
        if (!runs.empty() && runs.back().first + runs.back().second == at)
          runs.back().second += size;
        else
          runs.emplace_back(at, size);
      }
    }
    for (const auto& [at, bytes] : runs) {
      o.add(start + static_cast<std::uint64_t>(r * repeat * 32 + at), static_cast<std::uint64_t>(bytes));
    }
  }
}

bool reads_destination(int op) {
  return op == kAscMulAddDst || op == kAscFusedMulAdd || op == kAscFusedMulAddRelu || op == kAscAxpy;
}

// The mask of a Select lies where it says, where the compare register says, or in that register.
void elementwise(const etalon_asc_vector& v, Footprint& out) {
  const int dst = bytes_of(v.dst_type), src = bytes_of(v.src_type), per = 256 / std::max(dst, src);
  if (v.sources > 0)
    add_lanes(out.operand(kAscUb, false), v, v.src0, src, per, v.src0_block, v.src0_repeat, v.src_type);
  if (v.sources > 1) add_lanes(out.operand(kAscUb, false), v, v.src1, src, per, v.src1_block, v.src1_repeat);
  if (v.op == kAscSelect && (v.extra[1] == 0 || v.detail != kAscSelectMaskOnce)) {
    const std::int64_t elements = v.count_form != 0 ? v.repeat : repeats_of(v) * per;
    const bool once = v.detail == kAscSelectMaskOnce;
    out.operand(kAscUb, false)
        .add(v.extra[0],
             static_cast<std::uint64_t>((once ? std::min<std::int64_t>(elements, per) : elements) + 7) / 8);
  }
  if (reads_destination(v.op))
    add_lanes(out.operand(kAscUb, false), v, v.dst, dst, per, v.dst_block, v.dst_repeat);
  add_lanes(out.operand(kAscUb, true), v, v.dst, dst, per, v.dst_block, v.dst_repeat, v.dst_type);
}

void compare(const etalon_asc_vector& v, Footprint& out) {
  const int size = bytes_of(v.src_type), per = 256 / size;
  add_lanes(out.operand(kAscUb, false), v, v.src0, size, per, v.src0_block, v.src0_repeat);
  if (v.sources > 1) add_lanes(out.operand(kAscUb, false), v, v.src1, size, per, v.src1_block, v.src1_repeat);
  const std::int64_t elements = v.count_form != 0 ? v.repeat : repeats_of(v) * per;
  out.operand(kAscUb, true).add(v.dst, static_cast<std::uint64_t>(elements + 7) / 8);
}

void reduction(const etalon_asc_vector& v, Footprint& out) {
  const int size = bytes_of(v.dst_type), per = 256 / bytes_of(v.src_type);
  add_lanes(out.operand(kAscUb, false), v, v.src0, bytes_of(v.src_type), per, v.src0_block, v.src0_repeat);
  Operand& dst = out.operand(kAscUb, true);
  const bool extreme = v.op == kAscWholeMax || v.op == kAscWholeMin;
  const std::int64_t step = v.dst_repeat, repeats = repeats_of(v);
  for (std::int64_t r = 0; r < repeats; ++r) {
    const auto at = [&](std::int64_t offset) { return v.dst + static_cast<std::uint64_t>(offset); };
    if (extreme) {
      const int values = v.detail < 2 ? 2 : 1;
      dst.add(at(r * step * size * values), static_cast<std::uint64_t>(size * values));
    } else if (v.op == kAscWholeSum || v.op == kAscRepeatSum) {
      dst.add(at(r * step * size), static_cast<std::uint64_t>(size));
    } else {  // blocks or pairs that hold a selected element
      const int group = v.op == kAscPairSum ? 2 : 32 / bytes_of(v.src_type);
      const std::int64_t base = v.op == kAscPairSum ? r * step * 128 : r * step * 8 * size;
      const Lanes lanes = lanes_of(v, per, r);
      for (int i = 0, last = -1; i < lanes.count; ++i) {
        const int g = lanes.index[i] / group;
        if (g != last) dst.add(at(base + g * size), static_cast<std::uint64_t>(size));
        last = g;
      }
    }
  }
}

void gather(const etalon_asc_vector& v, const LocalBytes& ub, Footprint& out) {
  const int size = bytes_of(v.dst_type), per = 256 / std::max(size, 2);
  Operand offsets, values, dst;
  const auto one = [&](std::int64_t number, std::int64_t to) {
    const std::uint32_t at = v.src1 + static_cast<std::uint32_t>(number * 4);
    offsets.add(at, 4);
    dst.add(v.dst + static_cast<std::uint64_t>(to), static_cast<std::uint64_t>(size));
    const std::byte* p = ub(at);
    if (p != nullptr)
      values.add(std::uint64_t{v.src0} + v.extra[0] + load_as<std::uint32_t>(p),
                 static_cast<std::uint64_t>(size));
  };
  if (v.count_form != 0) {
    for (std::int64_t i = 0; i < v.repeat; ++i) one(i, i * size);
  } else {
    for (std::int64_t r = 0; r < v.repeat; ++r) {
      for (int e = 0; e < per; ++e) {
        if ((v.mask[e / 64] >> (e % 64) & 1) != 0) one(r * per + e, r * v.dst_repeat * 32 + e * size);
      }
    }
  }
  out.operand(kAscUb, false).runs = std::move(offsets.runs);
  out.operand(kAscUb, false).runs = std::move(values.runs);
  out.operand(kAscUb, true).runs = std::move(dst.runs);
}

void by_ranges(const InstructionEvent& e, Footprint& out) {
  for (const bool write : {false, true}) {
    for (int i = 0; i < e.range_count; ++i) {
      const LocalRange& r = e.ranges[i];
      if (r.write == write) out.operand(r.space, write).add(r.begin, r.end - r.begin);
    }
    if (e.gm != nullptr && e.gm_write == write)
      out.operand(kAscGm, write).add(address(e.gm), static_cast<std::uint64_t>(e.gm_bytes));
  }
}

// Without data, masks and offsets in UB are taken as if all elements were kept, and from the first byte.
void rearrangement(const InstructionEvent& e, const etalon_asc_vector& v, const LocalBytes& ub,
                   Footprint& out) {
  const auto byte = [&](std::int64_t at) {
    const std::byte* p = ub(static_cast<std::uint32_t>(at));
    return p == nullptr ? std::byte{0xff} : *p;
  };
  if (v.op == kAscMrgSort) {
    const MergeLists lists = merge_lists(v);
    const std::uint64_t all = std::uint64_t{lists.pairs} * 8;
    for (int l = 0; l < 4; ++l) {
      if (!lists.used[l]) continue;
      Operand& list = out.operand(kAscUb, false);
      for (std::uint32_t r = 0; r < v.repeat; ++r) list.add(lists.start[l] + r * all, lists.length[l] * 8);
    }
    out.operand(kAscUb, true).add(v.dst, all * v.repeat);
  } else if (v.op == kAscGatherMask) {
    for (std::int64_t r = 0; v.detail == 0 && r < v.repeat; ++r) {
      out.operand(kAscUb, false)
          .add(static_cast<std::uint64_t>(v.src1 + r * v.src1_repeat * 32),
               static_cast<std::uint64_t>(gather_mask_bytes(v)));
    }
    const auto size = static_cast<std::uint64_t>(bytes_of(v.src_type));
    Operand& src = out.operand(kAscUb, false);
    const std::uint64_t kept =
        each_kept(v, byte, [&](std::int64_t at) { src.add(static_cast<std::uint64_t>(v.src0 + at), size); });
    out.operand(kAscUb, true).add(v.dst, kept * size);
  } else if (v.op == kAscGatherBlock) {
    out.operand(kAscUb, false).add(v.src1, std::uint64_t{v.repeat} * 32);
    Operand& src = out.operand(kAscUb, false);
    for (std::uint32_t i = 0; i < v.repeat * 8; ++i) {
      const std::byte* p = ub(v.src1 + i * 4);
      if (p != nullptr) src.add(std::uint64_t{v.src0} + load_as<std::uint32_t>(p), 32);
    }
    Operand& dst = out.operand(kAscUb, true);
    for (std::uint32_t i = 0; i < v.repeat * 8; ++i)
      dst.add(v.dst + (i / 8 * v.dst_repeat + i % 8 * v.dst_block) * 32, 32);
  } else if (v.op == kAscTransposeBlocks) {
    Operand src, dst;
    each_transposed(v, [&](std::uint32_t to, std::uint32_t from, std::uint32_t bytes) {
      src.add(from, bytes);
      dst.add(to, bytes);
    });
    out.operand(kAscUb, false).runs = std::move(src.runs);
    out.operand(kAscUb, true).runs = std::move(dst.runs);
  } else {
    by_ranges(e, out);
  }
}

void vector(const InstructionEvent& e, const LocalBytes& ub, Footprint& out) {
  const auto& v = *static_cast<const etalon_asc_vector*>(e.descriptor);
  if (v.op <= kAscDuplicate || v.op == kAscSelect || v.op == kAscArange) {
    if (v.extra[1] != 0 && v.op == kAscSelect && v.detail == kAscSelectScalar)
      out.operand(kAscUb, false).add(v.src1, 4);
    elementwise(e.core_state != nullptr ? with_bits_in_place(v, ub(v.src1), *e.core_state) : v, out);
  } else if (v.op == kAscCompareBits) {
    const int size = bytes_of(v.src_type), per = 256 / size;
    etalon_asc_vector w = v;
    w.repeat = 1;
    add_lanes(out.operand(kAscUb, false), w, v.src0, size, per, v.src0_block, v.src0_repeat);
    add_lanes(out.operand(kAscUb, false), w, v.src1, size, per, v.src1_block, v.src1_repeat);
  } else if (v.op == kAscSetBits) {
    out.operand(kAscUb, false).add(v.src0, 16);
  } else if (v.op == kAscGetBits) {
    out.operand(kAscUb, true).add(v.dst, 16);
  } else if (v.op == kAscCompare || v.op == kAscCompares) {
    compare(v, out);
  } else if (v.op >= kAscWholeSum && v.op <= kAscRepeatSum) {
    reduction(v, out);
  } else if (v.op == kAscGather) {
    gather(v, ub, out);
  } else if (v.op == kAscBrcb) {
    out.operand(kAscUb, false)
        .add(v.src0, std::uint64_t{v.repeat} * 8 * static_cast<std::uint64_t>(bytes_of(v.dst_type)));
    Operand& dst = out.operand(kAscUb, true);
    for (std::uint32_t r = 0; r < v.repeat; ++r) {
      for (std::uint32_t b = 0; b < 8; ++b) dst.add(v.dst + (r * v.dst_repeat + b * v.dst_block) * 32, 32);
    }
  } else {
    rearrangement(e, v, ub, out);
  }
}

void move(const InstructionEvent& e, const Partners& partners, Footprint& out) {
  const auto& m = *static_cast<const etalon_asc_move*>(e.descriptor);
  const bool from_gm = m.src_space == kAscGm, to_gm = m.dst_space == kAscGm;
  if (!from_gm && !to_gm) {
    add_rows(out.operand(m.src_space, false), m.local, m.rows, m.row_bytes, m.src_pitch);
    Operand& dst = out.operand(m.dst_space, true);
    add_rows(dst, m.local2, m.rows, m.row_bytes * widening(m), m.dst_pitch * widening(m));
    if (!e.is_cube && m.dst_space == kAscL1) dst.core = partners.of(e, 0);
    return;
  }
  if (to_gm) {
    add_rows(out.operand(m.src_space, false), m.local, m.rows, m.row_bytes, m.src_pitch);
    add_rows(out.operand(kAscGm, true), address(m.gm), m.rows, m.row_bytes, m.dst_pitch);
    return;
  }
  Operand& src = out.operand(kAscGm, false);
  if (m.kind != kAscMoveNd2Nz) {
    add_rows(src, address(m.gm), m.rows, m.row_bytes, m.src_pitch);
    const std::int64_t size = bytes_of(m.type), filled = m.left_pad + m.row_bytes;
    std::int64_t bytes = m.row_bytes;
    if (m.kind == kAscMovePad) {
      const bool declared = m.is_pad != 0 && (m.left_pad | m.right_pad) != 0;
      bytes = declared ? filled + m.right_pad : (filled + 31) / 32 * 32;
      bytes = filled + (bytes - filled) / size * size;
    }
    add_rows(out.operand(m.dst_space, true), m.local, m.rows, bytes, m.dst_pitch);
    return;
  }
  for (std::int64_t x = 0; x < m.matrices; ++x)
    add_rows(src, address(m.gm) + static_cast<std::uint64_t>(x * m.src_matrix_pitch), m.rows, m.row_bytes,
             m.src_pitch);
  Operand& dst = out.operand(m.dst_space, true);
  for (std::int64_t x = 0; x < m.matrices; ++x) {
    for (std::int64_t c = 0; c < (m.row_bytes + 31) / 32; ++c) {
      add_rows(dst, m.local + static_cast<std::uint64_t>(x * m.dst_matrix_pitch + c * m.dst_column_pitch),
               m.rows, 32, m.dst_pitch);
    }
  }
}

}  // namespace

void footprint_of(const InstructionEvent& e, const Partners& partners, const LocalBytes& ub, Footprint& out) {
  out.clear();
  switch (e.descriptor_kind) {
    case InstructionEvent::Descriptor::vector:
      return vector(e, ub, out);
    case InstructionEvent::Descriptor::move:
      return move(e, partners, out);
    case InstructionEvent::Descriptor::load:
      return load(e, out);
    case InstructionEvent::Descriptor::mmad:
      return mmad(e, out);
    case InstructionEvent::Descriptor::fixpipe:
      return fixpipe(e, partners, out);
    case InstructionEvent::Descriptor::registers: {
      const auto& access = *static_cast<const etalon_asc_reg_access*>(e.descriptor);
      Operand& o = out.operand(kAscUb, access.kind == kAscRegWrite);
      for (std::uint32_t i = 0; i < access.count; ++i) o.add(access.runs[i].begin, access.runs[i].bytes);
      return;
    }
    case InstructionEvent::Descriptor::none:
      return by_ranges(e, out);
  }
}

}  // namespace etalon::ascendc::hazards
