// SPDX-License-Identifier: Apache-2.0
// Matrix products on cube cores: tilings as a vendor library's tiling function would try them, ranked by a
// closed form of the pipeline, the best few simulated. A harness that times a published kernel names its
// tiling.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <vector>

#include "kernels/npu/matmul_program.h"
#include "kernels/npu/npu_cost.h"

namespace etalon::kernels {
namespace {

constexpr int kSimulated = 2,
              kSimulatedSmall = 4;     // candidates simulated after ranking; small products cost little ...
constexpr double kSmallSteps = 40000;  // matrix instructions of a small product
constexpr double kClose = 1.6;         // ... if the closed form sees them this close to the best
constexpr std::int64_t kManyTiles = 256;  // tiles that are many waves on any device
constexpr std::int64_t kSliceK = 12288;   // K beyond which a product is worked off in slices of at least this
constexpr double kMostSteps =
    500000;  // matrix instructions simulated before the rest is continued at the same pace

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

double bytes_of(llm::Dtype dtype) {
  switch (dtype) {  // as the cube reads it: weights of 4 bits are widened by vector cores before
    case llm::Dtype::mxfp4_w:
      return 2;
    default:
      return llm::size_of(dtype).value;
  }
}

// L1 holds two transfers of each operand; K per transfer as long as fits, B first where it is the longer.
void fill_l1(NpuTiling& t, const NpuMatmul& p, const chip::NpuCosts& costs) {
  t.buffers_a = t.buffers_b = 2;
  const double a = static_cast<double>(t.base_m * t.base_k) * p.a_bytes;
  const double b = static_cast<double>(t.base_n * t.base_k) * p.b_bytes;
  const auto steps = static_cast<int>(ceil_div(p.k, t.base_k));
  t.step_ka = t.step_kb = 1;
  // Doubling keeps the steps in phase; rows of up to 1 KiB are worth having.
  for (bool grown = true; grown;) {
    grown = false;
    const auto fits = [&](int ka, int kb) {
      return 2 * (ka * a + kb * b) <= static_cast<double>(costs.l1_size);
    };
    const auto row = [&](int k, double size) { return k * t.base_k * size < 2048; };
    if (t.step_kb < steps && t.step_kb <= t.step_ka && fits(t.step_ka, 2 * t.step_kb) &&
        row(t.step_kb, p.b_bytes)) {
      t.step_kb *= 2;
      grown = true;
    } else if (t.step_ka < steps && fits(2 * t.step_ka, t.step_kb) && row(t.step_ka, p.a_bytes)) {
      t.step_ka *= 2;
      grown = true;
    }
  }
}

// Closed form: critical core = most tiles; per tile the slowest of load, L1 and cube, plus its tail.
double estimate_cycles(const NpuDevice& d, const NpuMatmul& p, const NpuTiling& t) {
  const chip::NpuCosts& c = d.costs;
  const std::int64_t rows = ceil_div(p.m, t.base_m), columns = ceil_div(p.n, t.base_n);
  const std::int64_t tiles = rows * columns * t.split_k;
  const std::int64_t cores = std::min<std::int64_t>(c.cubes, tiles), per_core = ceil_div(tiles, cores);
  const double f = d.spec.clock.value;
  const double share =
      std::min(d.spec.paths[0].core_hit.value, d.spec.l2_rates[0].value / static_cast<double>(cores)) / f;
  const auto bm = static_cast<double>(std::min(t.base_m, p.m)),
             bn = static_cast<double>(std::min(t.base_n, p.n));
  const double depth = static_cast<double>(p.k) / t.split_k,
               steps = std::ceil(depth / static_cast<double>(t.base_k));
  const double latency = d.spec.paths[0].latency_hit.value + c.gm_l1_nd2nz.minimum;
  const double ka = static_cast<double>(t.step_ka * t.base_k), kb = static_cast<double>(t.step_kb * t.base_k);
  const double rows_a = p.a_nz ? 0 : p.a_transposed ? depth : bm * std::ceil(depth / ka);
  const double rows_b = p.b_nz ? 0 : p.b_transposed ? bn * std::ceil(depth / kb) : depth;
  const double load =
      (depth * (bm * p.a_bytes + bn * p.b_bytes) + (rows_a + rows_b) * c.gm_l1_nd2nz.row_bytes) / share +
      latency * (std::ceil(depth / ka) + std::ceil(depth / kb));
  const double l1 =
      depth * (bm * p.a_bytes / c.l1_l0a + bn * p.b_bytes / c.l1_l0b) + steps * 2 * c.load_start;
  const double cube = steps * (c.mmad_start + std::ceil(bm / 16) * std::ceil(bn / 16) * 256 *
                                                  static_cast<double>(t.base_k) / p.macs_per_cycle);
  const double store =
      d.spec.paths[3].latency_hit.value + bm * bn * (t.split_k > 1 ? 4 : p.c_bytes) / c.l0c_gm;
  const double first = d.spec.paths[0].latency_miss.value + load / std::max(1.0, std::ceil(depth / ka));
  const double body =
      first + static_cast<double>(per_core) * (std::max({load, l1, cube}) + 0.25 * store) + store;
  const double compulsory =
      (static_cast<double>(p.m * p.k) * p.a_bytes + static_cast<double>(p.n * p.k) * p.b_bytes) /
      (d.hbm().value / f);
  const double reduce = t.split_k > 1 ? c.sync_all + static_cast<double>(p.m * p.n) * 4 * (t.split_k + 1) /
                                                         (d.spec.l2_rates[1].value / f)
                                      : 0;
  return std::max(body, compulsory + first) + reduce;
}

std::vector<NpuTiling> candidates(const NpuDevice& d, const NpuMatmul& p) {
  std::vector<NpuTiling> out;
  const auto wide = static_cast<std::int64_t>(128 / std::max(p.a_bytes, p.b_bytes));  // K of a 128-byte row
  const auto round16 = [](std::int64_t x) { return ceil_div(x, 16) * 16; };
  for (const auto& [bm, bn] : {std::pair<std::int64_t, std::int64_t>{128, 256},
                               {256, 256},
                               {256, 128},
                               {128, 128},
                               {64, 256},
                               {256, 64},
                               {128, 192},
                               {192, 128},
                               {64, 128},
                               {32, 256},
                               {16, 256},
                               {16, 512},
                               {64, 512}}) {
    NpuTiling t;
    t.base_m = std::min(bm, round16(p.m));
    t.base_n = std::min(bn, round16(p.n));
    t.base_k = std::min(wide, round16(p.k));
    if (t.base_m * t.base_n * 4 > d.costs.l0c_size) continue;
    while (t.base_k > 16 &&
           (static_cast<double>(t.base_n * t.base_k) * p.b_bytes > static_cast<double>(d.costs.l0b_size) ||
            static_cast<double>(t.base_m * t.base_k) * p.a_bytes > static_cast<double>(d.costs.l0a_size))) {
      t.base_k /= 2;
    }
    t.unit_flag = true;
    const std::int64_t tiles = ceil_div(p.m, t.base_m) * ceil_div(p.n, t.base_n);
    for (int split : {1, 2, 4, 8, 16}) {
      if (split > 1 && (tiles * split > 2 * d.costs.cubes || p.k / split < 4 * t.base_k)) break;
      t.split_k = split;
      NpuMatmul part = p;
      part.k = ceil_div(p.k, split);
      fill_l1(t, part, d.costs);
      if (std::none_of(out.begin(), out.end(), [&](const NpuTiling& o) { return o.text() == t.text(); }))
        out.push_back(t);
    }
  }
  return out;
}

// The tiling a harness names: base=MxNxK, l1_k (K of one transfer of both), single (one buffer, one step),
// split_k=N or auto, k_slice=N, strips=RxC (rows and columns of cores), resident (A stays in L1), swizzle=N.
NpuTiling named_tiling(const NpuDevice& d, const NpuMatmul& p, const NpuSoftware& s) {
  NpuTiling t;
  const std::string base = s.text("base");
  std::int64_t m = 128, n = 256, k = 64;
  if (const auto x = base.find('x'), y = base.rfind('x'); x != std::string::npos && y > x) {
    m = std::max<std::int64_t>(16, std::atoll(base.substr(0, x).c_str()));
    n = std::max<std::int64_t>(16, std::atoll(base.substr(x + 1, y - x - 1).c_str()));
    k = std::max<std::int64_t>(16, std::atoll(base.substr(y + 1).c_str()));
  }
  const auto round16 = [](std::int64_t v) { return ceil_div(v, 16) * 16; };
  t.base_m = std::min(m, round16(p.m));
  t.base_n = std::min(n, round16(p.n));
  t.base_k = std::min(k, round16(p.k));
  t.unit_flag = !s.has("no_unit_flag");
  t.split_k = s.text("split_k") == "auto" ? 1 : static_cast<int>(s.number("split_k", 1));
  t.a_resident = s.has("resident");
  if (s.has("k_slice")) t.k_slices = static_cast<int>(ceil_div(p.k, s.number("k_slice", p.k)));
  if (const std::string grid = s.text("strips"); grid.find('x') != std::string::npos) {
    t.grid_m = std::max(1, std::atoi(grid.c_str()));
    t.grid_n = std::max(1, std::atoi(grid.c_str() + grid.find('x') + 1));
    t.single_m = ceil_div(ceil_div(p.m, t.grid_m), t.base_m) * t.base_m;
    t.single_n = ceil_div(ceil_div(p.n, t.grid_n), t.base_n) * t.base_n;
  }
  t.swizzle = static_cast<int>(s.number("swizzle", 3));
  if (s.has("single")) {
    t.buffers_a = t.buffers_b = 1;
  } else if (s.has("l1_k")) {
    t.buffers_a = t.buffers_b = 2;
    t.step_ka = t.step_kb = static_cast<int>(std::max<std::int64_t>(1, s.number("l1_k", 256) / t.base_k));
  } else {
    fill_l1(t, p, d.costs);
  }
  return t;
}

// Adding up split-K parts, and turning int32 sums into the output type with a scale per token and channel, on
// the vector cores: they read what the cube cores left in L2.
Seconds epilogue(const NpuDevice& d, const NpuMatmul& p, const NpuTiling& t, bool dequantise) {
  if (t.split_k == 1 && !dequantise) return {};
  const double elements = static_cast<double>(p.m * p.n);
  const double cores = std::min<double>(d.costs.vectors, std::ceil(elements / 2048));
  const double in = elements * 4 * t.split_k, f = d.spec.clock.value;
  const double read = in / std::min(d.spec.l2_rates[1].value, cores * d.spec.paths[1].core_hit.value);
  const double repeats = elements * 4 / 256 / cores * (t.split_k + (dequantise ? 4 : 1));
  const double cycles =
      d.costs.sync_all + d.spec.paths[1].latency_hit.value + d.spec.paths[2].latency_hit.value + repeats;
  return Seconds{read + cycles / f};
}

struct Simulated {
  NpuWork work;
  Seconds total{INFINITY};
};

void warm_operands(chip::Machine& machine, const NpuMatmul& p, const NpuOperands& at, const Harness& h) {
  if (!h.warm) return;
  const auto touch = [&](chip::Address a, std::int64_t rows, double row) {
    const auto pitch = static_cast<std::int64_t>(row);
    machine.touch({a, rows, pitch, pitch});
  };
  const double weights = static_cast<double>(p.n * p.k) * p.b_bytes;
  const bool rotated = h.weight_copies > 1 && weights * h.weight_copies > machine.spec().l2_capacity.value;
  if (!rotated)
    touch(at.b, p.b_transposed ? p.n : p.k, static_cast<double>(p.b_transposed ? p.k : p.n) * p.b_bytes);
  touch(at.a, p.a_transposed ? p.k : p.m, static_cast<double>(p.a_transposed ? p.m : p.k) * p.a_bytes);
}

double steps_of(const NpuMatmul& p, const NpuTiling& t) {
  return static_cast<double>(ceil_div(p.m, t.base_m) * ceil_div(p.n, t.base_n) * ceil_div(p.k, t.base_k));
}

// Waves of tiles times K: what the time of a long product grows with.
double length_of(const NpuDevice& d, const NpuMatmul& p, const NpuTiling& t) {
  const std::int64_t tiles = ceil_div(p.m, t.base_m) * ceil_div(p.n, t.base_n) * t.split_k;
  return static_cast<double>(ceil_div(tiles, std::min<std::int64_t>(tiles, d.costs.cubes)) *
                             ceil_div(p.k, t.base_k));
}

// The product cut to about `steps` matrix instructions: fewer groups of rows of tiles, else fewer columns,
// else less K.
NpuMatmul cut(const NpuMatmul& p, const NpuTiling& t, double steps) {
  NpuMatmul out = p;
  const double share = steps / steps_of(p, t);
  const std::int64_t group = t.base_m * t.swizzle, groups = ceil_div(p.m, group);
  const auto kept = static_cast<std::int64_t>(static_cast<double>(groups) * share);
  const std::int64_t columns = ceil_div(p.n, t.base_n);
  const auto kept_columns = static_cast<std::int64_t>(static_cast<double>(columns) * share);
  if (kept >= 3)
    out.m = kept * group;
  else if (kept_columns * ceil_div(p.m, t.base_m) >= kManyTiles)
    out.n = kept_columns * t.base_n;
  else
    out.k = std::max<std::int64_t>(
        8 * t.base_k, static_cast<std::int64_t>(static_cast<double>(p.k) * share) / t.base_k * t.base_k);
  return out;
}

Simulated simulate(const NpuDevice& d, const NpuMatmul& p, const NpuTiling& t, const Harness& h,
                   bool dequantise, bool want_timeline, std::optional<Timeline>* timeline);

// A long product: two beginnings simulated, the rest continued at the pace between them.
Simulated continued(const NpuDevice& d, const NpuMatmul& p, const NpuTiling& t, const Harness& h,
                    bool dequantise, bool want_timeline, std::optional<Timeline>* timeline) {
  const NpuMatmul small = cut(p, t, kMostSteps / 3), large = cut(p, t, 2 * kMostSteps / 3);
  const Simulated a = simulate(d, small, t, h, dequantise, want_timeline, timeline);
  Simulated b = simulate(d, large, t, h, dequantise, false, nullptr);
  const double grown = length_of(d, large, t) - length_of(d, small, t);
  if (grown <= 0) return b;
  const double more = (length_of(d, p, t) - length_of(d, large, t)) / grown;
  const auto extend = [&](auto& to, const auto& from) { to = to + (to - from) * more; };
  extend(b.work.body, a.work.body);
  extend(b.work.hbm_read, a.work.hbm_read);
  extend(b.work.hbm_written, a.work.hbm_written);
  extend(b.work.l2_read, a.work.l2_read);
  extend(b.work.hbm_busy, a.work.hbm_busy);
  for (auto& [name, time] : b.work.busy) extend(time, a.work.busy.at(name));
  for (auto& [name, time] : b.work.stalls) extend(time, a.work.stalls.at(name));
  b.total = b.work.body;
  return b;
}

Simulated simulate(const NpuDevice& d, const NpuMatmul& p, const NpuTiling& t, const Harness& h,
                   bool dequantise, bool want_timeline, std::optional<Timeline>* timeline) {
  if (t.grid_m == 0 && t.k_slices == 1 && steps_of(p, t) > kMostSteps) {
    return continued(d, p, t, h, dequantise, want_timeline, timeline);
  }
  chip::Machine machine(d.spec);
  const NpuOperands at = allocate_operands(machine, p, t);
  warm_operands(machine, p, at, h);
  const chip::RunStats run = run_matmul(machine, d.costs, p, t, at, want_timeline);
  Simulated s;
  s.work.body = run.time + epilogue(d, p, t, dequantise);
  add_run(s.work, run);
  s.total = s.work.body;
  s.work.tiling = fmt::format("{}, {} cores", t.text(), cores_used(p, t, d.costs));
  if (want_timeline) *timeline = run.timeline;
  return s;
}

}  // namespace

Result<KernelCost> npu_matmul_cost(const catalog::Chip& chip, const llm::Operation& op, const Harness& h,
                                   const CostOptions& options) {
  const auto& m = std::get<llm::Matmul>(op);
  const NpuDevice d(chip);
  const NpuSoftware software = parse_npu_software(h.software);
  NpuMatmul p;
  p.m = m.m;
  p.n = m.n;
  p.k = m.k;
  p.a_bytes = p.b_bytes = bytes_of(m.dtype);
  p.c_bytes = llm::size_of(m.out_dtype).value;
  p.macs_per_cycle = d.macs(m.dtype);
  if (p.macs_per_cycle <= 0) {
    return fail("kernel.dtype",
                fmt::format("the cube cores of {} have no {}", chip.name, llm::name_of(m.dtype)),
                "choose a type the chip has: etalon chips show " + chip.name);
  }
  p.a_transposed = m.transpose_a;
  p.b_transposed = software.has("b") ? software.text("b") == "nk" : m.transpose_b;
  p.b_nz = software.text("b") == "nz";
  if (software.text("out") == "fp32") p.c_bytes = 4;
  p.a_nz = software.text("a") == "nz";
  const bool dequantise = m.dtype == llm::Dtype::int8 && m.out_dtype != llm::Dtype::int32;
  if (dequantise) p.c_bytes = 4;  // int32 sums go to the vector cores
  if (m.accumulate) p.c_bytes = std::max(p.c_bytes, 4.0);

  // A long K is worked off in slices, all tiles of one before the next, so that operands are found in L2
  // again; each slice is added to C in memory.
  std::int64_t slices = 1;
  if (!software.has("base") && !software.has("l1_k") && p.m * p.n >= 128 * 256 * d.costs.cubes) {
    slices = std::max<std::int64_t>(1, p.k / kSliceK);
    p.k = ceil_div(p.k, slices);
  }
  std::vector<NpuTiling> list;
  if (software.has("base") || software.has("l1_k")) {
    list = {named_tiling(d, p, software)};
    const std::int64_t tiles = ceil_div(p.m, list[0].base_m) * ceil_div(p.n, list[0].base_n);
    for (int split = 2; software.text("split_k") == "auto" && tiles * split <= d.costs.cubes &&
                        p.k / split >= 2 * list[0].step_ka * list[0].base_k;
         ++split) {
      list.push_back(list[0]);
      list.back().split_k = split;
    }
  } else
    list = candidates(d, p);
  std::stable_sort(list.begin(), list.end(), [&](const NpuTiling& a, const NpuTiling& b) {
    return estimate_cycles(d, p, a) < estimate_cycles(d, p, b);
  });
  Simulated best;
  std::optional<Timeline> timeline;
  if (options.fidelity == Fidelity::cycle) {
    const double first = estimate_cycles(d, p, list.front());
    const std::size_t most = steps_of(p, list.front()) < kSmallSteps ? kSimulatedSmall : kSimulated;
    for (std::size_t i = 0; i < list.size() && i < most; ++i) {
      if (estimate_cycles(d, p, list[i]) > kClose * first && software.text("split_k") != "auto") break;
      std::optional<Timeline> spans;
      Simulated s = simulate(d, p, list[i], h, dequantise, options.want_timeline, &spans);
      if (s.total < best.total) {
        best = std::move(s);
        timeline = std::move(spans);
      }
    }
  } else {
    const NpuTiling& t = list.front();
    best.work.body = Seconds{estimate_cycles(d, p, t) / d.spec.clock.value};
    best.work.fidelity = Fidelity::formula;
    best.work.hbm_read =
        Bytes{static_cast<double>(p.m * p.k) * p.a_bytes + static_cast<double>(p.n * p.k) * p.b_bytes};
    best.work.hbm_written = Bytes{static_cast<double>(p.m * p.n) * p.c_bytes};
    best.work.hbm_busy = Seconds{best.work.hbm_read.value / d.hbm().value};
    best.work.busy["cube"] =
        Seconds{static_cast<double>(p.m * p.n * p.k) / p.macs_per_cycle / d.costs.cubes / d.spec.clock.value};
    best.work.tiling = t.text();
  }
  NpuWork& w = best.work;
  if (!h.warm) {  // operands come from memory once at least
    const llm::Traffic least = llm::compulsory_traffic(op);
    w.body =
        std::max(w.body, Seconds{least.read.value / static_cast<double>(m.batch * slices) / d.hbm().value});
  }
  if (slices > 1) w.tiling += fmt::format(", K in {} slices", slices);
  if (m.batch * slices > 1) {  // independent products, or slices, follow each other on the same cores
    const auto n = static_cast<double>(m.batch * slices);
    w.body = w.body * n;
    for (auto* q : {&w.hbm_read, &w.hbm_written, &w.l2_read}) *q = *q * n;
    w.hbm_busy = w.hbm_busy * n;
    for (auto* map : {&w.busy, &w.stalls}) {
      for (auto& [name, time] : *map) time = time * n;
    }
  }
  w.launch = launch_cost(d, h, software) + (dequantise ? d.launch.dequantise : Seconds{0});
  if (m.quantise_activation) {
    // One pass over the activation on the vector cores, cast and maximum together.
    const double bytes = static_cast<double>(p.m * p.k) * 3;
    w.body += Seconds{bytes / d.hbm().value};
    w.launch += launch_cost(d, h, software);
    ++w.kernels;
  }
  w.matrix_flops = llm::flops(op);
  w.dtype = m.dtype;
  w.mechanism = w.body < w.launch                           ? "gemm.launch"
                : w.busy["cube"].value > 0.6 * w.body.value ? "gemm.compute"
                                                            : "gemm.memory";
  KernelCost k = npu_cost(d, h, w);
  k.timeline = std::move(timeline);
  return k;
}

}  // namespace etalon::kernels
