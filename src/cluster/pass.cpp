// SPDX-License-Identifier: Apache-2.0
#include "cluster/pass.h"

#include <algorithm>

namespace etalon::cluster {
namespace {

using Kind = llm::Exchange::Kind;

struct Collective {
  CollectiveOp op;
  Group group;
  double exposed;
  const char* name;
};

Collective collective_of(const PassContext& c, Kind kind) {
  switch (kind) {
    case Kind::tensor_all_gather:
      return {CollectiveOp::all_gather, tensor_group(c.plan), c.software.tensor_exposed,
              "tensor communication"};
    case Kind::tensor_reduce_scatter:
      return {CollectiveOp::reduce_scatter, tensor_group(c.plan), c.software.tensor_exposed,
              "tensor communication"};
    case Kind::tensor_all_reduce:
      return {CollectiveOp::all_reduce, tensor_group(c.plan), c.software.tensor_exposed,
              "tensor communication"};
    case Kind::expert_dispatch:
    case Kind::expert_combine:
      return {CollectiveOp::all_to_all, expert_group(c.plan), c.software.expert_exposed,
              "expert communication"};
    case Kind::context_all_to_all:
      return {CollectiveOp::all_to_all, context_group(c.plan), c.software.context_exposed,
              "context communication"};
    case Kind::context_ring:
      return {CollectiveOp::all_gather, context_group(c.plan), c.software.context_exposed,
              "context communication"};
    case Kind::none:
      break;
  }
  return {CollectiveOp::send_recv, {1, 1}, 0, "none"};
}

Result<std::monostate> exchange(PassContext& c, const llm::Exchange& e, double count, Spent& out) {
  if (e.kind == Kind::none || e.bytes.value <= 0) return std::monostate{};
  const Collective x = collective_of(c, e.kind);
  // A ring passes every other rank's keys and values on: the gathered whole.
  const Bytes bytes = e.kind == Kind::context_ring ? e.bytes * static_cast<double>(x.group.ranks) : e.bytes;
  TRY(cost, collective(c.fabric, x.op, x.group, bytes));
  out.collectives += cost.time * count;
  out.host += c.software.host_operation * count;
  if (cost.time.value > 0)
    out.wait(x.name, "link", "collective", (cost.time + c.software.collective_skew) * (count * x.exposed));
  if (cost.time.value > 0) out.collectives += c.software.collective_skew * (count * x.exposed);
  return std::monostate{};
}

// Whether the chip is of a later family of GPUs than the kernels were written for.
bool is_newer(const catalog::Chip& chip, const std::string& written_for) {
  constexpr const char* kFamilies[] = {"ampere", "hopper", "blackwell"};
  const auto place = [&](const std::string& name) {
    return std::find(kFamilies, kFamilies + 3, name) - kFamilies;
  };
  return !written_for.empty() && place(chip.family) < 3 && place(chip.family) > place(written_for);
}

// How much longer than the newest kernels this software's take for the operation.
double software_factor(const PassContext& c, const llm::GraphOp& g) {
  const bool is_npu = c.chip.kind == catalog::CoreKind::npu;
  if (std::holds_alternative<llm::Vector>(g.op)) {
    const bool is_fusable = g.group == llm::Group::norm || g.group == llm::Group::elementwise ||
                            g.group == llm::Group::attention_core;
    return is_fusable ? c.software.elementwise_traffic : 1.0;
  }
  if (const auto* attention = std::get_if<llm::Attention>(&g.op)) {
    // Contiguous pieces of a causal sequence: the last rank has (2c-1)/c of the mean work.
    const double ranks = static_cast<double>(c.plan.cp);
    const double uneven = c.software.contiguous_context ? (2 * ranks - 1) / ranks : 1;
    const double older = is_newer(c.chip, c.software.attention_for) ? c.software.attention_older : 1;
    const double latent = attention->head_dim != attention->head_dim_v ? c.software.attention_latent : 1;
    const double npu = is_npu ? c.software.attention_npu : 1;
    return uneven / (c.software.attention_rate * older * latent * npu);
  }
  const double older = is_newer(c.chip, c.software.matrix_for) ? c.software.matrix_older : 1;
  return 1 / (c.software.matrix_rate * older * (is_npu ? c.software.matrix_npu : 1));
}

Joules matrix_energy(const catalog::Chip& chip, const llm::GraphOp& g, Flops flops) {
  const bool is_narrow = [&] {
    const auto narrow = [](llm::Dtype d) {
      return d == llm::Dtype::fp8 || d == llm::Dtype::fp8_block || d == llm::Dtype::mxfp8 ||
             d == llm::Dtype::int8 || d == llm::Dtype::hif8;
    };
    if (const auto* m = std::get_if<llm::Matmul>(&g.op)) return narrow(m->dtype);
    if (const auto* m = std::get_if<llm::GroupedMatmul>(&g.op)) return narrow(m->dtype);
    return false;
  }();
  const char* path = is_narrow && chip.has("energy.matrix_fp8") ? "energy.matrix_fp8" : "energy.matrix_fp16";
  return flops * chip.get_or<JoulesPerFlop>(path, JoulesPerFlop{0});
}

// How much longer a kernel takes at the step's clock than at the one it was simulated at.
double clock_factor(const PassContext& c, const kernels::KernelCost& cost) {
  double clocked = 0;
  for (const auto limit : {kernels::Limit::matrix, kernels::Limit::vector, kernels::Limit::l2}) {
    if (const auto it = cost.limits.find(limit); it != cost.limits.end()) clocked += it->second;
  }
  return 1 + clocked * (c.clock_stretch - 1);
}

void book_kernel(const PassContext& c, const llm::GraphOp& g, const kernels::KernelCost& cost, Spent& out) {
  const double factor = software_factor(c, g) * clock_factor(c, cost);
  const Seconds time = cost.time * (g.count * factor);
  out.device += time;
  if (cost.fidelity != Fidelity::cycle) out.closed_form += time;
  out.host += c.software.host_operation * (g.count * std::max(cost.kernels, 1));
  out.by_operation[name_of(g.group)] += time;
  out.by_mechanism[cost.mechanism.empty() ? "kernel" : cost.mechanism] += time;
  double shares = 0;
  for (const auto& [limit, share] : cost.limits) {
    out.by_limit[kernels::name_of(limit)] += time * share;
    shares += share;
  }
  if (shares < 1) out.by_limit["latency"] += time * (1 - shares);
  const bool has_range = cost.low.value > 0 && cost.high >= cost.low;
  out.low += has_range ? cost.low * (g.count * factor) : time;
  out.high += has_range ? cost.high * (g.count * factor) : time;
  out.flops += cost.flops * g.count;
  out.compute += matrix_energy(c.chip, g, cost.flops) * g.count;
  out.l2 += cost.l2_read * g.count;
  out.hbm += (cost.hbm_read + cost.hbm_written) *
             (g.count * (std::holds_alternative<llm::Vector>(g.op) ? software_factor(c, g) : 1));
}

}  // namespace

void Spent::add(const Spent& o, double times) {
  const auto merge = [&](auto& into, const auto& from) {
    for (const auto& [name, t] : from) into[name] += t * times;
  };
  merge(by_operation, o.by_operation);
  merge(by_limit, o.by_limit);
  merge(by_mechanism, o.by_mechanism);
  device += o.device * times;
  host += o.host * times;
  collectives += o.collectives * times;
  compute += o.compute * times;
  l2 += o.l2 * times;
  hbm += o.hbm * times;
  flops += o.flops * times;
  low += o.low * times;
  high += o.high * times;
  closed_form += o.closed_form * times;
}

void Spent::wait(const std::string& operation, const std::string& limit, const std::string& mechanism,
                 Seconds t) {
  if (t.value <= 0) return;
  device += t;
  low += t;
  high += t;
  by_operation[operation] += t;
  by_limit[limit] += t;
  by_mechanism[mechanism] += t;
}

void Spent::settle_host() {
  if (host > device) wait("host", "launch", "host", host - device);
  host = device;
}

Group tensor_group(const ParallelPlan& p) { return {static_cast<int>(p.tp), 1}; }
Group context_group(const ParallelPlan& p) { return {static_cast<int>(p.cp), static_cast<int>(p.tp)}; }
Group expert_group(const ParallelPlan& p) {
  const bool beside_tensor = p.ep * p.tp <= p.tp * p.cp * p.dp;
  return {static_cast<int>(p.ep), beside_tensor ? static_cast<int>(p.tp) : 1};
}
Group data_group(const ParallelPlan& p) { return {static_cast<int>(p.dp * p.cp), static_cast<int>(p.tp)}; }
Group expert_data_group(const ParallelPlan& p) {
  const std::int64_t ranks = std::max<std::int64_t>(1, p.dp * p.cp * p.tp / p.ep);
  return {static_cast<int>(ranks), static_cast<int>(p.ep)};
}
Group pipeline_neighbours(const ParallelPlan& p) {
  return {p.pp > 1 ? 2 : 1, static_cast<int>(p.devices() / p.pp)};
}

Result<Spent> spend(PassContext& c, const llm::GraphOps& ops) {
  Spent out;
  for (const auto& g : ops) {
    TRY_VOID(exchange(c, g.before, g.count, out));
    TRY(cost, c.cost(g.op, c.harness));
    book_kernel(c, g, cost, out);
    if (cost.fidelity > c.fidelity) c.fidelity = cost.fidelity;
    if (c.findings != nullptr) {
      for (const auto& f : cost.findings) {
        if (std::find(c.findings->begin(), c.findings->end(), f) == c.findings->end())
          c.findings->push_back(f);
      }
    }
    TRY_VOID(exchange(c, g.after, g.count, out));
  }
  // What the software leaves to be hidden still needs compute to hide behind.
  Seconds waited{};
  for (const auto& [name, t] : out.by_operation) {
    if (name.ends_with(" communication")) waited += t;
  }
  const Seconds kernels = out.device - waited, hidden = out.collectives - waited;
  out.wait("communication beyond compute", "link", "collective", hidden - kernels);
  return out;
}

}  // namespace etalon::cluster
