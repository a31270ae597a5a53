// SPDX-License-Identifier: Apache-2.0
#include "chip/npu.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "catalog/catalog.h"

namespace etalon::chip {
namespace {

constexpr const char* kReference = "ascend-910b1";

const catalog::Chip& reference_chip() {
  static const catalog::Chip chip = [] {
    auto found = catalog::find_chip(kReference);
    if (!found)
      throw std::logic_error("the reference chip of NPU facts cannot be loaded: " + found.error().text());
    return *std::move(found);
  }();
  return chip;
}

// Reads a fact of the chip, or else of the reference chip.
class Facts {
 public:
  explicit Facts(const catalog::Chip& chip) : chip_(chip) {}
  template <class Q>
  Q get(const char* path) const {
    return chip_.has(path) ? chip_.get<Q>(path) : reference_chip().get<Q>(path);
  }
  double cycles(const char* path) const { return get<Cycles>(path).value; }
  double rate(const char* path) const { return get<BytesPerCycle>(path).value; }
  double bytes(const char* path) const { return get<Bytes>(path).value; }
  double macs(const char* path) const { return chip_.get_or<FlopsPerCycle>(path, {}).value / 2; }
  bool has(const char* path) const { return chip_.has(path); }

 private:
  const catalog::Chip& chip_;
};

PathSpec path(const char* name, double latency, double miss, BytesPerSecond hit, BytesPerSecond from_hbm,
              int in_flight, int hit_class) {
  PathSpec p;
  p.name = name;
  p.latency_hit = Cycles{latency};
  p.latency_miss = Cycles{latency + miss};
  p.core_hit = hit;
  p.core_miss = from_hbm;
  p.in_flight = in_flight;
  p.hit_class = hit_class;
  return p;
}

void fill_vector(const Facts& f, NpuCosts& c) {
  c.vector_start = f.cycles("vectorop.wait");
  c.vector_start_queued = 0;
  c.vector_minimum = f.cycles("vectorop.minimum");
  c.squeeze = f.cycles("vectorop.squeeze");
  c.gather_start = f.cycles("vectorop.gather_start");
  c.merge_start = f.cycles("vectorop.merge_start");
  c.bank_conflict = f.cycles("vectorop.conflict");
  c.vector_issue = f.has("vector.issue") ? f.get<double>("vector.issue") : 1;
  c.divide_narrow_start = f.cycles("vectorop.divide16_start");
  c.mask_tail = f.cycles("vectorop.mask_tail");
  c.gather_read = f.cycles("vectorop.gather_read");
  c.gather_index = f.cycles("vectorop.gather_index");
  const auto set = [&](VectorClass v, const char* narrow, const char* wide) {
    c.vector_repeat[static_cast<int>(v)][0] = f.cycles(narrow);
    c.vector_repeat[static_cast<int>(v)][1] = f.cycles(wide);
  };
  for (auto v : {VectorClass::unary, VectorClass::convert, VectorClass::copy, VectorClass::pair_reduce,
                 VectorClass::compare_scalar}) {
    set(v, "vectorop.unary", "vectorop.unary");
  }
  set(VectorClass::binary, "vectorop.binary", "vectorop.binary");
  set(VectorClass::transcendental, "vectorop.transcendental16", "vectorop.transcendental32");
  set(VectorClass::divide, "vectorop.divide", "vectorop.divide");
  for (auto v : {VectorClass::axpy, VectorClass::compare, VectorClass::select}) {
    set(v, "vectorop.compare", "vectorop.compare");
  }
  set(VectorClass::multiply_add, "vectorop.multiply_add", "vectorop.multiply_add");
  set(VectorClass::multiply_add_mixed, "vectorop.multiply_add_mixed", "vectorop.multiply_add_mixed");
  set(VectorClass::whole_sum, "vectorop.sum16", "vectorop.sum32");
  set(VectorClass::whole_extreme, "vectorop.extreme", "vectorop.extreme");
  set(VectorClass::block_reduce, "vectorop.sum16", "vectorop.block32");
  set(VectorClass::gather, "vectorop.gather16", "vectorop.gather32");
  set(VectorClass::gather_block, "vectorop.gather_block", "vectorop.gather_block");
  set(VectorClass::gather_mask, "vectorop.gather_mask", "vectorop.gather_mask");
  set(VectorClass::transpose, "vectorop.gather_block", "vectorop.gather_block");
  set(VectorClass::sort, "vectorop.merge_sort", "vectorop.merge_sort");
  set(VectorClass::merge_sort, "vectorop.merge_sort", "vectorop.merge_sort");
}

}  // namespace

bool is_dav_3510(const catalog::Chip& chip) {
  return chip.has("core.architecture") && chip.choice("core.architecture") == "dav-3510";
}

MachineSpec npu_machine_spec(const catalog::Chip& chip) {
  const Facts f(chip);
  MachineSpec s;
  const auto cubes = static_cast<int>(std::lround(f.get<double>("cube.count")));
  const auto vectors = static_cast<int>(std::lround(f.get<double>("vector.count")));
  s.cores = cubes + vectors;
  for (const char* name : kNpuPipeNames) s.pipes.emplace_back(name);
  s.flags = kNpuFlags;
  s.clock = f.get<Hertz>("clock.max");
  const Hertz clock = s.clock;
  const auto rate = [&](const char* p) { return f.get<BytesPerCycle>(p) * clock; };
  s.hbm_rate = f.get<BytesPerSecond>("hbm.bandwidth") * f.get<double>("hbm.attained");
  s.hbm_write_cost = f.get<double>("hbm.write_cost");
  s.hbm_bursts = {{128, f.get<double>("hbm.burst128")}, {256, f.get<double>("hbm.burst256")}};
  s.l2_rates = {f.get<BytesPerSecond>("l2.bandwidth"), f.get<BytesPerSecond>("l2.vector_bandwidth"),
                f.get<BytesPerSecond>("l2.write_bandwidth")};
  s.l2_capacity = f.get<Bytes>("l2.capacity");
  s.l2_partitions = static_cast<int>(std::lround(f.get<double>("l2.partitions")));
  s.l2_block = static_cast<std::int64_t>(f.bytes("l2.block"));
  s.l2_line = static_cast<std::int64_t>(f.bytes("l2.line"));
  s.l2_slices = static_cast<int>(std::lround(f.get<double>("l2.slices")));
  s.l2_slice_rate = f.get<BytesPerSecond>("l2.vector_bandwidth");  // what all vector cores together were given
  s.l2_granule = f.get<Bytes>("l2.granule");
  const double miss = f.cycles("transfer.miss_latency");
  const auto in_flight = static_cast<int>(std::lround(f.get<double>("transfer.in_flight")));
  PathSpec gm_l1 = path("GM->L1", f.cycles("transfer.gm_l1_latency"), miss, rate("path.gm_l1"),
                        rate("path.gm_l1_miss"), in_flight, 0);
  gm_l1.hbm_cost = f.get<double>("hbm.cube_cost");
  gm_l1.in_flight_bytes = f.get<Bytes>("transfer.l1_in_flight");
  PathSpec gm_ub = path("GM->UB", f.cycles("transfer.gm_ub_latency"), 0, rate("path.gm_ub"),
                        rate("path.gm_ub_miss"), 64, 1);
  gm_ub.window = f.get<Bytes>("transfer.gm_ub_window");
  gm_ub.core_burst = rate("path.gm_ub_burst");
  gm_ub.in_flight_bytes = f.get<Bytes>("transfer.ub_in_flight");
  PathSpec ub_gm =
      path("UB->GM", f.cycles("transfer.ub_gm_latency"), 0, rate("path.ub_gm"), rate("path.ub_gm"), 64, 2);
  ub_gm.window = f.get<Bytes>("transfer.ub_gm_window");
  ub_gm.core_burst = rate("path.ub_gm_burst");
  ub_gm.in_flight_bytes = f.get<Bytes>("transfer.ub_in_flight");
  PathSpec l0c_gm =
      path("L0C->GM", f.cycles("transfer.l0c_gm_latency"), 0, rate("path.l0c_gm"), rate("path.l0c_gm"), 2, 2);
  l0c_gm.window = f.get<Bytes>("transfer.l0c_gm_window");
  l0c_gm.core_burst = rate("path.l0c_gm_burst");
  PathSpec l1_gm =
      path("L1->GM", f.cycles("transfer.l0c_gm_latency"), 0, rate("path.l0c_gm"), rate("path.l0c_gm"), 2, 2);
  s.paths = {gm_l1, gm_ub, ub_gm, l0c_gm, l1_gm};
  return s;
}

NpuCosts npu_costs(const catalog::Chip& chip) {
  const Facts f(chip);
  NpuCosts c;
  fill_vector(f, c);
  c.mmad_start = f.cycles("mmad.start");
  c.mmad_idle = f.cycles("mmad.idle");
  c.mmad_drain = c.mmad_idle + f.cycles("mmad.wait");
  c.macs_int4 = f.macs("cube.int4");
  c.macs_int8 = f.macs("cube.int8");
  c.macs_fp8 = f.macs("cube.fp8");
  c.macs_fp16 = f.macs("cube.fp16");
  c.macs_bf16 = f.macs("cube.bf16");
  c.macs_hf32 = f.macs("cube.hf32");
  c.macs_fp32 = f.macs("cube.fp32");
  c.transposed_start = f.cycles("transfer.transposed_start");
  c.transposed_block = f.cycles("transfer.transposed_block");
  c.transposed_rate = f.rate("transfer.transposed_rate");
  c.bias_start = f.cycles("load.bias_start");
  c.load_start = f.cycles("load.start");
  c.l1_l0a = f.rate("path.l1_l0a");
  c.l1_l0b = f.rate("path.l1_l0b");
  c.l1_bt = f.rate("path.l1_bt");
  c.l1_fb = f.rate("path.l1_fb");
  c.l1_transpose = 1;
  c.l0c_gm = f.rate("path.l0c_gm");
  c.l0c_l1 = f.rate("path.l0c_l1");
  c.l0c_ub = f.has("path.l0c_ub") ? f.rate("path.l0c_ub") : 0;
  c.gm_l1_nd2nz.row_bytes = f.bytes("transfer.gm_l1_row");
  c.gm_ub.row_bytes = c.ub_gm.row_bytes = f.bytes("transfer.gm_ub_row");
  for (auto* t : {&c.gm_l1, &c.gm_l1_nd2nz, &c.gm_ub, &c.ub_gm, &c.l1_gm})
    t->minimum = f.cycles("transfer.issue");
  c.ub_ub = f.rate("path.ub_ub");
  c.ub_l1 = f.has("path.l1_ub") ? f.rate("path.l1_ub") : 0;
  c.line = f.bytes("l2.line");
  c.unaligned_lines = f.get<double>("transfer.unaligned");
  c.unaligned_costs = c.unaligned_lines > 0;
  c.dav_3510 = is_dav_3510(chip);
  const auto of_registers = [&](const char* path) { return f.has(path) ? f.get<double>(path) : 0.0; };
  c.register_loads = of_registers("register.loads");
  c.register_stores = of_registers("register.stores");
  c.register_special = of_registers("register.special");
  c.register_latency = f.has("register.latency") ? f.cycles("register.latency") : 0;
  c.scalar_call = f.cycles("scalar.call");
  c.scalar_transfer = f.cycles("scalar.transfer");
  c.scalar_flag = c.scalar_call;
  // An element of a scalar loop: two reads and a write.
  c.scalar_ub_read = c.scalar_ub_write = f.cycles("scalar.element") / 3;
  c.scalar_gm_read = c.scalar_gm_write = f.cycles("transfer.gm_ub_latency");
  c.flag = f.cycles("sync.flag");
  c.pipe_barrier = 0;
  c.cross_core_flag = f.cycles("sync.cross_core");
  c.sync_all = f.cycles("sync.all");
  c.block_start = f.cycles("launch.block");
  const auto size = [&](const char* p) { return static_cast<std::int64_t>(f.bytes(p)); };
  c.ub_size = size("ub.size");
  c.l1_size = size("l1.size");
  c.l0a_size = size("l0a.size");
  c.l0b_size = size("l0b.size");
  c.l0c_size = size("l0c.size");
  c.bt_size = size("bt.size");
  c.fb_size = size("fb.size");
  c.cubes = static_cast<int>(std::lround(f.get<double>("cube.count")));
  c.vectors = static_cast<int>(std::lround(f.get<double>("vector.count")));
  return c;
}

NpuLaunch npu_launch(const catalog::Chip& chip) {
  const Facts f(chip);
  return {f.get<Seconds>("launch.profiler"),   f.get<Seconds>("launch.graph"),
          f.get<Seconds>("launch.eager"),      f.get<Seconds>("launch.library"),
          f.get<Seconds>("launch.dequantise"), f.get<Seconds>("launch.framework_attention")};
}

double vector_cycles(const NpuCosts& c, VectorClass kind, bool wide, double repeats) {
  double cycles = repeats * c.vector_repeat[static_cast<int>(kind)][wide ? 1 : 0];
  switch (kind) {
    case VectorClass::divide:
      cycles += wide ? 0 : c.divide_narrow_start;
      break;
    case VectorClass::compare:
    case VectorClass::compare_scalar: {
      constexpr double kBlock = 32, kRepeat = 256;
      const double mask = repeats * kRepeat / (wide ? 4 : 2) / 8;  // bytes: a bit for each element
      cycles += std::fmod(mask, kBlock) == 0 ? 0 : c.mask_tail;
      break;
    }
    case VectorClass::gather:
      cycles += c.vector_minimum;
      break;
    case VectorClass::gather_block:
      cycles = c.gather_start + repeats * c.gather_read + std::ceil(repeats / 8) * c.gather_index;
      break;
    case VectorClass::merge_sort:
      cycles += c.merge_start;
      break;
    default:
      break;
  }
  return std::max(c.vector_minimum, cycles);
}

double unaligned_bytes(const NpuCosts& costs, std::int64_t address, std::int64_t row_bytes) {
  const auto line = static_cast<std::int64_t>(costs.line);
  const std::int64_t first = address / line, last = (address + row_bytes - 1) / line;
  const std::int64_t aligned = (row_bytes + line - 1) / line;
  return static_cast<double>(std::max<std::int64_t>(0, last - first + 1 - aligned) * line) *
         costs.unaligned_lines;
}

}  // namespace etalon::chip
