// SPDX-License-Identifier: Apache-2.0
// The cube's instructions of one core: checks and time. Numbers are in cube_numbers.cpp.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "ascendc/launch/core_runtime.h"
#include "ascendc/launch/regions.h"

namespace etalon::ascendc {

using chip::FlagId;
using chip::NpuPath;
using chip::NpuPipe;

namespace {

// Flags of the unit-flag mode: a product with unit flag lets FixPipe begin while it still runs, and FixPipe
// lets the next tile's first product begin while it still empties L0C.
constexpr FlagId kProductBegun = chip::kNpuFlags - 4, kProductEnded = chip::kNpuFlags - 3,
                 kEmptyingBegun = chip::kNpuFlags - 2, kEmptyingEnded = chip::kNpuFlags - 1;

// 512-byte fractals (or blocks) an L1 load reads and writes.
struct LoadSpan {
  std::int64_t src_bytes = 0, dst_bytes = 0, moved = 0;
};
LoadSpan span_of(const etalon_asc_load& l) {
  LoadSpan s;
  const std::int64_t size = bytes_of(l.type);
  if (l.kind == kAscLoad2d || l.kind == kAscLoadSparse) {
    if (l.repeat == 0) return s;
    s.src_bytes = (l.start + (l.repeat - 1) * std::int64_t{l.src_stride} + 1) * 512;
    s.dst_bytes = (l.repeat + (l.repeat - 1) * std::int64_t{l.dst_gap}) * 512;
    s.moved = l.repeat * 512;
  } else if (l.kind == kAscLoadRegion || l.kind == kAscLoadScales) {
    if (l.m_step == 0 || l.k_step == 0) return s;
    const Region r = region_of(l);
    s.src_bytes = ((l.k_start + l.k_step - 1) * std::int64_t{l.src_stride} + l.m_start + l.m_step) * r.unit;
    s.dst_bytes = ((r.columns - 1) * std::int64_t{l.dst_stride} + r.rows) * r.unit;
    s.moved = std::int64_t{l.m_step} * l.k_step * r.unit;
  } else if (l.kind == kAscLoadTranspose) {
    if (l.repeat == 0) return s;
    const std::int64_t block = size == 2 ? 512 : 1024;
    s.src_bytes = (l.start + (l.repeat - 1) * std::int64_t{l.src_stride} + 1) * block;
    s.dst_bytes =
        ((l.repeat - 1) * (1 + std::int64_t{l.dst_gap}) + (block == 512 ? 1 : 2 + l.dst_fractal_gap)) * 512;
    s.moved = l.repeat * block;
  } else {
    const std::int64_t c0 = 32 / size;
    s.src_bytes = std::int64_t{l.l1_h} * l.l1_w * ((l.channels + c0 - 1) / c0) * 32;
    s.dst_bytes = s.moved = ((l.m_extension + 15) / 16) * 16 * ((l.k_extension + c0 - 1) / c0) * 32;
  }
  return s;
}

}  // namespace

void CoreRuntime::load(const etalon_asc_load& given) {
  ++launch_.calls;
  etalon_asc_load l = given;
  l.columns = launch_.costs->dav_3510 ? 1 : 0;
  if (l.kind >= kAscLoadRegion && l.kind <= kAscLoadScales && l.columns == 0)
    throw DeviceFault("ascendc.core", "LoadData of a region needs a core of dav-3510 (950)");
  const char* name = l.kind == kAscLoad3d ? "LoadData3D"
                     : l.transpose != 0   ? "LoadData transposed"
                                          : "LoadData";
  const LoadSpan s = span_of(l);
  if (s.moved == 0) return;
  if (launch_.functional || launch_.observer != nullptr) {
    check_local(kAscL1, l.src, s.src_bytes, name);
    if (l.kind != kAscLoadScales) check_local(l.dst_space, l.dst, s.dst_bytes, name);
    if (l.kind == kAscLoadSparse) check_local(kAscL1, l.index, s.src_bytes / 4, name);
    observe(kAscPipeMte1, name,
            {{kAscL1, l.src, static_cast<std::uint32_t>(l.src + s.src_bytes), false},
             {static_cast<EtalonAscSpace>(l.dst_space), l.dst,
              static_cast<std::uint32_t>(l.dst + s.dst_bytes), true}},
            nullptr, 0, false, InstructionEvent::Descriptor::load, &l);
    if (l.kind == kAscLoad2d && l.transpose != 0 && bytes_of(l.type) != 2) {
      throw DeviceFault("ascendc.type",
                        "LoadData 2D transposes 16-bit types only; LoadDataWithTranspose takes the others");
    }
    if (l.kind == kAscLoad3d && l.transpose != 0 && l.dst_space == kAscL0a && bytes_of(l.type) != 2)
      throw DeviceFault("ascendc.type", "LoadData 3D with enTranspose takes 16-bit types only");
    if (launch_.functional) {
      NumberJob job;
      job.kind = NumberJob::Kind::load;
      job.load = l;
      compute(std::move(job));
    }
  }
  if (timed_ == nullptr) return;
  const InstructionCosts& c = *launch_.costs;
  double rate = l.dst_space == kAscL0a ? c.l1_l0a : c.l1_l0b;
  if (l.transpose != 0 && c.l1_transpose > 0) rate *= c.l1_transpose;
  issue_plain(NpuPipe::mte1, c.load_start + (rate > 0 ? static_cast<double>(s.moved) / rate : 0), name);
}

void CoreRuntime::fill(int space, std::uint32_t offset, std::int64_t bytes, std::uint64_t bits,
                       int bytes_per) {
  ++launch_.calls;
  check_local(space, offset, bytes, "InitConstValue");
  observe(space == kAscL1 ? kAscPipeMte2 : kAscPipeMte1, "InitConstValue",
          {{static_cast<EtalonAscSpace>(space), offset, static_cast<std::uint32_t>(offset + bytes), true}});
  if (launch_.functional) {
    NumberJob job;
    job.kind = NumberJob::Kind::fill;
    job.fill = {space, offset, bytes, bits, bytes_per};
    compute(std::move(job));
  }
  if (timed_ == nullptr) return;
  const double rate = space == kAscL0b ? launch_.costs->l1_l0b : launch_.costs->l1_l0a;
  issue_plain(space == kAscL1 ? NpuPipe::mte2 : NpuPipe::mte1,
              rate > 0 ? static_cast<double>(bytes) / rate : 0, "InitConstValue");
}

void CoreRuntime::mmad(const etalon_asc_mmad& given) {
  ++launch_.calls;
  etalon_asc_mmad d = given;
  d.columns = launch_.costs->dav_3510 ? 1 : 0;
  d.l0a_bytes = visible_.space_bytes[kAscL0a], d.l0b_bytes = visible_.space_bytes[kAscL0b];
  if (d.m == 0 || d.n == 0 || d.k == 0) return;
  if (d.m > 4095 || d.n > 4095 || d.k > 4095) {
    throw DeviceFault("ascendc.range", fmt::format("Mmad of {} x {} x {}, each at most 4095", d.m, d.n, d.k));
  }
  if (launch_.functional || launch_.observer != nullptr) {
    const std::int64_t c0 = d.a_type == kAscS4 ? 64 : 32 / bytes_of(d.a_type), k1 = (d.k + c0 - 1) / c0;
    const std::int64_t kb = d.sparse != 0 ? (k1 + 1) / 2 : k1;  // fractals of B
    const std::int64_t m1 = (d.m + 15) / 16, n1 = (d.n + 15) / 16;
    check_local(kAscL0a, d.a, m1 * k1 * 512, "Mmad");
    check_local(kAscL0b, d.b, n1 * kb * 512, "Mmad");
    check_local(kAscL0c, d.c, m1 * n1 * 1024, "Mmad");
    if (d.bias != 0) check_local(kAscBt, d.bias_offset, d.n * 4, "Mmad bias");
    observe(kAscPipeM, "Mmad",
            {{kAscL0a, d.a, static_cast<std::uint32_t>(d.a + m1 * k1 * 512), false},
             {kAscL0b, d.b, static_cast<std::uint32_t>(d.b + n1 * kb * 512), false},
             {kAscL0c, d.c, static_cast<std::uint32_t>(d.c + m1 * n1 * 1024), true}},
            nullptr, 0, false, InstructionEvent::Descriptor::mmad, &d);
    if (launch_.functional) {
      NumberJob job;
      job.kind = NumberJob::Kind::mmad;
      job.mmad = d;
      compute(std::move(job));
    }
  }
  if (timed_ == nullptr) return;
  const InstructionCosts& c = *launch_.costs;
  PipeWaits& w = waits_[static_cast<int>(NpuPipe::cube)];
  if (d.unit_flag != 0 && w.count < 2) {
    // The first product of a tile may begin once FixPipe empties L0C, the next ones when it has.
    if (unit_begun_ > 0)
      w.flags[w.count++] = kEmptyingBegun, --unit_begun_;
    else if (unit_ended_ > 0)
      w.flags[w.count++] = kEmptyingEnded, --unit_ended_;
  }
  chip::Instruction i;
  i.pipe = static_cast<chip::PipeId>(NpuPipe::cube);
  i.name = "Mmad";
  if (d.unit_flag == 3) {
    chip::Instruction begun = i;
    begun.name = "Mmad begins";
    begun.set[0] = kProductBegun;
    const double scalar = pending_scalar_;
    issue(begun);
    pending_scalar_ = scalar;
    i.set[0] = kProductEnded;
  }
  etalon_asc_mmad multiplied = d;  // the cube skips what is not stored
  if (d.sparse != 0) multiplied.k = static_cast<std::uint16_t>((d.k + 1) / 2);
  i.cycles = c.mmad_start + mmad_cycles(multiplied, c);
  i.idle_cycles = c.mmad_drain;
  i.flops = 2.0 * d.m * d.n * multiplied.k;
  issue(i);
}

// The unified buffers of the block's vector cores: one, or each a half of the rows.
void CoreRuntime::fixpipe_to_vector_cores(const etalon_asc_fixpipe& f) {
  etalon_asc_fixpipe part = f;
  const std::uint32_t all = f.dual == 2 ? f.n : f.m, half = f.dual != 0 ? (all + 1) / 2 : all;
  for (std::uint32_t first = 0, sub = f.dual != 0 ? 0u : f.sub_block; first < all; first += half, ++sub) {
    (f.dual == 2 ? part.n : part.m) = std::min(half, all - first);
    const std::uint32_t rows = f.dual == 2 ? first / 16 * f.src_stride : first;  // of 16 elements, to skip
    fixpipe_numbers(part, memory_[kAscL0c].get() + f.src + rows * 64, nullptr,
                    partner(sub).memory_[kAscUb].get() + f.dst, kAscAtomicNone);
  }
}

void CoreRuntime::fixpipe_compute(const NumberJob& job) {
  const etalon_asc_fixpipe& f = job.fixpipe;
  if (f.dst_space == kAscUb) return fixpipe_to_vector_cores(f);
  std::byte* dst = f.dst_space == kAscGm ? static_cast<std::byte*>(f.gm) : memory_[f.dst_space].get() + f.dst;
  fixpipe_result(f, dst, f.dst_space == kAscGm ? job.atomic_op : kAscAtomicNone);
}

void CoreRuntime::fixpipe_result(const etalon_asc_fixpipe& f, std::byte* dst, int atomic_op) const {
  const bool per_channel = f.quant == kAscVDeqF16 || f.quant == kAscVReq8 || f.quant == kAscVF32B8;
  fixpipe_numbers(f, memory_[kAscL0c].get() + f.src, per_channel ? memory_[kAscFb].get() + f.scale : nullptr,
                  dst, atomic_op);
}

void CoreRuntime::fixpipe(const etalon_asc_fixpipe& f) {
  if (f.matrices > 1 && f.nz == 0) {  // one after another: fractals apart in L0C, elements apart outside
    for (std::uint32_t x = 0; x < f.matrices; ++x) {
      etalon_asc_fixpipe one = f;
      const std::uint32_t to = x * f.dst_matrix * static_cast<std::uint32_t>(bytes_of(f.dst_type));
      one.matrices = 1;
      one.src = f.src + x * f.src_matrix * 1024;
      one.dst = f.dst + to;
      if (f.gm != nullptr) one.gm = static_cast<std::byte*>(f.gm) + to;
      fixpipe(one);
    }
    return;
  }
  ++launch_.calls;
  if (f.m == 0 || f.n == 0) return;
  const std::int64_t dst_size = bytes_of(f.dst_type);
  const std::int64_t n1 = (f.n + 15) / 16;
  const std::int64_t l0c_bytes = ((n1 - 1) * f.src_stride + f.m) * 16 * 4;
  // NZ: columns of fractals, of 32 elements when 8-bit channels merge, of 8 when fp32 channels split.
  const std::int64_t width = dst_size == 1 ? 32 : dst_size == 4 && f.channel_split != 0 ? 8 : 16;
  const std::int64_t row_bytes = f.nz != 0 ? f.m * width * dst_size : f.n * dst_size;
  const std::int64_t rows = f.nz != 0 ? (f.n + width - 1) / width : f.m;
  const std::int64_t pitch = f.nz != 0 ? std::int64_t{f.dst_stride} * 32 : f.dst_stride * dst_size;
  if (launch_.functional || launch_.observer != nullptr) {
    check_local(kAscL0c, f.src, l0c_bytes, "Fixpipe");
    observe(kAscPipeFix, "Fixpipe", {{kAscL0c, f.src, static_cast<std::uint32_t>(f.src + l0c_bytes), false}},
            f.gm, rows * row_bytes, true, InstructionEvent::Descriptor::fixpipe, &f);
    if (f.dst_space == kAscGm) {
      device_side(f.gm, (rows - 1) * pitch + row_bytes, "Fixpipe");
    } else {
      const std::int64_t here = f.dual == 1 && f.nz == 0 ? (rows + 1) / 2 : rows;
      check_local(f.dst_space, f.dst, (here - 1) * pitch + row_bytes, "Fixpipe");
    }
    if (launch_.functional) {
      if (f.dst_space == kAscUb &&
          (f.dual > 2 || (f.dual != 0 && f.nz != 0) || (f.dual == 2 && f.n % 32 != 0)))
        throw DeviceFault("ascendc.type",
                          "Fixpipe into UB halves rows of row-major results, or columns of a multiple of 32");
      NumberJob job;
      job.kind = NumberJob::Kind::fixpipe;
      job.fixpipe = f;
      job.atomic_op = static_cast<std::uint8_t>(atomic_op_);
      const DeviceRows to{f.gm, rows, row_bytes, pitch, true};
      if (f.dst_space == kAscGm)
        compute(std::move(job), &to);
      else if (f.dst_space != kAscUb)
        compute(std::move(job));
      else if (f.dual != 0)
        compute(std::move(job), nullptr, {&partner(0), &partner(1)});
      else
        compute(std::move(job), nullptr, {&partner(f.sub_block)});
    }
  }
  if (timed_ == nullptr) return;
  const InstructionCosts& c = *launch_.costs;
  const double l0c = static_cast<double>(f.m) * static_cast<double>(n1) * 64.0;
  if (f.unit_flag == 3) {
    chip::Instruction begin;
    begin.pipe = static_cast<chip::PipeId>(NpuPipe::fixpipe);
    begin.name = "Fixpipe begins";
    PipeWaits& w = waits_[begin.pipe];
    if (w.count == 3) flush_waits(begin.pipe);
    w.flags[w.count++] = kProductBegun;
    begin.set[0] = kEmptyingBegun;
    const double scalar = pending_scalar_;
    issue(begin);
    pending_scalar_ = scalar;
  }
  if (f.dst_space == kAscGm) {
    // The port carries the bytes of the destination; L0C gives its own, wider ones at the same rate.
    const double wider =
        c.l0c_gm > 0 ? std::max(0.0, l0c - static_cast<double>(rows * row_bytes)) / c.l0c_gm : 0;
    chip::TransferCost cost;
    cost.issue = c.fixpipe_start + wider;
    cost.row = f.nz != 0 ? 0 : c.fixpipe_row;
    const double scalar = pending_scalar_;
    issue_transfer(NpuPipe::fixpipe, NpuPath::l0c_gm, true, cost, f.gm, rows, row_bytes, pitch, false,
                   "Fixpipe");
    if (f.unit_flag == 3) pending_scalar_ = std::max(pending_scalar_, scalar);
  } else {
    const double rate = f.dst_space == kAscUb ? c.l0c_ub : c.l0c_l1;
    issue_plain(NpuPipe::fixpipe, c.fixpipe_start + (rate > 0 ? l0c / rate : 0), "Fixpipe");
  }
  if (f.unit_flag == 3) {
    held_.set[0] = kEmptyingEnded;
    ++unit_begun_;
    ++unit_ended_;
    chip::Instruction end;
    end.pipe = static_cast<chip::PipeId>(NpuPipe::fixpipe);
    end.name = "Fixpipe ends";
    end.wait[0] = kProductEnded;
    issue(end);
  }
}

}  // namespace etalon::ascendc
