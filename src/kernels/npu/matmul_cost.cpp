// SPDX-License-Identifier: Apache-2.0
// Matrix products on cube cores: tilings as a vendor library's tiling function would try them, ranked by a
// closed form of the pipeline, the best few simulated. A harness that times a published kernel names its
// tiling.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "kernels/npu/matmul_launch.h"
#include "kernels/npu/matmul_tilings.h"
#include "kernels/npu/npu_cost.h"

namespace etalon::kernels {
namespace {

// Candidates simulated after ranking (small products cost little), if the closed form sees them close to the
// best.
constexpr int kSimulated = 2, kSimulatedSmall = 4;
constexpr double kSmallSteps = 40000;  // matrix instructions of a small product
constexpr double kClose = 1.6;
constexpr std::int64_t kManyTiles = 256;  // tiles that are many waves on any device
constexpr std::int64_t kSliceK = 12288;   // K beyond which a product is worked off in slices of at least this
// Matrix instructions simulated before the rest is continued at the same pace.
constexpr double kMostSteps = 500000;

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

struct Simulated {
  NpuWork work;
  Seconds total{INFINITY};
};

void warm_operands(MatmulOnDevice& product, const MatmulJob& job, const chip::MachineSpec& spec,
                   const Harness& h) {
  if (!h.warm) return;
  const double weights = static_cast<double>(job.tiling.n * job.tiling.k) * cube_bytes(job.dtype);
  const bool rotated = h.weight_copies > 1 && weights * h.weight_copies > spec.l2_capacity.value;
  if (!rotated) product.touch_b();
  product.touch_a();
}

double steps_of(const npu::MatmulTiling& t) {
  return static_cast<double>(ceil_div(t.m, t.base_m) * ceil_div(t.n, t.base_n) * ceil_div(t.k, t.base_k));
}

// Waves of tiles times K: what the time of a long product grows with.
double length_of(const NpuDevice& d, const npu::MatmulTiling& t) {
  const std::int64_t tiles = ceil_div(t.m, t.base_m) * ceil_div(t.n, t.base_n) * t.split_k;
  return static_cast<double>(ceil_div(tiles, std::min<std::int64_t>(tiles, d.costs.cubes)) *
                             ceil_div(t.k, t.base_k));
}

// The product cut to about `steps` matrix instructions: fewer groups of rows of tiles, else fewer columns,
// else less K.
MatmulJob cut(const MatmulJob& job, double steps) {
  MatmulJob out = job;
  npu::MatmulTiling& t = out.tiling;
  const double share = steps / steps_of(t);
  const std::int64_t group = std::int64_t{t.base_m} * std::max(1, t.swizzle), groups = ceil_div(t.m, group);
  const auto kept = static_cast<std::int64_t>(static_cast<double>(groups) * share);
  const std::int64_t columns = ceil_div(t.n, t.base_n);
  const auto kept_columns = static_cast<std::int64_t>(static_cast<double>(columns) * share);
  if (kept >= 3)
    t.m = kept * group;
  else if (kept_columns * ceil_div(t.m, t.base_m) >= kManyTiles)
    t.n = kept_columns * t.base_n;
  else
    t.k = std::max<std::int64_t>(
        8 * t.base_k, static_cast<std::int64_t>(static_cast<double>(t.k) * share) / t.base_k * t.base_k);
  return out;
}

Result<Simulated> simulate_whole(const NpuDevice& d, const MatmulJob& job, const Harness& h,
                                 bool want_timeline, std::optional<Timeline>* timeline) {
  chip::Machine machine(d.spec);
  MatmulOnDevice product(machine, d.costs, job);
  warm_operands(product, job, d.spec, h);
  TRY(run, product.run(want_timeline));
  Simulated s;
  s.work.body = s.total = run.time;
  add_run(s.work, run);
  s.work.tiling = fmt::format("{}, {} cores", job.text(), matmul_cores(job, d.costs));
  if (want_timeline) *timeline = std::move(run.timeline);
  return s;
}

// A long product: two beginnings simulated, the rest continued at the pace between them.
Result<Simulated> simulate(const NpuDevice& d, const MatmulJob& job, const Harness& h, bool want_timeline,
                           std::optional<Timeline>* timeline) {
  const npu::MatmulTiling& t = job.tiling;
  if (t.single_m > 0 || t.k_slices > 1 || steps_of(t) <= kMostSteps)
    return simulate_whole(d, job, h, want_timeline, timeline);
  const MatmulJob small = cut(job, kMostSteps / 3), large = cut(job, 2 * kMostSteps / 3);
  TRY(a, simulate_whole(d, small, h, want_timeline, timeline));
  TRY(b, simulate_whole(d, large, h, false, nullptr));
  const double grown = length_of(d, large.tiling) - length_of(d, small.tiling);
  if (grown <= 0) return b;
  const double more = (length_of(d, t) - length_of(d, large.tiling)) / grown;
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

}  // namespace

Result<KernelCost> npu_matmul_cost(const catalog::Chip& chip, const llm::Operation& op, const Harness& h,
                                   const CostOptions& options) {
  const auto& m = std::get<llm::Matmul>(op);
  const NpuDevice d(chip);
  const NpuSoftware software = parse_npu_software(h.software);
  MatmulJob job;
  npu::MatmulTiling& t = job.tiling;
  job.dtype = m.dtype;
  job.out = m.accumulate || software.text("out") == "fp32" ? llm::Dtype::fp32 : m.out_dtype;
  job.scaled = m.dtype == llm::Dtype::int8 && m.out_dtype != llm::Dtype::int32;
  t.m = m.m, t.n = m.n, t.k = m.k;
  if (d.macs(m.dtype) <= 0) {
    return fail("kernel.dtype",
                fmt::format("the cube cores of {} have no {}", chip.name, llm::name_of(m.dtype)),
                "choose a type the chip has: etalon chips show " + chip.name);
  }
  const bool word = cube_bytes(m.dtype) == 4;  // fractals of 32-bit words are not a layout of weights
  t.nz_a = software.text("a") == "nz" && !word;
  t.nz_b = software.text("b") == "nz" && !word;
  t.trans_a = m.transpose_a && !t.nz_a;
  t.trans_b = software.has("b") ? software.text("b") == "nk" : m.transpose_b;
  t.accumulate = m.accumulate;
  t.swizzle = 3;

  // A long K is worked off in slices, all tiles of one before the next, so that operands are found in L2
  // again; each slice is added to C in memory.
  const bool named = software.has("base") || software.has("l1_k");
  std::int64_t slices = 1;
  if (!named && t.m * t.n >= 128 * 256 * d.costs.cubes) {
    slices = std::max<std::int64_t>(1, t.k / kSliceK);
    t.k = ceil_div(t.k, slices);
  }
  std::vector<MatmulJob> list;
  if (named) {
    list = {named_matmul(d, job, software)};
    const npu::MatmulTiling first = list[0].tiling;
    const std::int64_t tiles = ceil_div(t.m, first.base_m) * ceil_div(t.n, first.base_n);
    for (int split = 2; software.text("split_k") == "auto" && tiles * split <= d.costs.cubes &&
                        t.k / split >= 2 * first.step_ka * first.base_k;
         ++split) {
      list.push_back(list[0]);
      list.back().tiling.split_k = split;
    }
  } else {
    list = matmul_candidates(d, job);
  }
  std::stable_sort(list.begin(), list.end(), [&](const MatmulJob& a, const MatmulJob& b) {
    return estimated_matmul_cycles(d, a) < estimated_matmul_cycles(d, b);
  });
  Simulated best;
  std::optional<Timeline> timeline;
  if (options.fidelity == Fidelity::cycle) {
    const double first = estimated_matmul_cycles(d, list.front());
    const std::size_t most = steps_of(list.front().tiling) < kSmallSteps ? kSimulatedSmall : kSimulated;
    for (std::size_t i = 0; i < list.size() && i < most; ++i) {
      if (estimated_matmul_cycles(d, list[i]) > kClose * first && software.text("split_k") != "auto") break;
      std::optional<Timeline> spans;
      TRY(s, simulate(d, list[i], h, options.want_timeline, &spans));
      if (s.total < best.total) {
        best = std::move(s);
        timeline = std::move(spans);
      }
    }
  } else {
    const MatmulJob& first = list.front();
    const auto size = cube_bytes(m.dtype), rows = static_cast<double>(t.m),
               columns = static_cast<double>(t.n), depth = static_cast<double>(t.k);
    best.work.body = Seconds{estimated_matmul_cycles(d, first) / d.spec.clock.value};
    best.work.fidelity = Fidelity::formula;
    best.work.hbm_read = Bytes{(rows + columns) * depth * size};
    best.work.hbm_written = Bytes{rows * columns * llm::size_of(job.out).value};
    best.work.hbm_busy = Seconds{best.work.hbm_read.value / d.hbm().value};
    best.work.busy["cube"] =
        Seconds{rows * columns * depth / d.macs(m.dtype) / d.costs.cubes / d.spec.clock.value};
    best.work.tiling = first.text();
  }
  NpuWork& w = best.work;
  if (!h.warm) {  // operands come from memory once at least
    const llm::Traffic least = llm::compulsory_traffic(op);
    w.body =
        std::max(w.body, Seconds{least.read.value / static_cast<double>(m.batch * slices) / d.hbm().value});
  }
  if (slices > 1) w.tiling += fmt::format(", K in {} slices", slices);
  if (m.batch * slices > 1) {  // independent products, or slices, follow each
                               // other on the same cores
    const auto n = static_cast<double>(m.batch * slices);
    w.body = w.body * n;
    for (auto* q : {&w.hbm_read, &w.hbm_written, &w.l2_read}) *q = *q * n;
    w.hbm_busy = w.hbm_busy * n;
    for (auto* map : {&w.busy, &w.stalls}) {
      for (auto& [name, time] : *map) time = time * n;
    }
  }
  w.launch = launch_cost(d, h, software) + (job.scaled ? d.launch.dequantise : Seconds{0});
  if (m.quantise_activation) {  // a kernel of the vector cores before
    TRY(quantised,
        npu_vector_cost(
            chip,
            llm::Vector{
                .op = llm::VectorOp::quantise, .rows = m.m * m.batch, .cols = m.k, .out_dtype = m.dtype},
            h, options));
    w.body += quantised.time - quantised.launch;
    w.launch += quantised.launch;
    w.hbm_read += quantised.hbm_read;
    w.hbm_written += quantised.hbm_written;
    w.l2_read += quantised.l2_read;
    for (const auto& [name, time] : quantised.busy) w.busy[name] += time;
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
