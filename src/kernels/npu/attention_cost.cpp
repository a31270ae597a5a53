// SPDX-License-Identifier: Apache-2.0
// What attention costs on Ascend: the Ascend C kernels, launched for their time.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "kernels/npu/attention_run.h"

namespace etalon::kernels {
namespace {

// Cube cycles, or those of the vector cores on the scores: whichever are more.
double formula_cycles(const NpuDevice& d, const AttentionRun& run) {
  const npu::AttentionShape& s = run.plan.shape;
  const double keys = static_cast<double>(s.keys), rows = static_cast<double>(s.rows);
  const double cube =
      rows * keys * static_cast<double>(s.dim + s.dim_v) * (run.plan.backward ? 2.5 : 1) / d.macs(run.dtype);
  const double repeats = rows / 2 * keys * 4 / 256;
  const double vector =
      repeats * (run.plan.backward ? 11 : 12) / d.costs.vector_issue + 18 * d.costs.vector_start;
  const double tiles = static_cast<double>(npu::attention_detail::items_of(s)) / run.plan.blocks;
  const double mean = static_cast<double>(s.seq_kv) / keys / static_cast<double>(s.splits) *
                      (s.causal && s.seq_q == s.seq_kv ? 0.5 : 1);
  return std::ceil(tiles) * std::max(mean, 1.0) * std::max(cube, vector);
}

std::string tiling_of(const AttentionPlan& p) {
  const npu::AttentionShape& s = p.shape;
  return fmt::format("{} rows x {} keys, {} cube cores{}{}{}", s.rows, s.keys, p.blocks,
                     s.splits > 1 ? fmt::format(", keys in {} parts", s.splits) : "",
                     s.shared_kv ? ", keys are values" : "",
                     p.direct ? ", S and P in UB and L1" : ", S and P through L2");
}

}  // namespace

Result<KernelCost> npu_attention_cost(const catalog::Chip& chip, const llm::Operation& op, const Harness& h,
                                      const CostOptions& options) {
  const auto& a = std::get<llm::Attention>(op);
  const NpuDevice d(chip);
  if (d.macs(a.dtype) <= 0 || llm::size_of(a.dtype).value > 2) {
    return fail("kernel.dtype", fmt::format("{} has no attention in {}", chip.name, llm::name_of(a.dtype)),
                "choose a type of 16 or 8 bits that its cube cores have: etalon chips show " + chip.name);
  }
  const NpuSoftware software = parse_npu_software(h.software);
  AttentionRun run;
  run.dtype = a.dtype;
  run.plan = plan_attention(d, a, !software.has("one_core_per_block"));
  npu::AttentionShape& s = run.plan.shape;
  s.apart = software.has("block_per_item");
  s.more_passes = software.has("passes") ? software.number("passes", 1) : 0;
  // A repeated call finds keys and values in L2 if they fit.
  const double kv =
      static_cast<double>(s.batch * (s.kv_batch + (s.shared_kv ? 0 : s.v_batch)) * run.plan.element);
  run.resident = h.warm && a.phase != llm::Phase::decode && kv < 0.5 * d.spec.l2_capacity.value;
  NpuWork w;
  std::optional<Timeline> timeline;
  if (options.fidelity == Fidelity::cycle) {
    TRY(body, attention_body(d, run, options.want_timeline, timeline));
    w = std::move(body);
  } else {
    w.body = Seconds{formula_cycles(d, run) / d.spec.clock.value};
    w.fidelity = Fidelity::formula;
  }
  const llm::Traffic least = llm::compulsory_traffic(op);
  w.hbm_read = std::max(w.hbm_read, a.phase == llm::Phase::decode ? least.read : Bytes{0});
  w.body = std::max(w.body, Seconds{w.hbm_read.value / d.hbm().value});
  w.launch = launch_cost(d, h, software);
  if (a.framework_call || software.has("framework")) w.launch += d.launch.framework_attention;
  w.matrix_flops = llm::flops(op);
  const double pairs = llm::flops(op).value / (2.0 * static_cast<double>(s.dim + s.dim_v));
  w.vector_flops = Flops{pairs * 8};
  w.dtype = a.dtype;
  w.tiling = tiling_of(run.plan);
  w.mechanism = fmt::format("attention.{}", llm::name_of(a.phase));
  KernelCost k = npu_cost(d, h, w);
  k.timeline = std::move(timeline);
  return k;
}

}  // namespace etalon::kernels
