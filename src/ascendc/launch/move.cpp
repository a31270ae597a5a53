// SPDX-License-Identifier: Apache-2.0
// Transfers between spaces: checks, numbers, time.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "ascendc/launch/core_runtime.h"
#include "ascendc/launch/numbers.h"
#include "ascendc/launch/widen.h"

namespace etalon::ascendc {

using chip::NpuPath;
using chip::NpuPipe;

namespace {

EtalonAscPipe pipe_of(const etalon_asc_move& m) {
  if (m.src_space == kAscGm) return kAscPipeMte2;
  if (m.dst_space == kAscGm) return kAscPipeMte3;
  if (m.src_space == kAscUb && m.dst_space == kAscUb) return kAscPipeV;
  if (m.src_space == kAscUb) return kAscPipeMte3;
  return m.dst_space == kAscFb ? kAscPipeFix : kAscPipeMte1;
}

const char* name_of_move(const etalon_asc_move& m) {
  if (m.kind == kAscMoveNd2Nz) return "DataCopy ND2NZ";
  return m.kind == kAscMovePad ? "DataCopyPad" : "DataCopy";
}

std::int64_t local_span(const etalon_asc_move& m, std::int64_t pitch, std::int64_t run) {
  return m.rows > 0 ? (m.rows - 1) * pitch + run : 0;
}

// Bytes the fractal columns of an ND-to-NZ transfer span in L1.
std::int64_t nz_span(const etalon_asc_move& m) {
  const std::int64_t columns = (m.row_bytes + 31) / 32;
  if (columns == 0 || m.rows == 0) return 0;
  return (m.matrices - 1) * m.dst_matrix_pitch + (columns - 1) * m.dst_column_pitch +
         (m.rows - 1) * m.dst_pitch + 32;
}

template <class T, class F>
void combine(std::byte* dst, const std::byte* src, std::int64_t bytes, F f) {
  for (std::int64_t i = 0; i < bytes; i += static_cast<std::int64_t>(sizeof(T))) {
    store_as<T>(dst + i, static_cast<T>(f(load_as<T>(dst + i), load_as<T>(src + i))));
  }
}
template <class T>
void combine_integers(int op, std::byte* dst, const std::byte* src, std::int64_t bytes) {
  if (op == kAscAtomicAdd)
    combine<T>(dst, src, bytes, [](T a, T b) {
      return static_cast<T>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
    });
  else if (op == kAscAtomicMax)
    combine<T>(dst, src, bytes, [](T a, T b) { return std::max(a, b); });
  else
    combine<T>(dst, src, bytes, [](T a, T b) { return std::min(a, b); });
}

}  // namespace

void atomic_numbers(int op, int type, std::byte* dst, const std::byte* src, std::int64_t bytes) {
  switch (type) {
    case kAscS8:
      combine_integers<std::int8_t>(op, dst, src, bytes);
      return;
    case kAscS16:
      combine_integers<std::int16_t>(op, dst, src, bytes);
      return;
    case kAscS32:
      combine_integers<std::int32_t>(op, dst, src, bytes);
      return;
    default:
      break;
  }
  const int size = bytes_of(type);
  for (std::int64_t i = 0; i + size <= bytes; i += size) {
    float a = 0, b = 0;
    load_reals(type, dst + i, 1, 0, &a);
    load_reals(type, src + i, 1, 0, &b);
    const float r = op == kAscAtomicAdd ? a + b : op == kAscAtomicMax ? std::max(a, b) : std::min(a, b);
    store_reals(type, &r, 1, dst + i, 0);
  }
}

void CoreRuntime::move(const etalon_asc_move& m) {
  ++launch_.calls;
  if (m.rows <= 0 || m.row_bytes <= 0) return;
  const char* name = name_of_move(m);
  if (launch_.functional || launch_.observer != nullptr) {
    need_space(m.src_space, name);
    need_space(m.dst_space, name);
    const bool gm = m.src_space == kAscGm || m.dst_space == kAscGm;
    if (gm && m.kind == kAscMovePlain && (m.row_bytes % 32 != 0 || m.local % 32 != 0)) {
      throw DeviceFault(
          "ascendc.alignment",
          fmt::format("DataCopy on core {} block {}: {} bytes at local byte {}, expected multiples of 32",
                      core_, visible_.block, m.row_bytes, m.local));
    }
    const auto side = [&](std::uint8_t space, std::uint32_t at, std::int64_t span, bool write) {
      check_local(space, at, span, name);
      return LocalRange{static_cast<EtalonAscSpace>(space), at, static_cast<std::uint32_t>(at + span), write};
    };
    LocalRange a, b;
    if (m.kind == kAscMoveNd2Nz)
      a = side(m.dst_space, m.local, nz_span(m), true);
    else if (m.src_space == kAscGm)
      a = side(m.dst_space, m.local,
               local_span(m, m.dst_pitch, (m.row_bytes + m.left_pad + m.right_pad + 31) / 32 * 32), true);
    else
      a = side(m.src_space, m.local, local_span(m, m.src_pitch, m.row_bytes), false);
    if (!gm) b = side(m.dst_space, m.local2, local_span(m, m.dst_pitch, m.row_bytes) * widening(m), true);
    observe(pipe_of(m), name, {a, b}, gm ? m.gm : nullptr, m.rows * m.row_bytes, m.dst_space == kAscGm,
            InstructionEvent::Descriptor::move, &m);
    if (launch_.functional) {
      NumberJob job;
      job.kind = NumberJob::Kind::move;
      job.move = m;
      if (!gm) {
        if (!is_cube_ && m.dst_space == kAscL1)
          compute(std::move(job), nullptr, {&partner(0)});
        else
          compute(std::move(job));
      } else {
        job.atomic_op = static_cast<std::uint8_t>(atomic_op_);
        job.atomic_type = static_cast<std::uint8_t>(atomic_type_);
        const bool writes = m.dst_space == kAscGm;
        const std::int64_t matrices = m.kind == kAscMoveNd2Nz ? m.matrices : 1;
        DeviceRows rows{m.gm, m.rows, m.row_bytes, writes ? m.dst_pitch : m.src_pitch, writes};
        const std::int64_t bytes =
            (matrices - 1) * m.src_matrix_pitch + (m.rows - 1) * rows.pitch + m.row_bytes;
        device_side(m.gm, bytes, name);
        if (matrices > 1) rows = {m.gm, 1, bytes, bytes, false};
        compute(std::move(job), &rows);
      }
    }
  }
  if (timed_ != nullptr) move_timing(m);
}

void CoreRuntime::move_numbers(const NumberJob& job) {
  const etalon_asc_move& m = job.move;
  if (m.src_space != kAscGm && m.dst_space != kAscGm) {
    const std::byte* from = memory_[m.src_space].get() + m.local;
    const bool to_cube = !is_cube_ && m.dst_space == kAscL1;
    std::byte* to = (to_cube ? partner(0).memory_ : memory_)[m.dst_space].get() + m.local2;
    if (widening(m) > 1) {
      for (std::int64_t r = 0; r < m.rows; ++r) {
        for (std::int64_t i = 0; i < m.row_bytes / 2; ++i) {
          float x = 0;
          load_reals(kAscF16, from + r * m.src_pitch + i * 2, 1, 0, &x);
          store_as(to + r * m.dst_pitch * 2 + i * 4, x);
        }
      }
      return;
    }
    for (std::int64_t r = 0; r < m.rows; ++r) {
      std::memmove(to + r * m.dst_pitch, from + r * m.src_pitch, static_cast<std::size_t>(m.row_bytes));
    }
    return;
  }
  auto* gm = static_cast<std::byte*>(m.gm);
  std::byte* local = memory_[m.src_space == kAscGm ? m.dst_space : m.src_space].get() + m.local;
  if (m.dst_space == kAscGm) {
    for (std::int64_t r = 0; r < m.rows; ++r) {
      std::byte* to = gm + r * m.dst_pitch;
      const std::byte* from = local + r * m.src_pitch;
      if (job.atomic_op == kAscAtomicNone)
        std::memcpy(to, from, static_cast<std::size_t>(m.row_bytes));
      else
        atomic_numbers(job.atomic_op, job.atomic_type, to, from, m.row_bytes);
    }
    return;
  }
  if (m.kind == kAscMoveNd2Nz) {
    for (std::int64_t x = 0; x < m.matrices; ++x) {
      for (std::int64_t r = 0; r < m.rows; ++r) {
        const std::byte* row = gm + x * m.src_matrix_pitch + r * m.src_pitch;
        for (std::int64_t at = 0; at < m.row_bytes; at += 32) {
          const std::int64_t n = std::min<std::int64_t>(32, m.row_bytes - at);
          std::byte* to = local + x * m.dst_matrix_pitch + at / 32 * m.dst_column_pitch + r * m.dst_pitch;
          std::memcpy(to, row + at, static_cast<std::size_t>(n));
          std::memset(to + n, 0, static_cast<std::size_t>(32 - n));  // columns are padded with zero
        }
      }
    }
    return;
  }
  const auto size = static_cast<std::size_t>(bytes_of(m.type));
  for (std::int64_t r = 0; r < m.rows; ++r) {
    const std::byte* row = gm + r * m.src_pitch;
    std::byte* to = local + r * m.dst_pitch;
    std::memcpy(to + m.left_pad, row, static_cast<std::size_t>(m.row_bytes));
    if (m.kind != kAscMovePad) continue;
    const std::int64_t filled = m.left_pad + m.row_bytes, end = (filled + m.right_pad + 31) / 32 * 32;
    // Declared padding takes the given value; without it the rest of the last block repeats the first
    // element.
    const std::byte* value = m.is_pad != 0 ? reinterpret_cast<const std::byte*>(&m.pad_bits) : row;
    const std::int64_t pad_end =
        m.is_pad != 0 && (m.left_pad | m.right_pad) != 0 ? filled + m.right_pad : end;
    for (std::int64_t at = 0; at < m.left_pad; at += static_cast<std::int64_t>(size))
      std::memcpy(to + at, value, size);
    for (std::int64_t at = filled; at + static_cast<std::int64_t>(size) <= pad_end;
         at += static_cast<std::int64_t>(size)) {
      std::memcpy(to + at, value, size);
    }
  }
}

void CoreRuntime::move_timing(const etalon_asc_move& m) {
  const InstructionCosts& c = *launch_.costs;
  const char* name = name_of_move(m);
  const auto bytes = static_cast<double>(m.rows * m.row_bytes);
  const auto rate = [&](double bytes_per_cycle) {
    return bytes_per_cycle > 0 ? bytes / bytes_per_cycle : 0.0;
  };
  if (m.src_space == kAscGm) {
    if (m.kind == kAscMoveNd2Nz) {
      // Matrices whose rows follow one another are one transfer.
      const bool one = m.matrices == 1 || m.src_matrix_pitch == m.rows * m.src_pitch;
      const std::int64_t rows = one ? m.rows * m.matrices : m.rows;
      for (std::uint32_t x = 0; x < (one ? 1 : m.matrices); ++x) {
        issue_transfer(NpuPipe::mte2, NpuPath::gm_l1, false, c.gm_l1_nd2nz,
                       static_cast<const std::byte*>(m.gm) + x * m.src_matrix_pitch, rows, m.row_bytes,
                       m.src_pitch, m.bypass_l2 != 0, name);
      }
    } else {
      const bool ub = m.dst_space == kAscUb;
      issue_transfer(NpuPipe::mte2, ub ? NpuPath::gm_ub : NpuPath::gm_l1, false, ub ? c.gm_ub : c.gm_l1, m.gm,
                     m.rows, m.row_bytes, m.src_pitch, m.bypass_l2 != 0, name);
    }
    return;
  }
  if (m.dst_space == kAscGm) {
    const bool ub = m.src_space == kAscUb;
    issue_transfer(NpuPipe::mte3, ub ? NpuPath::ub_gm : NpuPath::l1_gm, true, ub ? c.ub_gm : c.l1_gm, m.gm,
                   m.rows, m.row_bytes, m.dst_pitch, m.bypass_l2 != 0, name);
    return;
  }
  switch (pipe_of(m)) {
    case kAscPipeV:
      issue_plain(NpuPipe::vector, rate(c.ub_ub) + (vector_barrier_ ? c.vector_start : c.vector_start_queued),
                  name);
      vector_barrier_ = false;
      break;
    case kAscPipeMte3:
      issue_plain(NpuPipe::mte3, rate(c.ub_l1), name);
      break;
    case kAscPipeFix:
      issue_plain(NpuPipe::fixpipe, rate(c.l1_fb), name);
      break;
    default:
      issue_plain(NpuPipe::mte1, c.load_start + rate(c.l1_bt), name);
  }
}

}  // namespace etalon::ascendc
