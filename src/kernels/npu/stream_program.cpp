// SPDX-License-Identifier: Apache-2.0
#include "kernels/npu/stream_program.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "chip/npu.h"

namespace etalon::kernels {

using chip::Core;
using chip::FlagId;
using chip::Instruction;
using chip::NpuPath;
using chip::NpuPipe;
using chip::PipeId;

namespace {

constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
constexpr double kRepeatBytes = 256;  // one vector repeat, by definition of the instruction set

// Lines touched beyond aligned ones: exact where all rows lie alike, else the mean over offsets of 32 bytes.
double unaligned(const chip::NpuCosts& costs, std::int64_t column, const chip::Region& r) {
  const auto line = static_cast<std::int64_t>(costs.line);
  if (r.pitch % line == 0)
    return static_cast<double>(r.rows) * chip::unaligned_bytes(costs, column, r.row_bytes);
  double sum = 0;
  for (std::int64_t o = 0; o < line; o += 32) sum += chip::unaligned_bytes(costs, o, r.row_bytes);
  return static_cast<double>(r.rows) * sum * 32 / static_cast<double>(line);
}

Instruction read_tile(const chip::NpuCosts& costs, const NpuRead& w, chip::Address base, std::int64_t row,
                      std::int64_t column) {
  Instruction i;
  i.pipe = static_cast<PipeId>(NpuPipe::mte2);
  i.path = static_cast<std::uint8_t>(w.path);
  i.access = chip::Access::read;
  i.name = "read";
  const std::int64_t pitch = w.columns * w.element, at = column * w.element;
  i.region = {base + static_cast<chip::Address>(row * pitch + at), std::min(w.tile_rows, w.rows - row),
              std::min(w.tile_columns, w.columns - column) * w.element, pitch};
  const auto& cost = w.path == NpuPath::gm_ub ? costs.gm_ub : w.nd2nz ? costs.gm_l1_nd2nz : costs.gm_l1;
  i.cycles = cost.minimum;
  if (i.region.rows > 1) i.port_bytes = cost.row_bytes * static_cast<double>(i.region.rows);
  i.extra_bytes = unaligned(costs, at, i.region);
  return i;
}

}  // namespace

chip::RunStats run_read(chip::Machine& machine, const chip::NpuCosts& costs, const NpuRead& w) {
  const chip::Address base = machine.allocate(w.rows * w.columns * w.element, w.columns * w.element);
  const std::int64_t down = ceil_div(w.rows, w.tile_rows);
  const std::int64_t slice = ceil_div(ceil_div(w.columns, w.slices), w.tile_columns) * w.tile_columns;
  return machine.run(w.cores, [&](Core& core) {
    core.scalar(costs.block_start * core.index());
    for (std::int64_t s = 0; s < w.slices; ++s) {
      const std::int64_t from = s * slice,
                         across = ceil_div(std::min(slice, w.columns - from), w.tile_columns);
      const std::int64_t tiles = down * across;
      for (int pass = 0; pass < w.passes; ++pass) {
        const bool all = w.order != NpuRead::Order::shared_out;
        const std::int64_t first = all ? 0 : tiles * core.index() / w.cores;
        const std::int64_t last = all ? tiles : tiles * (core.index() + 1) / w.cores;
        const std::int64_t skew = w.order == NpuRead::Order::staggered ? tiles * core.index() / w.cores : 0;
        for (std::int64_t t = first; t < last; ++t) {
          const std::int64_t tile = (t + skew) % tiles;
          core.issue(
              read_tile(costs, w, base, tile / across * w.tile_rows, from + tile % across * w.tile_columns));
        }
      }
    }
  });
}

chip::RunStats run_elementwise(chip::Machine& machine, const chip::NpuCosts& costs, const NpuElementwise& w) {
  const std::int64_t bytes = w.elements * w.element;
  std::vector<chip::Address> in, out;
  for (int i = 0; i < w.inputs; ++i) in.push_back(machine.allocate(bytes));
  for (int i = 0; i < w.outputs; ++i) out.push_back(machine.allocate(bytes));
  enum : FlagId { kIn, kInFree, kOut, kOutFree };
  return machine.run(w.cores, [&](Core& core) {
    core.scalar(costs.block_start * core.index());
    for (int b = 0; b < w.buffers; ++b) {
      core.set_flag(kInFree);
      core.set_flag(kOutFree);
    }
    const std::int64_t share = ceil_div(w.elements, w.cores);
    const std::int64_t begin = std::min(w.elements, share * core.index()),
                       end = std::min(w.elements, begin + share);
    for (std::int64_t at = begin; at < end; at += w.copy_elements) {
      const std::int64_t n = std::min(w.copy_elements, end - at);
      const auto transfer = [&](chip::Address base, bool write) {
        Instruction i;
        i.pipe = static_cast<PipeId>(write ? NpuPipe::mte3 : NpuPipe::mte2);
        i.path = static_cast<std::uint8_t>(write ? NpuPath::ub_gm : NpuPath::gm_ub);
        i.access = write ? chip::Access::write : chip::Access::read;
        i.name = write ? "copy out" : "copy in";
        i.bypass_l2 = !write && w.bypass_inputs;
        i.cycles = (write ? costs.ub_gm : costs.gm_ub).minimum;
        i.region = {base + static_cast<chip::Address>(at * w.element), 1, n * w.element, n * w.element};
        return i;
      };
      for (int i = 0; i < w.inputs; ++i) {
        Instruction copy = transfer(in[i], false);
        if (i == 0) copy.wait[0] = kInFree;
        if (i + 1 == w.inputs) copy.set[0] = kIn;
        core.issue(copy);
      }
      if (w.scalar_cycles > 0) {
        core.wait_flag(kIn);
        core.wait_flag(kOutFree);
        core.scalar(w.scalar_cycles * static_cast<double>(n));
        core.set_flag(kInFree);
        core.set_flag(kOut);
      } else {
        Instruction v;
        v.pipe = static_cast<PipeId>(NpuPipe::vector);
        v.name = "vector";
        v.wait[0] = kIn;
        v.wait[1] = kOutFree;
        v.set[0] = kInFree;
        v.set[1] = kOut;
        v.cycles = costs.vector_start +
                   std::ceil(static_cast<double>(n * w.element) / kRepeatBytes) * w.vector_cycles_per_repeat;
        core.issue(v);
      }
      for (int i = 0; i < w.outputs; ++i) {
        Instruction copy = transfer(out[i], true);
        if (i == 0) copy.wait[0] = kOut;
        if (i + 1 == w.outputs) copy.set[0] = kOutFree;
        core.issue(copy);
      }
    }
  });
}

chip::RunStats run_stream(chip::Machine& machine, const chip::NpuCosts& costs, const NpuStream& w) {
  std::vector<chip::Address> in, out;
  const auto size = [&](double bytes) {
    return static_cast<std::int64_t>(std::ceil(w.elements * bytes)) + 4096;
  };
  for (double b : w.reads) in.push_back(machine.allocate(size(b)));
  for (double b : w.writes) out.push_back(machine.allocate(size(b)));
  enum : FlagId { kIn, kInFree, kOut, kOutFree };
  return machine.run(w.cores, [&](Core& core) {
    core.scalar(costs.block_start * core.index());
    for (int b = 0; b < w.buffers; ++b) {
      core.set_flag(kInFree);
      core.set_flag(kOutFree);
    }
    const auto all = static_cast<std::int64_t>(w.elements);
    const std::int64_t begin = all * core.index() / w.cores, end = all * (core.index() + 1) / w.cores;
    for (std::int64_t at = begin; at < end; at += w.chunk) {
      const std::int64_t n = std::min(w.chunk, end - at);
      const auto transfer = [&](chip::Address base, double bytes, bool write) {
        Instruction i;
        i.pipe = static_cast<PipeId>(write ? NpuPipe::mte3 : NpuPipe::mte2);
        i.path = static_cast<std::uint8_t>(write ? NpuPath::ub_gm : NpuPath::gm_ub);
        i.access = write ? chip::Access::write : chip::Access::read;
        i.name = write ? "copy out" : "copy in";
        const auto& cost = write ? costs.ub_gm : costs.gm_ub;
        const auto length =
            std::max<std::int64_t>(1, static_cast<std::int64_t>(static_cast<double>(n) * bytes));
        const double rows = w.row_bytes > 0 ? std::ceil(static_cast<double>(length) / w.row_bytes) : 1;
        i.cycles = cost.minimum * rows;  // scattered rows are transfers of their own
        i.port_bytes = w.row_bytes > 0 ? rows * cost.row_bytes : 0.0;
        const auto offset = static_cast<std::int64_t>(static_cast<double>(at) * bytes);
        i.region = {base + static_cast<chip::Address>(offset), 1, length, length};
        return i;
      };
      for (std::size_t i = 0; i < in.size(); ++i) {
        Instruction copy = transfer(in[i], w.reads[i], false);
        if (i == 0) copy.wait[0] = kInFree;
        if (i + 1 == in.size()) copy.set[0] = kIn;
        core.issue(copy);
      }
      Instruction v;
      v.pipe = static_cast<PipeId>(NpuPipe::vector);
      v.name = "vector";
      if (!in.empty()) v.wait[0] = kIn;
      v.wait[1] = kOutFree;
      v.set[0] = kInFree;
      v.set[1] = kOut;
      v.cycles = w.instructions * costs.vector_start + static_cast<double>(n) / 64 * w.cycles_per_repeat;
      core.issue(v);
      if (out.empty())
        core.issue(Instruction{.pipe = static_cast<PipeId>(NpuPipe::mte3),
                               .wait = {kOut, chip::kNoFlag, chip::kNoFlag},
                               .set = {kOutFree, chip::kNoFlag},
                               .region = {}});
      for (std::size_t i = 0; i < out.size(); ++i) {
        Instruction copy = transfer(out[i], w.writes[i], true);
        if (i == 0) copy.wait[0] = kOut;
        if (i + 1 == out.size()) copy.set[0] = kOutFree;
        core.issue(copy);
      }
    }
  });
}

}  // namespace etalon::kernels
