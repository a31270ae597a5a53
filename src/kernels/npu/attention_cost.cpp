// SPDX-License-Identifier: Apache-2.0
// Attention on Ascend: units of 128 query rows dealt to the cube cores, simulated; long rows of equal tiles
// are simulated up to the steady state and continued at its pace.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "kernels/npu/attention_program.h"
#include "kernels/npu/npu_cost.h"

namespace etalon::kernels {
namespace {

constexpr std::int64_t kSteadyTiles = 24;  // tiles of a core after which the pace is steady

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// Tiles that the rows of unit `u` of a head attend to.
AttentionUnit unit_of(const llm::Attention& a, const NpuAttention& n, std::int64_t head, std::int64_t u,
                      std::int64_t rows_per_head) {
  const std::int64_t tiles = ceil_div(a.seq_kv, n.keys);
  AttentionUnit out{head, tiles, 0};
  if (a.phase == llm::Phase::decode) return out;
  // Position of the unit's last and first query row.
  const std::int64_t last = std::min(a.seq_q, (u + 1) * rows_per_head) + a.seq_kv - a.seq_q;
  const std::int64_t first = u * rows_per_head + a.seq_kv - a.seq_q;
  if (a.causal) out.tiles = std::clamp<std::int64_t>(ceil_div(last, n.keys), 1, tiles);
  if (a.window > 0) {
    out.first = std::clamp<std::int64_t>((first - a.window) / n.keys, 0, out.tiles - 1);
    out.tiles -= out.first;
  }
  return out;
}

struct Plan {
  NpuAttention program;
  std::int64_t most_tiles = 0, most_units = 0;  // of the critical core
  double tiles = 0;                             // of all cores
  int splits = 1;                               // parts of the keys of a head in decode
};

Plan plan(const NpuDevice& d, const llm::Attention& a, bool split_keys) {
  Plan p;
  NpuAttention& n = p.program;
  const std::int64_t group = std::max<std::int64_t>(1, a.heads_q / std::max<std::int64_t>(1, a.heads_kv));
  n.depth = a.head_dim;
  n.depth_v = a.head_dim_v > 0 ? a.head_dim_v : a.head_dim;
  n.element = std::max(1.0, llm::size_of(a.dtype).value);
  n.macs_per_cycle = d.macs(a.dtype);
  n.heads = a.batch * a.heads_kv;
  n.seq_kv = a.seq_kv;
  n.backward = a.phase == llm::Phase::backward;
  n.direct = chip::is_dav_3510(d.chip) && d.costs.l0c_ub > 0 && d.costs.ub_l1 > 0;
  n.vector_issue = static_cast<int>(std::max(1.0, d.chip.get_or<double>("vector.issue", 1)));
  std::vector<AttentionUnit> units;
  if (a.phase == llm::Phase::decode) {
    n.rows = ceil_div(group * a.seq_q, 16) * 16;
    n.rows = std::min<std::int64_t>(n.rows, 128);
    n.keys = std::min<std::int64_t>(512, ceil_div(a.seq_kv, 16) * 16);
    const std::int64_t tiles = ceil_div(a.seq_kv, n.keys),
                       heads = a.batch * a.heads_kv * ceil_div(group * a.seq_q, n.rows);
    p.splits = static_cast<int>(std::clamp<std::int64_t>(ceil_div(d.costs.cubes, heads), 1, tiles));
    for (std::int64_t h = 0; h < heads; ++h) {
      for (int s = 0; s < p.splits; ++s) {
        const std::int64_t from = tiles * s / p.splits, to = tiles * (s + 1) / p.splits;
        if (to > from) units.push_back({h % n.heads, to - from, from});
      }
    }
  } else {
    n.rows = std::min<std::int64_t>(128, ceil_div(std::max(a.seq_q, std::int64_t{1}), 16) * 16);
    n.keys = std::min<std::int64_t>(128, ceil_div(a.seq_kv, 16) * 16);
    const std::int64_t per_head = ceil_div(a.seq_q, n.rows), all = per_head * a.batch * a.heads_q;
    // Few blocks of rows: the keys of each are shared out, over half of the cores at most.
    if (split_keys && !n.backward)
      p.splits = static_cast<int>(std::max<std::int64_t>(1, d.costs.cubes / (2 * all)));
    for (std::int64_t h = 0; h < a.batch * a.heads_q; ++h) {
      for (std::int64_t u = per_head; u-- > 0;) {
        const AttentionUnit whole = unit_of(a, n, h / group, u, n.rows);
        for (int s = 0; s < p.splits; ++s) {
          const std::int64_t from = whole.tiles * s / p.splits, to = whole.tiles * (s + 1) / p.splits;
          if (to > from) units.push_back({whole.head, to - from, whole.first + from});
        }
      }
    }
  }
  // The most work first, each to the least loaded core.
  std::stable_sort(units.begin(), units.end(),
                   [](const auto& x, const auto& y) { return x.tiles > y.tiles; });
  const auto cores = static_cast<std::size_t>(
      std::min<std::int64_t>(d.costs.cubes, static_cast<std::int64_t>(units.size())));
  n.work.assign(std::max<std::size_t>(cores, 1), {});
  std::vector<std::int64_t> load(n.work.size(), 0);
  for (const auto& u : units) {
    const auto least = static_cast<std::size_t>(std::min_element(load.begin(), load.end()) - load.begin());
    n.work[least].push_back(u);
    load[least] += u.tiles;
    p.tiles += static_cast<double>(u.tiles);
  }
  const auto critical = static_cast<std::size_t>(std::max_element(load.begin(), load.end()) - load.begin());
  p.most_tiles = load[critical];
  p.most_units = static_cast<std::int64_t>(n.work[critical].size());
  return p;
}

// The first `limit` tiles of each core's work.
NpuAttention cut(const NpuAttention& whole, std::int64_t limit) {
  NpuAttention out = whole;
  for (auto& units : out.work) {
    std::int64_t left = limit;
    std::vector<AttentionUnit> kept;
    for (const auto& u : units) {
      if (left <= 0) break;
      kept.push_back(u);
      kept.back().tiles = std::min(left, u.tiles);
      left -= kept.back().tiles;
    }
    units = std::move(kept);
  }
  return out;
}

chip::RunStats simulate(const NpuDevice& d, const NpuAttention& n, bool want_timeline) {
  chip::Machine machine(d.spec);
  return run_attention(machine, d.costs, n, want_timeline);
}

// Body of the kernel: simulated whole, or its start continued at the pace between two lengths.
NpuWork body_of(const NpuDevice& d, const Plan& p, bool want_timeline, std::optional<Timeline>& timeline) {
  NpuWork w;
  const std::int64_t length = 4 * kSteadyTiles;
  if (p.most_tiles <= 2 * length) {
    const auto run = simulate(d, p.program, want_timeline);
    w.body = run.time;
    add_run(w, run);
    if (want_timeline) timeline = run.timeline;
    return w;
  }
  const auto shorter = simulate(d, cut(p.program, length), want_timeline);
  const auto longer = simulate(d, cut(p.program, 2 * length), false);
  const double more = static_cast<double>(p.most_tiles - 2 * length) / static_cast<double>(length);
  NpuWork one;
  add_run(one, shorter);
  add_run(w, longer);
  w.body = longer.time + (longer.time - shorter.time) * more;
  const double balance =
      p.tiles / (static_cast<double>(p.most_tiles) * static_cast<double>(p.program.work.size()));
  const auto extend = [&](auto& to, const auto& from) { to = to + (to - from) * (more * balance); };
  extend(w.hbm_read, one.hbm_read);
  extend(w.hbm_written, one.hbm_written);
  extend(w.l2_read, one.l2_read);
  extend(w.hbm_busy, one.hbm_busy);
  for (auto* maps : {&w.busy, &w.stalls}) {
    auto& other = maps == &w.busy ? one.busy : one.stalls;
    for (auto& [name, time] : *maps) extend(time, other[name]);
  }
  if (want_timeline) timeline = shorter.timeline;
  return w;
}

double formula_cycles(const NpuDevice& d, const Plan& p) {
  const NpuAttention& n = p.program;
  const double keys = static_cast<double>(n.keys), rows = static_cast<double>(n.rows);
  const double cube =
      rows * keys * static_cast<double>(n.depth + n.depth_v) * (n.backward ? 2.5 : 1) / n.macs_per_cycle;
  const double repeats = rows / 2 * keys * 4 / 256;
  const double vector = (repeats * (n.backward ? 11 : 12) + 18 * d.costs.vector_start) / n.vector_issue;
  return static_cast<double>(p.most_tiles) * std::max(cube, vector);
}

}  // namespace

Result<KernelCost> npu_attention_cost(const catalog::Chip& chip, const llm::Operation& op, const Harness& h,
                                      const CostOptions& options) {
  const auto& a = std::get<llm::Attention>(op);
  const NpuDevice d(chip);
  if (d.macs(a.dtype) <= 0) {
    return fail("kernel.dtype",
                fmt::format("the cube cores of {} have no {}", chip.name, llm::name_of(a.dtype)),
                "choose a type the chip has: etalon chips show " + chip.name);
  }
  const NpuSoftware software = parse_npu_software(h.software);
  Plan p = plan(d, a, !software.has("one_core_per_block"));
  p.program.more_passes = static_cast<int>(software.has("passes") ? software.number("passes", 1) : 0);
  // A repeated call finds keys and values in L2 if they fit; so does every block of rows but the first.
  const double kv = static_cast<double>(p.program.heads * a.seq_kv * (p.program.depth + p.program.depth_v)) *
                    p.program.element;
  const bool fits = kv < 0.5 * d.spec.l2_capacity.value;
  p.program.resident = fits && a.phase != llm::Phase::decode && (h.warm || p.most_units > 2);
  NpuWork w;
  std::optional<Timeline> timeline;
  if (options.fidelity == Fidelity::cycle) {
    w = body_of(d, p, options.want_timeline, timeline);
  } else {
    w.body = Seconds{formula_cycles(d, p) / d.spec.clock.value};
    w.fidelity = Fidelity::formula;
  }
  const llm::Traffic least = llm::compulsory_traffic(op);
  w.hbm_read = std::max(w.hbm_read, a.phase == llm::Phase::decode ? least.read : Bytes{0});
  w.body = std::max(w.body, Seconds{w.hbm_read.value / d.hbm().value});
  w.launch = launch_cost(d, h, software);
  if (a.framework_call || software.has("framework")) w.launch += d.launch.framework_attention;
  if (p.splits > 1) w.body += Seconds{d.costs.sync_all / d.spec.clock.value};
  w.matrix_flops = llm::flops(op);
  w.vector_flops = Flops{p.tiles * static_cast<double>(p.program.rows * p.program.keys) * 8};
  w.dtype = a.dtype;
  w.tiling =
      fmt::format("{} rows x {} keys, {} cube cores{}{}", p.program.rows, p.program.keys,
                  p.program.work.size(), p.splits > 1 ? fmt::format(", keys in {} parts", p.splits) : "",
                  p.program.direct ? ", S and P in UB and L1" : ", S and P through L2");
  w.mechanism = fmt::format("attention.{}", llm::name_of(a.phase));
  KernelCost k = npu_cost(d, h, w);
  k.timeline = std::move(timeline);
  return k;
}

}  // namespace etalon::kernels
