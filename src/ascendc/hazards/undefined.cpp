// SPDX-License-Identifier: Apache-2.0
#include "ascendc/hazards/undefined.h"

#include <algorithm>
#include <cstring>

#include "ascendc/launch/arrange.h"
#include "ascendc/launch/core_runtime.h"
#include "ascendc/launch/lanes.h"
#include "ascendc/launch/regions.h"
#include "ascendc/launch/widen.h"

namespace etalon::ascendc::hazards {
namespace {

constexpr std::size_t kSlack = 64 * 1024;

bool any(const std::uint8_t* p, std::int64_t n) {
  return std::any_of(p, p + n, [](std::uint8_t b) { return b != 0; });
}
void put(std::uint8_t* p, std::int64_t n, bool undefined) {
  std::memset(p, undefined ? 0xff : 0, static_cast<std::size_t>(n));
}

void elementwise(const etalon_asc_vector& v, std::uint8_t* ub, const LocalBytes& bytes) {
  const int dst = bytes_of(v.dst_type), src = bytes_of(v.src_type), per = 256 / std::max(dst, src);
  const bool adds =
      v.op == kAscMulAddDst || v.op == kAscFusedMulAdd || v.op == kAscFusedMulAddRelu || v.op == kAscAxpy;
  each_element(v, dst, src, per, [&](std::int64_t i, std::int64_t d, std::int64_t a, std::int64_t b) {
    std::uint8_t* to = ub + v.dst + d;
    bool u = adds && any(to, dst);
    if (v.op == kAscSelect) {
      const std::int64_t bit = v.detail == kAscSelectMaskOnce ? i % per : i;
      const std::uint32_t at = v.extra[0] + static_cast<std::uint32_t>(bit / 8);
      const std::byte* real = bytes(at);
      const bool first = real == nullptr || (static_cast<unsigned>(*real) >> (bit % 8) & 1u) != 0;
      if (v.extra[1] != 0 && v.detail == kAscSelectMaskOnce) {  // by the compare register: either may be taken
        put(to, dst, any(ub + v.src0 + a, src) && any(ub + v.src1 + b, src));
        return;
      }
      u = (real != nullptr && ub[at] != 0) ||
          (first ? any(ub + v.src0 + a, src) : v.sources > 1 && any(ub + v.src1 + b, src));
    } else {
      u = u || (v.sources > 0 && any(ub + v.src0 + a, src)) || (v.sources > 1 && any(ub + v.src1 + b, src));
    }
    put(to, dst, u);
  });
}

// A byte of the mask holds eight results; it counts as undefined only if all of them are.
void compare(const etalon_asc_vector& v, std::uint8_t* ub) {
  const int size = bytes_of(v.src_type), per = 256 / size;
  const std::int64_t elements = v.count_form != 0 ? v.repeat : repeats_of(v) * per;
  std::vector<std::uint8_t> undefined(static_cast<std::size_t>(elements + 7) / 8, 0xff);
  each_element(v, 1, size, per, [&](std::int64_t i, std::int64_t, std::int64_t a, std::int64_t b) {
    const bool u = any(ub + v.src0 + a, size) || (v.sources > 1 && any(ub + v.src1 + b, size));
    if (!u) undefined[static_cast<std::size_t>(i / 8)] = 0;
  });
  std::copy(undefined.begin(), undefined.end(), ub + v.dst);
}

void reduction(const etalon_asc_vector& v, std::uint8_t* ub) {
  const int size = bytes_of(v.src_type), per = 256 / size;
  const bool extreme = v.op == kAscWholeMax || v.op == kAscWholeMin;
  const bool whole = extreme || v.op == kAscWholeSum || v.op == kAscRepeatSum;
  const int values = extreme && v.detail < 2 ? 2 : 1;
  const int group = whole ? per : v.op == kAscPairSum ? 2 : 32 / size;
  const std::int64_t repeats = repeats_of(v);
  for (std::int64_t r = 0; r < repeats; ++r) {
    const Lanes lanes = lanes_of(v, per, r);
    bool undefined[64] = {}, selected[64] = {};
    for (int i = 0; i < lanes.count; ++i) {
      const int g = lanes.index[i] / group;
      selected[g] = true;
      undefined[g] |=
          any(ub + v.src0 + r * v.src0_repeat * 32 + offset_of(lanes.index[i], size, v.src0_block), size);
    }
    const std::int64_t step = whole                 ? v.dst_repeat * size * values
                              : v.op == kAscPairSum ? v.dst_repeat * 128
                                                    : v.dst_repeat * 8 * size;
    for (int g = 0; g < per / group; ++g) {
      if (selected[g]) put(ub + v.dst + r * step + g * size, std::int64_t{size} * values, undefined[g]);
    }
  }
}

// A product is undefined in the rows of A and the columns of B that hold anything undefined.
void product(const etalon_asc_mmad& d, const std::uint8_t* a, const std::uint8_t* b, const std::uint8_t* bias,
             std::uint8_t* c) {
  const int size = bytes_of(d.a_type), c0 = d.a_type == kAscS4 ? 64 : 32 / size;
  const int align = d.k_align != 0 && d.a_type == kAscF32 ? 2 : 1;
  const int k1 = ((d.k + c0 - 1) / c0 + align - 1) / align * align, n1 = (d.n + 15) / 16,
            m1 = (d.m + 15) / 16, kb = d.sparse != 0 ? (d.k + 1) / 2 : int{d.k};
  std::vector<bool> rows(static_cast<std::size_t>(m1) * 16), columns(static_cast<std::size_t>(n1) * 16);
  for (int kk = 0; kk < d.k; kk += c0) {
    const int bytes = static_cast<int>(bytes_of(d.a_type, std::min(c0, d.k - kk)));
    for (int i = 0; i < m1 * 16; ++i) {
      if (d.m == 1 && i > 0) break;
      const std::uint8_t* p =
          d.m == 1 ? a + bytes_of(d.a_type, kk) : a + l0a_row(d, i, kk / c0, k1);
      if (any(p, bytes)) rows[static_cast<std::size_t>(i)] = true;
    }
    for (int j = 0; j < n1 * 16 && kk < kb; ++j) {
      if (any(b + ((kk / c0) * n1 + j / 16) * 512 + (j % 16) * 32, bytes))
        columns[static_cast<std::size_t>(j)] = true;
    }
  }
  for (int j = 0; j < n1 * 16; ++j) {
    const bool from_bias = bias != nullptr && j < d.n && any(bias + j * 4, 4);
    for (int i = 0; i < m1 * 16; ++i) {
      std::uint8_t* to = c + (static_cast<std::int64_t>(j / 16) * m1 * 16 + i) * 64 + (j % 16) * 4;
      const bool before = bias == nullptr && d.init == 0 && any(to, 4);
      put(to, 4,
          before || from_bias || rows[static_cast<std::size_t>(i)] || columns[static_cast<std::size_t>(j)]);
    }
  }
}

// What of one stored row gets out undefined.
void judge_row(const std::uint8_t* u, std::int64_t bytes, std::uint64_t to, Escape& escape) {
  const auto* first = std::find_if(u, u + bytes, [](std::uint8_t b) { return b != 0; });
  if (first == u + bytes) return;
  const bool to_the_end = std::all_of(first, u + bytes, [](std::uint8_t b) { return b != 0; });
  const std::int64_t count = u + bytes - first;
  const Escape::Kind kind = first == u || !to_the_end ? Escape::Kind::data
                            : count < kCell           ? Escape::Kind::padding
                                                      : Escape::Kind::tail;
  if (kind < escape.kind) return;
  const std::uint64_t begin = to + static_cast<std::uint64_t>(first - u);
  const std::uint64_t end = to + static_cast<std::uint64_t>(bytes);
  if (kind > escape.kind) escape = {kind, begin, end};
  escape.end = std::max(escape.end, end);
}

}  // namespace

std::uint8_t* UndefinedBytes::image(int core, int space) {
  for (std::size_t i = 0; i < images_used_; ++i) {
    if (images_[i].core == core && images_[i].space == space) return images_[i].bytes.data();
  }
  return nullptr;
}

const std::uint8_t* UndefinedBytes::of(const Operand& operand, int core) {
  return image(operand.core < 0 ? core : operand.core, operand.space);
}

Escape UndefinedBytes::carry(const InstructionEvent& e, const Footprint& footprint, const CellsOf& cells,
                             const LocalBytes& ub) {
  images_used_ = 0;
  device_rows_.clear();
  for (const Operand& o : footprint) {
    if (o.space == kAscGm || o.runs.empty()) continue;
    const int core = o.core < 0 ? e.core : o.core;
    Shadow::Cells& c = cells(core, o.space);
    std::uint8_t* bytes = image(core, o.space);
    if (bytes == nullptr && images_used_ < images_.size()) {
      Image& fresh = images_[images_used_++];
      fresh.core = core;
      fresh.space = o.space;
      // Products rounded up to fractals and masks may end a little beyond what was checked.
      fresh.bytes.resize(c.size() * kCell + kSlack);
      bytes = fresh.bytes.data();
    }
    if (bytes == nullptr) continue;
    for (const Run& r : o.runs) {
      const std::uint64_t end = std::min<std::uint64_t>(r.begin + r.bytes, c.size() * kCell);
      if (r.begin < end) shadow_.undefined_bytes(&c, r.begin, end - r.begin, bytes + r.begin);
    }
  }
  switch (e.descriptor_kind) {
    case InstructionEvent::Descriptor::vector:
      vector(*static_cast<const etalon_asc_vector*>(e.descriptor), image(e.core, kAscUb), ub, *e.core_state);
      return {};
    case InstructionEvent::Descriptor::load: {
      etalon_asc_load l = *static_cast<const etalon_asc_load*>(e.descriptor);
      if (l.kind == kAscLoadScales) return {};
      l.pad_value = 0;
      if (l.kind == kAscLoadSparse) l.kind = kAscLoad2d;  // indices are followed no further
      load_numbers(l, reinterpret_cast<const std::byte*>(image(e.core, kAscL1)) + l.src,
                   reinterpret_cast<std::byte*>(image(e.core, l.dst_space)) + l.dst);
      return {};
    }
    case InstructionEvent::Descriptor::mmad: {
      const auto& d = *static_cast<const etalon_asc_mmad*>(e.descriptor);
      product(d, image(e.core, kAscL0a) + d.a, image(e.core, kAscL0b) + d.b,
              d.bias != 0 ? image(e.core, kAscBt) + d.bias_offset : nullptr, image(e.core, kAscL0c) + d.c);
      return {};
    }
    case InstructionEvent::Descriptor::move:
      return move(e, footprint);
    case InstructionEvent::Descriptor::fixpipe:
      return fixpipe(e, footprint);
    case InstructionEvent::Descriptor::registers: {
      const auto& access = *static_cast<const etalon_asc_reg_access*>(e.descriptor);
      std::uint8_t* ub_bytes = image(e.core, kAscUb);
      std::size_t at = 0;
      for (std::uint32_t i = 0; i < access.count && access.undefined != nullptr; ++i) {
        for (std::uint32_t b = 0; b < access.runs[i].bytes; ++b, ++at) {
          std::uint8_t& byte = ub_bytes[access.runs[i].begin + b];
          (access.kind == kAscRegWrite ? byte : access.undefined[at]) =
              access.kind == kAscRegWrite ? access.undefined[at] : byte;
        }
      }
      return {};
    }
    case InstructionEvent::Descriptor::none:
      return {};
  }
  return {};
}

void UndefinedBytes::vector(const etalon_asc_vector& v, std::uint8_t* ub, const LocalBytes& bytes,
                            const etalon_asc_core& core) {
  const int size = bytes_of(v.dst_type);
  if (v.op <= kAscDuplicate || v.op == kAscSelect || v.op == kAscArange) {
    elementwise(with_bits_in_place(v, bytes(v.src1), core), ub, bytes);
  } else if (v.op == kAscGetBits) {
    put(ub + v.dst, 16, false);
  } else if (v.op == kAscCompare || v.op == kAscCompares) {
    compare(v, ub);
  } else if (v.op >= kAscWholeSum && v.op <= kAscRepeatSum) {
    reduction(v, ub);
  } else if (v.op == kAscBrcb) {
    for (std::int64_t r = 0; r < v.repeat; ++r) {
      for (int b = 0; b < 8; ++b)
        put(ub + v.dst + (r * v.dst_repeat + b * v.dst_block) * 32, 32,
            any(ub + v.src0 + (r * 8 + b) * size, size));
    }
  } else if (v.op == kAscTranspose16) {
    std::uint8_t from[512];
    std::memcpy(from, ub + v.src0, sizeof(from));
    for (int i = 0; i < 256; ++i) std::memcpy(ub + v.dst + (i % 16 * 16 + i / 16) * 2, from + i * 2, 2);
  } else if (v.op == kAscSort32 || v.op == kAscMrgSort) {
    carry_sorted(v, ub, bytes(0), core);
  } else if (v.op == kAscGather) {
    const int per = 256 / std::max(size, 2);
    const std::int64_t elements = v.count_form != 0 ? v.repeat : std::int64_t{v.repeat} * per;
    for (std::int64_t i = 0; i < elements; ++i) {
      const std::int64_t e = i % per;
      if (v.count_form == 0 && (v.mask[e / 64] >> (e % 64) & 1) == 0) continue;
      const std::byte* offset = bytes(v.src1 + static_cast<std::uint32_t>(i * 4));
      std::uint32_t from = 0;
      if (offset != nullptr) std::memcpy(&from, offset, 4);
      const std::uint64_t source = std::uint64_t{v.src0} + v.extra[0] + from;
      const bool u = any(ub + v.src1 + i * 4, 4) ||
                     (source >> 32 == 0 && bytes(static_cast<std::uint32_t>(source)) != nullptr &&
                      any(ub + source, size));
      put(ub + v.dst + (v.count_form != 0 ? i * size : i / per * v.dst_repeat * 32 + e * size), size, u);
    }
  } else if (v.op == kAscGatherMask) {
    std::vector<std::uint8_t> kept;
    each_kept(
        v,
        [&](std::int64_t at) {
          const std::byte* p = bytes(static_cast<std::uint32_t>(at));
          return p == nullptr ? std::byte{0xff} : *p;
        },
        [&](std::int64_t at) { kept.insert(kept.end(), ub + v.src0 + at, ub + v.src0 + at + size); });
    std::copy(kept.begin(), kept.end(), ub + v.dst);
  } else if (v.op == kAscGatherBlock) {
    for (std::uint32_t i = 0; i < v.repeat * 8; ++i) {
      const std::byte* offset = bytes(v.src1 + i * 4);
      std::uint32_t from = 0;
      if (offset != nullptr) std::memcpy(&from, offset, 4);
      std::uint8_t* to = ub + v.dst + (i / 8 * v.dst_repeat + i % 8 * v.dst_block) * 32;
      if (any(ub + v.src1 + i * 4, 4) || bytes(v.src0 + from) == nullptr)
        put(to, 32, true);
      else
        std::memmove(to, ub + v.src0 + from, 32);
    }
  } else if (v.op == kAscTransposeBlocks) {
    std::vector<std::pair<std::uint32_t, std::uint8_t>> moved;
    each_transposed(v, [&](std::uint32_t to, std::uint32_t from, std::uint32_t count) {
      for (std::uint32_t b = 0; b < count; ++b) moved.emplace_back(to + b, ub[from + b]);
    });
    for (const auto& [to, undefined] : moved) ub[to] = undefined;
  }
}

void UndefinedBytes::store_row(const std::uint8_t* bytes, std::int64_t count, std::uint64_t to,
                               Escape& escape) {
  if (!any(bytes, count)) return;
  device_rows_.push_back({to, {bytes, bytes + count}});
  judge_row(bytes, count, to, escape);
}

Escape UndefinedBytes::move(const InstructionEvent& e, const Footprint& footprint) {
  const auto& m = *static_cast<const etalon_asc_move*>(e.descriptor);
  Escape escape;
  if (m.src_space != kAscGm) {
    const std::uint8_t* from = image(e.core, m.src_space) + m.local;
    if (m.dst_space == kAscGm) {
      const auto to = reinterpret_cast<std::uintptr_t>(m.gm);
      for (std::int64_t r = 0; r < m.rows; ++r)
        store_row(from + r * m.src_pitch, m.row_bytes, to + static_cast<std::uint64_t>(r * m.dst_pitch),
                  escape);
      return escape;
    }
    const Operand& dst = *(footprint.end() - 1);
    std::uint8_t* to = image(dst.core < 0 ? e.core : dst.core, m.dst_space) + m.local2;
    if (widening(m) > 1) {
      for (std::int64_t i = 0; i < m.rows * m.row_bytes; i += 2)
        put(to + i / m.row_bytes * m.dst_pitch * 2 + i % m.row_bytes * 2, 4,
            any(from + i / m.row_bytes * m.src_pitch + i % m.row_bytes, 2));
      return escape;
    }
    for (std::int64_t r = 0; r < m.rows; ++r)
      std::memmove(to + r * m.dst_pitch, from + r * m.src_pitch, static_cast<std::size_t>(m.row_bytes));
    return escape;
  }
  // From device memory: what is padded is defined, and repeats the row's first element at worst.
  std::uint8_t* to = image(e.core, m.dst_space) + m.local;
  std::vector<std::uint8_t> row(static_cast<std::size_t>(m.row_bytes));
  const std::int64_t matrices = m.kind == kAscMoveNd2Nz ? m.matrices : 1;
  for (std::int64_t x = 0; x < matrices; ++x) {
    for (std::int64_t r = 0; r < m.rows; ++r) {
      const std::uint64_t at = reinterpret_cast<std::uintptr_t>(m.gm) +
                               static_cast<std::uint64_t>(x * m.src_matrix_pitch + r * m.src_pitch);
      shadow_.undefined_bytes(nullptr, at, row.size(), row.data());
      if (m.kind != kAscMoveNd2Nz) {
        std::uint8_t* line = to + r * m.dst_pitch;
        const std::int64_t filled = m.left_pad + m.row_bytes;
        const bool first =
            m.is_pad == 0 && any(row.data(), std::min<std::int64_t>(m.row_bytes, bytes_of(m.type)));
        put(line, m.left_pad, false);
        std::copy(row.begin(), row.end(), line + m.left_pad);
        if (m.kind == kAscMovePad) put(line + filled, (filled + m.right_pad + 31) / 32 * 32 - filled, first);
        continue;
      }
      for (std::int64_t b = 0; b < m.row_bytes; b += kCell) {
        const std::int64_t n = std::min<std::int64_t>(kCell, m.row_bytes - b);
        std::uint8_t* piece = to + x * m.dst_matrix_pitch + b / kCell * m.dst_column_pitch + r * m.dst_pitch;
        std::memcpy(piece, row.data() + b, static_cast<std::size_t>(n));
        put(piece + n, kCell - n, false);
      }
    }
  }
  return escape;
}

Escape UndefinedBytes::fixpipe(const InstructionEvent& e, const Footprint& footprint) {
  const auto& f = *static_cast<const etalon_asc_fixpipe*>(e.descriptor);
  const std::uint8_t* l0c = image(e.core, kAscL0c) + f.src;
  const std::int64_t size = bytes_of(f.dst_type);
  const auto from = [&](std::uint32_t i, std::uint32_t j) {
    return any(l0c + (static_cast<std::int64_t>(j / 16) * f.src_stride + i) * 64 + (j % 16) * 4, 4);
  };
  Escape escape;
  if (f.dst_space == kAscGm) {
    std::vector<std::uint8_t> row(static_cast<std::size_t>(f.n * size));
    for (std::uint32_t i = 0; i < f.m; ++i) {
      for (std::uint32_t j = 0; j < f.n; ++j) put(row.data() + j * size, size, from(i, j));
      const std::int64_t at = f.nz != 0 ? i * 16 * size : static_cast<std::int64_t>(i) * f.dst_stride * size;
      store_row(row.data(),
                f.nz != 0 ? std::min<std::int64_t>(f.n, 16) * size : static_cast<std::int64_t>(row.size()),
                reinterpret_cast<std::uintptr_t>(f.gm) + static_cast<std::uint64_t>(at), escape);
    }
    return escape;
  }
  std::uint32_t first = 0, column = 0;  // of the result, where the operand begins
  const std::uint32_t wide = f.dst_space == kAscUb && f.dual == 2 ? f.n / 2 : f.n;
  for (const Operand& o : footprint) {
    if (!o.write || o.runs.empty()) continue;
    std::uint8_t* to = image(o.core < 0 ? e.core : o.core, o.space) + o.runs.front().begin;
    std::uint64_t bytes = 0;
    for (const Run& r : o.runs) bytes += r.bytes;
    const auto rows =
        f.nz != 0 ? f.m : static_cast<std::uint32_t>(bytes / static_cast<std::uint64_t>(wide * size));
    const std::int64_t width = size == 1 ? 32 : size == 4 && f.channel_split != 0 ? 8 : 16;
    for (std::uint32_t i = 0; i < rows; ++i) {
      for (std::uint32_t j = 0; j < wide; ++j) {
        const std::int64_t at = f.nz != 0 ? j / width * f.dst_stride * 32 + (i * width + j % width) * size
                                          : (static_cast<std::int64_t>(i) * f.dst_stride + j) * size;
        put(to + at, size, from(first + i, column + j));
      }
    }
    (wide < f.n ? column : first) += wide < f.n ? wide : rows;
  }
  return escape;
}

}  // namespace etalon::ascendc::hazards
